use crate::oscope::{Result, Sys};

program!(main);

const CHILDREN: usize = 3;
const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n";

/// Answers one request. Making the page takes 10 ms.
async fn serve(sys: &Sys, connection: u64) -> Result<()> {
    sys.read(connection, 4096).await?;
    sys.sleep_us(10_000).await?;
    sys.write(connection, PAGE.as_bytes()).await
}

async fn child(sys: &Sys, socket: u64) -> Result<()> {
    loop {
        let connection = sys.accept(socket).await?;
        // A client that has gone is no reason to end.
        let _ = serve(sys, connection).await;
        sys.close(connection).await?;
    }
}

async fn run(sys: &Sys) -> Result<()> {
    let socket = sys.listen(80).await?;
    for _ in 0..CHILDREN {
        if sys.fork().await? == 0 {
            let _ = child(sys, socket).await;
            sys.exit(1).await;
        }
    }
    // A child that has ended is missed: another one takes its place.
    loop {
        sys.wait().await?;
        if sys.fork().await? == 0 {
            let _ = child(sys, socket).await;
            sys.exit(1).await;
        }
    }
}

async fn main(sys: Sys) -> u64 {
    match run(&sys).await {
        Ok(()) => 0,
        Err(errno) => {
            sys.print(&format!("prefork: {errno:?}")).await;
            1
        }
    }
}
