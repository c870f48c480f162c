//! Korean sentences. Particles follow the way a letter is read: `A가`, but `L이`.

use crate::calls;
use crate::lang::Lang;
use crate::steps::Step;
use crate::text::short;
use crate::trace::{Doing, Trace, Track};
use oscope_kernel::abi::signal::Signal;
use oscope_kernel::abi::{Access, call, probe};
use oscope_kernel::base::{CpuId, Duration, Serial, Time};
use oscope_kernel::event::{
    BlockEvent, CallEvent, Event, InputEvent, Leave, MachineEvent, MemoryEvent, Record, Repair,
    SchedEvent, TaskEvent, Wait,
};
use oscope_userland::bin::steps;

/// Does the name of a letter or digit end in a consonant, read in Korean (엘, 엠, 엔, 알, 영, 일 ...)?
fn ends_in_consonant(tag: &str) -> bool {
    tag.chars().last().is_some_and(|last| "LMNR013678".contains(last))
}

/// A task with one of two particles, for names that end in a consonant and for others.
fn with(trace: &Trace, serial: Serial, time: Time, particles: (&str, &str)) -> String {
    let Some(track) = trace.track(serial) else {
        // 커널 ends in a consonant.
        return format!("커널{}", particles.0);
    };
    let particle = if ends_in_consonant(&track.tag) { particles.0 } else { particles.1 };
    format!("{}({}){particle}", track.tag, track.name(time))
}

/// The object particle behind a CPU's number.
fn object(cpu: CpuId) -> &'static str {
    if ends_in_consonant(&cpu.0.to_string()) { OBJECT.0 } else { OBJECT.1 }
}

pub(super) fn who(trace: &Trace, serial: Serial, time: Time) -> String {
    with(trace, serial, time, ("", ""))
}

const SUBJECT: (&str, &str) = ("이", "가");
const TOPIC: (&str, &str) = ("은", "는");
const OBJECT: (&str, &str) = ("을", "를");

pub(super) fn tell(trace: &Trace, step: &Step) -> String {
    let records = step.records.iter().filter_map(|number| trace.record(*number));
    let mut started: Vec<Serial> = Vec::new();
    let mut parts: Vec<String> = Vec::new();
    let mut first = None;
    for record in records {
        match record.event {
            Event::Task(TaskEvent::Start { child, .. }) => {
                first.get_or_insert((record.stamp.thread, record.stamp.time));
                started.push(child);
            }
            Event::Sched(SchedEvent::Ready { thread, .. }) if started.contains(&thread) => {}
            _ => parts.push(tell_record(trace, record)),
        }
    }
    if let Some((parent, time)) = first {
        parts.insert(0, tell_started(trace, parent, &started, time + Duration::nanos(1)));
    }
    let at = if step.start == Time::ZERO {
        "처음에".to_owned()
    } else {
        format!("{}에", step.start)
    };
    format!("{at} {}.", parts.join("; "))
}

fn tell_started(trace: &Trace, parent: Serial, children: &[Serial], time: Time) -> String {
    let parent = with(trace, parent, time, SUBJECT);
    match children {
        [] => format!("{parent} 아무도 시작하지 않음"),
        [child] => format!("{parent} {} 시작함", with(trace, *child, time, OBJECT)),
        [first, .., last] => {
            let (first, last) = (who(trace, *first, time), who(trace, *last, time));
            format!("{parent} 태스크 {}개를 시작함: {first} ~ {last}", children.len())
        }
    }
}

