//! Whether text looks drawn at random, as a machine's secret does, or made of words, as a name does.

/// The surprise in bits of the second letter after the first, in words of English and of code:
/// rows are first letters, columns second ones. Counted over Rust crates and Kubernetes manifests.
const BIGRAMS: [&[u8; 26]; 26] = [
    b"74448759596353949343667768",
    b"35563688378277379445489969",
    b"38563793494478279463589969",
    b"46652667279576489547468869",
    b"47435568798453757235867589",
    b"46663379299477379455498959",
    b"47782754399464469347488979",
    b"27762798398666379464598968",
    b"56455559998452369543859795",
    b"36672977495997377748376979",
    b"47752677398576469636477968",
    b"38752789298377379955579949",
    b"25762889399657439757499989",
    b"48443538486786479833668979",
    b"66458669696442549345455789",
    b"39773875498388349354589979",
    b"86856898679475957567176797",
    b"37552769396656379544568959",
    b"58473784396667448742497969",
    b"38672794299678479345597859",
    b"54455669599443749333899798",
    b"38691889299768479867899898",
    b"28763874398584389446897779",
    b"46353585399757629763678459",
    b"45564667497443439634766876",
    b"36861678398767477769687865",
];

/// Costs in bits of what is no letter after a letter. A name is cheap per byte, a random string dear.
mod cost {
    pub(super) const FIRST_LETTER: u32 = 4;
    pub(super) const HUMP: u32 = 6;
    pub(super) const DIGIT_AFTER_LETTER: u32 = 6;
    pub(super) const LETTER_AFTER_DIGIT: u32 = 7;
    pub(super) const DIGIT_AFTER_DIGIT: u32 = 2;
    pub(super) const FIRST_DIGIT: u32 = 3;
    pub(super) const JOINT: u32 = 2;
    pub(super) const MARK: u32 = 6;
}

#[derive(Clone, Copy, PartialEq)]
enum Last {
    Start,
    Small(u8),
    Big(u8, bool),
    Digit,
}

/// The surprise of `text` in bits.
fn surprise(text: &[u8]) -> u32 {
    let mut bits = 0;
    let mut last = Last::Start;
    for &byte in text {
        let lower = byte.to_ascii_lowercase().wrapping_sub(b'a');
        let (cost, now) = match byte {
            b'a'..=b'z' => {
                let cost = match last {
                    Last::Small(before) | Last::Big(before, false) => pair(before, lower),
                    // Small letters after several big ones end a word as a hump begins one.
                    Last::Big(_, true) => cost::HUMP,
                    Last::Digit => cost::LETTER_AFTER_DIGIT,
                    Last::Start => cost::FIRST_LETTER,
                };
                (cost, Last::Small(lower))
            }
            b'A'..=b'Z' => match last {
                Last::Big(before, _) => (pair(before, lower), Last::Big(lower, true)),
                Last::Small(_) => (cost::HUMP, Last::Big(lower, false)),
                Last::Digit => (cost::LETTER_AFTER_DIGIT, Last::Big(lower, false)),
                Last::Start => (cost::FIRST_LETTER, Last::Big(lower, false)),
            },
            b'0'..=b'9' => {
                let cost = match last {
                    Last::Digit => cost::DIGIT_AFTER_DIGIT,
                    Last::Small(_) | Last::Big(..) => cost::DIGIT_AFTER_LETTER,
                    Last::Start => cost::FIRST_DIGIT,
                };
                (cost, Last::Digit)
            }
            b'-' | b'_' | b'.' | b'/' | b':' | b' ' | b',' => (cost::JOINT, Last::Start),
            _ => (cost::MARK, Last::Start),
        };
        bits += cost;
        last = now;
    }
    bits
}

fn pair(first: u8, second: u8) -> u32 {
    u32::from(BIGRAMS[first as usize][second as usize] - b'0')
}

/// Texts longer than this are judged by their first bytes: no secret needs more.
const ENOUGH: usize = 512;

/// Whether `text` is one word of at least `shortest` bytes that looks drawn at random.
pub(super) fn is_random(text: &str, shortest: usize) -> bool {
    let bytes = &text.as_bytes()[..text.len().min(ENOUGH)];
    if bytes.len() < shortest.max(8)
        || bytes.iter().any(u8::is_ascii_whitespace)
        || bytes.iter().all(|byte| !byte.is_ascii_alphanumeric())
    {
        return false;
    }
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_hex = bytes.iter().all(u8::is_ascii_hexdigit);
    if bytes.len() >= 32 && is_hex && digits < bytes.len() {
        return digits > 0 && !is_repetitive(bytes);
    }
    if digits * 10 > bytes.len() * 9 || is_repetitive(bytes) {
        return false;
    }
    if bytes.len() >= 16 && is_hex {
        return digits > 0;
    }
    // Tenths of a bit per byte, from what random strings and the values of real releases measure:
    // 1 of 200 random strings lies lower, and of real names only a few hold as much.
    let enough = match bytes.len() {
        0..12 => 50,
        12..16 => 48,
        16..24 => 47,
        _ => 46,
    };
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    surprise(bytes) * 10 >= enough * length
}

