//! What lies behind pointers that go in: text, lists, structures.

use super::memory::Layout;
use super::{Expr, Lower, Result, named, unquote, wrong};
use crate::script::tree::{Kind as Node_, Node};
use oscope_kernel::abi::call::{Call, Kind, Length};
use oscope_kernel::abi::flags::file::{LOCK_TYPE, WHENCE};
use oscope_kernel::abi::flags::network::{EPOLL, FAMILY, MESSAGE, POLL, family};
use oscope_kernel::abi::flags::parse_clone_flags;
use oscope_kernel::abi::flags::process::SCHED;
use oscope_kernel::abi::signal::{ACTION_FLAGS, SIG_DFL, SIG_IGN};
use oscope_kernel::abi::types::{SockAddrIn, SockAddrUn, Timespec};
use oscope_kernel::abi::{Signal, SignalSet};

impl Lower<'_> {
    /// Lays down what an argument points to.
    pub(super) fn contents(
        &mut self,
        call: &Call,
        at: usize,
        kind: &Kind,
        node: Node<'_>,
    ) -> Result<Expr> {
        // An address that strace could not or would not look behind; what comes with it is a remark.
        let is_address = matches!(node.kind(), Node_::Integer)
            || (node.kind() == Node_::Chain
                && node.children().any(|child| child.kind() == Node_::Remark));
        if is_address && !matches!(kind, Kind::SignalSet(_)) {
            return if matches!(kind, Kind::Environment) {
                self.lay(&[0; 8], Vec::new())
            } else {
                self.room(node, 256)
            };
        }
        let mut out = Layout::default();
        match *kind {
            Kind::Path | Kind::String | Kind::PrctlArgument => {
                out.bytes = text(node)?.0;
                out.bytes.push(0);
            }
            Kind::Buffer { length, .. } => {
                let (mut bytes, cut) = text(node)?;
                // Of what strace did not show, only the length is known.
                if let (true, Length::Argument(n)) = (cut, length) {
                    let length = self.done.words[usize::from(n)].base as usize;
                    bytes.resize(length.clamp(bytes.len(), 1 << 20), 0);
                }
                out.bytes = bytes;
            }
            Kind::Argv | Kind::Environment => return self.strings(node),
            Kind::IntPointer(_)
            | Kind::IdPointer(_)
            | Kind::SocketLength
            | Kind::SchedParam(_)
            | Kind::GroupList { .. } => {
                for element in self.elements(node, "`[1]`")? {
                    let value = self.first(element)?;
                    out.put(4, value);
                }
            }
            Kind::LongPointer(_) => {
                // sendfile(2)'s is printed as `[0] => [5]`.
                let changes = node.kind() == Node_::Chain;
                let node = node.children().next().filter(|_| changes).unwrap_or(node);
                for element in self.elements(node, "`[0]`")? {
                    let value = self.first(element)?;
                    out.put(8, value);
                }
            }
            Kind::CpuSet(_) | Kind::FdSet => {
                let bits = self.elements(node, "numbers: `[0 1]`")?.collect::<Vec<_>>();
                out.bytes = vec![0; 128];
                for bit in bits {
                    let bit = self.plain(bit)?.base as usize;
                    if let Some(byte) = out.bytes.get_mut(bit / 8) {
                        *byte |= 1 << (bit % 8);
                    }
                }
            }
            Kind::SignalSet(_) => {
                out.word(8, set(node)?.0);
            }
            Kind::SigAction(_) => self.action(node, &mut out)?,
            Kind::SigStack(_) => self.stack(node, &mut out)?,
            Kind::SigEvent => self.event(node, &mut out)?,
            Kind::SigInfo(_) => self.info(node, &mut out)?,
            Kind::Timespec(_) | Kind::FutexTimeout => {
                self.fields(node, &[("tv_sec", 8), ("tv_nsec", 8)], &mut out)?;
            }
            Kind::TimespecPair => {
                for element in self.elements(node, "two times")? {
                    self.instant(element, &mut out)?;
                }
            }
            Kind::Timeval(_) => {
                self.fields(node, &[("tv_sec", 8), ("tv_usec", 8)], &mut out)?;
            }
            Kind::Timezone(_) => {
                self.fields(node, &[("tz_minuteswest", 4), ("tz_dsttime", 4)], &mut out)?;
            }
            Kind::Itimerspec(_) => self.timer(node, "tv_nsec", &mut out)?,
            Kind::Itimerval(_) => self.timer(node, "tv_usec", &mut out)?,
            Kind::Rlimit(_) => {
                self.fields(node, &[("rlim_cur", 8), ("rlim_max", 8)], &mut out)?;
            }
            Kind::PollFds => {
                for element in self.elements(node, "`[{fd=0, events=POLLIN}]`")? {
                    let fd = self.field(element, "fd")?;
                    let events = by_set(element, "events", |text| POLL.parse(text))?;
                    out.put(4, fd).word(2, events).word(2, 0);
                }
            }
            Kind::EpollEvent => {
                let events = by_set(node, "events", |text| EPOLL.parse(text))?;
                let data = match find(node, "data") {
                    Some(data) => {
                        // `{u32=4, u64=4}`, or simply a number.
                        let inner = data.children().filter_map(named).last();
                        self.plain(inner.map_or(data, |(_, value)| value))?
                    }
                    None => Expr::of(0),
                };
                out.word(4, events).word(4, 0).put(8, data);
            }
            Kind::SocketAddress { .. } => out.bytes = address(node)?,
            Kind::SocketValue { length, .. } => match node.kind() {
                Node_::Text => out.bytes = text(node)?.0,
                Node_::Array => {
                    for element in self.elements(node, "`[1]`")? {
                        let value = self.first(element)?;
                        out.put(4, value);
                    }
                }
                _ => {
                    if let Length::Argument(n) = length {
                        out.bytes = vec![0; self.done.words[usize::from(n)].base.min(256) as usize];
                    }
                }
            },
            Kind::MessageHeader(_) => return self.message(node),
            Kind::SchedAttr(_) => self.sched_attr(node, &mut out)?,
            Kind::CloneArguments => self.clone_arguments(node, &mut out)?,
            Kind::SemOps => {
                for element in self.elements(node, "operations")? {
                    for (name, width) in [("sem_num", 2), ("sem_op", 2)] {
                        let value = self.field(element, name)?;
                        out.put(width, value);
                    }
                    let flags = find(element, "sem_flg").map_or("0", Node::text);
                    let bit = |name, bit| if flags.contains(name) { bit } else { 0 };
                    out.word(2, bit("IPC_NOWAIT", 0x800) | bit("SEM_UNDO", 0x1000));
                }
            }
            Kind::FcntlArgument => {
                let kind = by_set(node, "l_type", |text| LOCK_TYPE.parse(text).map(u64::from))?;
                let whence = by_set(node, "l_whence", |text| WHENCE.parse(text).map(u64::from))?;
                out.word(2, kind).word(2, whence).word(4, 0);
                self.fields(node, &[("l_start", 8), ("l_len", 8)], &mut out)?;
                out.word(8, 0);
            }
            Kind::IoctlArgument => match node.kind() {
                Node_::Array => {
                    for element in self.elements(node, "`[1]`")? {
                        let value = self.pid(element)?;
                        out.put(4, value);
                    }
                }
                Node_::Struct if find(node, "ws_row").is_some() => {
                    let names = [("ws_row", 2), ("ws_col", 2), ("ws_xpixel", 2), ("ws_ypixel", 2)];
                    self.fields(node, &names, &mut out)?;
                }
                _ => return self.room(node, 64),
            },
            _ => {
                let name = call.arguments.get(at).map_or("", |argument| argument.name);
                let expected =
                    format!("NULL, a variable, or what `{name}` points to as strace has it");
                return wrong(node, "what this points to cannot be made", &expected);
            }
        }
        self.lay_out(out)
    }

    /// The number of an element, or the first one of `0 => 10`.
    fn first(&mut self, element: Node<'_>) -> Result<Expr> {
        let changes =
            element.kind() == Node_::Chain && element.children().any(|part| part.text() == "=>");
        match element.children().next().filter(|_| changes) {
            Some(before) => self.plain(before),
            None => self.plain(element),
        }
    }

    /// The number of a field; 0 if there is none.
    fn field(&mut self, node: Node<'_>, name: &str) -> Result<Expr> {
        find(node, name).map_or(Ok(Expr::of(0)), |value| self.plain(value))
    }

    fn fields(&mut self, node: Node<'_>, names: &[(&str, u8)], out: &mut Layout) -> Result<()> {
        if node.kind() != Node_::Struct {
            let expected: Vec<String> = names.iter().map(|(name, _)| format!("{name}=…")).collect();
            return wrong(node, "this is no structure", &format!("{{{}}}", expected.join(", ")));
        }
        for &(name, width) in names {
            let value = self.field(node, name)?;
            out.put(width, value);
        }
        Ok(())
    }

    fn instant(&mut self, node: Node<'_>, out: &mut Layout) -> Result<()> {
        match node.text() {
            "UTIME_NOW" => out.word(8, 0).word(8, Timespec::NOW as u64),
            "UTIME_OMIT" => out.word(8, 0).word(8, Timespec::OMIT as u64),
            _ => return self.fields(node, &[("tv_sec", 8), ("tv_nsec", 8)], out),
        };
        Ok(())
    }

    fn timer(&mut self, node: Node<'_>, part: &str, out: &mut Layout) -> Result<()> {
        for name in ["it_interval", "it_value"] {
            match find(node, name) {
                Some(time) => self.fields(time, &[("tv_sec", 8), (part, 8)], out)?,
                None => return wrong(node, "this is no timer", "{it_interval=…, it_value=…}"),
            }
        }
        Ok(())
    }

    /// select(2)'s timeout, in pselect6(2)'s form.
    pub(super) fn timeval_as_timespec(&mut self, node: Node<'_>) -> Result<Expr> {
        if node.text() == "NULL" {
            return Ok(Expr::of(0));
        }
        let (seconds, micros) = (self.field(node, "tv_sec")?, self.field(node, "tv_usec")?);
        let mut out = Layout::default();
        out.put(8, seconds).word(8, micros.base.saturating_mul(1000));
        self.lay_out(out)
    }

    fn action(&mut self, node: Node<'_>, out: &mut Layout) -> Result<()> {
        let handler = match find(node, "sa_handler").or_else(|| find(node, "sa_sigaction")) {
            Some(handler) => match handler.text() {
                "SIG_DFL" => Expr::of(SIG_DFL),
                "SIG_IGN" => Expr::of(SIG_IGN),
                _ => self.plain(handler)?,
            },
            None => {
                return wrong(node, "this is no action", "{sa_handler=…, sa_mask=[], sa_flags=0}");
            }
        };
        let mask = find(node, "sa_mask").map_or(Ok(SignalSet(0)), set)?;
        // x86-64 says where handlers return to; riscv64 has no such flag.
        const RESTORER: u64 = 0x0400_0000;
        let flags = by_set(node, "sa_flags", |text| {
            ACTION_FLAGS.parse(&text.replace("SA_RESTORER", "0x4000000"))
        })?;
        out.put(8, handler).word(8, flags & !RESTORER).word(8, mask.0);
        Ok(())
    }

    fn stack(&mut self, node: Node<'_>, out: &mut Layout) -> Result<()> {
        let base = self.field(node, "ss_sp")?;
        let size = self.field(node, "ss_size")?;
        let flags = match find(node, "ss_flags").map_or("0", Node::text) {
            "SS_DISABLE" => 2,
            "SS_ONSTACK" => 1,
            "SS_AUTODISARM" => 1 << 31,
            _ => 0,
        };
        out.put(8, base).word(4, flags).word(4, 0).put(8, size);
        Ok(())
    }

    fn event(&mut self, node: Node<'_>, out: &mut Layout) -> Result<()> {
        let signal = by_set(node, "sigev_signo", signal_number)?;
        let notify = match find(node, "sigev_notify").map_or("", Node::text) {
            "SIGEV_NONE" => 1,
            "SIGEV_THREAD" => 2,
            "SIGEV_THREAD_ID" => 4,
            _ => 0,
        };
        out.word(8, 0).word(4, signal).word(4, notify);
        out.bytes.resize(64, 0);
        Ok(())
    }

    /// `siginfo_t` for rt_sigqueueinfo(2).
    fn info(&mut self, node: Node<'_>, out: &mut Layout) -> Result<()> {
        let signal = by_set(node, "si_signo", signal_number)?;
        let code = match find(node, "si_code").map_or("SI_QUEUE", Node::text) {
            "SI_USER" => 0_i32,
            "SI_TKILL" => -6,
            "SI_MESGQ" => -3,
            _ => -1,
        };
        out.word(4, signal).word(4, 0).word(4, u64::from(code.cast_unsigned())).word(4, 0);
        let (pid, uid) = (find(node, "si_pid"), self.field(node, "si_uid")?);
        let pid = pid.map_or(Ok(Expr::of(0)), |pid| self.pid(pid))?;
        out.put(4, pid).put(4, uid);
        let value = find(node, "si_value").or_else(|| find(node, "si_int"));
        let value = match value {
            Some(value) if value.kind() == Node_::Struct => self.field(value, "sival_int")?,
            Some(value) => self.plain(value)?,
            None => Expr::of(0),
        };
        out.put(8, value);
        out.bytes.resize(128, 0);
        Ok(())
    }

    fn sched_attr(&mut self, node: Node<'_>, out: &mut Layout) -> Result<()> {
        let size = find(node, "size").map_or(Ok(Expr::of(48)), |size| self.plain(size))?;
        let policy = by_set(node, "sched_policy", |text| SCHED.parse(text).map(u64::from))?;
        let flags = match find(node, "sched_flags").map_or("0", Node::text) {
            "SCHED_FLAG_RESET_ON_FORK" => 1,
            _ => 0,
        };
        out.put(4, size).word(4, policy).word(8, flags);
        let names = [
            ("sched_nice", 4),
            ("sched_priority", 4),
            ("sched_runtime", 8),
            ("sched_deadline", 8),
            ("sched_period", 8),
        ];
        self.fields(node, &names, out)
    }

    /// `struct clone_args`: what went in stands before `=>`.
    fn clone_arguments(&mut self, node: Node<'_>, out: &mut Layout) -> Result<()> {
        let node = match node.kind() {
            Node_::Chain => node.children().next().unwrap_or(node),
            _ => node,
        };
        let flags = by_set(node, "flags", parse_clone_flags)?;
        let signal = by_set(node, "exit_signal", signal_number)?;
        let place = |lower: &mut Self, name: &str| match find(node, name) {
            Some(value) if value.text() != "NULL" => match lower.address(value) {
                // In memory that the script has mapped: a thread's number lies in its stack.
                Ok(mapped) if mapped.key.is_some() => Ok(mapped),
                _ => lower.room(value, 8),
            },
            _ => Ok(Expr::of(0)),
        };
        let (pidfd, child) = (place(self, "pidfd")?, place(self, "child_tid")?);
        let parent = place(self, "parent_tid")?;
        let (stack, size) = (self.field(node, "stack")?, self.field(node, "stack_size")?);
        let tls = self.field(node, "tls")?;
        out.word(8, flags).put(8, pidfd).put(8, child).put(8, parent).word(8, signal);
        out.put(8, stack).put(8, size).put(8, tls);
        out.bytes.resize(88, 0);
        Ok(())
    }

    /// `["ls", "-l"]`: pointers to strings, and a null.
    fn strings(&mut self, node: Node<'_>) -> Result<Expr> {
        let mut list = Layout::default();
        for element in self.elements(node, "a list of strings")? {
            let mut bytes = text(element)?.0;
            bytes.push(0);
            let place = self.lay(&bytes, Vec::new())?;
            list.put(8, place);
        }
        list.word(8, 0);
        self.lay_out(list)
    }

    /// `[{iov_base="hello", iov_len=5}]`.
    pub(super) fn buffers(&mut self, node: Node<'_>, comes_out: bool) -> Result<Expr> {
        let mut list = Layout::default();
        for element in self.elements(node, "`[{iov_base=\"…\", iov_len=1}]`")? {
            let length = self.field(element, "iov_len")?;
            let base = match find(element, "iov_base") {
                Some(text_) if text_.kind() == Node_::Text && !comes_out => {
                    let (mut bytes, cut) = text(text_)?;
                    if cut {
                        bytes.resize((length.base as usize).clamp(bytes.len(), 1 << 20), 0);
                    }
                    self.lay(&bytes, Vec::new())?
                }
                Some(node) if node.text() == "NULL" => Expr::of(0),
                _ => self.room(element, length.base)?,
            };
            list.put(8, base).put(8, length);
        }
        self.lay_out(list)
    }

    fn message(&mut self, node: Node<'_>) -> Result<Expr> {
        let name = match find(node, "msg_name") {
            Some(name) if name.kind() == Node_::Struct => address(name)?,
            _ => Vec::new(),
        };
        let length = self.field(node, "msg_namelen")?;
        let name = if name.is_empty() { Expr::of(0) } else { self.lay(&name, Vec::new())? };
        let vectors = match find(node, "msg_iov") {
            Some(list) if list.kind() == Node_::Array => self.buffers(list, false)?,
            _ => Expr::of(0),
        };
        let count = self.field(node, "msg_iovlen")?;
        let flags = by_set(node, "msg_flags", |text| MESSAGE.parse(text))?;
        let mut out = Layout::default();
        out.put(8, name).put(4, length).word(4, 0).put(8, vectors).put(8, count);
        out.word(8, 0).word(8, 0).word(4, flags).word(4, 0);
        self.lay_out(out)
    }
}

