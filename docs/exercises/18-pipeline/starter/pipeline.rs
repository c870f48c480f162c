// What is done here is `seq 1 40`. Make it `seq 1 40 | grep 3 | wc -l`.
use crate::oscope::{Result, Sys};

program!(main);

async fn run(sys: &Sys) -> Result<()> {
    if sys.fork().await? == 0 {
        sys.execve("/bin/seq", &["seq", "1", "40"]).await;
        sys.exit(127).await;
    }
    sys.wait().await?;
    Ok(())
}

async fn main(sys: Sys) -> u64 {
    match run(&sys).await {
        Ok(()) => 0,
        Err(errno) => {
            sys.print(&format!("pipeline: {errno:?}")).await;
            1
        }
    }
}
