//! Calls on descriptors, what they carry, and files.

use super::super::model::Thing;
use super::Generator;

impl Generator {
    pub(super) fn fd(&mut self, who: usize) -> u32 {
        let open: Vec<u32> = self.processes[who].fds.keys().copied().collect();
        if open.is_empty() || self.chance(4) {
            return self.pick(&[3, 4, 7, 30, 1023, 1024]);
        }
        self.pick(&open)
    }

    pub(super) fn open(&mut self, who: usize, from: u32, thing: Thing) -> u32 {
        let fd = self.processes[who].free(from);
        self.processes[who].fds.insert(fd, thing);
        fd
    }

    pub(super) fn descriptor(&mut self, who: usize) {
        let fd = self.fd(who);
        let thing = self.processes[who].fds.get(&fd).copied();
        let call = match self.below(14) {
            0..=2 if self.processes[who].fds.len() < 24 => {
                let flags = self.pick(&["O_NONBLOCK", "O_NONBLOCK|O_CLOEXEC"]);
                let out = self.open(who, 3, Thing::PipeOut);
                let end = self.open(who, 3, Thing::PipeIn);
                format!("pipe2([{out}, {end}], {flags})")
            }
            3 => {
                if let Some(thing) = thing {
                    self.open(who, 3, thing);
                }
                format!("dup({fd})")
            }
            4 | 5 => {
                let to = self.pick(&[3, 4, 5, 8, 20, fd]);
                let flags = self.pick(&["0", "O_CLOEXEC", "O_NONBLOCK"]);
                if let (Some(thing), false) = (thing, flags == "O_NONBLOCK" || to == fd) {
                    self.processes[who].fds.insert(to, thing);
                }
                format!("dup3({fd}, {to}, {flags})")
            }
            6 => {
                let from = self.pick(&[0, 5, 10, 1023, 1024]);
                let command = self.pick(&["F_DUPFD", "F_DUPFD_CLOEXEC"]);
                if let (Some(thing), true) = (thing, from < 1000) {
                    self.open(who, from, thing);
                }
                format!("fcntl({fd}, {command}, {from})")
            }
            7 => format!("fcntl({fd}, F_GETFD)"),
            8 => {
                let flag = self.pick(&["0", "FD_CLOEXEC"]);
                format!("fcntl({fd}, F_SETFD, {flag})")
            }
            9 => format!("fcntl({fd}, F_GETFL)"),
            10 => {
                let flags = self.pick(&["O_RDONLY|O_NONBLOCK", "O_RDONLY|O_NONBLOCK|O_APPEND"]);
                format!("fcntl({fd}, F_SETFL, {flags})")
            }
            11 => {
                let to = fd + self.rng.below(3) as u32;
                let flags = self.pick(&["0", "0", "CLOSE_RANGE_CLOEXEC"]);
                if flags == "0" {
                    self.processes[who].fds.retain(|open, _| !(fd..=to).contains(open));
                }
                format!("close_range({fd}, {to}, {flags})")
            }
            12 => {
                self.processes[who].fds.remove(&fd);
                format!("close({fd})")
            }
            _ => {
                let events = self.pick(&["POLLIN", "POLLOUT", "POLLIN|POLLOUT"]);
                let other = self.fd(who);
                format!("poll([{{fd={fd}, events={events}}}, {{fd={other}, events=POLLIN}}], 2, 0)")
            }
        };
        self.line(who, &call);
    }

    pub(super) fn data(&mut self, who: usize) {
        let fd = self.fd(who);
        let size = self.pick(&[0, 1, 3, 8, 40, 200, 5000]);
        let text: String = (0..size.min(60)).map(|n| char::from(b'a' + (n % 26) as u8)).collect();
        let length = text.len();
        let call = match self.below(9) {
            0..=2 => format!("read({fd}, \"\", {size})"),
            3 | 4 => format!("write({fd}, \"{text}\", {length})"),
            5 => {
                let half = length / 2;
                let (a, b) = text.split_at(half);
                let rest = length - half;
                format!(
                    "writev({fd}, [{{iov_base=\"{a}\", iov_len={half}}}, {{iov_base=\"{b}\", iov_len={rest}}}], 2)"
                )
            }
            6 => format!(
                "readv({fd}, [{{iov_base=\"....\", iov_len=4}}, {{iov_base=\"..........\", iov_len=10}}], 2)"
            ),
            7 => {
                let offset = self.pick(&[0, 2, 9, 4095]);
                format!("pwrite64({fd}, \"{text}\", {length}, {offset})")
            }
            _ => {
                let offset = self.pick(&[-1, 0, 2, 9, 4090]);
                format!("pread64({fd}, \"\", {size}, {offset})")
            }
        };
        self.line(who, &call);
    }

    pub(super) fn file(&mut self, who: usize) {
        let fd = self.fd(who);
        let call = match self.below(8) {
            0..=2 if self.processes[who].fds.len() < 24 => {
                let name = self.pick(&["f1", "f2", "/f1", "f3"]);
                let access = self.pick(&["O_RDONLY", "O_WRONLY", "O_RDWR", "O_RDWR"]);
                let flags = self.pick(&[
                    "",
                    "|O_CREAT",
                    "|O_CREAT",
                    "|O_CREAT|O_EXCL",
                    "|O_APPEND",
                    "|O_CREAT|O_CLOEXEC",
                ]);
                let mode = self.pick(&["0644", "0600", "0666", "0400"]);
                self.open(who, 3, Thing::File);
                let mode =
                    if flags.contains("CREAT") { format!(", {mode}") } else { String::new() };
                format!("openat(AT_FDCWD, \"{name}\", {access}{flags}{mode})")
            }
            3 | 4 => {
                let offset = self.pick(&[-9, -1, 0, 1, 5, 4096]);
                let whence = self.pick(&["SEEK_SET", "SEEK_CUR", "SEEK_END"]);
                format!("lseek({fd}, {offset}, {whence})")
            }
            5 => format!("fstat({fd}, {{...}})"),
            6 => {
                let name = self.pick(&["f1", "f2", "f9", "f1/x", ""]);
                format!("newfstatat(AT_FDCWD, \"{name}\", {{...}}, 0)")
            }
            _ => {
                let mask = self.pick(&["022", "077", "000", "0777"]);
                format!("umask({mask})")
            }
        };
        self.line(who, &call);
    }
}
