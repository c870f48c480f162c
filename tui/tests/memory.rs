//! What the worlds of memory show, by the pictures that the screen draws.

use oscope_kernel::base::{DeviceId, Duration, Time};
use oscope_kernel::event::{Event, MemoryEvent, Repair, TaskEvent};
use oscope_kernel::hw::uart::Uart;
use oscope_kernel::machine::Machine;
use oscope_kernel::world::World;
use oscope_tui::memory::{Mark, MemoryPicture, Row, RowKind, last_faults};
use oscope_userland::scenario::open;

/// A built-in world after so many microseconds; 0: at its end.
fn world(name: &str, micros: u64) -> World {
    let file = open(name).expect("a built-in world");
    let mut world = file.boot().expect("it boots");
    let end = file.until().expect("it has an end");
    let time = if micros == 0 { end } else { Time::ZERO + Duration::micros(micros) };
    world.run(time);
    world
}

fn picture(machine: &Machine) -> MemoryPicture {
    let faults = last_faults(machine);
    MemoryPicture::of(machine, |pid| faults.get(&pid).copied())
}

fn row(picture: &MemoryPicture, test: impl Fn(&RowKind) -> bool) -> Option<&Row> {
    picture.rows.iter().find(|row| test(&row.kind))
}

/// How many faults were repaired in a way.
fn repairs(machine: &Machine, wanted: Repair) -> usize {
    let is_wanted = |event| matches!(event, Event::Memory(MemoryEvent::Fault { repair, .. }) if repair == wanted);
    machine.log().since(0).filter(|(_, record)| is_wanted(record.event)).count()
}

/// The wait statuses of all who ended, in order.
fn exits(machine: &Machine) -> Vec<u32> {
    let status = |event| match event {
        Event::Task(TaskEvent::Exit { status }) => Some(status),
        _ => None,
    };
    machine.log().since(0).filter_map(|(_, record)| status(record.event)).collect()
}

/// Every frame of the picture is in exactly one row or no space sees it; marks and rows agree.
fn agrees(picture: &MemoryPicture) {
    let count = |test: fn(&Mark) -> bool| picture.marks.iter().filter(|mark| test(mark)).count();
    let frames = |test: fn(&RowKind) -> bool| -> usize {
        picture.rows.iter().filter(|row| test(&row.kind)).map(|row| row.frames).sum()
    };
    assert_eq!(
        count(|mark| *mark == Mark::CopyOnWrite),
        frames(|kind| matches!(kind, RowKind::CopyOnWrite(_)))
    );
    assert_eq!(
        count(|mark| matches!(mark, Mark::Own(Some(_)))),
        frames(|kind| matches!(kind, RowKind::Own(_)))
    );
    let free = count(|mark| *mark == Mark::Free) as u64;
    assert_eq!(free + u64::from(picture.size) - picture.marks.len() as u64, picture.figures.free);
}

#[test]
fn forked_processes_share_frames_until_one_writes() {
    let mut shared = Vec::new();
    for micros in [500, 2_000, 4_000, 6_000] {
        let world = world("cow", micros);
        let picture = picture(&world.machines()[0]);
        agrees(&picture);
        assert_eq!(picture.spaces.len(), 2);
        let cow = row(&picture, |kind| matches!(kind, RowKind::CopyOnWrite(_)));
        let cow = cow.expect("frames in common");
        assert_eq!((cow.bonds[0], cow.seen[0]), (Some(1), cow.seen[1]));
        shared.push(cow.frames);
    }
    assert!(shared.is_sorted_by(|a, b| a >= b) && shared[0] > shared[3], "{shared:?}");
    let world = world("cow", 0);
    // The child wrote to six of twelve pages, and there are its stacks besides.
    assert!(repairs(&world.machines()[0], Repair::Copy) >= 6);
    assert_eq!(exits(&world.machines()[0]), [0, 0]);
}

#[test]
fn threads_are_in_one_column_and_a_stranger_is_not() {
    let world = world("threads-share", 3_500);
    let picture = picture(&world.machines()[0]);
    agrees(&picture);
    let threads: Vec<usize> = picture.spaces.iter().map(|space| space.threads.len()).collect();
    assert_eq!(threads, [4, 1]);
    assert!(picture.rows.iter().all(|row| row.bonds.iter().all(Option::is_none)));
    // One word was written over by a thread that had no business there.
    let world = self::world("threads-share", 0);
    assert_eq!(exits(&world.machines()[0]).into_iter().filter(|status| *status != 0).count(), 1);
}

#[test]
fn databases_share_one_area_and_their_text_and_no_other_writable_memory() {
    let world = world("shared-memory", 8_000);
    let machine = &world.machines()[0];
    let picture = picture(machine);
    agrees(&picture);
    assert_eq!(picture.spaces.len(), 3);
    for row in &picture.rows {
        let is_bound = row.bonds.iter().any(Option::is_some);
        match &row.kind {
            RowKind::Shared(_) => assert!(is_bound && row.writes.iter().all(|writes| *writes)),
            RowKind::Code(_) => assert!(is_bound && !row.writes.contains(&true)),
            _ => assert!(!is_bound, "{:?}", row.kind),
        }
    }
    let is_shared = |kind: &RowKind| matches!(kind, RowKind::Shared(_));
    assert_eq!(picture.rows.iter().filter(|row| is_shared(&row.kind)).count(), 1);
    assert_eq!(exits(self::world("shared-memory", 0).machines().first().expect("db")), [0, 0, 0]);
}