pub(super) fn tell_record(trace: &Trace, record: &Record) -> String {
    let (stamp, after) = (record.stamp, record.stamp.time + Duration::nanos(1));
    let actor = || with(trace, stamp.thread, after, SUBJECT);
    match record.event {
        Event::Sched(event) => tell_sched(trace, record, event),
        Event::Task(event) => tell_task(trace, record, event),
        Event::Machine(MachineEvent::Boot { cpus, frames }) => {
            format!("커널이 켜짐: CPU {cpus}개, 프레임 {frames}개")
        }
        Event::Machine(MachineEvent::NoProgress) => {
            format!("{} 제자리를 맴돌아 실행을 멈춤", actor())
        }
        Event::Machine(MachineEvent::GuestExit { guest, .. }) => {
            format!("손님 기계 {guest}번이 가상 CPU를 돌려줌")
        }
        Event::Call(CallEvent::Wait { number, .. }) => {
            let name = call::lookup(number).map_or("?", |call| call.name);
            format!("{} {name} 안에서 기다림", actor())
        }
        Event::Call(CallEvent::Interrupted { number, .. }) => {
            let name = call::lookup(number).map_or("?", |call| call.name);
            format!("{} {name} 중에 시그널을 받음; 나중에 다시 부름", actor())
        }
        Event::Call(CallEvent::Done { entered, result, .. }) => {
            let name = calls::name(record).unwrap_or("?");
            let took = short(stamp.time.since(entered));
            format!("{} {name}에서 돌아옴: {} ({took} 걸림)", actor(), calls::told(result))
        }
        Event::Memory(MemoryEvent::Fault { access, repair, frame, .. }) => {
            let (page, done) = repaired(repair);
            format!("{} {page}{}: {done} (프레임 {frame})", actor(), accessed(access))
        }
        Event::Memory(MemoryEvent::Shootdown { cpus, pages }) => match pages {
            0 => format!("{} 다른 CPU {cpus}개의 주소 변환을 모두 지우게 함", actor()),
            pages => format!("{} 다른 CPU {cpus}개에서 {pages}쪽의 변환을 지우게 함", actor()),
        },
        Event::Memory(MemoryEvent::Reclaim { frame, slot: Some(slot) }) => {
            format!("{} 프레임 {frame} 회수: 페이지는 스왑 슬롯 {slot} 자리로", actor())
        }
        Event::Memory(MemoryEvent::Reclaim { frame, slot: None }) => {
            format!("{} 프레임 {frame} 회수: 페이지는 디스크에 있음", actor())
        }
        Event::Memory(MemoryEvent::NoHole { pages, free, largest }) => {
            let why =
                if free >= pages { "합치면 되지만 흩어져 있음" } else { "모자람" };
            let holes = format!("빈 프레임 {free}개({why}), 가장 큰 구멍 {largest}개");
            format!("{} {pages}프레임 블록을 얻지 못함: {holes}", actor())
        }
        Event::Memory(MemoryEvent::Candidate { pid, points, resident }) => {
            format!("메모리 고갈: 프로세스 {pid}, 페이지 {resident}개, {points}점")
        }
        Event::Memory(MemoryEvent::Kill { pid, points }) => {
            format!("메모리 고갈로 프로세스 {pid} 종료시킴: {points}점")
        }
        Event::Memory(MemoryEvent::Violation { access, address }) => {
            format!("{} 허락 없는 주소 {address:#x}{}", actor(), accessed(access))
        }
        Event::Block(BlockEvent::Submit { block, write, .. }) => {
            let what = if write { "쓰기" } else { "읽기" };
            format!("{} 디스크에 블록 {block} {what}를 부탁함", actor())
        }
        Event::Block(BlockEvent::Done { block, error, .. }) => match error {
            None => format!("디스크가 블록 {block} 일을 마침"),
            Some(errno) => format!("디스크가 블록 {block}에서 실패함: {}", errno.name()),
        },
        Event::Block(BlockEvent::Flush { .. }) => {
            "장벽: 앞에 쓴 것이 모두 매체에 있어야 다음 것을 씀".to_owned()
        }
        Event::Block(BlockEvent::Commit { blocks }) => {
            format!("파일 시스템의 변경이 캐시에서 끝남: 블록 {blocks}개")
        }
        Event::Net(event) => super::network::korean(&event, actor),
        Event::Input(InputEvent::Key { length, .. }) => format!("누군가 {length}바이트를 입력함"),
        Event::Input(InputEvent::Interrupt { device }) => {
            format!("장치 {device}번이 CPU {}에 끼어듦(인터럽트)", stamp.cpu)
        }
        Event::Input(InputEvent::Timer) => "타이머가 다 됨".to_owned(),
    }
}

fn accessed(access: Access) -> &'static str {
    match access {
        Access::Load => "를 읽으려 함",
        Access::Store => "에 쓰려 함",
        Access::Execute => "를 실행하려 함",
        Access::Misaligned => "를 어긋나게 고치려 함",
    }
}

