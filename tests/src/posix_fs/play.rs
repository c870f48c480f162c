//! The program that makes the calls of a group of expectations, on the emulated machine.

use super::{Kind, Line};
use oscope_kernel::abi::flags::file::{AT_FDCWD, AtFlags, FileMode, OPEN, file_type};
use oscope_kernel::abi::types::{Stat, Timespec, major, makedev, minor};
use oscope_kernel::abi::{Errno, nr};
use oscope_userland::sys::Sys;
use std::sync::Arc;

/// What a line with a call says that this program does not know.
pub(super) const UNKNOWN: &str = "unknown call";

const HERE: u64 = AT_FDCWD as u64;
/// How much room strings and structures have.
const ROOM: u64 = 64 * 1024;

/// The whole program: one process per line.
pub(super) async fn body(sys: Sys, lines: Arc<[Line]>, kind: Kind) -> u64 {
    let Ok(room) = sys.mmap(ROOM).await else { return 1 };
    if mount(&sys, room, kind).await.is_err() {
        return 1;
    }
    for (n, line) in lines.iter().enumerate() {
        match sys.fork().await {
            Ok(0) => {
                let result = one(&sys, room, line).await;
                let _ = sys.write(1, format!("{n}\t{result}\n").as_bytes()).await;
                return sys.exit(0).await;
            }
            Ok(_) => {
                let _ = sys.wait(-1).await;
            }
            Err(_) => return 1,
        }
    }
    0
}

async fn mount(sys: &Sys, room: u64, kind: Kind) -> Result<(), Errno> {
    if kind != Kind::Tmpfs {
        let name = if kind == Kind::Ext3 { "ext3" } else { "ext2" };
        return sys.mount(("/dev/vda", "/mnt", name), 0, "").await.map(|_| ());
    }
    let words = Words { sys, room };
    let (kind, place, data) = (
        words.text(0, "tmpfs").await,
        words.text(1, "/mnt").await,
        words.text(2, "mode=755").await,
    );
    sys.call(nr::MOUNT, [kind, place, kind, 0, data, 0]).await.map(|_| ())
}

/// Where the strings of a call go.
struct Words<'a> {
    sys: &'a Sys,
    room: u64,
}

impl Words<'_> {
    /// Puts a string into the place with a number; its address. Two words are addresses themselves, where nothing is.
    async fn text(&self, place: u64, text: &str) -> u64 {
        match text {
            "NULL" => return 0,
            "DEADCODE" => return 0xdead_c0de,
            _ => {}
        }
        let at = self.room + place * 8192;
        let mut bytes = text.as_bytes().to_vec();
        bytes.truncate(8190);
        bytes.push(0);
        self.sys.poke(at, &bytes).await;
        at
    }
}

/// Names such as `L127_3` in full.
fn expand(word: &str) -> String {
    let mut text = String::new();
    let mut rest = word;
    while let Some(at) = rest.find('L') {
        let (before, name) = rest.split_at(at);
        text.push_str(before);
        let digits = name[1..].bytes().take_while(u8::is_ascii_digit).count();
        let after = &name[1 + digits..];
        let number = after.strip_prefix('_').unwrap_or_default();
        let which = number.bytes().take_while(u8::is_ascii_digit).count();
        match name[1..=digits].parse::<usize>() {
            Ok(length) if which > 0 => {
                let mut long = format!("{}_", &number[..which]);
                long.truncate(length);
                text.push_str(&long);
                text.push_str(&"x".repeat(length - long.len()));
                rest = &number[which..];
            }
            _ => {
                text.push('L');
                rest = &name[1..];
            }
        }
    }
    text.push_str(rest);
    text
}

/// Who makes a line's calls.
#[derive(Default)]
struct Options<'a> {
    user: Option<u64>,
    groups: Option<Vec<u32>>,
    umask: u64,
    calls: Vec<&'a str>,
}

fn options(line: &str) -> Option<Options<'_>> {
    let mut options = Options::default();
    let mut words = line.split(' ').peekable();
    while let Some(option) = words.next_if(|word| matches!(*word, "-u" | "-g" | "-U" | "--")) {
        match option {
            "-u" => options.user = Some(words.next()?.parse().ok()?),
            "-g" => {
                let groups: Result<_, _> = words.next()?.split(',').map(str::parse).collect();
                options.groups = Some(groups.ok()?);
            }
            "-U" => options.umask = u64::from_str_radix(words.next()?, 8).ok()?,
            _ => break,
        }
    }
    options.calls = words.collect();
    Some(options)
}

