//! The machine as a whole and the modules of its kernel. oscope will not have most of these: they
//! stand here so that recorded logs can be read.

use super::calls;
use crate::abi::call::Direction::{In, InOut, Out};
use crate::abi::call::Kind::{
    Address, Buffer, Enum, Fd, Flags, Hex, Int, IntPointer, Pid, Size, String, Struct, Unsigned,
    UnsignedLong,
};
use crate::abi::call::Length::{Argument, Result};
use crate::abi::call::Status::Partial;
use crate::abi::flags::file::OPEN_BITS;
use crate::abi::flags::process::{GETRANDOM, REBOOT, SECCOMP};

calls! {
    KERNEL REBOOT reboot(magic: Hex, magic2: Hex, op: Enum(&REBOOT), arg: Address) -> Success;
    KERNEL SYSLOG syslog(type: Int, bufp: Buffer { direction: Out, length: Result },
        len: Int) -> Bytes;
    KERNEL KEXEC_LOAD kexec_load(entry: Address, nr_segments: UnsignedLong,
        segments: Struct("kexec_segment", In), flags: Hex) -> Success;
    KERNEL KEXEC_FILE_LOAD kexec_file_load(kernel_fd: Fd, initrd_fd: Fd, cmdline_len: UnsignedLong,
        cmdline: String, flags: Hex) -> Success;
    KERNEL INIT_MODULE init_module(module_image: Address, len: Size,
        param_values: String) -> Success;
    KERNEL FINIT_MODULE finit_module(fd: Fd, param_values: String, flags: Hex) -> Success;
    KERNEL DELETE_MODULE delete_module(name: String, flags: Flags(&OPEN_BITS)) -> Success;
    KERNEL PERF_EVENT_OPEN perf_event_open(attr: Struct("perf_event_attr", In), pid: Pid, cpu: Int,
        group_fd: Fd, flags: Hex) -> Fd;
    KERNEL BPF bpf(cmd: Int, attr: Struct("bpf_attr", InOut), size: Unsigned) -> ByCommand;
    PROCESS SECCOMP seccomp(operation: Enum(&SECCOMP), flags: Hex, args: Address) -> ByCommand;
    KERNEL GETRANDOM getrandom(buf: Buffer { direction: Out, length: Result }, buflen: Size,
        flags: Flags(&GETRANDOM)) -> Bytes,
        Partial("seeded, so that runs are equal");

    PROCESS ADD_KEY add_key(type: String, description: String,
        payload: Buffer { direction: In, length: Argument(3) }, plen: Size, keyring: Int) -> Int;
    PROCESS REQUEST_KEY request_key(type: String, description: String, callout_info: String,
        dest_keyring: Int) -> Int;
    PROCESS KEYCTL keyctl(operation: Int, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> ByCommand;
    PROCESS LANDLOCK_CREATE_RULESET landlock_create_ruleset(
        attr: Struct("landlock_ruleset_attr", In), size: Size, flags: Hex) -> Fd;
    PROCESS LANDLOCK_ADD_RULE landlock_add_rule(ruleset_fd: Fd, rule_type: Int,
        rule_attr: Struct("landlock_path_beneath_attr", In), flags: Unsigned) -> Success;
    PROCESS LANDLOCK_RESTRICT_SELF landlock_restrict_self(ruleset_fd: Fd,
        flags: Unsigned) -> Success;
    PROCESS LSM_GET_SELF_ATTR lsm_get_self_attr(attr: Unsigned, ctx: Struct("lsm_ctx", Out),
        size: IntPointer(InOut), flags: Hex) -> Count;
    PROCESS LSM_SET_SELF_ATTR lsm_set_self_attr(attr: Unsigned, ctx: Struct("lsm_ctx", In),
        size: Unsigned, flags: Hex) -> Success;
    PROCESS LSM_LIST_MODULES lsm_list_modules(ids: Struct("u64", Out), size: IntPointer(InOut),
        flags: Hex) -> Count;
}
