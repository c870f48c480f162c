use crate::oscope::Sys;

program!(main);

async fn main(sys: Sys) -> u64 {
    let _ = sys.getpid().await;
    loop {}
}
