//! What is read as what.

use super::super::ast::{
    Action, Command, Compound, Connector, List, Modifier, Parameter, Part, RedirectionKind, Simple,
    Word,
};
use super::Parser;
use std::collections::BTreeMap;

fn parse(text: &str) -> List {
    let aliases = BTreeMap::new();
    Parser::new(text, 1, &aliases).complete_command().expect("a command").expect("not empty")
}

fn message(text: &str) -> (String, bool) {
    let aliases = BTreeMap::new();
    let error = Parser::new(text, 1, &aliases).complete_command().expect_err("no command");
    (error.message, error.is_incomplete)
}

fn simple(list: &List) -> &Simple {
    match &list[0].first.commands[0] {
        Command::Simple(simple) => simple,
        other => panic!("{other:?}"),
    }
}

fn literal(text: &str) -> Word {
    Word(vec![Part::Literal(text.to_owned())])
}

#[test]
fn a_simple_command_has_assignments_words_and_redirections() {
    let list = parse("a=1 b= echo x=y 2>&1 <in >>'out file' # comment\n");
    let simple = simple(&list);
    assert_eq!(simple.assignments[0], ("a".to_owned(), literal("1")));
    assert_eq!(simple.assignments[1], ("b".to_owned(), Word(vec![])));
    assert_eq!(simple.words, [literal("echo"), literal("x=y")]);
    let kinds: Vec<_> = simple.redirections.iter().map(|r| (r.fd, r.kind)).collect();
    assert_eq!(
        kinds,
        [
            (Some(2), RedirectionKind::DupOut),
            (None, RedirectionKind::Read),
            (None, RedirectionKind::Append)
        ]
    );
    assert_eq!(simple.redirections[2].target.0, [Part::Quoted("out file".to_owned())]);
}

#[test]
fn words_know_what_was_quoted_and_what_is_to_be_expanded() {
    let list = parse(r#"a\ b"c $d"'e $f'${g:-h}$((1+i))"#);
    let [word] = &simple(&list).words[..] else { panic!("one word") };
    let parameter = |name: &str, modifier| {
        Part::Parameter(Box::new(Parameter { name: name.to_owned(), modifier }))
    };
    let default = Modifier::Unless { action: Action::Use, or_empty: true, word: literal("h") };
    assert_eq!(
        word.0,
        [
            Part::Literal("a".to_owned()),
            Part::Quoted(" ".to_owned()),
            Part::Literal("b".to_owned()),
            Part::DoubleQuoted(vec![
                Part::Literal("c ".to_owned()),
                parameter("d", Modifier::None)
            ]),
            Part::Quoted("e $f".to_owned()),
            parameter("g", default),
            Part::Arithmetic(literal("1+i")),
        ]
    );
}

#[test]
fn chains_and_pipelines_nest_in_this_order() {
    let list = parse("! a | b && c || d & e\n");
    assert_eq!(list.len(), 2);
    assert!(list[0].is_background && !list[1].is_background);
    assert!(list[0].first.is_negated);
    assert_eq!(list[0].first.commands.len(), 2);
    let connectors: Vec<Connector> = list[0].rest.iter().map(|(c, _)| *c).collect();
    assert_eq!(connectors, [Connector::And, Connector::Or]);
    assert_eq!(&*list[0].text, "! a | b && c || d");
}

#[test]
fn here_documents_find_their_redirections() {
    let list = parse("cat <<A; if x; then y <<'B'; fi\none $v\nA\ntwo $v\nB\n");
    let first = &simple(&list).redirections[0].target;
    assert!(matches!(&first.0[..], [Part::DoubleQuoted(parts)] if parts.len() == 3), "{first:?}");
    let Command::Compound(compound, _) = &list[1].first.commands[0] else { panic!("an if") };
    let Compound::If { body, .. } = &**compound else { panic!("an if") };
    let second = &simple(body).redirections[0].target;
    assert_eq!(second.0, [Part::Quoted("two $v\n".to_owned())]);
}

#[test]
fn reserved_words_are_words_elsewhere() {
    let list = parse("echo if then { }\n");
    assert_eq!(simple(&list).words.len(), 5);
    let list = parse("for in in in; do echo done; done\n");
    assert!(matches!(&list[0].first.commands[0], Command::Compound(..)));
}

#[test]
fn an_alias_is_its_text_but_not_within_itself() {
    let aliases = BTreeMap::from([
        ("ll".to_owned(), "ls -l | cat;".to_owned()),
        ("ls".to_owned(), "ls -F".to_owned()),
    ]);
    let mut parser = Parser::new("ll ll\n", 1, &aliases);
    let list = parser.complete_command().expect("a command").expect("not empty");
    let Command::Simple(first) = &list[0].first.commands[0] else { panic!("a command") };
    assert_eq!(first.words, [literal("ls"), literal("-F"), literal("-l")]);
    assert_eq!(list[0].first.commands.len(), 2);
    assert_eq!(parser.position(6), (6, 2));
}

#[test]
fn what_is_wrong_is_said_in_dashs_words() {
    for (text, expected, is_incomplete) in [
        ("if true", "end of file unexpected (expecting \"then\")", true),
        ("echo )", "\")\" unexpected", false),
        ("fi", "\"fi\" unexpected", false),
        ("echo 'a", "Unterminated quoted string", true),
        ("for 1 in a; do b; done", "Bad for loop variable", false),
        ("a && && b", "\"&&\" unexpected", false),
        ("echo <", "end of file unexpected", true),
        ("case x in y z", "word unexpected (expecting \")\")", false),
        ("echo $(a", "end of file unexpected (expecting \")\")", true),
    ] {
        assert_eq!(message(text), (expected.to_owned(), is_incomplete), "{text}");
    }
}

#[test]
fn nothing_is_nested_too_deeply_to_be_refused() {
    for piece in ["(", "{ ", "if ", "$(", "\"$(", "${a:-", "`", "a() ", "while ", "case x in x) "] {
        let text = piece.repeat(20_000);
        let aliases = BTreeMap::new();
        // Whatever it says, it comes back.
        let _ = Parser::new(&text, 1, &aliases).complete_command();
    }
}

#[test]
fn any_bytes_are_refused_or_read() {
    let pieces = [
        "$", "{", "}", "(", ")", "'", "\"", "`", "\\", "<<", "a", " ", "\n", ";", "&", "|", "#",
        "=", "é",
    ];
    let mut state = 1u64;
    for _ in 0..3000 {
        let mut text = String::new();
        for _ in 0..12 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
        }
        let aliases = BTreeMap::new();
        let mut parser = Parser::new(&text, 1, &aliases);
        let read = parser.complete_command();
        let (length, _) = parser.position(text.len());
        assert!(text.is_char_boundary(length) && read.is_ok() | read.is_err(), "{text:?}");
    }
}
