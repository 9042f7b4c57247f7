//! Formats that are secrets under any key: private keys, JWTs, password hashes, headers, known tokens.

use super::base64::Decoded;
use super::bytes::{NEAR, find, is_base64, run};
use super::inside::{Scanner, What};
use super::random::{is_drawn, is_random};
use super::tokens::Format;
use super::value::{Grade, is_basic};
use super::{command, manifest, pairs, urls};

/// What the pass looks for beside words and token prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fixed {
    Scheme,
    Pem,
    PemBase64,
    Json,
    Bcrypt(&'static str),
    Hash(&'static str),
    Basic,
    Bearer,
    OtpAuth,
    Telegram,
    GoDsn(&'static str),
    PgPass,
    Flag,
    SecretManifest,
    Identified,
    CreateUser,
}

impl Fixed {
    pub(super) const ALL: &'static [Fixed] = &[
        Fixed::Scheme,
        Fixed::Pem,
        Fixed::PemBase64,
        Fixed::Json,
        Fixed::Bcrypt("$2a$"),
        Fixed::Bcrypt("$2b$"),
        Fixed::Bcrypt("$2y$"),
        Fixed::Hash("$argon2"),
        Fixed::Hash("$apr1$"),
        Fixed::Hash("$1$"),
        Fixed::Hash("$5$"),
        Fixed::Hash("$6$"),
        Fixed::Hash("$7$"),
        Fixed::Hash("$y$"),
        Fixed::Hash("$P$"),
        Fixed::Hash("$scrypt$"),
        Fixed::Hash("$pbkdf2"),
        Fixed::Hash("pbkdf2_sha"),
        Fixed::Hash("pbkdf2:sha"),
        Fixed::Hash("scrypt:"),
        Fixed::Hash("{SHA"),
        Fixed::Hash("{SSHA"),
        Fixed::Hash("{PBKDF2"),
        Fixed::Hash("SCRAM-SHA-256$"),
        Fixed::Basic,
        Fixed::Bearer,
        Fixed::OtpAuth,
        Fixed::Telegram,
        Fixed::GoDsn("@tcp("),
        Fixed::GoDsn("@unix("),
        Fixed::PgPass,
        Fixed::Flag,
        Fixed::SecretManifest,
        Fixed::Identified,
        Fixed::CreateUser,
    ];

    /// The text that the pass looks for, in letters of either case.
    pub(super) fn needle(self) -> &'static str {
        match self {
            Fixed::Scheme => "://",
            Fixed::Pem => "-----BEGIN ",
            // Base64 of `-----BEGIN`.
            Fixed::PemBase64 => "LS0tLS1CRUdJTi",
            // Base64 of `{"`: a JWT's header, a Docker configuration, a tunnel's token.
            Fixed::Json => "eyJ",
            Fixed::Basic => "basic ",
            Fixed::Bearer => "bearer ",
            Fixed::OtpAuth => "otpauth://",
            Fixed::Telegram => ":AA",
            Fixed::PgPass => ":5432:",
            Fixed::Flag => " -",
            Fixed::SecretManifest => "kind: Secret",
            Fixed::Identified => "IDENTIFIED ",
            Fixed::CreateUser => "createUser ",
            Fixed::Bcrypt(text) | Fixed::Hash(text) | Fixed::GoDsn(text) => text,
        }
    }
}

/// Looks closer where the needle of `fixed` stands.
pub(super) fn fixed(scanner: &mut Scanner<'_, '_>, fixed: Fixed, at: usize) {
    match fixed {
        Fixed::Scheme => urls::at_scheme(scanner, at),
        Fixed::Pem => pem(scanner, at),
        Fixed::PemBase64 => pem_base64(scanner, at),
        Fixed::Json => json(scanner, at),
        Fixed::Bcrypt(text) => hash(scanner, at, text, 50),
        Fixed::Hash(text) => hash(scanner, at, text, 20),
        Fixed::Basic => basic(scanner, at),
        Fixed::Bearer => bearer(scanner, at),
        Fixed::OtpAuth => otpauth(scanner, at),
        Fixed::Telegram => telegram(scanner, at),
        Fixed::GoDsn(_) => urls::go_dsn(scanner, at),
        Fixed::PgPass => pairs::pgpass(scanner, at),
        Fixed::Flag => command::flag(scanner, at + 1),
        Fixed::SecretManifest => manifest::at_secret(scanner, at),
        Fixed::CreateUser => pairs::create_user(scanner, at + Fixed::CreateUser.needle().len()),
        Fixed::Identified => pairs::identified(scanner, at + Fixed::Identified.needle().len()),
    }
}

