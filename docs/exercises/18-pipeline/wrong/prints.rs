use crate::oscope::Sys;

program!(main);

async fn main(sys: Sys) -> u64 {
    sys.print("13").await;
    0
}
