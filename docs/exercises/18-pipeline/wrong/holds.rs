use crate::oscope::{Result, Sys};

program!(main);

/// Becomes a program that reads from `input` and writes to `output`.
async fn stage(sys: &Sys, input: u64, output: u64, command: &[&str]) -> u64 {
    let _ = sys.dup2(input, 0).await;
    let _ = sys.dup2(output, 1).await;
    // Every descriptor of a pipe that stays open is a writer that may still write.
    for fd in 3..8 {
        let _ = sys.close(fd).await;
    }
    sys.execve(&format!("/bin/{}", command[0]), command).await;
    127
}

async fn run(sys: &Sys) -> Result<()> {
    let (numbers, to_grep) = sys.pipe().await?;
    let (found, to_wc) = sys.pipe().await?;
    if sys.fork().await? == 0 {
        let code = stage(sys, 0, to_grep, &["seq", "1", "40"]).await;
        sys.exit(code).await;
    }
    if sys.fork().await? == 0 {
        let code = stage(sys, numbers, to_wc, &["grep", "3"]).await;
        sys.exit(code).await;
    }
    if sys.fork().await? == 0 {
        let code = stage(sys, found, 1, &["wc", "-l"]).await;
        sys.exit(code).await;
    }
    for _ in 0..3 {
        sys.wait().await?;
    }
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