async fn one(sys: &Sys, room: u64, line: &Line) -> String {
    let Some(options) = options(&line.call) else { return UNKNOWN.to_owned() };
    let words = Words { sys, room };
    let directory = words.text(0, &expand(&line.directory)).await;
    if let Err(errno) = sys.call(nr::CHDIR, [directory, 0, 0, 0, 0, 0]).await {
        return format!("chdir: {}", errno.name());
    }
    if become_user(sys, room, &options).await.is_err() {
        return "cannot change credentials".to_owned();
    }
    let mut opened = Vec::new();
    let mut result = UNKNOWN.to_owned();
    for call in options.calls.split(|word| *word == ":") {
        result = match perform(&words, call, &mut opened).await {
            Some(Ok(told)) => told,
            Some(Err(errno)) => errno.name().to_owned(),
            None => return UNKNOWN.to_owned(),
        };
    }
    result
}

async fn become_user(sys: &Sys, room: u64, options: &Options<'_>) -> Result<(), Errno> {
    sys.call(nr::UMASK, [options.umask, 0, 0, 0, 0, 0]).await?;
    if let Some(groups) = &options.groups {
        let (first, others) = groups.split_first().ok_or(Errno::EINVAL)?;
        let bytes: Vec<u8> = others.iter().flat_map(|group| group.to_le_bytes()).collect();
        sys.poke(room, &bytes).await;
        sys.call(nr::SETGROUPS, [others.len() as u64, room, 0, 0, 0, 0]).await?;
        let gid = u64::from(*first);
        sys.call(nr::SETRESGID, [gid, gid, gid, 0, 0, 0]).await?;
    }
    if let Some(user) = options.user {
        sys.setresuid(user, user, user).await?;
    }
    Ok(())
}

fn octal(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 8).ok()
}

/// A number as C takes it: `-1` means all bits.
fn number(text: &str) -> Option<u64> {
    text.parse::<i64>().ok().map(i64::cast_unsigned)
}

fn open_flags(text: &str) -> Option<u64> {
    text.split(',').try_fold(0, |flags, name| match name {
        "O_RDONLY" => Some(flags),
        "O_WRONLY" => Some(flags | 1),
        "O_RDWR" => Some(flags | 2),
        name => {
            let short = name.strip_prefix("O_")?;
            let found = OPEN.bits.iter().find(|(known, _)| *known == short || *known == name)?;
            Some(flags | found.1)
        }
    })
}

fn nanoseconds(text: &str) -> Option<i64> {
    match text {
        "UTIME_NOW" => Some(Timespec::NOW),
        "UTIME_OMIT" => Some(Timespec::OMIT),
        digits => digits.parse().ok(),
    }
}

fn at_flags(text: &str) -> Option<u64> {
    match text {
        "0" => Some(0),
        "AT_SYMLINK_NOFOLLOW" => Some(AtFlags::SYMLINK_NOFOLLOW.bits().into()),
        "AT_SYMLINK_FOLLOW" => Some(AtFlags::SYMLINK_FOLLOW.bits().into()),
        "AT_REMOVEDIR" => Some(AtFlags::REMOVEDIR.bits().into()),
        _ => None,
    }
}

/// A descriptor: the number of a file that the line has opened, or AT_FDCWD.
fn descriptor(text: &str, opened: &[u64]) -> Option<u64> {
    if text == "AT_FDCWD" {
        return Some(HERE);
    }
    opened.get(text.parse::<usize>().ok()?).copied()
}

