//! The sentences that no single event makes, in English and in Korean.

use super::Bond;
use crate::lang::Lang;
use crate::narrate::waits_for;
use oscope_kernel::base::CpuId;
use oscope_kernel::event::Wait;

/// One of two texts.
fn either(lang: Lang, en: impl FnOnce() -> String, ko: impl FnOnce() -> String) -> String {
    match lang {
        Lang::En => en(),
        Lang::Ko => ko(),
    }
}

/// How a link hangs on the one before it.
pub(super) fn bond(lang: Lang, bond: Bond) -> &'static str {
    match (lang, bond) {
        (Lang::En, bond) => bond.name(),
        (Lang::Ko, Bond::Now) => "지금",
        (Lang::Ko, Bond::Because) => "왜냐하면",
        (Lang::Ko, Bond::In) => "그 호출",
        (Lang::Ko, Bond::Meanwhile) => "그동안",
        (Lang::Ko, Bond::Until) => "끝날 때",
        (Lang::Ko, Bond::Before) => "그 전에",
    }
}

/// A call in strace's words.
pub(super) fn call(lang: Lang, who: &str, line: &str) -> String {
    either(lang, || format!("{who} called {line}"), || format!("{who}의 호출: {line}"))
}

/// A call that is not over.
pub(super) fn waits_in(lang: Lang, who: &str, line: &str) -> String {
    either(
        lang,
        || format!("{who} is inside {line}"),
        || format!("{who}의 끝나지 않은 호출: {line}"),
    )
}

pub(super) fn runs(lang: Lang, who: &str, cpu: CpuId, long: &str) -> String {
    either(
        lang,
        || format!("{who} runs: it has had CPU {cpu} for {long}"),
        || format!("{who}: 실행 중. CPU {cpu} 사용 {long}째"),
    )
}

pub(super) fn ready(lang: Lang, who: &str, cpu: CpuId, long: &str) -> String {
    either(
        lang,
        || format!("{who} does not run: it is ready and has waited for CPU {cpu} for {long}"),
        || format!("{who}: 실행 중이 아님. 준비되어 CPU {cpu} 기다리기 {long}째"),
    )
}

pub(super) fn asleep(lang: Lang, who: &str, on: Wait, long: &str) -> String {
    let what = waits_for(lang, on);
    either(
        lang,
        || format!("{who} does not run: it has been asleep for {long} and waits ({what})"),
        || format!("{who}: 실행 중이 아님. {long}째 자면서 기다림 ({what})"),
    )
}

pub(super) fn stopped(lang: Lang, who: &str, long: &str) -> String {
    either(
        lang,
        || format!("{who} does not run: a signal stopped it {long} ago"),
        || format!("{who}: 실행 중이 아님. {long} 전에 시그널로 멈춤"),
    )
}

pub(super) fn holder(lang: Lang, who: &str, cpu: CpuId, long: &str) -> String {
    either(
        lang,
        || format!("CPU {cpu} is with {who}, for {long} so far"),
        || format!("CPU {cpu}: {who} 사용 {long}째"),
    )
}

pub(super) fn turns(lang: Lang, cpu: CpuId, count: usize, names: &[String]) -> String {
    let names = names.join(", ");
    either(
        lang,
        || format!("since then CPU {cpu} was given {count} times to others, last to {names}"),
        || format!("그 뒤로 CPU {cpu} 차례가 다른 쪽에 {count}번 감. 마지막: {names}"),
    )
}

pub(super) fn late(lang: Lang, who: &str, long: &str, cpu: CpuId, holder: Option<&str>) -> String {
    either(
        lang,
        || match holder {
            Some(holder) => {
                format!("{who} got a CPU only {long} later: CPU {cpu} was mostly with {holder}")
            }
            None => format!("{who} got a CPU only {long} later"),
        },
        || match holder {
            Some(holder) => {
                format!("{who}: {long} 뒤에야 CPU를 받음. CPU {cpu}: 주로 {holder} 차지")
            }
            None => format!("{who}: {long} 뒤에야 CPU를 받음"),
        },
    )
}

