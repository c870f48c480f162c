//! `prefork ahead|each [WORKERS [REQUESTS]]`: requests come through a pipe, one byte each. With `ahead` so many workers are
//! forked in advance and all read from the pipe; with `each` the parent reads, and forks a child for every request. The
//! exit code is how many requests nobody answered.

use super::number;
use crate::sys::{RustImage, Sys};
use oscope_kernel::base::Duration;

/// How long a request takes, and how long it is until the next one.
const WORK: Duration = Duration::millis(2);
const PAUSE: Duration = Duration::micros(800);

/// Makes the requests, and closes the pipe when there are no more.
async fn client(sys: &Sys, to: u64, requests: u64) -> u64 {
    for n in 0..requests {
        let _ = sys.sleep(PAUSE).await;
        if sys.write(to, &[n as u8]).await.is_err() {
            return 1;
        }
    }
    0
}

/// Answers what it gets until the pipe is closed; returns how many that were.
async fn serve(sys: &Sys, from: u64) -> u64 {
    let mut answered = 0;
    while sys.read(from, 1).await.is_ok_and(|request| !request.is_empty()) {
        sys.compute(WORK).await;
        answered += 1;
    }
    answered
}

/// Adds up the exit codes of all children.
async fn collect(sys: &Sys) -> u64 {
    let mut sum = 0;
    while let Ok((_, status)) = sys.wait(-1).await {
        sum += u64::from(status >> 8 & 0xff);
    }
    sum
}

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let ahead = arguments.get(1).is_none_or(|how| how == "ahead");
    let workers = number(&arguments, 2, 4).clamp(1, 100);
    // Exit codes tell how many were answered, so there can be no more than fit.
    let requests = number(&arguments, 3, 20).min(200);
    let Ok((from, to)) = sys.pipe().await else { return 255 };
    match sys.fork().await {
        Ok(0) => {
            let _ = sys.close(from).await;
            let code = client(&sys, to, requests).await;
            return sys.exit(code).await;
        }
        Ok(_) => {}
        Err(_) => return 255,
    }
    let _ = sys.close(to).await;
    let mut started = 0;
    while started < workers || !ahead {
        if !ahead && sys.read(from, 1).await.map_or(true, |request| request.is_empty()) {
            break;
        }
        match sys.fork().await {
            Ok(0) if ahead => {
                let answered = serve(&sys, from).await;
                return sys.exit(answered).await;
            }
            Ok(0) => {
                sys.compute(WORK).await;
                return sys.exit(1).await;
            }
            Ok(_) => started += 1,
            Err(_) => return 255,
        }
    }
    requests.saturating_sub(collect(&sys).await)
}

pub(super) fn image() -> RustImage {
    RustImage::new("prefork", main)
}
