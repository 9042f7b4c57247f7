//! Passwords that anyone would try first: well-known words, the app's own name, short dictionary words.

use super::random::{is_random, is_repetitive};
use super::words::{LONGEST, Words};

/// What the release is called: nobody's secret, and everybody's first guess.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Names<'a> {
    names: [&'a str; 5],
}

impl<'a> Names<'a> {
    /// The release's, chart's and namespaces' names; empty ones are not compared.
    #[must_use]
    pub(super) fn of(names: [&'a str; 5]) -> Self {
        Self { names }
    }

    /// Whether `value` begins with one of the names and a hyphen, as names of a release's objects do.
    pub(super) fn begin(&self, value: &str) -> bool {
        self.names.iter().any(|name| {
            !name.is_empty()
                && value
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('-'))
        })
    }
}

/// A value in small letters, without marks and with letters in the place of look-alike digits.
struct Plain {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Plain {
    /// `None` when the value is too long to be a word.
    fn of(value: &str, read_digits_as_letters: bool) -> Option<Self> {
        let mut plain = Self {
            bytes: [0; LONGEST],
            len: 0,
        };
        for byte in value.bytes() {
            let byte = match byte {
                b'0' if read_digits_as_letters => b'o',
                b'1' | b'!' if read_digits_as_letters => b'i',
                b'3' if read_digits_as_letters => b'e',
                b'4' | b'@' if read_digits_as_letters => b'a',
                b'5' | b'$' if read_digits_as_letters => b's',
                b'7' if read_digits_as_letters => b't',
                byte if byte.is_ascii_alphanumeric() => byte.to_ascii_lowercase(),
                byte if byte.is_ascii() => continue,
                _ => return None,
            };
            if plain.len == LONGEST {
                return None;
            }
            plain.bytes[plain.len] = byte;
            plain.len += 1;
        }
        Some(plain)
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Without the digits at the end, as in `admin123`.
    fn stem(&self) -> &[u8] {
        let mut end = self.len;
        while end > 0 && self.bytes[end - 1].is_ascii_digit() {
            end -= 1;
        }
        if end == 0 {
            self.bytes()
        } else {
            &self.bytes[..end]
        }
    }
}

/// Whether `value`, under `key`, is a word that anyone would guess.
pub(super) fn is_weak(value: &str, key: &str, names: &Names<'_>) -> bool {
    let value = value.trim();
    let Some(plain) = Plain::of(value, false) else {
        return is_stand_in(value);
    };
    if plain.len == 0 {
        return false;
    }
    let stem = plain.stem();
    is_word(plain.bytes())
        || is_word(stem)
        || Plain::of(value, true).is_some_and(|leet| is_word(leet.bytes()) || is_word(leet.stem()))
        || is_name(stem, key, names)
        || is_name(plain.bytes(), key, names)
        || is_stand_in(value)
        || is_trivial(plain.bytes())
        || is_short_word(value, stem)
}

/// Whether `value` can only be a stand-in that somebody forgot to replace.
pub(super) fn is_stand_in(value: &str) -> bool {
    let Some(plain) = Plain::of(value, false) else {
        return false;
    };
    let text = plain.bytes();
    let has = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
    [
        &b"changeme"[..],
        b"changethis",
        b"replaceme",
        b"replacethis",
        b"replacewith",
        b"placeholder",
        b"yourpassword",
        b"yoursecret",
        b"yourtoken",
        b"yourapikey",
        b"yourkey",
        b"insertyour",
        b"fixme",
        b"supersecret",
        b"verysecret",
        b"topsecret",
        b"insecure",
        b"minioadmin",
        b"minio123",
    ]
    .iter()
    .any(|part| has(part))
        || text == b"changeit"
        || (text.starts_with(b"your")
            && (text.ends_with(b"here") || text.ends_with(b"key") || text.ends_with(b"token")))
}

fn is_name(stem: &[u8], key: &str, names: &Names<'_>) -> bool {
    let fits = |name: &str| {
        let Some(name) = Plain::of(name, false) else {
            return false;
        };
        let name = name.bytes();
        if name.len() < 3 {
            return false;
        }
        match stem.strip_prefix(name) {
            Some(b"") => true,
            // `rommpassword`, `romm-admin`.
            Some(rest) => is_word(rest),
            None => false,
        }
    };
    names.names.iter().any(|name| fits(name)) || Words::of(key).iter().any(fits)
}

/// One byte again and again, or a run of the keyboard or of digits.
fn is_trivial(text: &[u8]) -> bool {
    let steps = |step: i16| {
        text.windows(2)
            .all(|pair| i16::from(pair[1]) - i16::from(pair[0]) == step)
    };
    text.len() < 4
        || steps(0)
        || steps(1)
        || steps(-1)
        || (text.len() <= 8 && text.iter().all(u8::is_ascii_digit))
        || (text.len() >= 8 && is_repetitive(text) && text.iter().all(u8::is_ascii_alphanumeric))
}

/// One short word of small or big letters, perhaps with digits or marks at its end.
fn is_short_word(value: &str, stem: &[u8]) -> bool {
    let letters = value.trim_end_matches(|end: char| !end.is_ascii_alphabetic());
    let same_case = letters
        .bytes()
        .skip(1)
        .all(|byte| byte.is_ascii_lowercase())
        || letters.bytes().all(|byte| byte.is_ascii_uppercase());
    letters.len() == stem.len()
        && (3..=10).contains(&letters.len())
        && value.len() <= letters.len() + 4
        && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
        && same_case
        && !is_random(letters, 8)
}

#[rustfmt::skip]
fn is_word(text: &[u8]) -> bool {
    matches!(
        text,
        b"admin" | b"administrator" | b"adminadmin" | b"root" | b"toor" | b"user" | b"username"
        | b"password" | b"passwd" | b"pass" | b"pwd" | b"passw" | b"pw" | b"passphrase"
        | b"secret" | b"secretkey" | b"supersecret" | b"topsecret" | b"mysecret" | b"verysecret"
        | b"notsecret" | b"notasecret" | b"secretpassword" | b"secretpass"
        | b"supersecretpassword" | b"mypassword" | b"mypass" | b"thepassword" | b"nopassword"
        | b"changeme" | b"changeit" | b"change" | b"replace" | b"default" | b"defaultpassword"
        | b"test" | b"testing" | b"tester" | b"testpassword" | b"testpass" | b"demo" | b"example"
        | b"sample" | b"guest" | b"public" | b"private" | b"anonymous" | b"letmein" | b"welcome"
        | b"qwerty" | b"qwertyuiop" | b"qwertz" | b"asdf" | b"asdfgh" | b"asdfghjkl" | b"zxcvbn"
        | b"zxcvbnm" | b"abc" | b"abcd" | b"abcdef" | b"abcdefg" | b"abcdefgh" | b"iloveyou"
        | b"monkey" | b"dragon" | b"master" | b"login" | b"hello" | b"helloworld" | b"foobar"
        | b"foobarbaz" | b"foo" | b"bar" | b"baz" | b"fnord" | b"dummy" | b"temp" | b"temporary"
        | b"todo" | b"tbd" | b"placeholder" | b"insecure" | b"unsafe" | b"postgres"
        | b"postgresql" | b"mysql" | b"mariadb" | b"mongo" | b"mongodb" | b"redis" | b"rabbitmq"
        | b"minio" | b"minioadmin" | b"grafana" | b"prometheus" | b"elastic" | b"elasticsearch"
        | b"kibana" | b"influxdb" | b"homeassistant" | b"hass" | b"raspberry" | b"ubnt"
        | b"oracle" | b"superuser" | b"docker" | b"kubernetes" | b"local" | b"localhost"
        | b"hunter" | b"opensesame" | b"trustno" | b"sunshine" | b"princess" | b"football"
        | b"baseball" | b"shadow" | b"batman" | b"superman" | b"starwars" | b"whatever"
        | b"correcthorsebatterystaple" | b"passpass" | b"harbor" | b"keycloak" | b"nextcloud"
        | b"wordpress" | b"operator" | b"manager" | b"support" | b"service" | b"system"
        | b"database" | b"server" | b"token" | b"apikey" | b"key" | b"string" | b"security"
        | b"access" | b"internal" | b"backup" | b"monitor" | b"monitoring" | b"prom" | b"prompass"
        | b"promoperator" | b"adminpassword" | b"rootpassword" | b"userpassword" | b"dbpassword"
        | b"adminpass" | b"rootpass" | b"userpass" | b"dbpass"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessable_passwords_are_weak() {
        let names = Names::of(["romm", "app-template", "games", "", ""]);
        for (value, key) in [
            ("admin", "password"),
            ("Admin123", "password"),
            ("P@ssw0rd", "password"),
            ("change-me", "password"),
            ("CHANGEME", "password"),
            ("your-password-here", "password"),
            ("romm", "DB_PASSWORD"),
            ("romm-password", "DB_PASSWORD"),
            ("rommadmin1", "DB_PASSWORD"),
            ("mealie", "MEALIE_DB_PASSWORD"),
            ("12345678", "password"),
            ("abcdef", "password"),
            ("aaaaaaaaaa", "password"),
            ("fish", "password"),
            ("banana1!", "password"),
            ("prom-operator", "adminPassword"),
        ] {
            assert!(is_weak(value, key, &names), "{value}");
        }
    }

    #[test]
    fn passwords_of_people_and_machines_are_not_weak() {
        let names = Names::of(["romm", "", "", "", ""]);
        for value in [
            "Tr0ub4dor&3-kept",
            "correct horse battery",
            "k7Qp2mXv9Ls4",
            "9f86d081884c7d65",
            "MyDogEatsCheese",
        ] {
            assert!(!is_weak(value, "password", &names), "{value}");
        }
    }
}