/// The bytes from `at` on that a token can have.
fn near(bytes: &[u8], at: usize) -> &[u8] {
    &bytes[at..bytes.len().min(at + 2 * NEAR)]
}

fn found(scanner: &mut Scanner<'_, '_>, what: &'static str, start: usize, end: usize) {
    scanner.add(Grade::Literal, What::Format(what), start..end, None);
    scanner.done = scanner.done.max(end);
}

/// A token of a known format; `false` when the text at `at` is none.
pub(super) fn token(scanner: &mut Scanner<'_, '_>, format: &Format, at: usize) -> bool {
    let bytes = scanner.bytes();
    let body = at + format.prefix.len();
    if !bytes[at..].starts_with(format.prefix.as_bytes()) || at < scanner.done {
        return false;
    }
    let is_address = format.prefix.contains('/');
    if !is_address
        && !(scanner.is_boundary(at) && (at == 0 || bytes[at - 1] != b'-' || format.shortest > 30))
    {
        return false;
    }
    let length = run(near(bytes, body), |byte| format.body.has(byte));
    if length < format.shortest || !is_drawn(&scanner.text[body..body + length]) {
        return false;
    }
    // The id of an AWS key is no secret where its key says that it is one.
    if matches!(format.prefix, "AKIA" | "ASIA") && length != 16 {
        return false;
    }
    found(scanner, format.what, at, body + length);
    true
}

/// No private key is longer.
const LONGEST_PEM: usize = 16 * 1024;

/// A private key whose body is there, with line breaks or with `\n` for them.
fn pem(scanner: &mut Scanner<'_, '_>, at: usize) {
    let bytes = scanner.bytes();
    let label = at + "-----BEGIN ".len();
    let Some(length) = find(&bytes[label..bytes.len().min(label + 64)], b"-----") else {
        return;
    };
    if !has_private_label(&bytes[label..label + length]) {
        return;
    }
    let body = label + length + 5;
    let end = bytes.len().min(body + 400);
    let has_body = bytes[body..end]
        .split(|&byte| !is_base64(byte))
        .any(|line| line.len() >= 20);
    if has_body {
        let close = find(
            &bytes[body..bytes.len().min(body + LONGEST_PEM)],
            b"-----END ",
        )
        .map_or(end, |close| body + close);
        found(scanner, "a private key", at, close);
    }
}

fn has_private_label(label: &[u8]) -> bool {
    label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK")
}

fn pem_base64(scanner: &mut Scanner<'_, '_>, at: usize) {
    if at < scanner.done || !scanner.bytes()[at..].starts_with(Fixed::PemBase64.needle().as_bytes())
    {
        return;
    }
    let end = scanner.base64_end(at);
    scanner.done = end;
    let first = &scanner.bytes()[at..end.min(at + 88)];
    // Whole groups of four only: the cut must not spoil the decoding.
    let first = &first[..first.len() / 4 * 4];
    if Decoded::of(first).is_some_and(|decoded| find(decoded.bytes(), b"PRIVATE KEY").is_some()) {
        found(scanner, "a private key in base64", at, end);
    }
}

/// A JWT, or base64 of JSON that is looked into.
fn json(scanner: &mut Scanner<'_, '_>, at: usize) {
    let bytes = scanner.bytes();
    if !bytes[at..].starts_with(b"eyJ") || !scanner.is_boundary(at) || at < scanner.done {
        return;
    }
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let header = at + run(&bytes[at..], is_part);
    if header - at >= 10 && bytes.get(header) == Some(&b'.') {
        let payload = header + 1 + run(&bytes[header + 1..], is_part);
        if payload - header > 10 && bytes.get(payload) == Some(&b'.') {
            let end = payload + 1 + run(&bytes[payload + 1..], is_part);
            if end - payload > 16 && is_drawn(&scanner.text[payload + 1..end]) {
                found(scanner, "a JWT", at, end);
                return;
            }
        }
    }
    let end = scanner.base64_end(at);
    if end - at < 40 {
        return;
    }
    // `{"a":"…","t":"…","s":"…"}`: the account, tunnel and secret of cloudflared.
    if bytes[at..].starts_with(b"eyJhIjoi") && end - at >= 100 {
        found(scanner, "a Cloudflare tunnel token", at, end);
        return;
    }
    scanner.scan_decoded(at..end);
    scanner.done = scanner.done.max(end);
}

