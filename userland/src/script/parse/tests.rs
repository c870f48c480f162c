//! The grammar, line by line, and what becomes of text that is no script.

use super::parse;
use crate::script::tree::{Kind, Node};

/// The tree of a text without mistakes, as nested kinds.
fn kinds(text: &str) -> String {
    fn show(node: Node<'_>, out: &mut String) {
        out.push_str(&format!("{:?}", node.kind()));
        let children: Vec<_> = node.children().collect();
        if !children.is_empty() {
            out.push('(');
            for (n, child) in children.into_iter().enumerate() {
                out.push_str(if n == 0 { "" } else { " " });
                show(child, out);
            }
            out.push(')');
        }
    }
    let parsed = parse(text);
    assert_eq!(parsed.problems, [], "{text}");
    assert_eq!(parsed.tree.render(), text);
    let mut out = String::new();
    for statement in parsed.tree.statements() {
        show(statement, &mut out);
    }
    out
}

#[test]
fn a_call_has_a_name_arguments_and_a_result() {
    assert_eq!(
        kinds(
            "openat(AT_FDCWD, \"x\\n\"..., O_RDWR|0x40000000, 0644) = -1 ENOENT (No such file) <0.000017>"
        ),
        "Call(Name Arguments(Word Text Chain(Word Operator Integer) Integer) \
         Result(Integer Word Explanation Mark))"
    );
    assert_eq!(kinds("exit_group(0) = ?"), "Call(Name Arguments(Integer) Result(Word))");
    assert_eq!(
        kinds("wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 9126"),
        "Call(Name Arguments(Integer Array(Struct(Chain(Apply(Name Word) Operator Apply(Name Word) \
         Operator Integer))) Integer Word) Result(Integer))"
    );
}

#[test]
fn what_stands_before_a_call_is_told_apart() {
    for (leader, expected) in [
        ("[pid  9121] ", "Pid"),
        ("9204  ", "Pid"),
        ("18033<sh> ", "Pid"),
        ("11:35:39.875812 ", "Time"),
        ("1795347339.915352 ", "Time"),
        ("     0.000005 ", "Elapsed"),
        ("[pid 17954]      0.000079 ", "Pid Elapsed"),
        ("02:04:18 (+     0.000032) ", "Time Elapsed"),
        ("7 02:04:18.1 [ 231] [00007f9c81988bd3] ", "Pid Time Tag Tag"),
    ] {
        let expected = format!("Call({expected} Name Arguments Result(Integer))");
        assert_eq!(kinds(&format!("{leader}getpid() = 7")), expected);
    }
}

#[test]
fn calls_are_interrupted_and_resumed() {
    assert_eq!(kinds("read(0,  <unfinished ...>"), "Unfinished(Name Arguments(Integer Mark))");
    assert_eq!(
        kinds("<... read resumed>\"x\", 1) = 1"),
        "Resumed(Name Arguments(Text Integer) Result(Integer))"
    );
    assert_eq!(
        kinds("<... ioctl resumed>, 0x7ffd) = -1 ENOTTY (Not a tty)"),
        "Resumed(Name Arguments(Integer) Result(Integer Word Explanation))"
    );
    // strace interrupts itself.
    assert_eq!(
        kinds("f(1, 24strace: Process 7 attached\n) = 0\n"),
        "Call(Name Arguments(Integer Integer Message) Result(Integer))"
    );
    assert_eq!(
        kinds("f(A|Bstrace: Process 7 attached\n <unfinished ...>"),
        "Unfinished(Name Arguments(Chain(Word Operator Word) Message Mark))"
    );
}

#[test]
fn values_have_notes_remarks_names_and_sets() {
    let value = |text: &str| {
        let all = kinds(&format!("f({text})"));
        all["Call(Name Arguments(".len()..all.len() - 2].to_owned()
    };
    assert_eq!(value("3</dev/pts/0<char 136:0>>"), "Integer Note");
    assert_eq!(value("3<TCP:[127.0.0.1:1->127.0.0.1:2]>, 1"), "Integer Note Integer");
    assert_eq!(value("0x7ffd /* 22 vars */"), "Chain(Integer Remark)");
    assert_eq!(value("~[INT RTMIN RT_1]"), "Prefixed(Array(Chain(Word Word Word)))");
    assert_eq!(
        value("{c_cc[VMIN]=1, ...}"),
        "Struct(Named(Chain(Word Array(Word)) Integer) Ellipsis)"
    );
    assert_eq!(
        value("{a=8192*1024} => {b=[9]}"),
        "Chain(Struct(Named(Word Chain(Integer Operator \
         Integer))) Operator Struct(Named(Word Array(Integer))))"
    );
    assert_eq!(value("{B38400 opost -echo ...}").matches("Word").count(), 3);
    assert_eq!(value("sun_path=@\"/tmp\""), "Named(Word Text)");
    assert_eq!(value("<... resuming interrupted read ...>"), "Mark");
}

