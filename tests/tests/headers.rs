//! The numbers of the system calls against the header of Linux, where it is installed.

use oscope_kernel::abi::call::{all, by_name, nr};
use std::collections::BTreeMap;

/// The numbers of a 64-bit machine in asm-generic/unistd.h, with what riscv64 wants of it.
fn numbers_of_the_header(text: &str) -> BTreeMap<String, u16> {
    let mut numbers = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (Some("#define"), Some(name), Some(value)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let (Some(name), Ok(number)) = (name.strip_prefix("__NR"), value.parse::<u16>()) else {
            continue;
        };
        // __NR3264_fstatat is called newfstatat on 64-bit machines, the others keep their names.
        let name = match name.strip_prefix("3264_").or_else(|| name.strip_prefix('_')) {
            Some("fstatat") => "newfstatat",
            Some(name) => name,
            None => continue,
        };
        // The count of calls, the place for those of an architecture, those that riscv64 does not
        // ask for with __ARCH_WANT_RENAMEAT and __ARCH_WANT_SYNC_FILE_RANGE2, and those of 32-bit
        // machines.
        let unwanted = ["syscalls", "arch_specific_syscall", "renameat", "sync_file_range2"];
        if !unwanted.contains(&name) && !(403..=423).contains(&number) {
            numbers.insert(name.to_owned(), number);
        }
    }
    numbers
}

#[test]
fn numbers_are_those_of_the_header() {
    let path = "/usr/include/asm-generic/unistd.h";
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("skipped: there is no {path} here (install the headers of Linux to compare)");
        return;
    };
    let header = numbers_of_the_header(&text);
    assert!(header.len() > 250, "the header was not understood: {} numbers", header.len());
    let newest = header.values().copied().max().unwrap_or_default();
    for (name, number) in &header {
        // A newer header may have calls that came after Linux 6.10.
        if *number <= nr::MSEAL {
            assert_eq!(by_name(name).map(|call| call.number), Some(*number), "{name}");
        }
    }
    for call in all().filter(|call| call.number <= newest && !call.name.starts_with("riscv_")) {
        assert!(header.contains_key(call.name), "{} is not in the header", call.name);
    }
}
