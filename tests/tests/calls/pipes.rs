//! Pipes and descriptors.

use super::{said, say};
use oscope_kernel::abi::flags::OpenFlags;
use oscope_kernel::abi::flags::file::fcntl;
use oscope_kernel::abi::types::Iovec;
use oscope_kernel::abi::{Errno, Signal};
use oscope_kernel::base::Duration;
use oscope_userland::sys::{RustImage, Sys};

/// Emulated memory for buffers: the image's data.
const DATA: u64 = 0x1_4000;

#[test]
fn a_reader_waits_for_a_writer_and_sees_the_end() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let (reader, writer) = sys.pipe().await.expect("a pipe");
        if sys.fork().await == Ok(0) {
            let _ = sys.close(writer).await;
            loop {
                match sys.read(reader, 100).await {
                    Ok(bytes) if bytes.is_empty() => return 3,
                    Ok(bytes) => say(&sys, format!("{} ", String::from_utf8_lossy(&bytes))).await,
                    Err(errno) => say(&sys, format!("{errno:?} ")).await,
                }
            }
        }
        let _ = sys.close(reader).await;
        for word in ["one", "two"] {
            let _ = sys.sleep(Duration::millis(5)).await;
            let _ = sys.write(writer, word.as_bytes()).await;
        }
        let _ = sys.close(writer).await;
        let (_, status) = sys.wait(-1).await.expect("a child");
        say(&sys, format!("status {status:#x}")).await;
        0
    }));
    assert_eq!(text, "one two status 0x300");
}

#[test]
fn a_pipe_holds_64_kib_and_then_a_writer_waits_or_is_told() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let (reader, writer) = sys.pipe2(OpenFlags::NONBLOCK.bits()).await.expect("a pipe");
        let room = sys.mmap(1 << 17).await.expect("memory");
        say(&sys, format!("{:?} ", sys.read(reader, 1).await)).await;
        say(&sys, format!("{:?} ", sys.fcntl(writer, fcntl::GETPIPE_SZ, 0).await)).await;
        // More than fits: a part of it goes in.
        say(&sys, format!("{:?} ", sys.write_at(writer, room, 100_000).await)).await;
        say(&sys, format!("{:?} ", sys.write_at(writer, room, 1).await)).await;
        let _ = sys.read_at(reader, room, 100).await;
        // At most PIPE_BUF: whole or not at all.
        say(&sys, format!("{:?} ", sys.write_at(writer, room, 4096).await)).await;
        say(&sys, format!("{:?} ", sys.fcntl(writer, fcntl::SETPIPE_SZ, 4096).await)).await;
        say(&sys, format!("{:?} ", sys.fcntl(writer, fcntl::SETPIPE_SZ, 70_000).await)).await;
        0
    }));
    assert_eq!(
        text,
        "Err(EAGAIN) Ok(65536) Ok(65536) Err(EAGAIN) Err(EAGAIN) Err(EBUSY) Ok(131072) "
    );
}

#[test]
fn a_long_write_goes_in_piece_by_piece_as_a_slow_reader_makes_room() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let (reader, writer) = sys.pipe().await.expect("a pipe");
        let room = sys.mmap(1 << 18).await.expect("memory");
        if sys.fork().await == Ok(0) {
            let wrote = sys.write_at(writer, room, 200_000).await;
            say(&sys, format!("wrote {wrote:?} ")).await;
            return 0;
        }
        let _ = sys.close(writer).await;
        let mut total = 0;
        while let Ok(count) = sys.read_at(reader, room, 30_000).await {
            if count == 0 {
                break;
            }
            total += count;
            let _ = sys.sleep(Duration::millis(1)).await;
        }
        say(&sys, format!("read {total}")).await;
        0
    }));
    assert_eq!(text, "wrote Ok(200000) read 200000");
}

#[test]
fn writing_to_nobody_is_epipe_and_sigpipe() {
    let text = said(
        RustImage::new("main", |sys: Sys| async move {
            let (reader, writer) = sys.pipe().await.expect("a pipe");
            let _ = sys.close(reader).await;
            let _ = sys.sigaction(Signal::PIPE, sys.handler(0), 0).await;
            let result = sys.write(writer, b"x").await;
            say(&sys, format!("{result:?} ")).await;
            if sys.fork().await == Ok(0) {
                let _ = sys.sigaction(Signal::PIPE, 0, 0).await;
                let _ = sys.write(writer, b"x").await;
                return 0;
            }
            let (_, status) = sys.wait(-1).await.expect("a child");
            say(&sys, format!("status {status}")).await;
            0
        })
        .function(|sys: Sys, signal| async move {
            say(&sys, format!("signal {signal} ")).await;
            0
        }),
    );
    assert_eq!(text, "signal 13 Err(EPIPE) status 13");
}