#[test]
fn too_little_memory_means_thrashing() {
    let world = world("thrash", 0);
    let swapped: Vec<usize> =
        world.machines().iter().map(|machine| repairs(machine, Repair::SwapIn)).collect();
    assert_eq!(swapped[0], 0);
    assert!(swapped[1] > 300, "{swapped:?}");
    // Nobody's page was mixed up on its way.
    assert!(
        world.machines().iter().all(|machine| exits(machine).iter().all(|status| *status == 0))
    );
}

#[test]
fn the_kernel_chooses_who_must_go() {
    let world = world("oom", 0);
    let machine = &world.machines()[0];
    let killed = |event| match event {
        Event::Memory(MemoryEvent::Kill { pid, .. }) => Some(pid),
        _ => None,
    };
    let killed: Vec<u32> =
        machine.log().since(0).filter_map(|(_, record)| killed(record.event)).collect();
    // First the one that was said to matter least, then the one that wants most.
    assert_eq!(killed, [3, 4]);
    let done = exits(machine).into_iter().filter(|status| *status == 0).count();
    assert_eq!(done, 2, "the others end in peace");
}

/// A page next door needs no table, one 2 MiB further one, one a gibibyte further two.
#[test]
fn tables_come_with_distance() {
    let mut tables = Vec::new();
    for micros in [500, 1_500, 2_500, 3_500, 4_800] {
        let world = world("page-table", micros);
        tables.push(picture(&world.machines()[0]).figures.tables);
    }
    let more: Vec<u64> = tables.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(more, [2, 0, 1, 2]);
}

/// What a heap says of itself at its end.
#[derive(Debug)]
struct Heap {
    name: String,
    holes: u64,
    free: u64,
    largest: u64,
    searched: u64,
}

/// What the programs of `fragmentation` say, in the order of their policies' names.
fn heaps(machine: &Machine) -> Vec<Heap> {
    let device = machine.tables().bus.device(DeviceId(0)).expect("the console");
    let uart = device.as_any().downcast_ref::<Uart>().expect("it is a serial port");
    let text = String::from_utf8(uart.shown()).expect("text");
    let heap = |line: &str| {
        let (name, rest) = line.split_once(' ').expect("a name");
        let mut numbers = rest.split([' ', ',']).filter_map(|word| word.parse().ok());
        let mut next = || numbers.next().expect("a number");
        Heap {
            name: name.to_owned(),
            holes: next(),
            free: next(),
            largest: next(),
            searched: next(),
        }
    };
    let mut heaps: Vec<Heap> = text.lines().map(heap).collect();
    heaps.sort_by(|a, b| a.name.cmp(&b.name));
    heaps
}

/// The same requests, and what Knuth (TAOCP 2.5) and every textbook say of the policies is seen: the best fit leaves the fewest
/// holes; the first looks at the fewest; the worst cuts the large holes up, so that its heap must grow though
/// others still find room; the next leaves no large hole.
#[test]
fn every_fit_leaves_holes_of_its_own() {
    let world = world("fragmentation", 0);
    let machine = &world.machines()[0];
    assert_eq!(exits(machine), [0, 0, 0, 0]);
    let heaps = heaps(machine);
    let [best, first, next, worst] = &heaps[..] else { panic!("four heaps: {heaps:?}") };
    for heap in &heaps {
        assert!(heap.holes > 10 && heap.largest < heap.free, "not in one piece: {heap:?}");
    }
    let others = [first, next, worst];
    assert!(others.iter().all(|other| best.holes < other.holes), "{heaps:?}");
    assert!([best, next, worst].iter().all(|other| first.searched < other.searched), "{heaps:?}");
    assert!([best, first, next].iter().all(|other| worst.free > 2 * other.free), "{heaps:?}");
    assert!([best, first, worst].iter().all(|other| next.largest < other.largest / 2), "{heaps:?}");
}

/// When three of five have gone, much is free, and not in one piece; when all have gone, it is.
#[test]
fn blocks_leave_holes_between_them() {
    for (micros, lots) in [(5_000, 20), (70_000, 8), (170_000, 0), (190_000, 4)] {
        let world = world("partitions", micros);
        let picture = picture(&world.machines()[0]);
        let partitions = picture.partitions.as_ref().expect("partitions");
        assert_eq!(partitions.lots.len(), lots, "{partitions:?}");
    }
    let world = world("partitions", 0);
    let machine = &world.machines()[0];
    let mut statuses = exits(machine);
    statuses.sort_unstable();
    assert_eq!(statuses, [0, 0, 0, 0, 0, 0, 255 << 8], "the large one is refused, once");
    let refused = machine.log().since(0).find_map(|(_, record)| match record.event {
        Event::Memory(MemoryEvent::NoHole { pages, free, largest }) => Some((pages, free, largest)),
        _ => None,
    });
    let (pages, free, largest) = refused.expect("a refusal");
    assert!(pages == 400 && free > 600 && largest < 400, "{free} {largest}");
}

/// The picture can be made at any moment of any world, and agrees with itself.
#[test]
fn every_world_can_be_pictured() {
    for builtin in oscope_userland::scenario::BUILTIN {
        for micros in [1, 1_000, 20_000] {
            for machine in world(builtin.name, micros).machines() {
                agrees(&picture(machine));
            }
        }
    }
}
