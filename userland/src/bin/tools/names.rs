//! Names of users and groups, as /etc/passwd and /etc/group have them (getpwnam(3)).

/// The name with a number in a file of lines `name:password:number:...`.
fn name_of(file: &str, number: u32) -> Option<&str> {
    let lines = file.lines().map(|line| line.split(':'));
    lines
        .filter_map(|mut fields| Some((fields.next()?, fields.nth(1)?)))
        .find(|(_, known)| known.parse() == Ok(number))
        .map(|(name, _)| name)
}

/// A user's name, or the number if there is none.
pub(super) fn user_name(users: &str, uid: u32) -> String {
    name_of(users, uid).map_or_else(|| uid.to_string(), str::to_owned)
}

/// A group's name, or the number if there is none.
pub(super) fn group_name(groups: &str, gid: u32) -> String {
    user_name(groups, gid)
}

/// The number of a name, or a number itself.
pub(super) fn number(file: &str, text: &str) -> Option<u32> {
    let lines = file.lines().map(|line| line.split(':'));
    let known = lines
        .filter_map(|mut fields| Some((fields.next()?, fields.nth(1)?)))
        .find(|(name, _)| *name == text);
    match known {
        Some((_, number)) => number.parse().ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::{number, user_name};

    #[test]
    fn names_and_numbers_lead_to_each_other() {
        let file = "root:x:0:0::/root:/bin/sh\nstudent:x:1000:1000::/home:/bin/sh\nbroken\n";
        assert_eq!(user_name(file, 1000), "student");
        assert_eq!(user_name(file, 7), "7");
        assert_eq!(number(file, "root"), Some(0));
        assert_eq!(number(file, "12"), Some(12));
        assert_eq!(number(file, "nobody"), None);
    }
}
