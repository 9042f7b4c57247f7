//! Values that are no secret wherever they stand: references, paths, addresses, digests, public keys.

use super::bytes::{is_base64, run, starts_with};
use super::keys::Class;
use super::random::is_random;

/// Whether `value` only points at a secret, or says that there is none.
pub(super) fn is_harmless(value: &str) -> bool {
    is_sentinel(value)
        || is_reference(value)
        || is_path(value)
        || is_plain_url(value)
        || is_digest(value)
        || is_public_key(value)
        || is_variable_name(value)
        || is_sealed(value)
        || is_verb(value)
        || is_duration(value)
}

/// Words that say that nothing is set, or what kind of thing would be.
pub(super) fn is_sentinel(value: &str) -> bool {
    let words = [
        "none",
        "null",
        "nil",
        "undefined",
        "disabled",
        "disable",
        "enabled",
        "unset",
        "n/a",
        "na",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "auto",
        "automatic",
        "generated",
        "generate",
        "random",
        "inherit",
        "unused",
        "not-used",
        "empty",
        "optional",
        "required",
        "redacted",
        "[redacted]",
        "(redacted)",
        "<redacted>",
        "hidden",
        "masked",
        "withheld",
        "str",
        "int",
        "bool",
        "boolean",
        "bytes",
        "object",
        "array",
        "undef",
        "void",
        "blank",
        "never",
        "always",
        "prompt",
        "ask",
        "file",
        "env",
        "vault",
        "sops",
        "nan",
        "not set",
        "not-set",
        "notset",
    ];
    !value.bytes().any(|byte| byte.is_ascii_alphanumeric() || byte >= 0x80)
        || (value.len() <= 12 && words.iter().any(|word| word.eq_ignore_ascii_case(value)))
        || says_unneeded(value)
        // A mask of bullets.
        || value.chars().all(|character| matches!(character, '•' | '*' | '●' | '…' | '.'))
}

/// `not-needed`, `no key required`: what people give to a service that asks for no key. The words must
/// say so themselves, so that nobody chose them to keep anything shut.
fn says_unneeded(value: &str) -> bool {
    if value.len() > 40 || value.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let mut denied = false;
    for word in value.split(|mark: char| !mark.is_ascii_alphanumeric()) {
        let is = |known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(word));
        if denied
            && is(&[
                "needed",
                "required",
                "necessary",
                "used",
                "applicable",
                "set",
            ])
        {
            return true;
        }
        denied |= is(&["no", "not", "non"]);
    }
    false
}

/// A reference by its whole grammar: `vault:hunter2` is none.
fn is_reference(value: &str) -> bool {
    let bytes = value.as_bytes();
    if value.contains(char::is_whitespace) {
        return false;
    }
    if let Some(at) = memchr::memchr(b':', bytes) {
        let (scheme, rest) = (&value[..at], &value[at + 1..]);
        match scheme {
            "vault" | "bao" | "openbao" | "secret" | "secretRef" | "secretref" | "akeyless" => {
                let path = rest.trim_start_matches('/');
                return path.contains('#') && path.contains('/') || path.split('/').count() >= 3;
            }
            "env" | "ENV" | "environment" => {
                return !rest.is_empty()
                    && rest
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                    && !is_random(rest, 12);
            }
            "file" => return rest.contains('/'),
            "arn" => return rest.contains(":secretsmanager:") || rest.contains(":ssm:"),
            "op" => {
                return rest.starts_with("//")
                    && rest[2..].split('/').filter(|part| !part.is_empty()).count() >= 2;
            }
            _ => {}
        }
        if scheme.starts_with("ref+") && rest.starts_with("//") {
            return rest.len() > 3;
        }
    }
    (value.starts_with("ENC[") && value.ends_with(']'))
        || (value.starts_with("projects/") && value.contains("/secrets/"))
        || value.starts_with("os.environ/")
        || value.starts_with("process.env.")
        // A path in a store with the key within: `kv/data/romm#password`.
        || (value.contains('/') && value.contains('#') && !value.contains("://")
            && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'#' | b'-' | b'_' | b'.')))
}

/// A path in a file system. A random string can begin with `/` too.
fn is_path(value: &str) -> bool {
    let bytes = value.as_bytes();
    let begins = match bytes {
        [b'/', second, ..] => {
            second.is_ascii_alphanumeric() || matches!(second, b'.' | b'_' | b'-')
        }
        [b'.' | b'~', b'/', ..] | [b'.', b'.', b'/', ..] => true,
        [drive, b':', b'\\', ..] => drive.is_ascii_alphabetic(),
        _ => false,
    };
    begins
        && !value.contains(char::is_whitespace)
        && !value.ends_with('=')
        && !value.contains('+')
        && !value
            .split(['/', '\\'])
            .any(|segment| is_random(segment, 20))
        && !is_random(value, 24)
        // A single segment that looks random is rather a secret that happens to begin so.
        && (memchr::memchr_iter(b'/', bytes).count() > 1 || !is_random(&value[1..], 12))
}

