//! Flags that carry passwords without saying so: `curl -u user:password`, `mysql -pPASSWORD`.

use std::ops::Range;

use serde_json::Value;

use super::bytes::{line_start, run};
use super::inside::{Scanner, What};
use super::keys::Class;
use super::reading::{floor, read};
use super::value::{Grade, Judged, Setting, judge};
use super::weak::Names;

/// Programs whose short flags take a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Curl,
    Mysql,
    Redis,
    Mongo,
    Sshpass,
    Ldap,
    Mosquitto,
    Snmp,
    Registry,
    /// Takes the password as its last word, where a flag says so.
    Htpasswd,
}

/// The program that the words of a command name.
fn program<'c>(words: &(impl Iterator<Item = &'c str> + Clone)) -> Option<Program> {
    let found = words.clone().find_map(|word| {
        let word = word.trim_matches(['"', '\'', '`', '$', '(']);
        named(word.rsplit('/').next().unwrap_or(word))
    })?;
    // `docker run -p 80:80` publishes a port.
    let logs_in = || words.clone().any(|word| word == "login");
    (found != Program::Registry || logs_in()).then_some(found)
}

fn named(name: &str) -> Option<Program> {
    Some(match name {
        "curl" | "http" | "wget" | "xh" => Program::Curl,
        "mysql" | "mysqldump" | "mysqladmin" | "mariadb" | "mariadb-dump" | "mariadb-admin"
        | "mysqlcheck" | "mydumper" | "mysqlimport" | "mysqlshow" => Program::Mysql,
        "redis-cli" | "valkey-cli" | "keydb-cli" => Program::Redis,
        "mongo" | "mongosh" | "mongodump" | "mongorestore" | "mongoexport" => Program::Mongo,
        "sshpass" => Program::Sshpass,
        "htpasswd" | "mosquitto_passwd" => Program::Htpasswd,
        "ldapsearch" | "ldapmodify" | "ldapadd" | "ldapwhoami" | "ldapdelete" => Program::Ldap,
        "mosquitto_pub" | "mosquitto_sub" | "mosquitto_rr" => Program::Mosquitto,
        "snmpwalk" | "snmpget" | "snmpset" | "snmpbulkwalk" => Program::Snmp,
        "docker" | "podman" | "helm" | "crane" | "skopeo" | "oras" | "nerdctl" | "buildah" => {
            Program::Registry
        }
        _ => return None,
    })
}

/// The password in the value of a flag; `None` when the flag is about something else.
fn password(program: Option<Program>, letter: u8, glued: bool, value: &str) -> Option<&str> {
    let after_colon = || value.split_once(':').map(|(_, password)| password);
    match (program, letter) {
        (_, b':') => after_colon(),
        // `user:password`; without a colon it is the user alone.
        (Some(Program::Curl), b'u') => after_colon(),
        (Some(Program::Mysql), b'p') => glued.then_some(value),
        (Some(Program::Redis), b'a')
        | (Some(Program::Mongo | Program::Sshpass | Program::Registry), b'p')
        | (Some(Program::Mosquitto), b'P')
        | (Some(Program::Ldap), b'w')
        | (Some(Program::Snmp), b'c') => Some(value),
        _ => None,
    }
}

fn judged<'v>(text: &'v str, setting: Setting, names: &Names<'_>) -> Option<Judged<'v>> {
    judge(Class::Password, "password", text, setting, names)
}

/// Judges a flag in a text, such as `-u user:password` of curl or `-pPASSWORD` of mysql.
pub(super) fn flag(scanner: &mut Scanner<'_, '_>, at: usize) {
    let bytes = scanner.bytes();
    let name = run(&bytes[at..], |byte| {
        byte == b'-' || byte.is_ascii_alphabetic()
    });
    let (letter, value, glued) = match &bytes[at..at + name] {
        // The long forms that say nothing of a password.
        b"--user" | b"--proxy-user" | b"--userpwd" => (b'u', at + name + 1, false),
        b"--auth" | b"--basic-auth" | b"--credentials" | b"--creds" => (b':', at + name + 1, false),
        [b'-', letter @ (b'u' | b'p' | b'a' | b'P' | b'w' | b'c'), ..] => {
            let glued = bytes
                .get(at + 2)
                .is_some_and(|byte| !byte.is_ascii_whitespace());
            (*letter, if glued { at + 2 } else { at + 3 }, glued)
        }
        [b'-', letters @ ..] if letters.contains(&b'b') && !letters.starts_with(b"-") => {
            return last_word(scanner, at, at + name);
        }
        _ => return,
    };
    if value >= bytes.len() || !scanner.text.is_char_boundary(value) {
        return;
    }
    let start = command_start(bytes, at);
    let command = &scanner.text[floor(scanner.text, start)..at];
    if let Some((range, _)) = read(scanner.text, value, false) {
        flag_in_text(scanner, command, letter, glued, range);
    }
}

