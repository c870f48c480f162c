//! Scripts about files alone: trees of names, what they name, and who may do what with it.
//!
//! Names come from a small stock, so that most calls meet what earlier ones have left. Several processes with
//! credentials of their own work in one directory.

use super::super::model::{Process, Thing};
use super::{Case, Generator};
use oscope_kernel::base::Rng;

/// Users and groups that the others become: one shares a group with the other.
const SOMEBODY: [(u32, u32, &str); 2] = [(1000, 1000, "[2000]"), (1001, 1001, "[2000, 3000]")];

impl Case {
    /// A script of about so many calls on files.
    #[must_use]
    pub fn generate_files(seed: u64, calls: usize) -> Self {
        let mut generator = Generator {
            rng: Rng::new(seed ^ 0x6669_6c65),
            lines: Vec::new(),
            processes: vec![Process::root()],
            pids: 1,
            mappings: 0,
            root: true,
        };
        // A root of its own: the two machines' differ.
        let begin = ["umask(0)", "mkdir(\"v\", 0777)", "chdir(\"v\")", "chroot(\".\")"];
        for call in begin.into_iter().chain(["mkdir(\"w\", 0777)", "chdir(\"w\")"]) {
            generator.line(0, call);
        }
        for (uid, gid, groups) in SOMEBODY {
            if generator.chance(60) {
                generator.somebody(uid, gid, groups);
            }
        }
        while generator.lines.len() < calls {
            let who = generator.below(generator.processes.len());
            generator.tree(who);
        }
        Self { lines: generator.lines }
    }
}

impl Generator {
    /// A process that is another user.
    fn somebody(&mut self, uid: u32, gid: u32, groups: &str) {
        self.pids += 1;
        let pid = self.pids;
        self.line(0, &format!("fork() = {pid}"));
        let who = self.processes.len();
        let mut process = Process::root();
        (process.pid, process.parent) = (pid, 1);
        self.processes.push(process);
        let count = groups.split(',').count();
        self.line(who, &format!("setgroups({count}, {groups})"));
        self.line(who, &format!("setresgid({gid}, {gid}, {gid})"));
        self.line(who, &format!("setresuid({uid}, {uid}, {uid})"));
    }

    /// A path of one to three names.
    fn path(&mut self) -> String {
        let mut path = String::new();
        for _ in 0..self.below(3).min(self.below(3)) {
            path.push_str(self.pick(&["d1/", "d2/", "d1/", "s1/", "../w/", "./", "f1/"]));
        }
        let name =
            self.pick(&["f1", "f2", "f3", "f1", "f2", "d1", "d2", "d3", "s1", "s2", "p1", "n9"]);
        path.push_str(name);
        match self.below(40) {
            0 => path.push('/'),
            1 => path.push_str("/."),
            2 => path.push_str("/.."),
            3 => path = self.pick(&["", ".", "..", "/", "no/such", "d1/no/such"]).to_owned(),
            _ => {}
        }
        path
    }