/// The value of a structure's field.
pub(in crate::script::play) fn find<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
    node.children().filter_map(named).find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// A field whose value has names; 0 if there is no such field.
fn by_set(node: Node<'_>, name: &str, parse: impl Fn(&str) -> Option<u64>) -> Result<u64> {
    match find(node, name) {
        None => Ok(0),
        Some(value) => match parse(value.text()) {
            Some(number) => Ok(number),
            None => {
                wrong(value, &format!("this is nothing for `{name}`"), "its names, or a number")
            }
        },
    }
}

fn signal_number(text: &str) -> Option<u64> {
    Signal::from_name(text).map(|signal| u64::from(signal.number())).or_else(|| text.parse().ok())
}

/// `[INT CHLD]`, `~[INT]`.
fn set(node: Node<'_>) -> Result<SignalSet> {
    match SignalSet::parse(node.text()) {
        Some(set) => Ok(set),
        None => wrong(node, "this is no set of signals", "`[INT CHLD]`, `[]` or `~[]`"),
    }
}

/// A string, and whether it was cut.
fn text(node: Node<'_>) -> Result<(Vec<u8>, bool)> {
    match unquote(node.text()) {
        Some(text) => Ok(text),
        None => wrong(node, "this is no text", "a string in quotation marks"),
    }
}