/// 페이지가 어떤 것이었는지, 커널이 무엇을 했는지.
fn repaired(repair: Repair) -> (&'static str, &'static str) {
    match repair {
        Repair::Zero => ("아직 쓰지 않은 페이지", "커널이 새 프레임을 줌"),
        Repair::File => ("파일의 페이지", "커널이 캐시에 있는 것을 보여 줌"),
        Repair::Copy => ("남과 함께 보는 페이지", "커널이 그 프레임 하나를 복사해 줌"),
        Repair::Own => ("전에 함께 보던 페이지", "이제 혼자이므로 써도 됨"),
        Repair::Large => ("아직 쓰지 않은 페이지", "커널이 2 MiB짜리 큰 페이지를 줌"),
        Repair::ZeroPage => ("아직 쓰지 않은 페이지", "모두가 보는 0 페이지를 보여 줌"),
        Repair::Shared => ("일부러 함께 쓰는 페이지", "커널이 같은 것을 보여 줌"),
        Repair::Noticed => ("깨끗한 공유 페이지", "커널이 더러워졌음을 적어 둠"),
        Repair::SwapIn => ("스왑 영역의 페이지", "커널이 되가져옴"),
    }
}

fn signal(number: u8) -> String {
    let signal = Signal::from_number(u64::from(number));
    signal.map_or(format!("시그널 {number}"), |s| format!("SIG{}", s.short_name()))
}

fn tell_task(trace: &Trace, record: &Record, event: TaskEvent) -> String {
    let after = record.stamp.time + Duration::nanos(1);
    let actor = |particles| with(trace, record.stamp.thread, after, particles);
    match event {
        TaskEvent::Start { child, .. } => tell_started(trace, record.stamp.thread, &[child], after),
        TaskEvent::Exec { .. } => format!("{} 다른 프로그램이 됨", actor(SUBJECT)),
        TaskEvent::Exit { status } => format!("{} 끝남{}", actor(SUBJECT), status_words(status)),
        TaskEvent::Signal { target, signal: n } => {
            format!("{} {} 받음", with(trace, target, after, SUBJECT), signal(n))
        }
        TaskEvent::Deliver { signal: n, handled, .. } => {
            let what = if handled { "처리함" } else { "겪음" };
            format!("{} {} {what}", actor(SUBJECT), signal(n))
        }
        TaskEvent::Discard { target, signal: n, .. } => {
            format!("{} {} 무시함", with(trace, target, after, SUBJECT), signal(n))
        }
        TaskEvent::Abort { .. } => format!("{} 커널과의 약속을 어겨 중단됨", actor(SUBJECT)),
        TaskEvent::Mark { fact, value } => format!("{} {}", actor(SUBJECT), stated(fact, value)),
        TaskEvent::Reap { pid } => format!("{} 자식 {pid}번을 거둠", actor(SUBJECT)),
    }
}

fn stated(fact: u16, value: u64) -> String {
    let line = value as u32;
    match u64::from(fact) {
        probe::LINE if line >= u32::MAX - 1 => "제 줄을 모두 마침".to_owned(),
        probe::LINE => format!("{line}번 줄에 이름"),
        probe::LOADED => format!("{value}를 읽음"),
        _ => match steps::Step::of(fact) {
            Some(step) => Lang::Ko.step(step).to_owned(),
            None => format!("{fact}: {value}라고 알림"),
        },
    }
}

fn status_words(status: u32) -> String {
    match (status >> 8, status & 0x7f) {
        (0, 0) => String::new(),
        (code, 0) => format!(", 상태 {code}"),
        (_, number) => format!(", {}", signal(u8::try_from(number).unwrap_or(0))),
    }
}

fn tell_sched(trace: &Trace, record: &Record, event: SchedEvent) -> String {
    let (time, cpu) = (record.stamp.time, record.stamp.cpu);
    let o = object(cpu);
    let after = time + Duration::nanos(1);
    match event {
        SchedEvent::Block { on } => {
            let actor = with(trace, record.stamp.thread, after, SUBJECT);
            format!("{actor} {} 기다리며 잠듦", waits_for_object(on))
        }
        SchedEvent::Ready { thread, on } => {
            let name = with(trace, thread, after, SUBJECT);
            match trace.track(thread).and_then(|track| track.doing(time)) {
                Some(Doing::Wait(wait)) => {
                    format!("{} 기다리던 {name} 깨어나 CPU {on}의 줄에 섬", waits_for_object(wait))
                }
                Some(Doing::Stopped) => format!("{name} 다시 가도 되어 CPU {on}의 줄에 섬"),
                _ => format!("{name} CPU {on}의 줄에 섬"),
            }
        }
        SchedEvent::Priority { thread, priority, inherited } => {
            let name = with(trace, thread, after, SUBJECT);
            let from = if inherited { "기다리는 이에게서 물려받아 " } else { "" };
            format!("{name} {from}우선순위 {priority}이(가) 됨")
        }
        SchedEvent::Switch { to: Serial(0), .. } => {
            format!("CPU {cpu}의 줄에 아무도 없어 CPU가 놂(유휴)")
        }
        SchedEvent::Switch { from, to, why } => {
            let old = |particles| with(trace, from, after, particles);
            let new = with(trace, to, after, SUBJECT);
            match why {
                Leave::Idle => format!("{new} 놀던 CPU {cpu}{o} 얻음"),
                Leave::Slice if from == to => {
                    format!("{} 슬라이스를 다 쓰고 하나 더 얻음", old(SUBJECT))
                }
                Leave::Slice => {
                    format!("{} 슬라이스를 다 씀; 차례가 된 {new} CPU {cpu}{o} 얻음", old(SUBJECT))
                }
                Leave::Preempted => format!("{new} {}에게서 CPU {cpu}{o} 빼앗음", old(("", ""))),
                Leave::Yielded => format!("{} CPU {cpu}{o} 내주고 {new} 얻음", old(SUBJECT)),
                Leave::Stopped => format!("{} 멈춰지고 {new} CPU {cpu}{o} 얻음", old(TOPIC)),
                Leave::Blocked | Leave::Exited => format!("차례가 된 {new} CPU {cpu}{o} 얻음"),
            }
        }
    }
}

