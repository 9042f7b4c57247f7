//! What the cases are drawn from: letters, words, names, passwords of people and of machines.

/// A stream of choices that a seed decides.
pub(crate) struct Draw(u64);

pub(crate) const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
pub(crate) const DIGITS: &str = "0123456789";
pub(crate) const HEX: &str = "0123456789abcdef";
pub(crate) const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
pub(crate) const WORD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
pub(crate) const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const APPS: &[&str] = &[
    "romm",
    "mealie",
    "immich",
    "paperless",
    "sonarr",
    "radarr",
    "jellyfin",
    "grafana",
    "gatus",
    "vaultwarden",
    "nextcloud",
    "authelia",
    "authentik",
    "miniflux",
    "forgejo",
    "n8n",
    "linkding",
    "zigbee2mqtt",
    "frigate",
    "home-assistant",
    "outline",
    "searxng",
    "qbittorrent",
    "atuin",
];
const NOUNS: &[&str] = &[
    "tiger",
    "lamp",
    "river",
    "copper",
    "winter",
    "summer",
    "banana",
    "rocket",
    "garden",
    "pepper",
    "wizard",
    "hammer",
    "sailor",
    "cactus",
    "magnet",
    "violin",
    "coffee",
    "dragonfly",
    "marble",
];

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        let mut draw = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03);
        draw.next();
        draw.next();
        draw
    }

    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or(0) % limit
    }

    pub(crate) fn between(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to - from + 1)
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    pub(crate) fn text(&mut self, alphabet: &str, length: usize) -> String {
        let letters = alphabet.as_bytes();
        (0..length)
            .map(|_| letters[self.below(letters.len())] as char)
            .collect()
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length)
            .map(|_| u8::try_from(self.below(256)).unwrap_or(0))
            .collect()
    }

    pub(crate) fn app(&mut self) -> &'static str {
        self.pick(APPS)
    }

    pub(crate) fn noun(&mut self) -> &'static str {
        self.pick(NOUNS)
    }

    pub(crate) fn host(&mut self) -> String {
        let app = self.app();
        match self.below(4) {
            0 => format!(
                "{app}.{}.svc.cluster.local",
                self.pick(&["media", "databases", "default"])
            ),
            1 => format!("{app}-rw"),
            2 => format!("10.0.{}.{}", self.below(256), self.below(256)),
            _ => format!("{app}.example.org"),
        }
    }

    /// A password as a person makes one.
    pub(crate) fn human(&mut self) -> String {
        let (first, second) = (self.noun(), self.noun());
        let number = self.between(10, 9999);
        let big = |word: &str| word[..1].to_uppercase() + &word[1..];
        match self.below(6) {
            0 => format!("{}{number}!", big(first)),
            1 => format!("{first}-{second}-{number}"),
            2 => format!("{}{}{number}", big(first), big(second)),
            3 => format!("{}@{}#{number}", first.replace('a', "4"), big(second)),
            4 => format!("My{}Likes{}!", big(first), big(second)),
            _ => format!("{first}_{second}{number}$"),
        }
    }

    /// A password as a generator makes one.
    pub(crate) fn machine(&mut self) -> String {
        let length = self.between(12, 48);
        match self.below(5) {
            0 => self.text(HEX, length.max(20)),
            1 => self.text(&(ALNUM.to_owned() + "!@%^*+=.~"), length),
            2 => {
                let bytes = self.bytes(length);
                base64(&bytes)
            }
            3 => self.text(&(LOWER.to_owned() + DIGITS), length),
            _ => self.text(ALNUM, length),
        }
    }

    /// A password of either kind.
    pub(crate) fn password(&mut self) -> String {
        if self.chance(40) {
            self.human()
        } else {
            self.machine()
        }
    }

    pub(crate) fn uuid(&mut self) -> String {
        format!(
            "{}-{}-4{}-a{}-{}",
            self.text(HEX, 8),
            self.text(HEX, 4),
            self.text(HEX, 3),
            self.text(HEX, 3),
            self.text(HEX, 12)
        )
    }

    /// A PEM of that label, with lines of base64.
    pub(crate) fn pem(&mut self, label: &str) -> String {
        let lines: Vec<_> = (0..self.between(3, 20))
            .map(|_| {
                let bytes = self.bytes(48);
                base64(&bytes)
            })
            .collect();
        format!(
            "-----{} {label}-----\n{}\n-----{} {label}-----\n",
            "BEGIN",
            lines.join("\n"),
            "END"
        )
    }

    pub(crate) fn jwt(&mut self) -> String {
        let header = base64(br#"{"alg":"HS256","typ":"JWT"}"#);
        let id = self.text(HEX, 24);
        let claims = base64(format!(r#"{{"sub":"{id}","iat":1700000000}}"#).as_bytes());
        let plain = |text: &str| {
            text.trim_end_matches('=')
                .replace('+', "-")
                .replace('/', "_")
        };
        format!(
            "{}.{}.{}",
            plain(&header),
            plain(&claims),
            self.text(WORD, 43)
        )
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let all = [
            chunk[0],
            *chunk.get(1).unwrap_or(&0),
            *chunk.get(2).unwrap_or(&0),
        ];
        let bits = u32::from(all[0]) << 16 | u32::from(all[1]) << 8 | u32::from(all[2]);
        for place in 0..4 {
            if place <= chunk.len() {
                text.push(BASE64[(bits >> (18 - 6 * place) & 63) as usize] as char);
            } else {
                text.push('=');
            }
        }
    }
    text
}