#[test]
fn a_writer_that_waits_is_woken_when_the_last_reader_goes() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let (reader, writer) = sys.pipe().await.expect("a pipe");
        let room = sys.mmap(1 << 17).await.expect("memory");
        let child = sys.fork().await;
        if child == Ok(0) {
            let _ = sys.close(reader).await;
            let _ = sys.sigaction(Signal::PIPE, 1, 0).await;
            let result = sys.write_at(writer, room, 100_000).await;
            say(&sys, format!("{result:?}")).await;
            let result = sys.write_at(writer, room, 10).await;
            say(&sys, format!(" {result:?}")).await;
            return 0;
        }
        let _ = sys.sleep(Duration::millis(5)).await;
        let _ = sys.close(reader).await;
        let _ = sys.wait(-1).await;
        0
    }));
    assert_eq!(text, "Ok(65536) Err(EPIPE)");
}

#[test]
fn several_buffers_are_filled_and_emptied_in_order() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let (reader, writer) = sys.pipe().await.expect("a pipe");
        sys.poke(DATA, b"hello, world").await;
        let out = [Iovec { base: DATA + 7, length: 5 }, Iovec { base: DATA, length: 5 }];
        let wrote = sys.writev(writer, &out).await;
        let into = [Iovec { base: DATA + 100, length: 3 }, Iovec { base: DATA + 200, length: 90 }];
        let read = sys.readv(reader, &into).await;
        let (a, b) = (sys.peek(DATA + 100, 3).await, sys.peek(DATA + 200, 7).await);
        let text = [a, b].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        say(&sys, format!("{wrote:?} {read:?} {text:?} ")).await;
        let many = sys.readv(reader, &vec![Iovec::default(); 200]).await;
        let seek = (sys.lseek(reader, 0, 0).await, sys.pread(reader, DATA, 1, 0).await);
        say(&sys, format!("{many:?} {seek:?} {:?}", sys.readv(writer, &into).await)).await;
        0
    }));
    assert_eq!(
        text,
        "Ok(10) Ok(10) [\"wor\", \"ldhello\"] Ok(0) (Err(ESPIPE), Err(ESPIPE)) Err(EBADF)"
    );
}

#[test]
fn descriptors_are_copied_marked_and_closed_in_ranges() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let mut told = Vec::new();
        told.push(sys.dup(1).await);
        told.push(sys.fcntl(1, fcntl::DUPFD, 10).await);
        told.push(sys.fcntl(1, fcntl::DUPFD_CLOEXEC, 10).await);
        told.push(sys.fcntl(11, fcntl::GETFD, 0).await);
        told.push(sys.fcntl(11, fcntl::SETFD, 0).await);
        told.push(sys.fcntl(11, fcntl::GETFD, 0).await);
        told.push(sys.dup2(1, 1).await);
        told.push(sys.dup3(1, 1, 0).await);
        told.push(sys.dup2(99, 1).await);
        told.push(sys.dup2(1, 5000).await);
        told.push(sys.fcntl(1, fcntl::DUPFD, 5000).await);
        told.push(sys.close_range(3, 100, 0).await);
        told.push(sys.close(10).await);
        told.push(sys.close_range(9, 3, 0).await);
        told.push(sys.fcntl(1, 999, 0).await);
        say(&sys, format!("{told:?}")).await;
        0
    }));
    let expected: [Result<u64, Errno>; 15] = [
        Ok(3),
        Ok(10),
        Ok(11),
        Ok(1),
        Ok(0),
        Ok(0),
        Ok(1),
        Err(Errno::EINVAL),
        Err(Errno::EBADF),
        Err(Errno::EBADF),
        Err(Errno::EINVAL),
        Ok(0),
        Err(Errno::EBADF),
        Err(Errno::EINVAL),
        Err(Errno::EINVAL),
    ];
    assert_eq!(text, format!("{expected:?}"));
}

#[test]
fn the_number_of_descriptors_is_limited() {
    use oscope_kernel::abi::flags::process::rlimit::NOFILE;
    use oscope_kernel::abi::types::Rlimit;
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let limit = sys.getrlimit(NOFILE).await;
        let _ = sys.setrlimit(NOFILE, Rlimit { soft: 4, hard: 4096 }).await;
        let told = (sys.dup(1).await, sys.dup(1).await, sys.pipe().await);
        say(&sys, format!("{limit:?} {told:?}")).await;
        0
    }));
    assert_eq!(text, "Ok(Rlimit { soft: 1024, hard: 4096 }) (Ok(3), Err(EMFILE), Err(EMFILE))");
}
