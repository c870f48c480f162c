//! The texts around lessons.

/// The texts around lessons.
#[derive(Clone, Copy, Debug)]
pub struct LessonWords {
    /// `step 3 of 12`.
    pub step: &'static str,
    /// Between the two numbers.
    pub of: &'static str,
    /// How to answer.
    pub how_to_answer: &'static str,
    /// How to change something.
    pub how_to_change: &'static str,
    /// How to change a script: a file is named after it.
    pub how_to_write: &'static str,
    /// How to go on.
    pub how_to_go_on: &'static str,
    /// What other keys there are.
    pub keys: &'static str,
    /// An answer is right.
    pub right: &'static str,
    /// It is not.
    pub not_right: &'static str,
    /// Before a hint.
    pub hint: &'static str,
    /// Before the answer that was shown.
    pub answer: &'static str,
    /// One of several answers.
    pub for_example: &'static str,
    /// The last step is done.
    pub end: &'static str,
    /// Before the pointer into the source.
    pub source: &'static str,
    /// Before the words of the glossary.
    pub terms: &'static str,
    /// There is no lesson beside the machine.
    pub none: &'static str,
    /// The heading of the list.
    pub all: &'static str,
    /// How to open one of the list.
    pub how_to_open: &'static str,
    /// What the goal is called.
    pub goal: &'static str,
    /// Somebody has a question to answer first.
    pub covered: &'static str,
}

pub(super) const EN: LessonWords = LessonWords {
    step: "step",
    of: "of",
    how_to_answer: "Enter: answer",
    how_to_change: "Enter: try a value",
    how_to_write: "Edit this file, then Enter tries it:",
    how_to_go_on: "Enter: go on",
    keys: "n P steps  H hint  J K scroll",
    right: "Right.",
    not_right: "Not so.",
    hint: "Hint",
    answer: "Answer",
    for_example: "for example",
    end: "That was the last step.",
    source: "In the kernel",
    terms: "Words",
    none: "no lesson is open",
    all: "Lessons",
    how_to_open: "Leave with q, then: oscope lesson N",
    goal: "Goal",
    covered: "Predict first; then the machine goes on.",
};

pub(super) const KO: LessonWords = LessonWords {
    step: "단계",
    of: "/",
    how_to_answer: "Enter: 답하기",
    how_to_change: "Enter: 값 넣어 보기",
    how_to_write: "이 파일을 고친 뒤 Enter를 누르면 시험합니다:",
    how_to_go_on: "Enter: 다음으로",
    keys: "n P 단계  H 힌트  J K 스크롤",
    right: "맞습니다.",
    not_right: "아닙니다.",
    hint: "힌트",
    answer: "답",
    for_example: "예를 들면",
    end: "마지막 단계였습니다.",
    source: "커널 소스",
    terms: "용어",
    none: "열린 수업이 없습니다",
    all: "수업",
    how_to_open: "q로 나간 뒤: oscope lesson N",
    goal: "목표",
    covered: "먼저 예측하세요. 그다음에 기계가 움직입니다.",
};
