//! The texts of the files view and of the console.

/// The texts of the files view.
#[derive(Clone, Copy, Debug)]
pub struct FilesWords {
    /// Heading of the open files.
    pub open: &'static str,
    /// Beside it: what a bond is.
    pub bond: &'static str,
    /// Columns: file, offset, how it is open.
    pub columns: [&'static str; 3],
    /// Nobody has a file open.
    pub nothing_open: &'static str,
    /// Heading of the tree of names.
    pub names: &'static str,
    /// Behind the number of names; of those that do not exist; of hits; of misses.
    pub dentries: [&'static str; 4],
    /// Columns: inode, mode, names, bytes, pages in the cache, newer than on the disk, open.
    pub inode: [&'static str; 7],
    /// A name that is known not to exist.
    pub negative: &'static str,
    /// What would have to be read from the disk first.
    pub unknown: &'static str,
    /// Heading of the chosen file.
    pub file: &'static str,
    /// Before its pages; before its blocks on the disk; a hole.
    pub pages: [&'static str; 3],
    /// The legend of pages: not cached, as on the disk, newer, being read, being written.
    pub legend: [&'static str; 5],
    /// Nothing is chosen.
    pub choose: &'static str,
    /// Heading of the mounts.
    pub mounts: &'static str,
    /// Behind how much of a file system is used; it may not be written to.
    pub usage: [&'static str; 2],
    /// Heading of the cache.
    pub cache: &'static str,
    /// Behind the number of pages; of dirty ones.
    pub cached: [&'static str; 2],
    /// A disk's own structures.
    pub disk: &'static str,
    /// Before how many are not shown.
    pub more: &'static str,
}

/// The texts of the console.
#[derive(Clone, Copy, Debug)]
pub struct ConsoleWords {
    /// Heading.
    pub heading: &'static str,
    /// It has the keys, and which key gives them back.
    pub grabbed: &'static str,
    /// How to type.
    pub enter: &'static str,
    /// How to get a shell.
    pub start: &'static str,
    /// Before the program in the foreground.
    pub foreground: &'static str,
}

pub(super) static EN: FilesWords = FilesWords {
    open: "who has which file open",
    bond: "[3]===[3] one open file, one offset",
    columns: ["open file", "offset", "mode"],
    nothing_open: "No file is open.",
    names: "names that are known",
    dentries: ["names", "known not to exist", "hits", "misses"],
    inode: ["inode", "mode", "names", "bytes", "cached", "dirty", "open"],
    negative: "no such name",
    unknown: "not in memory",
    file: "chosen file",
    pages: ["pages", "blocks on the disk", "hole"],
    legend: ["not cached", "as on disk", "newer: dirty", "being read", "being written"],
    choose: "j k choose a name: its inode, its pages in the cache and its blocks on the disk appear here.",
    mounts: "mounts",
    usage: ["used", "read only"],
    cache: "page cache",
    cached: ["pages", "dirty"],
    disk: "the disk's own blocks",
    more: "more:",
};

pub(super) static KO: FilesWords = FilesWords {
    open: "누가 어느 파일을 열고 있나",
    bond: "[3]===[3] 열린 파일도 오프셋도 하나",
    columns: ["열린 파일", "오프셋", "모드"],
    nothing_open: "열린 파일이 없습니다.",
    names: "알려진 이름",
    dentries: ["개 이름", "없음이 알려짐", "적중", "실패"],
    inode: ["inode", "모드", "이름", "바이트", "캐시", "더티", "열림"],
    negative: "그런 이름 없음",
    unknown: "메모리에 없음",
    file: "고른 파일",
    pages: ["페이지", "디스크 블록", "구멍"],
    legend: ["캐시에 없음", "디스크와 같음", "더 새로움(더티)", "읽는 중", "쓰는 중"],
    choose: "j k로 이름을 고르면 inode, 캐시의 페이지, 디스크의 블록이 여기에 나옵니다.",
    mounts: "마운트",
    usage: ["사용", "읽기 전용"],
    cache: "페이지 캐시",
    cached: ["페이지", "더티"],
    disk: "디스크 자체의 블록",
    more: "그 밖에:",
};

pub(super) static CONSOLE_EN: ConsoleWords = ConsoleWords {
    heading: "console",
    grabbed: "all keys go to the machine; Ctrl-] gives them back",
    enter: "Enter: type here",
    start: "Enter: start a shell here",
    foreground: "in the foreground:",
};

pub(super) static CONSOLE_KO: ConsoleWords = ConsoleWords {
    heading: "콘솔",
    grabbed: "모든 키가 기계로 갑니다. Ctrl-]로 되찾습니다",
    enter: "Enter: 여기에 입력",
    start: "Enter: 여기서 셸 시작",
    foreground: "포그라운드:",
};