pub(super) fn owner(lang: Lang, who: &str) -> String {
    either(
        lang,
        || format!("{who} has the lock, and was lent the sleeper's priority"),
        || format!("잠금 주인: {who}. 기다리는 쪽의 우선순위를 빌림"),
    )
}

pub(super) fn circle(lang: Lang, who: &str) -> String {
    either(
        lang,
        || format!("and that leads back to {who}: they wait in a circle"),
        || format!("다시 {who}: 서로 돌아가며 기다림"),
    )
}

pub(super) fn never(lang: Lang, who: &str) -> String {
    either(
        lang,
        || format!("nothing wakes {who} again as far as the run is known"),
        || format!("알려진 실행 안에서 {who} 깨우는 사건이 없음"),
    )
}

pub(super) fn until(lang: Lang, later: &str, told: &str) -> String {
    either(
        lang,
        || format!("{later} later that ends: {told}"),
        || format!("{later} 뒤에 끝남: {told}"),
    )
}

pub(super) fn took(lang: Lang, line: &str, took: &str) -> String {
    either(lang, || format!("{line}, after {took}"), || format!("{line}, {took} 걸림"))
}

pub(super) fn failed(lang: Lang, name: &str, message: &str) -> String {
    either(
        lang,
        || format!("the kernel answered {name}: {message}"),
        || format!("커널의 대답 {name}: {message}"),
    )
}

pub(super) fn nobody_before(lang: Lang) -> String {
    either(
        lang,
        || "no call before it in this run made what it names".to_owned(),
        || "이 실행에서 그 전에 그것을 만든 호출이 없음".to_owned(),
    )
}

pub(super) fn slept(lang: Lang, long: &str, on: Wait, told: &str) -> String {
    let what = waits_for(lang, on);
    either(
        lang,
        || format!("it slept for {long} ({what}) until {told}"),
        || format!("{long} 동안 잠 ({what}): {told}"),
    )
}

pub(super) fn untouched(lang: Lang, address: u64) -> String {
    either(
        lang,
        || {
            format!(
                "no access to the page of {address:#x} was refused by that moment: the kernel had nothing to do there"
            )
        },
        || format!("그때까지 {address:#x} 페이지의 접근이 거부된 적이 없어 커널이 할 일이 없었음"),
    )
}

pub(super) fn quiet_lock(lang: Lang, address: u64) -> String {
    either(
        lang,
        || {
            format!(
                "nobody has entered the kernel for the lock at {address:#x} by that moment: a free lock is taken without a call"
            )
        },
        || {
            format!(
                "그때까지 {address:#x} 잠금 때문에 커널에 들어온 스레드가 없음: 빈 잠금은 호출 없이 잡음"
            )
        },
    )
}

pub(super) fn waiters(lang: Lang, address: u64, names: &[String]) -> String {
    let list = names.join(", ");
    either(
        lang,
        || match names {
            [] => format!("nobody waits for the lock at {address:#x} at the moment"),
            [_] => format!("{list} waits for the lock at {address:#x}"),
            _ => format!("{list} wait for the lock at {address:#x}"),
        },
        || match names {
            [] => format!("지금 {address:#x} 잠금을 기다리는 스레드가 없음"),
            _ => format!("{address:#x} 잠금을 기다림: {list}"),
        },
    )
}

pub(super) fn disk(lang: Lang, block: u64, is_done: bool, long: &str) -> String {
    either(
        lang,
        || match is_done {
            true => format!("the request for block {block} took {long}"),
            false => format!("the request for block {block} has been under way for {long}"),
        },
        || match is_done {
            true => format!("블록 {block} 요청: {long} 걸림"),
            false => format!("블록 {block} 요청: {long}째 진행 중"),
        },
    )
}

pub(super) fn served_first(lang: Lang, blocks: &[u64]) -> String {
    const SHOWN: usize = 8;
    let list: Vec<String> = blocks.iter().take(SHOWN).map(u64::to_string).collect();
    let (list, count) = (list.join(", "), blocks.len());
    let more = if count > SHOWN { ", ..." } else { "" };
    either(
        lang,
        || format!("meanwhile the disk was done with {count} others: block {list}{more}"),
        || format!("그동안 디스크가 먼저 끝낸 요청 {count}개: 블록 {list}{more}"),
    )
}