/// A socket's address.
fn address(node: Node<'_>) -> Result<Vec<u8>> {
    let bad = |message| wrong(node, message, "{sa_family=AF_INET, sin_port=htons(80), …}");
    let Some(name) = find(node, "sa_family") else { return bad("this is no address") };
    match FAMILY.parse(name.text()) {
        Some(family::INET) => {
            let inside = |name| find(node, name).and_then(|node| node.children().last());
            let port = inside("sin_port").and_then(Node::integer);
            let host = inside("sin_addr").and_then(|node| unquote(node.text()));
            let host = host.and_then(|(bytes, _)| String::from_utf8(bytes).ok());
            match (port.and_then(|port| u16::try_from(port).ok()), host.map(|h| h.parse())) {
                (Some(port), Some(Ok(address))) => {
                    Ok(SockAddrIn { port, address }.to_bytes().to_vec())
                }
                _ => bad("this address has no port or no host"),
            }
        }
        Some(family::UNIX) => match find(node, "sun_path") {
            None => Ok(SockAddrUn::Unnamed.to_bytes()),
            Some(path) => {
                let bytes = text(path)?.0;
                let is_abstract = path.text().starts_with('@');
                let path =
                    if is_abstract { SockAddrUn::Abstract(bytes) } else { SockAddrUn::Path(bytes) };
                Ok(path.to_bytes())
            }
        },
        _ => bad("addresses of this family cannot be made yet"),
    }
}