/// A URL; whoever asks has looked for userinfo and parameters already.
fn is_plain_url(value: &str) -> bool {
    let scheme = run(value.as_bytes(), |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
    });
    scheme >= 2 && value[scheme..].starts_with("://") && &value[..scheme] != "op"
}

fn is_digest(value: &str) -> bool {
    [
        "sha1", "sha256", "sha384", "sha512", "md5", "blake2b", "blake3",
    ]
    .iter()
    .any(|algorithm| {
        value.strip_prefix(algorithm).is_some_and(|rest| {
            rest.len() >= 33
                && matches!(rest.as_bytes()[0], b':' | b'-')
                && rest.bytes().skip(1).all(is_base64)
        })
    })
}

/// A public key, a certificate, or a public recipient.
fn is_public_key(value: &str) -> bool {
    let bytes = value.as_bytes();
    ["ssh-rsa ", "ssh-ed25519 ", "ssh-dss ", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"]
        .iter()
        .any(|prefix| value.starts_with(prefix))
        || (value.starts_with("age1") && value.len() >= 58)
        || (starts_with(bytes, b"-----begin ") && !value.contains("PRIVATE KEY"))
        // Base64 of `-----BEGIN CERT` and `-----BEGIN PUBL`.
        || value.starts_with("LS0tLS1CRUdJTiBDRVJU")
        || value.starts_with("LS0tLS1CRUdJTiBQVUJM")
}

/// The name of a variable that holds the secret: `password: DB_PASSWORD`.
fn is_variable_name(value: &str) -> bool {
    value.len() <= 64
        && value.contains('_')
        && value.as_bytes()[0].is_ascii_uppercase()
        && value
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && Class::of(value) != Class::Unknown
        && !is_random(value, 8)
}

/// `6h`, `1h30m`: how long something holds.
fn is_duration(value: &str) -> bool {
    let mut rest = value;
    while !rest.is_empty() {
        let digits = run(rest.as_bytes(), |byte| byte.is_ascii_digit());
        let unit = run(&rest.as_bytes()[digits..], |byte| {
            byte.is_ascii_alphabetic()
        });
        let (end, is_unit) = (
            digits + unit,
            matches!(
                &rest[digits..digits + unit],
                "ns" | "us" | "ms" | "s" | "m" | "h" | "d" | "w" | "y"
            ),
        );
        if !(1..=6).contains(&digits) || !is_unit {
            return false;
        }
        rest = &rest[end..];
    }
    !value.is_empty()
}

/// A verb of printf or an entity of XML, which stand for a value that comes later.
fn is_verb(value: &str) -> bool {
    // An entity of XML.
    let entity = value
        .strip_prefix('&')
        .and_then(|rest| rest.strip_suffix(';'));
    if entity.is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }) {
        return true;
    }
    matches!(
        value,
        "%s" | "%v" | "%q" | "%d" | "%[1]s" | "%[2]s" | "%[3]s"
    )
}

/// A SealedSecret's ciphertext: base64 whose first bytes are the length of an RSA block.
fn is_sealed(value: &str) -> bool {
    value.len() >= 300 && value.starts_with("Ag") && value.bytes().all(is_base64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_points_at_a_secret_is_harmless() {
        for value in [
            "",
            "-",
            "none",
            "N/A",
            "not-needed",
            "sk-no-key-required",
            "no password required",
            "********",
            "op://home/romm/password",
            "vault:secret/data/romm#password",
            "ref+vault://secret/romm#/password",
            "ENC[AES256_GCM,data:xyz,type:str]",
            "env:DB_PASSWORD",
            "file:///run/secrets/x",
            "/run/secrets/db-password",
            "./secrets/x",
            "https://example.org/login",
            "ssh-ed25519 AAAA me@host",
            "DB_PASSWORD",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:romm",
            "projects/home/secrets/romm/versions/latest",
            "secret/data/romm#password",
            "6h",
            "1h30m",
            "%s",
            "&operhash;",
        ] {
            assert!(is_harmless(value), "{value}");
        }
    }

    #[test]
    fn a_value_with_the_looks_of_a_reference_is_not_one() {
        for value in [
            "vault:hunter2",
            "do-not-use-this",
            "knot-needed",
            "env:pa ss",
            "op://x",
            "file:hunter2",
            "/x9Kq2LmPz7Rw4Tn",
        ] {
            assert!(!is_harmless(value), "{value}");
        }
    }
}