/// Makes one call: `None` if it is not known, or its arguments are not.
async fn perform(
    words: &Words<'_>,
    call: &[&str],
    opened: &mut Vec<u64>,
) -> Option<Result<String, Errno>> {
    let (name, arguments) = call.split_first()?;
    let argument = |n: usize| arguments.get(n).copied();
    let sys = words.sys;
    let mut texts = [0; 2];
    for (n, place) in texts.iter_mut().enumerate() {
        let Some(text) = arguments.get(n) else { break };
        *place = words.text(n as u64, &expand(text)).await;
    }
    let [first, second] = texts;
    let no_follow = u64::from(AtFlags::SYMLINK_NOFOLLOW.bits());
    let removes = u64::from(AtFlags::REMOVEDIR.bits());
    let made = match *name {
        "create" => {
            let flags = open_flags("O_WRONLY,O_CREAT,O_EXCL")?;
            (nr::OPENAT, [HERE, first, flags, octal(argument(1)?)?, 0, 0])
        }
        "open" => {
            let mode = argument(2).map_or(Some(0), octal)?;
            (nr::OPENAT, [HERE, first, open_flags(argument(1)?)?, mode, 0, 0])
        }
        "mkdir" => (nr::MKDIRAT, [HERE, first, octal(argument(1)?)?, 0, 0, 0]),
        "rmdir" => (nr::UNLINKAT, [HERE, first, removes, 0, 0, 0]),
        "unlink" => (nr::UNLINKAT, [HERE, first, 0, 0, 0, 0]),
        "link" => (nr::LINKAT, [HERE, first, HERE, second, 0, 0]),
        "symlink" => (nr::SYMLINKAT, [first, HERE, second, 0, 0, 0]),
        "rename" => (nr::RENAMEAT2, [HERE, first, HERE, second, 0, 0]),
        "mkfifo" => {
            let mode = octal(argument(1)?)? | u64::from(file_type::IFO);
            (nr::MKNODAT, [HERE, first, mode, 0, 0, 0])
        }
        "mknod" => {
            let kind = match argument(1)? {
                "b" => file_type::BLK,
                "c" => file_type::CHR,
                // The suite's word for a FIFO; its table shows what real kernels make of it.
                "f" => file_type::IFO,
                "r" => file_type::REG,
                "s" => file_type::SOCK,
                "d" => file_type::DIR,
                _ => return None,
            };
            let number = |n| argument(n).map_or(Some(0), |text| text.parse().ok());
            let device = makedev(number(3)?, number(4)?);
            (nr::MKNODAT, [HERE, first, octal(argument(2)?)? | u64::from(kind), device, 0, 0])
        }
        "chmod" => (nr::FCHMODAT, [HERE, first, octal(argument(1)?)?, 0, 0, 0]),
        "lchmod" => (nr::FCHMODAT2, [HERE, first, octal(argument(1)?)?, no_follow, 0, 0]),
        "fchmod" => {
            let fd = descriptor(argument(0)?, opened)?;
            (nr::FCHMOD, [fd, octal(argument(1)?)?, 0, 0, 0, 0])
        }
        "chown" | "lchown" => {
            let flags = if *name == "lchown" { no_follow } else { 0 };
            let (user, group) = (number(argument(1)?)?, number(argument(2)?)?);
            (nr::FCHOWNAT, [HERE, first, user, group, flags, 0])
        }
        "fchown" => {
            let fd = descriptor(argument(0)?, opened)?;
            (nr::FCHOWN, [fd, number(argument(1)?)?, number(argument(2)?)?, 0, 0, 0])
        }
        "truncate" => (nr::TRUNCATE, [first, number(argument(1)?)?, 0, 0, 0, 0]),
        "ftruncate" => {
            let fd = descriptor(argument(0)?, opened)?;
            (nr::FTRUNCATE, [fd, number(argument(1)?)?, 0, 0, 0, 0])
        }
        "utimensat" => return utimensat(words, arguments, opened).await,
        "bind" | "connect" => return socket(words, name, argument(0)?).await,
        "stat" | "lstat" => {
            let flags = if *name == "lstat" { no_follow } else { 0 };
            let place = words.room + 3 * 8192;
            let asked = argument(1)?.to_owned();
            let stat = sys.call(nr::NEWFSTATAT, [HERE, first, place, flags, 0, 0]).await;
            return told(words, stat, place, &asked).await;
        }
        "fstat" => {
            let fd = descriptor(argument(0)?, opened)?;
            let place = words.room + 3 * 8192;
            let asked = argument(1)?.to_owned();
            let stat = sys.call(nr::FSTAT, [fd, place, 0, 0, 0, 0]).await;
            return told(words, stat, place, &asked).await;
        }
        "write" => {
            let fd = descriptor(argument(0)?, opened)?;
            let length = expand(argument(1)?).len() as u64;
            (nr::WRITE, [fd, second, length, 0, 0, 0])
        }
        _ => return None,
    };
    let result = sys.call(made.0, made.1).await;
    Some(match (*name, result) {
        ("create", Ok(fd)) => sys.close(fd).await.map(|_| "0".to_owned()),
        ("open", Ok(fd)) => {
            opened.push(fd);
            Ok("0".to_owned())
        }
        (_, result) => result.map(|value| value.to_string()),
    })
}

