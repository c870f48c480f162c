//! The texts of the request view, and the captions of the 21 steps.

use oscope_userland::bin::steps::{STEPS, Step};

/// The texts of the request view.
#[derive(Clone, Copy, Debug)]
pub struct RequestWords {
    /// The machines' heading.
    pub machines: &'static str,
    /// What the letters mean.
    pub letters: &'static str,
    /// The trip's heading.
    pub trip: &'static str,
    /// That columns are steps, not times.
    pub width: &'static str,
    /// The word before the number of a request.
    pub request: &'static str,
    /// No request has come.
    pub nobody: &'static str,
    /// How to send one.
    pub enter: &'static str,
    /// The row of durations.
    pub took: &'static str,
    /// What the glyphs mean.
    pub glyphs: &'static str,
    /// The heading of the sums.
    pub so_far: &'static str,
    /// On a CPU, waiting for one, disk, wire, other.
    pub parts: [&'static str; 5],
    /// What is taken meanwhile.
    pub held: &'static str,
    /// Nobody holds anything.
    pub nothing_held: &'static str,
    /// The heading of the data.
    pub data: &'static str,
    /// No machine of this world marks steps.
    pub none: &'static str,
}

pub(super) const EN: RequestWords = RequestWords {
    machines: "the machines",
    letters: "R runs  r waits for a CPU  S asleep  D waits for the disk",
    trip: "the trip: 21 steps, one column each",
    width: "width = step, not time",
    request: "request",
    nobody: "Every door is open and nobody is there: no request has come.",
    enter: "Enter: the browser sends the next request",
    took: "took",
    glyphs: "= on a CPU  r ready  d disk  ~ on the wire  s held, asleep  : to come",
    so_far: "so far",
    parts: ["CPU", "queue", "disk", "wire", "locks and kernel"],
    held: "taken meanwhile",
    nothing_held: "nothing",
    data: "the data, right here",
    none: "No program of this world marks the steps of a request. Try `oscope tui three-tier`.",
};

pub(super) const KO: RequestWords = RequestWords {
    machines: "기계들",
    letters: "R 실행  r CPU 대기  S 잠듦  D 디스크 대기",
    trip: "여정: 21단계, 한 칸에 하나씩",
    width: "너비 = 단계 (시간이 아님)",
    request: "요청",
    nobody: "모든 문이 열려 있지만 아무도 없습니다. 아직 요청이 오지 않았습니다.",
    enter: "Enter: 브라우저가 다음 요청을 보냅니다",
    took: "걸림",
    glyphs: "= CPU 위  r 준비  d 디스크  ~ 전선 위  s 잡은 채 잠듦  : 아직",
    so_far: "지금까지",
    parts: ["CPU", "대기열", "디스크", "전선", "락과 커널"],
    held: "그동안 잡혀 있는 것",
    nothing_held: "없음",
    data: "바로 여기의 데이터",
    none: "이 월드에는 요청의 단계를 표시하는 프로그램이 없습니다. `oscope tui three-tier`를 열어 보세요.",
};

/// The captions of the steps in Korean, in their order.
const KOREAN: [&str; 21] = [
    "브라우저가 요청을 발행한다",
    "이름을 해석한다",
    "웹 서버가 받는다",
    "정적인가 동적인가?",
    "웹 서버가 데이터가 있는 곳으로 간다",
    "AP 서버가 받는다",
    "계산인가 데이터베이스인가?",
    "풀에서 연결을 꺼낸다",
    "SQL을 보낸다",
    "DB 서버가 받는다",
    "캐시를 살핀다",
    "캐시에 없으면 디스크에 액세스한다",
    "디스크가 데이터를 돌려준다",
    "캐시에 넣어 둔다",
    "DB 서버가 답한다",
    "데이터가 도착한다",
    "페이지를 만든다",
    "돌려준다",
    "웹 서버에 도착한다",
    "그대로 넘겨준다",
    "브라우저가 보여 준다",
];

/// The caption of a step.
pub(super) fn caption(step: Step, is_korean: bool) -> &'static str {
    let at = STEPS.iter().position(|(known, _)| *known == step).unwrap_or(0);
    if is_korean { KOREAN[at] } else { STEPS[at].1 }
}
