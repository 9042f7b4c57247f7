//! Short flags that carry passwords: `curl -u user:password`, `mysql -pPASSWORD`.

use std::ops::Range;

use super::inside::{Scanner, What};
use super::keys::Class;
use super::value::{Setting, judge};
use super::weak::Names;

/// Programs whose short flags take a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    Curl,
    Mysql,
    Redis,
    Mongo,
    Sshpass,
    Ldap,
    Mosquitto,
    Snmp,
    Docker,
}

/// The program that the words of a command name.
pub(super) fn program(command: &str) -> Option<Program> {
    command.split_ascii_whitespace().find_map(|word| {
        let word = word.trim_matches(['"', '\'', '`', '$', '(']);
        named(word.rsplit('/').next().unwrap_or(word))
    })
}

fn named(name: &str) -> Option<Program> {
    Some(match name {
        "curl" | "http" | "wget" | "xh" => Program::Curl,
        "mysql" | "mysqldump" | "mysqladmin" | "mariadb" | "mariadb-dump" | "mariadb-admin"
        | "mysqlcheck" | "mydumper" | "mysqlimport" | "mysqlshow" => Program::Mysql,
        "redis-cli" | "valkey-cli" | "keydb-cli" => Program::Redis,
        "mongo" | "mongosh" | "mongodump" | "mongorestore" | "mongoexport" => Program::Mongo,
        "sshpass" => Program::Sshpass,
        "ldapsearch" | "ldapmodify" | "ldapadd" | "ldapwhoami" | "ldapdelete" => Program::Ldap,
        "mosquitto_pub" | "mosquitto_sub" | "mosquitto_rr" => Program::Mosquitto,
        "snmpwalk" | "snmpget" | "snmpset" | "snmpbulkwalk" => Program::Snmp,
        "docker" | "podman" | "helm" | "crane" | "skopeo" | "oras" => Program::Docker,
        _ => return None,
    })
}

/// The password in the value of a short flag; `None` when the flag is about something else.
fn password(program: Program, letter: u8, glued: bool, value: &str) -> Option<&str> {
    match (program, letter) {
        // `user:password`; without a colon it is the user alone.
        (Program::Curl, b'u') => value.split_once(':').map(|(_, password)| password),
        (Program::Mysql, b'p') => glued.then_some(value),
        (Program::Redis, b'a')
        | (Program::Mongo | Program::Sshpass | Program::Docker, b'p')
        | (Program::Mosquitto, b'P')
        | (Program::Ldap, b'w')
        | (Program::Snmp, b'c') => Some(value),
        _ => None,
    }
}

/// Judges the short flag that stands in a longer text.
pub(super) fn short_flag(
    scanner: &mut Scanner<'_, '_>,
    program: Program,
    letter: u8,
    glued: bool,
    range: Range<usize>,
    setting: Setting,
) {
    let value = &scanner.text[range];
    let names = scanner.context.names;
    let judged = password(program, letter, glued, value)
        .and_then(|text| judge(Class::Password, "password", text, setting, names));
    if let Some(judged) = judged {
        let literal = scanner.range_of(judged.literal);
        scanner.add(judged.grade, What::Value, literal, None);
    }
}

/// The password in the item of a list of arguments: `value` follows `flag`, or `flag` holds both.
pub(super) fn in_list<'v>(
    program: Program,
    flag: &str,
    value: &'v str,
    glued: bool,
    names: &Names<'_>,
) -> Option<super::value::Judged<'v>> {
    let letter = match flag.as_bytes() {
        [b'-', letter] => *letter,
        [b'-', letter, ..] if glued => *letter,
        _ => return None,
    };
    let text = password(program, letter, glued, value)?;
    judge(Class::Password, "password", text, Setting::Scalar, names)
}