/// Whether `text`, the body of a known format, is drawn at random rather than a sample such as
/// `xxxxxxxx` or `your-token-here`. The prefix has said most already.
pub(super) fn is_drawn(text: &str) -> bool {
    let bytes = &text.as_bytes()[..text.len().min(ENOUGH)];
    let is_surprising = |part: &[u8]| {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        surprise(part) * 10 >= 40 * length || part.iter().all(u8::is_ascii_hexdigit)
    };
    !is_repetitive(bytes)
        && (is_surprising(bytes)
            // Slack's tokens are numbers with the secret behind them.
            || bytes
                .rsplit(|byte| matches!(byte, b'-' | b'/' | b'.'))
                .any(|part| part.len() >= 16 && is_surprising(part)))
}

/// Whether words make up much of `text`, as of `zigbee2mqtt-v2`: letters of one case that no generator
/// is likely to draw.
pub(super) fn has_words(text: &str) -> bool {
    let of_one_case = |left: &u8, right: &u8| {
        left.is_ascii_lowercase() && right.is_ascii_lowercase()
            || left.is_ascii_uppercase() && right.is_ascii_uppercase()
    };
    let is_word = |word: &&[u8]| {
        let length = u32::try_from(word.len()).unwrap_or(u32::MAX);
        length >= 5 && word[0].is_ascii_alphabetic() && surprise(word) * 10 <= 45 * length
    };
    let words = text.as_bytes().chunk_by(of_one_case).filter(is_word);
    words.map(<[u8]>::len).sum::<usize>() * 5 >= text.len() * 2
}

/// Whether few different bytes make the text, as in `xxxxxxxx` or `12341234`.
pub(super) fn is_repetitive(bytes: &[u8]) -> bool {
    let mut seen = [false; 256];
    let mut different = 0;
    for &byte in bytes {
        if !std::mem::replace(&mut seen[byte as usize], true) {
            different += 1;
        }
    }
    different < 5 || (bytes.len() >= 16 && different < 7)
}

/// Whether `text` is a UUID.
pub(super) fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters and digits as a xorshift draws them: nothing that looks like a leaked credential is in the source.
    fn drawn(seed: u64, length: usize, alphabet: &[u8]) -> String {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        (0..length)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                alphabet[(state >> 33) as usize % alphabet.len()] as char
            })
            .collect()
    }

    const ALNUM: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    #[test]
    fn random_strings_are_found() {
        for (alphabet, length) in [
            (&b"0123456789abcdef"[..], 32),
            (b"0123456789abcdef", 20),
            (ALNUM, 12),
            (ALNUM, 32),
            (b"abcdefghijklmnopqrstuvwxyz0123456789", 24),
            (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
        ] {
            let missed = (1..500)
                .filter(|&seed| !is_random(&drawn(seed, length, alphabet), 8))
                .count();
            assert!(missed < 12, "{missed} of 500 of length {length} missed");
        }
    }

    #[test]
    fn names_are_not_random() {
        for name in [
            "postgresql-credentials-v2",
            "preferred_username",
            "audiobookshelf.example.org",
            "RemovePodsViolatingTopologySpreadConstraint",
            "kubernetes.io/hostname",
            "persistent-volume-claim-01",
            "AGPL-3.0-or-later",
            "xxxxxxxxxxxxxxxxxxxxxxxx",
            "12345678901234567890",
            "2024-10-03T12:00:00Z",
            "a sentence with several words",
        ] {
            assert!(!is_random(name, 8), "{name}");
        }
    }

    #[test]
    fn words_are_seen_in_names_and_not_in_random_strings() {
        for name in [
            "zigbee2mqtt_v2",
            "ZIGBEE2MQTT_PASSWORD",
            "k8s-gateway-01",
            "oauth2proxy",
        ] {
            assert!(has_words(name), "{name}");
        }
        for alphabet in [ALNUM, b"abcdefghijklmnopqrstuvwxyz0123456789"] {
            let taken = (1..1000)
                .filter(|&seed| has_words(&drawn(seed, 24, alphabet)))
                .count();
            assert!(taken < 10, "{taken} of 1000");
        }
    }

    #[test]
    fn uuids_are_known() {
        assert!(is_uuid("00000000-0000-4000-8000-000000000000"));
        assert!(!is_uuid("00000000-0000-4000-8000-00000000000g"));
    }
}
