//! The worlds that come with oscope. Each is a world file that anybody could have written.

/// A world that comes with oscope.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its file.
    pub text: &'static str,
}

/// All of them, the first one first.
pub const BUILTIN: [Builtin; 24] = [
    Builtin { name: "first", text: include_str!("../../worlds/first.toml") },
    Builtin { name: "forktree", text: include_str!("../../worlds/forktree.toml") },
    Builtin {
        name: "threads-vs-processes",
        text: include_str!("../../worlds/threads-vs-processes.toml"),
    },
    Builtin { name: "prefork", text: include_str!("../../worlds/prefork.toml") },
    Builtin {
        name: "producer-consumer",
        text: include_str!("../../worlds/producer-consumer.toml"),
    },
    Builtin { name: "race", text: include_str!("../../worlds/race.toml") },
    Builtin { name: "philosophers", text: include_str!("../../worlds/philosophers.toml") },
    Builtin {
        name: "priority-inversion",
        text: include_str!("../../worlds/priority-inversion.toml"),
    },
    Builtin { name: "cow", text: include_str!("../../worlds/cow.toml") },
    Builtin { name: "threads-share", text: include_str!("../../worlds/threads-share.toml") },
    Builtin { name: "shared-memory", text: include_str!("../../worlds/shared-memory.toml") },
    Builtin { name: "thrash", text: include_str!("../../worlds/thrash.toml") },
    Builtin { name: "oom", text: include_str!("../../worlds/oom.toml") },
    Builtin { name: "fragmentation", text: include_str!("../../worlds/fragmentation.toml") },
    Builtin { name: "partitions", text: include_str!("../../worlds/partitions.toml") },
    Builtin { name: "page-table", text: include_str!("../../worlds/page-table.toml") },
    Builtin { name: "io-mix", text: include_str!("../../worlds/io-mix.toml") },
    Builtin { name: "three-tier", text: include_str!("../../worlds/three-tier.toml") },
    Builtin { name: "wire", text: include_str!("../../worlds/wire.toml") },
    Builtin { name: "network", text: include_str!("../../worlds/network.toml") },
    Builtin { name: "servers", text: include_str!("../../worlds/servers.toml") },
    Builtin { name: "disk", text: include_str!("../../worlds/disk.toml") },
    Builtin { name: "shell", text: include_str!("../../worlds/shell.toml") },
    Builtin { name: "nested", text: include_str!("../../worlds/nested.toml") },
];