/// A password hash. Compose and Flux write `$$` for `$`.
fn hash(scanner: &mut Scanner<'_, '_>, at: usize, prefix: &'static str, shortest: usize) {
    let bytes = scanner.bytes();
    if at < scanner.done || !bytes[at..].starts_with(prefix.as_bytes()) {
        return;
    }
    let body = at + prefix.len();
    let length = run(near(bytes, body), |byte| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'.' | b'/' | b'$' | b'+' | b'=' | b',' | b'-' | b'_' | b'}' | b':'
            )
    });
    if length < shortest {
        return;
    }
    let text = &scanner.text[body..body + length];
    let last = text
        .rsplit(['$', '}'])
        .find(|part| part.len() >= 16)
        .unwrap_or("");
    if last.len() >= 16 && is_drawn(last.trim_end_matches('=')) {
        found(scanner, "a password hash", at, body + length);
    }
}

fn basic(scanner: &mut Scanner<'_, '_>, at: usize) {
    let start = at + Fixed::Basic.needle().len();
    let end = scanner.base64_end(start);
    if scanner.is_boundary(at) && is_basic(&scanner.text[start..end]) {
        found(scanner, "a Basic authorization header", start, end);
    }
}

fn bearer(scanner: &mut Scanner<'_, '_>, at: usize) {
    let start = at + Fixed::Bearer.needle().len();
    let length = run(near(scanner.bytes(), start), |byte| {
        is_base64(byte) || matches!(byte, b'.' | b'~')
    });
    let text = &scanner.text[start..start + length];
    let has_digits = text.bytes().filter(u8::is_ascii_digit).count() >= 2;
    if scanner.is_boundary(at)
        && text.len() >= 16
        && (is_random(text, 16) || has_digits && is_drawn(text))
    {
        found(
            scanner,
            "a Bearer authorization header",
            start,
            start + length,
        );
    }
}

fn otpauth(scanner: &mut Scanner<'_, '_>, at: usize) {
    let bytes = scanner.bytes();
    let line = run(near(bytes, at), |byte| {
        !byte.is_ascii_whitespace() && byte != b'"'
    });
    let Some(offset) = find(&bytes[at..at + line], b"secret=") else {
        return;
    };
    let start = at + offset + "secret=".len();
    let length = run(near(bytes, start), |byte| byte.is_ascii_alphanumeric());
    if length >= 16 {
        found(
            scanner,
            "the seed of one-time passwords",
            start,
            start + length,
        );
    }
}

/// `123456789:AA…`: the id and the secret of a Telegram bot.
fn telegram(scanner: &mut Scanner<'_, '_>, at: usize) {
    let bytes = scanner.bytes();
    let id = bytes[..at]
        .iter()
        .rev()
        .take(12)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let length = run(near(bytes, at + 1), |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
    });
    let text = &scanner.text[at + 1..at + 1 + length];
    if (8..=10).contains(&id)
        && text.starts_with("AA")
        && (33..=36).contains(&length)
        && is_drawn(text)
    {
        found(scanner, "a Telegram bot token", at - id, at + 1 + length);
    }
}

/// `MTA….x….y…`: three parts of fixed lengths, the first of which is base64 of the bot's id.
pub(super) fn discord_bot(scanner: &mut Scanner<'_, '_>) {
    let text = scanner.text;
    if !(50..=90).contains(&text.len()) || !matches!(text.as_bytes()[0], b'M' | b'N' | b'O') {
        return;
    }
    let mut parts = text.split('.');
    let (Some(id), Some(time), Some(mac), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return;
    };
    let is_word = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    let is_id = || {
        Decoded::of(id.as_bytes())
            .is_some_and(|decoded| decoded.bytes().iter().all(u8::is_ascii_digit))
    };
    if (23..=28).contains(&id.len())
        && (6..=7).contains(&time.len())
        && (27..=40).contains(&mac.len())
        && is_word(time)
        && is_word(mac)
        && is_id()
    {
        found(scanner, "a Discord bot token", 0, text.len());
    }
}
