//! The detector behind the rules of the family secrets: what is a secret, and what only looks like one.
//!
//! It decides by key first, by format second, by randomness third. A real leak is mostly a weak word
//! under a password's key, which no measure of randomness finds; and the most random values of a
//! release are image digests, UUIDs and public keys, which are no secrets.
//!
//! | module | what it is |
//! |---|---|
//! | `walk`, `hit` | which scalars are judged, and under which key |
//! | `prefilter` | the two byte passes that let nearly everything go |
//! | `keys`, `words` | what a key says of its value |
//! | `value`, `harmless`, `placeholder`, `template`, `random`, `weak` | what a value is under such a key |
//! | `inside`, `pairs`, `reading`, `urls`, `command` | secrets within texts: files, commands, connection strings |
//! | `manifest` | Secret manifests within texts |
//! | `formats`, `tokens` | what is a secret under any key |
//!
//! Nothing here is allocated until something is found, but for text that is decoded from base64.

mod base64;
mod bytes;
mod command;
mod formats;
mod harmless;
mod hit;
mod inside;
mod keys;
mod manifest;
mod pairs;
mod placeholder;
mod prefilter;
mod random;
mod reading;
mod template;
mod tokens;
mod urls;
mod value;
mod walk;
mod weak;
mod words;

pub use hit::Hit;
pub use inside::{Found, What};
pub use value::Grade;
pub use walk::{scan_subject, secrets_of};

/// Shorter texts are not taken for random ones: names of things must stay readable.
const LONG: usize = 20;

/// Whether a short text, such as a map's key, itself looks like a secret and must not be shown.
#[must_use]
pub fn looks_like_secret(text: &str) -> bool {
    if text.len() < LONG {
        return false;
    }
    if holds_secret(text) {
        return true;
    }
    // A name of parts, such as a host's or a file's, is judged by its parts.
    !harmless::is_harmless(text)
        && !random::is_uuid(text)
        && text.split(['.', '/', ':', '@']).any(|part| {
            part.len() >= LONG && !random::is_uuid(part) && random::is_random(part, LONG)
        })
}

/// Whether a text of any length has a token, a password in a URL, or a key with its secret in it.
#[must_use]
pub fn holds_secret(text: &str) -> bool {
    let mut found = Vec::new();
    let context = inside::Context {
        names: &weak::Names::default(),
        depth: 0,
    };
    inside::scan(text, context, &mut found);
    found.iter().any(|found| found.grade == Grade::Literal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_a_secret_is_masked() {
        let random = concat!("9f2c71e8b4d05a66", "33ec17ab9024d7f1");
        let token = format!("gh{}_{}", "p", "aZ4kQ9wLx2Rv7TnB5mYc8HdJ3sKfP6gE1uWo");
        for secret in [random, &token, &format!("{random}.example.org")] {
            assert!(looks_like_secret(secret));
        }
        for name in [
            "kustomize.toolkit.fluxcd.io/name",
            "romm-database-postgresql-primary",
            "audiobookshelf.example.org",
            "values-production.schema.json",
            "persistentVolumeClaimRetentionPolicy",
            "secret.reloader.stakater.com/reload",
            "00000000-0000-4000-8000-000000000000",
        ] {
            assert!(!looks_like_secret(name), "{name}");
        }
        assert!(!looks_like_secret(&format!("sha256:{random}{random}")));
    }

    #[test]
    fn a_password_is_found_where_its_word_stands_apart() {
        for text in [
            "CREATE USER x IDENTIFIED WITH mysql_native_password BY 'Kettle42!river'",
            "CREATE USER x IDENTIFIED BY 'Kettle42!river'",
            "<?php\n$db_password = 'Kettle42!river';",
            "echo 'pg:5432:romm:romm:Kettle42!river' > ~/.pgpass",
            "pg:5432:romm:romm:Kettle42!river",
            "htpasswd -bc /auth/htpasswd romm 'Kettle42!river'",
            "mosquitto_passwd -b /config/users romm Kettle42!river && exec mosquitto",
            "<param name=\"password\">Kettle42!river</param>",
            "network_key: [204, 61, 75, 23, 44, 230, 24, 203, 53, 5, 248, 32, 50, 84, 44, 159]",
            // `DB_USER=romm` and `DB_PASSWORD=Kettle42!river`.
            "REJfVVNFUj1yb21tCkRCX1BBU1NXT1JEPUtldHRsZTQyIXJpdmVyCg==",
            // The same, encoded again and broken into lines.
            "UkVKZlZWTkZVajF5YjIxdENrUkNYMUJCVTFOWFQx\nSkVQVXRsZEhSc1pUUXlJWEpwZG1WeUNnPT0=",
        ] {
            assert!(holds_secret(text), "{text}");
        }
        for text in [
            "CREATE USER x IDENTIFIED VIA unix_socket",
            "IDENTIFIED BY PASSWORD '${HASH}'",
            "htpasswd -Bbn \"$USER\" \"$PASS\" > /auth/htpasswd",
            "mosquitto_passwd -b /config/users romm \"${PW}\"\nchmod 0400 Kettle42!river",
            "tar -b 20 -f Kettle42!river x",
            "[ \"$db_password\" = 'x' ] && exit",
            "echo 'pg:5432:romm:romm:${PW}' > ~/.pgpass",
            "<option name=\"password\">Password</option>",
            "grep '^password=' /config/app.ini",
        ] {
            assert!(!holds_secret(text), "{text}");
        }
    }

    /// When each key looked at its whole line, this took minutes.
    #[test]
    fn a_long_line_of_keys_is_read_once() {
        for part in [
            "password [",
            "password\\",
            "password: ",
            "community snmp ",
            "pass",
            "kind: Secret\n",
        ] {
            assert!(!holds_secret(&part.repeat(30_000)), "{part}");
        }
    }
}