/// Judges the password of `htpasswd -b file user password`.
fn last_word(scanner: &mut Scanner<'_, '_>, flag: usize, mut at: usize) {
    let text = scanner.text;
    let command = &text[floor(text, command_start(scanner.bytes(), flag))..flag];
    if program(&command.split_ascii_whitespace()) != Some(Program::Htpasswd) {
        return;
    }
    let (mut last, mut words) = (None, 0);
    while let Some((range, setting)) = read(text, at, false) {
        // A redirection ends the arguments, and so does the end of the line.
        if words == 3
            || text[at..range.start].contains('\n')
            || text[range.clone()].starts_with('>')
        {
            break;
        }
        at = range.end + usize::from(setting == Setting::Quoted);
        (last, words) = (Some(range), words + 1);
        if !matches!(scanner.bytes().get(at), Some(b' ')) {
            break;
        }
    }
    let Some(range) = last.filter(|_| words >= 2) else {
        return;
    };
    if let Some(found) = judged(&text[range], Setting::Quoted, scanner.context.names) {
        let literal = scanner.range_of(found.literal);
        scanner.add(found.grade, What::Value, literal, None);
    }
}

/// Where the command begins that `at` is in: after the last line break, pipe or semicolon.
fn command_start(bytes: &[u8], at: usize) -> usize {
    bytes[..at]
        .iter()
        .rev()
        .take(256)
        .position(|byte| matches!(byte, b'\n' | b'|' | b';' | b'&' | b'('))
        .map_or(at.saturating_sub(256), |back| at - back)
}

/// Judges a flag that stands in a longer text; `letter` is `:` for flags that take `user:password`.
fn flag_in_text(
    scanner: &mut Scanner<'_, '_>,
    command: &str,
    letter: u8,
    glued: bool,
    range: Range<usize>,
) {
    let program = program(&command.split_ascii_whitespace());
    let value = &scanner.text[range];
    let names = scanner.context.names;
    let found = password(program, letter, glued, value)
        .and_then(|text| judged(text, Setting::Quoted, names));
    if let Some(found) = found {
        let literal = scanner.range_of(found.literal);
        scanner.add(found.grade, What::Value, literal, None);
    }
}

/// The items that can name the program: it stands near the beginning.
fn first_words(items: &[Value]) -> impl Iterator<Item = &str> + Clone {
    items.iter().take(8).filter_map(Value::as_str)
}

/// Judges the item of a list of arguments that follows the short flag `flag`.
pub(super) fn after_flag<'v>(
    items: &[Value],
    flag: &str,
    value: &'v str,
    names: &Names<'_>,
) -> Option<Judged<'v>> {
    let letter = match flag.as_bytes() {
        [b'-', letter] => *letter,
        _ if matches!(flag, "--user" | "--proxy-user") => b'u',
        _ if matches!(
            flag,
            "--auth" | "--basic-auth" | "--credentials" | "--creds"
        ) =>
        {
            b':'
        }
        _ => return None,
    };
    let program = program(&first_words(items));
    judged(
        password(program, letter, false, value)?,
        Setting::Scalar,
        names,
    )
}

/// Judges the item of a list of arguments that holds a short flag and its value in one.
pub(super) fn glued_flag<'v>(
    items: &[Value],
    item: &'v str,
    names: &Names<'_>,
) -> Option<Judged<'v>> {
    if let Some((flag, value)) = item.split_once('=') {
        return after_flag(items, flag, value, names);
    }
    let [b'-', letter @ (b'p' | b'a' | b'u' | b'w' | b'P'), _, ..] = item.as_bytes() else {
        return None;
    };
    let program = program(&first_words(items));
    judged(
        password(program, *letter, true, item.get(2..)?)?,
        Setting::Scalar,
        names,
    )
}

/// `echo x | docker login --password-stdin`: what `echo` prints is the password.
pub(super) fn piped(scanner: &mut Scanner<'_, '_>, at: usize) {
    let line = &scanner.text[floor(scanner.text, line_start(scanner.bytes(), at))..at];
    let Some((_, rest)) = line.rsplit_once("echo ") else {
        return;
    };
    let Some((word, _)) = rest.split_once('|') else {
        return;
    };
    let word = word
        .trim()
        .trim_start_matches("-n ")
        .trim_matches(['"', '\'']);
    let names = scanner.context.names;
    if let Some(found) = judged(word, Setting::Quoted, names)
        && found.grade >= Grade::Weak
    {
        let literal = scanner.range_of(found.literal);
        scanner.add(found.grade, What::Value, literal, None);
    }
}