#[test]
fn the_rest_of_what_strace_prints() {
    for (text, kind) in [
        ("--- SIGCHLD {si_signo=SIGCHLD, si_status=3} ---", Kind::Signal),
        ("--- stopped by SIGSTOP ---", Kind::Signal),
        ("+++ exited with 3 +++", Kind::End),
        ("+++ killed by SIGSEGV (core dumped) +++", Kind::End),
        ("+++ superseded by execve in pid 3 +++", Kind::End),
        ("strace: Process 9204 attached", Kind::Message),
        (" > /lib/libc.so.6(read+0x10) [0x20]", Kind::Frame),
        ("# anything", Kind::Comment),
        ("% time     seconds\n", Kind::Summary),
    ] {
        let parsed = parse(text);
        assert_eq!(parsed.problems, [], "{text}");
        assert_eq!(parsed.tree.statements().next().map(Node::kind), Some(kind), "{text}");
    }
}

#[test]
fn people_write_more() {
    assert_eq!(
        kinds("@machine cpus=1 quantum=10ms # one\n"),
        "Directive(Name Named(Word Integer) Named(Word Integer))Comment"
    );
    assert_eq!(
        kinds("repeat 3 {\n  compute 5ms\n  [pid 2] write($fd, \"x\", 1)\n}\n"),
        "Repeat(Integer Compute(Integer) Call(Pid Name Arguments(Variable Text Integer)))"
    );
    assert_eq!(kinds("thread writer {\n}"), "Thread(Word)");
}

#[test]
fn packets_are_packetdrills() {
    assert_eq!(kinds("+0 < S 0:0(0) win 1000"), "Packet(Time Operator Word)");
    assert_eq!(kinds("+.1 > S. 0:0(0) ack 1"), "Packet(Time Operator Word)");
}

#[test]
fn a_mistake_is_shown_where_it_is() {
    let text = "getpid() = 1\nopen(\"x, 0) = 3\nclose(3) = 0\n";
    let parsed = parse(text);
    assert_eq!(parsed.problems.len(), 1);
    let shown = parsed.problems[0].show("a.trace", text);
    assert!(shown.contains("--> a.trace:2:6\n"), "{shown}");
    assert!(shown.contains("2 | open(\"x, 0) = 3\n"), "{shown}");
    assert!(shown.contains("  |      ^^^^^^^^^^ expected"), "{shown}");
    // The other lines were read, and nothing is lost.
    let kinds: Vec<_> = parsed.tree.statements().map(Node::kind).collect();
    assert_eq!(kinds, [Kind::Call, Kind::Broken, Kind::Call]);
    assert_eq!(parsed.tree.render(), text);
}

#[test]
fn blocks_must_be_closed_and_brackets_are_not_nested_for_ever() {
    assert_eq!(parse("repeat 3 {\n").problems.len(), 1);
    assert_eq!(parse("}\n").problems.len(), 1);
    assert_eq!(parse("repeat 3\n").problems.len(), 1);
    let deep = format!("f({}", "[".repeat(100_000));
    assert_eq!(parse(&deep).problems.len(), 1);
    let deep = format!("f({}1", "!".repeat(100_000));
    assert_eq!(parse(&deep).problems.len(), 1);
    let deep = format!("f({}1", "a=".repeat(100_000));
    assert_eq!(parse(&deep).problems.len(), 1);
}

#[test]
fn numbers_have_values() {
    let parsed = parse("f(0x10, 010, -3, 0, 12)");
    let call = parsed.tree.statements().next().expect("a call");
    let arguments = call.child(Kind::Arguments).expect("arguments");
    let values: Vec<_> = arguments.children().map(Node::integer).collect();
    assert_eq!(values, [Some(16), Some(8), Some(-3), Some(0), Some(12)]);
}