pub(super) fn waits_for(wait: Wait) -> &'static str {
    match wait {
        Wait::Sleep => "타이머",
        Wait::Futex => "futex",
        Wait::Child => "자식",
        Wait::Disk => "디스크",
        Wait::Pipe => "파이프",
        Wait::Socket => "패킷",
        Wait::Console => "입력",
        Wait::Server => "서버",
        Wait::Work => "일감",
        Wait::Memory => "메모리",
        Wait::Lock => "파일 잠금",
        Wait::Signal => "시그널",
        Wait::Poll => "여러 파일",
        Wait::Turn => "차례",
    }
}

fn waits_for_object(wait: Wait) -> &'static str {
    match wait {
        Wait::Sleep => "타이머를",
        Wait::Futex => "futex를",
        Wait::Child => "자식의 끝을",
        Wait::Disk => "디스크를",
        Wait::Pipe => "파이프를",
        Wait::Socket => "패킷을",
        Wait::Console => "입력을",
        Wait::Server => "서버를",
        Wait::Work => "일감을",
        Wait::Memory => "빈 메모리를",
        Wait::Lock => "파일 잠금을",
        Wait::Signal => "시그널을",
        Wait::Poll => "여러 파일 가운데 하나를",
        Wait::Turn => "제 줄의 차례를",
    }
}

pub(super) fn state(doing: Option<Doing>) -> String {
    match doing {
        None => "아직 없음".to_owned(),
        Some(Doing::Run(cpu)) => format!("실행, CPU {cpu}"),
        Some(Doing::Ready(_)) => "준비, 기다림".to_owned(),
        Some(Doing::Wait(wait)) => format!("잠듦: {}", waits_for(wait)),
        Some(Doing::Stopped) => "멈춤".to_owned(),
        Some(Doing::Ended(status)) => format!("끝{}", status_words(status)),
    }
}

pub(super) fn tell_task_now(track: &Track, time: Time) -> String {
    let topic = if ends_in_consonant(&track.tag) { TOPIC.0 } else { TOPIC.1 };
    let name = format!("{}({}, tid {}){topic}", track.tag, track.name(time), track.tid);
    let long = short(time.since(track.since(time)).saturating_sub(Duration::nanos(1)));
    let spent = track.spent(time);
    match track.doing(time) {
        None => format!("{name} 아직 태어나지 않았습니다."),
        Some(Doing::Run(cpu)) => {
            let o = object(cpu);
            format!("{name} CPU {cpu}{o} {long}째 쓰고 있습니다. 모두 {} 실행.", short(spent.ran))
        }
        Some(Doing::Ready(cpu)) => {
            let (queued, o) = (short(spent.queued), object(cpu));
            format!("{name} CPU {cpu}{o} {long}째 기다립니다. 모두 {queued} 대기.")
        }
        Some(Doing::Wait(wait)) => {
            format!("{name} {} 기다리며 {long}째 잡니다.", waits_for_object(wait))
        }
        Some(Doing::Stopped) => format!("{name} 시그널로 {long} 전에 멈췄습니다."),
        Some(Doing::Ended(status)) => {
            let (how, ran) = (status_words(status), short(spent.ran));
            format!("{name} {long} 전에 끝났습니다{how}. 모두 {ran} 실행.")
        }
    }
}