async fn utimensat(
    words: &Words<'_>,
    arguments: &[&str],
    opened: &[u64],
) -> Option<Result<String, Errno>> {
    let [fd, name, accessed, accessed_nanos, modified, modified_nanos, flags @ ..] = arguments
    else {
        return None;
    };
    let path = words.text(0, &expand(name)).await;
    let flags = at_flags(flags.first().unwrap_or(&"0"))?;
    let pair = [(accessed, accessed_nanos), (modified, modified_nanos)];
    let mut bytes = Vec::new();
    for (seconds, nanos) in pair {
        let time = Timespec { seconds: seconds.parse().ok()?, nanoseconds: nanoseconds(nanos)? };
        bytes.extend_from_slice(&time.to_bytes());
    }
    let times = words.room + 3 * 8192;
    words.sys.poke(times, &bytes).await;
    let fd = descriptor(fd, opened)?;
    let result = words.sys.call(nr::UTIMENSAT, [fd, path, times, flags, 0, 0]).await;
    Some(result.map(|value| value.to_string()))
}

/// A Unix-domain socket, bound to a name or connected to one.
async fn socket(words: &Words<'_>, call: &str, name: &str) -> Option<Result<String, Errno>> {
    const AF_UNIX: u16 = 1;
    const SOCK_STREAM: u64 = 1;
    let sys = words.sys;
    let fd = match sys.call(nr::SOCKET, [AF_UNIX.into(), SOCK_STREAM, 0, 0, 0, 0]).await {
        Ok(fd) => fd,
        Err(errno) => return Some(Err(errno)),
    };
    let mut address = AF_UNIX.to_le_bytes().to_vec();
    address.extend_from_slice(expand(name).as_bytes());
    address.push(0);
    let place = words.room + 3 * 8192;
    sys.poke(place, &address).await;
    let number = if call == "bind" { nr::BIND } else { nr::CONNECT };
    let result = sys.call(number, [fd, place, address.len() as u64, 0, 0, 0]).await;
    let _ = sys.close(fd).await;
    Some(result.map(|value| value.to_string()))
}

/// The fields of `struct stat` that were asked for.
async fn told(
    words: &Words<'_>,
    result: Result<u64, Errno>,
    place: u64,
    asked: &str,
) -> Option<Result<String, Errno>> {
    if let Err(errno) = result {
        return Some(Err(errno));
    }
    let bytes = words.sys.peek(place, Stat::SIZE).await;
    let stat = Stat::from_bytes(bytes.first_chunk()?);
    let kind = match stat.mode & oscope_kernel::abi::flags::file::FILE_TYPE_MASK {
        file_type::REG => "regular",
        file_type::DIR => "dir",
        file_type::IFO => "fifo",
        file_type::BLK => "block",
        file_type::CHR => "char",
        file_type::SOCK => "socket",
        file_type::LNK => "symlink",
        _ => "unknown",
    };
    let fields: Option<Vec<String>> = asked
        .split(',')
        .map(|field| {
            Some(match field {
                "type" => kind.to_owned(),
                "mode" => format!("0{:03o}", stat.mode & FileMode::all().bits()),
                "nlink" => stat.links.to_string(),
                "uid" => stat.uid.to_string(),
                "gid" => stat.gid.to_string(),
                "size" => stat.size.to_string(),
                "inode" => stat.inode.to_string(),
                "blocks" => stat.blocks.to_string(),
                "major" => major(stat.special).to_string(),
                "minor" => minor(stat.special).to_string(),
                "atime" => stat.accessed.seconds.to_string(),
                "mtime" => stat.modified.seconds.to_string(),
                "ctime" => stat.changed.seconds.to_string(),
                "atime_ns" => stat.accessed.nanoseconds.to_string(),
                "mtime_ns" => stat.modified.nanoseconds.to_string(),
                "ctime_ns" => stat.changed.nanoseconds.to_string(),
                _ => return None,
            })
        })
        .collect();
    Some(Ok(fields?.join(",")))
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn long_names_have_their_length_and_differ() {
        assert_eq!(expand("a/L255_0/b").len(), 259);
        assert_eq!(expand("L255_0x").len(), 256);
        assert_ne!(expand("L255_0"), expand("L255_1"));
        assert_eq!(expand("NULL_/L"), "NULL_/L");
        assert_eq!(expand("L1_23").len(), 1);
    }
}
