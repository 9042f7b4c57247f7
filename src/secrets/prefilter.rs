//! Two questions of one byte pass each that let nearly every key and value of a clean release go.

/// Parts of the words that keys of secrets have; together no longer than the automaton has bits.
/// The last ones are of `contrasena`, `senha`, `kennwort`, `wachtwoord` and `losenord`.
const PARTS: [&[u8]; 24] = [
    b"pass", b"pw", b"psk", b"secr", b"tok", b"key", b"aut", b"cre", b"sal", b"dsn", b"pin",
    b"cook", b"see", b"clai", b"has", b"lice", b"comm", b"otp", b"mn", b"ntras", b"senh", b"kenn",
    b"wach", b"senor",
];

/// A shift-and automaton: one bit for each letter of each part.
struct Automaton {
    letters: [u128; 256],
    first: u128,
    last: u128,
}

static AUTOMATON: Automaton = automaton();

const fn automaton() -> Automaton {
    let mut made = Automaton {
        letters: [0; 256],
        first: 0,
        last: 0,
    };
    let mut bit = 0;
    let mut word = 0;
    while word < PARTS.len() {
        let letters = PARTS[word];
        made.first |= 1 << bit;
        let mut at = 0;
        while at < letters.len() {
            made.letters[letters[at] as usize] |= 1 << bit;
            made.letters[letters[at].to_ascii_uppercase() as usize] |= 1 << bit;
            bit += 1;
            at += 1;
        }
        made.last |= 1 << (bit - 1);
        word += 1;
    }
    made
}

/// Whether `key` may have a word that keys of secrets have.
pub(super) fn may_be_secret(key: &str) -> bool {
    let mut state = 0;
    for &byte in key.as_bytes() {
        // Other scripts have their own words for a password, and are rare in keys.
        if byte >= 0x80 {
            return true;
        }
        state = ((state << 1) | AUTOMATON.first) & AUTOMATON.letters[byte as usize];
        if state & AUTOMATON.last != 0 {
            return true;
        }
    }
    false
}

/// What a byte says of the value that it is in.
mod kind {
    /// It parts words or joins a key to its value.
    pub(super) const JOINT: u8 = 1;
    pub(super) const AT: u8 = 2;
    /// A digit or a capital: no token is without.
    pub(super) const DRAWN: u8 = 4;
}

static KINDS: [u8; 256] = kinds();

const fn kinds() -> [u8; 256] {
    let mut made = [0; 256];
    let mut byte = 0_usize;
    while byte < 256 {
        made[byte] = match byte as u8 {
            b'0'..=b'9' | b'A'..=b'Z' => kind::DRAWN,
            b'@' => kind::AT,
            b'a'..=b'z'
            | b'-'
            | b'_'
            | b'.'
            | b'/'
            | b':'
            | b','
            | b'*'
            | b'+'
            | b'#'
            | b'%'
            | b'~'
            | b'('
            | b')'
            | b'['
            | b']'
            | b'!'
            | b'?'
            | b'^' => 0,
            _ => kind::JOINT,
        };
        byte += 1;
    }
    made
}

/// No token or connection string is shorter.
const SHORTEST_TOKEN: usize = 16;

/// Whether `value` may hold a secret whatever its key says: it has several words, an `@`, or is long
/// and not of small letters alone.
pub(super) fn may_hold_secret(value: &str) -> bool {
    let mut all = 0;
    for &byte in value.as_bytes() {
        all |= KINDS[byte as usize];
    }
    if all & kind::JOINT != 0 {
        return true;
    }
    if all & kind::AT != 0 {
        return !is_pinned_image(value);
    }
    value.len() >= SHORTEST_TOKEN && all & kind::DRAWN != 0
}

/// `repository:tag@sha256:…`, of which every container of a good release has one.
fn is_pinned_image(value: &str) -> bool {
    let bytes = value.as_bytes();
    let Some(at) = bytes.len().checked_sub("@sha256:".len() + 64) else {
        return false;
    };
    bytes[at..].starts_with(b"@sha256:")
        && bytes[at + 8..].iter().all(u8::is_ascii_hexdigit)
        && memchr::memchr(b'@', &bytes[..at]).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_fit() {
        assert!(PARTS.iter().map(|word| word.len()).sum::<usize>() <= 128);
    }

    #[test]
    fn keys_of_secrets_pass() {
        for key in [
            "DB_PASSWORD",
            "smtpPass",
            "adminPw",
            "psk",
            "clientSecret",
            "TOKEN",
            "apiKey",
            "auth",
            "credentials",
            "salt",
            "DSN",
            "pin",
            "cookie",
            "seed",
            "claim",
            "hash",
            "license",
            "community",
            "totp",
            "mnemonic",
            "passphrase",
            "Authorization",
            "contrasena",
            "SENHA",
            "kennwort",
            "wachtwoord",
            "losenord",
            "haslo",
            "пароль",
        ] {
            assert!(may_be_secret(key), "{key}");
        }
        for key in [
            "image",
            "repository",
            "replicas",
            "enabled",
            "path",
            "mountPath",
            "",
        ] {
            assert!(!may_be_secret(key), "{key}");
        }
    }

    #[test]
    fn ordinary_values_are_let_go() {
        let digest = "0123456789abcdef".repeat(4);
        for value in [
            "info",
            "Europe/Paris",
            "ReadWriteOnce",
            "audiobookshelf-config-volume",
            "kubernetes.default.svc.cluster.local",
            &format!("ghcr.io/example/romm:4.1.0@sha256:{digest}"),
        ] {
            assert!(!may_hold_secret(value), "{value}");
        }
        for value in [
            "PASSWORD=x",
            "postgres://a:b@c",
            "a b",
            "0123456789abcdef0",
            &format!("a@b@sha256:{digest}"),
        ] {
            assert!(may_hold_secret(value), "{value}");
        }
    }
}