    fn mode(&mut self) -> &'static str {
        self.pick(&[
            "0644", "0666", "0600", "0777", "0755", "0444", "0700", "04755", "02775", "01777",
            "000",
        ])
    }

    fn owner(&mut self) -> &'static str {
        self.pick(&["-1", "0", "1000", "1001", "2000", "3000"])
    }

    fn tree(&mut self, who: usize) {
        let call = match self.below(12) {
            0 | 1 => self.opening(who),
            2 | 3 => self.making(),
            4 | 5 => self.removing(),
            6 => self.moving(),
            7 | 8 => self.looking(),
            9 => self.changing(),
            _ => self.transfer(who),
        };
        self.line(who, &call);
    }

    fn opening(&mut self, who: usize) -> String {
        let path = self.path();
        if self.chance(20) {
            let fd = self.fd(who);
            self.processes[who].fds.remove(&fd);
            return format!("close({fd})");
        }
        let access = self.pick(&["O_RDONLY", "O_WRONLY", "O_RDWR", "O_RDWR"]);
        let flags = self.pick(&[
            "",
            "|O_CREAT",
            "|O_CREAT",
            "|O_CREAT|O_EXCL",
            "|O_CREAT|O_TRUNC",
            "|O_TRUNC",
            "|O_APPEND",
            "|O_CREAT|O_NOFOLLOW",
            "|O_NOFOLLOW",
            "|O_DIRECTORY",
            "|O_NOATIME",
            "|O_PATH",
            "|O_PATH|O_NOFOLLOW",
        ]);
        let mode = self.mode();
        if flags.contains("PATH") {
            self.open(who, 3, Thing::File);
            return format!("openat(AT_FDCWD, \"{path}\", O_RDONLY{flags})");
        }
        self.open(who, 3, Thing::File);
        let mode = if flags.contains("CREAT") { format!(", {mode}") } else { String::new() };
        // A FIFO must not make anybody wait.
        format!("openat(AT_FDCWD, \"{path}\", {access}{flags}|O_NONBLOCK{mode})")
    }

    fn making(&mut self) -> String {
        let (path, other, mode) = (self.path(), self.path(), self.mode());
        match self.below(8) {
            0..=3 => format!("mkdir(\"{path}\", {mode})"),
            4 => format!("symlink(\"{other}\", \"{path}\")"),
            5 => format!("link(\"{path}\", \"{other}\")"),
            6 => {
                let flags = self.pick(&["0", "AT_SYMLINK_FOLLOW"]);
                format!("linkat(AT_FDCWD, \"{path}\", AT_FDCWD, \"{other}\", {flags})")
            }
            _ => {
                let kind = self.pick(&["S_IFIFO", "S_IFREG", "S_IFSOCK", "S_IFIFO"]);
                format!("mknodat(AT_FDCWD, \"{path}\", {kind}|{mode})")
            }
        }
    }

    fn removing(&mut self) -> String {
        let path = self.path();
        match self.below(3) {
            0 => format!("unlink(\"{path}\")"),
            1 => format!("rmdir(\"{path}\")"),
            _ => {
                let flags = self.pick(&["0", "AT_REMOVEDIR"]);
                format!("unlinkat(AT_FDCWD, \"{path}\", {flags})")
            }
        }
    }

    fn moving(&mut self) -> String {
        let (path, other) = (self.path(), self.path());
        match self.below(3) {
            0 | 1 => format!("rename(\"{path}\", \"{other}\")"),
            _ => {
                let flags = self.pick(&["RENAME_NOREPLACE", "RENAME_EXCHANGE", "0"]);
                format!("renameat2(AT_FDCWD, \"{path}\", AT_FDCWD, \"{other}\", {flags})")
            }
        }
    }

    fn looking(&mut self) -> String {
        let path = self.path();
        match self.below(9) {
            0 | 1 => format!("newfstatat(AT_FDCWD, \"{path}\", {{...}}, AT_SYMLINK_NOFOLLOW)"),
            2 => format!("newfstatat(AT_FDCWD, \"{path}\", {{...}}, 0)"),
            3 => format!("readlink(\"{path}\", \"\", 100)"),
            4 => {
                let query = self.pick(&["F_OK", "R_OK", "W_OK", "X_OK", "R_OK|W_OK"]);
                format!("access(\"{path}\", {query})")
            }
            5 => {
                let query = self.pick(&["R_OK", "W_OK", "X_OK"]);
                let flags = self.pick(&["AT_EACCESS", "AT_SYMLINK_NOFOLLOW", "0"]);
                format!("faccessat2(AT_FDCWD, \"{path}\", {query}, {flags})")
            }
            6 => format!("chdir(\"{path}\")"),
            7 => "getcwd(\"\", 4096)".to_owned(),
            _ => {
                let mask = self.pick(&["022", "077", "000", "027"]);
                format!("umask({mask})")
            }
        }
    }

    fn changing(&mut self) -> String {
        let (path, mode) = (self.path(), self.mode());
        let (user, group) = (self.owner(), self.owner());
        match self.below(8) {
            0 | 1 => format!("chmod(\"{path}\", {mode})"),
            2 => format!("chown(\"{path}\", {user}, {group})"),
            3 => format!("lchown(\"{path}\", {user}, {group})"),
            4 => {
                let size = self.pick(&[0, 1, 10, 4096, 5000, 100_000]);
                format!("truncate(\"{path}\", {size})")
            }
            5 => {
                let flags = self.pick(&["0", "AT_SYMLINK_NOFOLLOW"]);
                format!("utimensat(AT_FDCWD, \"{path}\", NULL, {flags})")
            }
            6 => {
                let times = self.pick(&[
                    "[{tv_sec=7, tv_nsec=0}, {tv_sec=8, tv_nsec=9}]",
                    "[UTIME_NOW, UTIME_OMIT]",
                    "[UTIME_NOW, UTIME_NOW]",
                    "[UTIME_OMIT, UTIME_OMIT]",
                ]);
                format!("utimensat(AT_FDCWD, \"{path}\", {times}, 0)")
            }
            _ => {
                let flags = self.pick(&["0", "AT_SYMLINK_NOFOLLOW"]);
                format!("fchownat(AT_FDCWD, \"{path}\", {user}, {group}, {flags})")
            }
        }
    }

    fn transfer(&mut self, who: usize) -> String {
        let fd = self.fd(who);
        let size = self.pick(&[0, 1, 10, 4096, 5000, 70_000]);
        match self.below(13) {
            0 => format!("ftruncate({fd}, {size})"),
            1 => format!("fstat({fd}, {{...}})"),
            2 => format!("getdents64({fd}, NULL, 0)"),
            3 => {
                let mode = self.mode();
                format!("fchmod({fd}, {mode})")
            }
            4 => {
                let (user, group) = (self.owner(), self.owner());
                format!("fchown({fd}, {user}, {group})")
            }
            5 => format!("fchdir({fd})"),
            6 => {
                let whence = self.pick(&["SEEK_DATA", "SEEK_HOLE", "SEEK_END", "SEEK_SET"]);
                let offset = self.pick(&[0, 5, 4096, 9000]);
                format!("lseek({fd}, {offset}, {whence})")
            }
            7 => {
                let operation =
                    self.pick(&["LOCK_SH|LOCK_NB", "LOCK_EX|LOCK_NB", "LOCK_UN", "LOCK_NB"]);
                format!("flock({fd}, {operation})")
            }
            8 => {
                let command = self.pick(&["F_SETLK", "F_SETLK", "F_OFD_SETLK"]);
                let kind = self.pick(&["F_RDLCK", "F_WRLCK", "F_UNLCK"]);
                let whence = self.pick(&["SEEK_SET", "SEEK_CUR", "SEEK_END"]);
                let start = self.pick(&[0, 5, 10, -3]);
                let length = self.pick(&[0, 1, 10, -2]);
                format!(
                    "fcntl({fd}, {command}, {{l_type={kind}, l_whence={whence}, l_start={start}, l_len={length}}})"
                )
            }
            9 => {
                let mode = self.pick(&[
                    "0",
                    "FALLOC_FL_KEEP_SIZE",
                    "FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE",
                ]);
                let offset = self.pick(&[0, 100, 4096]);
                format!("fallocate({fd}, {mode}, {offset}, {size})")
            }
            _ => {
                self.data(who);
                // That was the line; what follows is harmless.
                format!("fstat({fd}, {{...}})")
            }
        }
    }
}
