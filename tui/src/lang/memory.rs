//! The texts of the memory view.

/// The texts of the memory view.
#[derive(Clone, Copy, Debug)]
pub struct MemoryWords {
    /// Heading of the sharing map.
    pub sharing: &'static str,
    /// Beside it.
    pub bond: &'static str,
    /// What a column is.
    pub column: &'static str,
    /// Over the numbers of frames.
    pub frames: &'static str,
    /// Kinds of rows: code, shared on purpose, pages of a file, copy-on-write, own.
    pub rows: [&'static str; 5],
    /// Before the letter of who made a process.
    pub from: &'static str,
    /// Before how many are not shown.
    pub more: &'static str,
    /// Heading of the frame map.
    pub map: &'static str,
    /// Before how many frames a cell of it is.
    pub cell: &'static str,
    /// Behind the number of free frames.
    pub free: &'static str,
    /// The legend of the map: kernel, page table, own, code, copy-on-write, shared, cache, dirty, free, newest.
    pub legend: [&'static str; 10],
    /// "Seen in all", "frames behind it", "saved by sharing".
    pub sum: [&'static str; 3],
    /// Heading of an address space.
    pub space: &'static str,
    /// Its columns: pages, in memory, shared, copy-on-write, dirty, swapped.
    pub areas: [&'static str; 6],
    /// Heading of the walk.
    pub walk: &'static str,
    /// The root table, another table.
    pub tables: [&'static str; 2],
    /// What an entry says: to the table in, nothing, in the swap area.
    pub entry: [&'static str; 3],
    /// A frame.
    pub frame: &'static str,
    /// Before which byte of a frame.
    pub byte: &'static str,
    /// Flags of an entry: copy before a store, accessed, dirty.
    pub flags: [&'static str; 3],
    /// Heading of the free blocks.
    pub holes: &'static str,
    /// Before the numbers of blocks of each order.
    pub counts: &'static str,
    /// What the digits are.
    pub orders: &'static str,
    /// Heading of memory in whole blocks; before the policy's name.
    pub partitions: [&'static str; 2],
    /// Blocks, holes, frames free, the largest, asked in vain, "though enough was free", looked at.
    pub blocks: [&'static str; 6],
    /// What the signs of its strip are.
    pub strip: &'static str,
    /// Heading of the figures over time.
    pub over_time: &'static str,
    /// Its rows: new pages, copies, pages from disk.
    pub faults: [&'static str; 3],
    /// Before the swap area's figures.
    pub swap: &'static str,
    /// No picture yet.
    pub nothing: &'static str,
}

pub(super) static EN: MemoryWords = MemoryWords {
    sharing: "who sees which frames",
    bond: "[x]===[x] the very same frames",
    column: "1 column = 1 space",
    frames: "frames",
    rows: ["code", "shared", "file", "cow", "own"],
    from: "from",
    more: "more:",
    map: "frames of RAM",
    cell: "1 cell =",
    free: "free",
    legend: [
        "kernel",
        "table",
        "own",
        "code",
        "copy on write",
        "shared on purpose",
        "cache",
        "dirty",
        "free",
        "newest",
    ],
    sum: ["the spaces see", "pages, in only", "frames: saved by sharing"],
    space: "the space of",
    areas: ["pages", "here", "shared", "cow", "dirty", "swap"],
    walk: "the way to",
    tables: ["root table", "table"],
    entry: ["to the table in", "nothing there", "in the swap area"],
    frame: "frame",
    byte: "byte",
    flags: ["copy before a store", "used", "dirty"],
    holes: "free blocks",
    counts: "of 2^0 to 2^10 frames:",
    orders: "a digit n: part of a free block of 2^n frames (a: 2^10)   # used   - never used",
    partitions: ["memory in whole blocks", "fit:"],
    blocks: [
        "blocks",
        "holes of",
        "frames in all, the largest of",
        "refused",
        "of them though enough was free",
        "holes were looked at",
    ],
    strip: "[: a block begins   a letter: whose it is   . hole   (in the map _: no page yet)",
    over_time: "page faults over time",
    faults: ["new page", "copied", "from disk"],
    swap: "swap",
    nothing: "The picture of memory is on its way.",
};

pub(super) static KO: MemoryWords = MemoryWords {
    sharing: "누가 어떤 프레임을 보는가",
    bond: "[x]===[x] 바로 같은 프레임",
    column: "열 하나 = 주소 공간",
    frames: "프레임",
    rows: ["코드", "공유", "파일", "cow", "자기 것"],
    from: "부모",
    more: "더 있음:",
    map: "RAM의 프레임",
    cell: "한 칸 =",
    free: "빈 것",
    legend: [
        "커널",
        "페이지 테이블",
        "자기 것",
        "코드",
        "쓸 때 복사",
        "일부러 공유",
        "캐시",
        "더티",
        "빈 것",
        "방금",
    ],
    sum: ["주소 공간들이 보는 페이지", "실제 프레임", "공유로 아낀 것"],
    space: "주소 공간:",
    areas: ["페이지", "메모리", "공유", "cow", "더티", "스왑"],
    walk: "주소를 찾는 길:",
    tables: ["루트 테이블", "테이블"],
    entry: ["다음 테이블:", "아무것도 없음", "스왑 영역에 있음"],
    frame: "프레임",
    byte: "바이트",
    flags: ["쓰기 전에 복사", "사용됨", "더티"],
    holes: "빈 블록",
    counts: "2^0 ~ 2^10 프레임:",
    orders: "숫자 n: 2^n 프레임인 빈 블록의 일부 (a: 2^10)   # 쓰는 것   - 쓴 적 없음",
    partitions: ["통째로 나눈 메모리", "정책:"],
    blocks: [
        "블록",
        "구멍, 모두",
        "프레임, 가장 큰 것",
        "거절",
        "번은 합치면 충분했음",
        "구멍을 살펴봄",
    ],
    strip: "[ 블록의 시작   글자: 그 주인   . 구멍   (지도의 _: 아직 페이지 없음)",
    over_time: "시간에 따른 페이지 폴트",
    faults: ["새 페이지", "복사", "디스크에서"],
    swap: "스왑",
    nothing: "메모리 그림을 만드는 중입니다.",
};
