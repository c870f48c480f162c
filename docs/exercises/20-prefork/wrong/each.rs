use crate::oscope::{Result, Sys};

program!(main);

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n";

/// Answers one request. Making the page takes 10 ms.
async fn serve(sys: &Sys, connection: u64) -> Result<()> {
    sys.read(connection, 4096).await?;
    sys.sleep_us(10_000).await?;
    sys.write(connection, PAGE.as_bytes()).await
}

async fn run(sys: &Sys) -> Result<()> {
    let socket = sys.listen(80).await?;
    loop {
        let connection = sys.accept(socket).await?;
        if sys.fork().await? == 0 {
            let _ = serve(sys, connection).await;
            sys.exit(0).await;
        }
        sys.close(connection).await?;
        while let Ok(Some(_)) = sys.try_wait().await {}
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
