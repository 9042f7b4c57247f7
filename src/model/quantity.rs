//! Kubernetes' quantities, such as `64Mi`: read by its grammar, to be compared.

use std::str::FromStr;

/// An amount, in billionths of one: finer than that Kubernetes knows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i128);

/// A text that is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a quantity: write a number with a suffix such as Mi, Gi, M or G, without spaces")]
pub struct NotAQuantity;

const NANO: u128 = 1_000_000_000;
/// No amount is larger: Kubernetes caps there.
const MOST: u128 = i64::MAX as u128;
/// Digits behind the point that are kept; one more says whether anything follows.
const FRACTION: usize = 18;

impl Quantity {
    /// Whether it is more than nothing.
    #[must_use]
    pub fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Whether it is the largest amount that Kubernetes knows; what was written may be more.
    #[must_use]
    pub fn is_most(self) -> bool {
        self.0 == (MOST * NANO) as i128
    }

    /// Whether it is a whole number, as bytes must be.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.0 % NANO as i128 == 0
    }
}

impl FromStr for Quantity {
    type Err = NotAQuantity;

    fn from_str(text: &str) -> Result<Self, NotAQuantity> {
        let (is_negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let end = unsigned
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return Err(NotAQuantity);
        }
        let amount = scaled(&Digits::of(whole, fraction), unit(suffix)?);
        let amount = i128::try_from(amount).map_err(|_| NotAQuantity)?;
        Ok(Self(if is_negative { -amount } else { amount }))
    }
}

/// What a suffix multiplies by.
#[derive(Clone, Copy)]
enum Unit {
    Times(u128),
    PowerOfTen(i64),
}

fn unit(suffix: &str) -> Result<Unit, NotAQuantity> {
    Ok(match suffix {
        "" => Unit::Times(1),
        "Ki" => Unit::Times(1 << 10),
        "Mi" => Unit::Times(1 << 20),
        "Gi" => Unit::Times(1 << 30),
        "Ti" => Unit::Times(1 << 40),
        "Pi" => Unit::Times(1 << 50),
        "Ei" => Unit::Times(1 << 60),
        "n" => Unit::PowerOfTen(-9),
        "u" => Unit::PowerOfTen(-6),
        "m" => Unit::PowerOfTen(-3),
        "k" => Unit::PowerOfTen(3),
        "M" => Unit::PowerOfTen(6),
        "G" => Unit::PowerOfTen(9),
        "T" => Unit::PowerOfTen(12),
        "P" => Unit::PowerOfTen(15),
        "E" => Unit::PowerOfTen(18),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E']).ok_or(NotAQuantity)?;
            Unit::PowerOfTen(exponent.parse().map_err(|_| NotAQuantity)?)
        }
    })
}

/// The digits of a number: the whole part capped, the fraction to [`FRACTION`] places, rounded up.
struct Digits {
    whole: u128,
    fraction: u128,
}

impl Digits {
    fn of(whole: &str, fraction: &str) -> Self {
        let digit = |byte: u8| u128::from(byte - b'0');
        let capped = whole.bytes().fold(0_u128, |value, byte| {
            (value * 10 + digit(byte)).min(MOST + 1)
        });
        let mut kept = 0_u128;
        for place in 0..FRACTION {
            kept = kept * 10
                + fraction
                    .as_bytes()
                    .get(place)
                    .map_or(0, |byte| digit(*byte));
        }
        let rest = fraction.as_bytes().get(FRACTION..).unwrap_or_default();
        Self {
            whole: capped,
            fraction: kept + u128::from(rest.iter().any(|byte| *byte != b'0')),
        }
    }
}

/// The number times the unit, in billionths, rounded up and capped as Kubernetes does it.
fn scaled(digits: &Digits, unit: Unit) -> u128 {
    let is_zero = digits.whole == 0 && digits.fraction == 0;
    let factor = match unit {
        _ if is_zero => return 0,
        Unit::Times(factor) => factor,
        Unit::PowerOfTen(power) => match u32::try_from(power) {
            // 0.000000000000000001E18 and more is one or more; beyond that everything is capped.
            Ok(power) if power <= 36 => 10_u128.pow(power),
            Ok(_) => return MOST * NANO,
            Err(_) => {
                let nanos = digits.whole * NANO + digits.fraction.div_ceil(NANO);
                let divisor = u32::try_from(power.unsigned_abs())
                    .ok()
                    .and_then(|power| 10_u128.checked_pow(power));
                return divisor.map_or(1, |divisor| nanos.div_ceil(divisor)).max(1);
            }
        },
    };
    let most = MOST * NANO;
    let of_whole = digits
        .whole
        .checked_mul(factor)
        .and_then(|amount| amount.checked_mul(NANO));
    let of_fraction = digits
        .fraction
        .checked_mul(factor)
        .map(|amount| amount.div_ceil(NANO));
    match (of_whole, of_fraction) {
        (Some(whole), Some(fraction)) => whole.saturating_add(fraction).min(most),
        _ => most,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(text: &str) -> i128 {
        text.parse::<Quantity>()
            .unwrap_or_else(|_| panic!("{text} is a quantity"))
            .0
    }

    const ONE: i128 = 1_000_000_000;

    /// The cases of TestQuantityParse in Kubernetes' apimachinery, and some of our own.
    #[test]
    fn what_kubernetes_reads_is_read_alike() {
        for (text, expected) in [
            ("0", 0),
            ("0n", 0),
            ("0u", 0),
            ("0m", 0),
            ("0Ki", 0),
            ("0k", 0),
            ("0Mi", 0),
            ("0M", 0),
            ("0Gi", 0),
            ("0G", 0),
            ("0Ti", 0),
            ("0T", 0),
            ("00", 0),
            ("-0", 0),
            ("1n", 1),
            ("1u", 1000),
            ("1m", 1_000_000),
            ("1Ki", 1024 * ONE),
            ("8Ki", 8 * 1024 * ONE),
            ("7Mi", 7 * 1024 * 1024 * ONE),
            ("6Gi", 6 * 1024 * 1024 * 1024 * ONE),
            ("5Ti", 5 * 1024_i128.pow(4) * ONE),
            ("4Pi", 4 * 1024_i128.pow(5) * ONE),
            ("3Ei", 3 * 1024_i128.pow(6) * ONE),
            ("10", 10 * ONE),
            ("100m", ONE / 10),
            ("1k", 1000 * ONE),
            ("12G", 12 * 1_000_000_000 * ONE),
            ("1.2E", 1_200_000_000_000_000_000 * ONE),
            ("1e3", 1000 * ONE),
            ("1E3", 1000 * ONE),
            ("1e+3", 1000 * ONE),
            ("1E-3", ONE / 1000),
            ("-3e3", -3000 * ONE),
            ("12.5Gi", 13_421_772_800 * ONE),
            ("1.5Gi", 1_610_612_736 * ONE),
            ("0.5Ki", 512 * ONE),
            ("1.", ONE),
            (".5", ONE / 2),
            ("+4Mi", 4 * 1024 * 1024 * ONE),
            // Rounded up to the finest unit there is.
            ("0.1n", 1),
            ("1e-20", 1),
            ("0.0000000001", 1),
            ("0.00000000000000000000001", 1),
            // Capped.
            ("9223372036854775807", i64::MAX as i128 * ONE),
            ("9223372036854775808", i64::MAX as i128 * ONE),
            ("100E", i64::MAX as i128 * ONE),
            ("10Ei", i64::MAX as i128 * ONE),
            ("-100E", -(i64::MAX as i128) * ONE),
            ("1e400", i64::MAX as i128 * ONE),
            (
                "9999999999999999999999999999999999999999999",
                i64::MAX as i128 * ONE,
            ),
        ] {
            assert_eq!(nanos(text), expected, "{text}");
        }
    }

    #[test]
    fn what_kubernetes_refuses_is_refused() {
        for text in [
            "", "1.1.M", "1+1.0M", "0.1mi", "0.1am", "aoeu", ".5i", "1i", "-3.01i", "-3.01e-",
            " 1", "1 ", " 1Mi", "1Mi ", "1 Mi", "64MB", "64mb", "64mi", "1e", "1ee3", "--1", "-",
            ".", "1K", "0x10", "1_000", "½",
        ] {
            assert_eq!(text.parse::<Quantity>(), Err(NotAQuantity), "{text}");
        }
    }

    #[test]
    fn amounts_are_compared_by_what_they_are() {
        let amount = |text: &str| text.parse::<Quantity>().expect("a quantity");
        assert_eq!(amount("1Gi"), amount("1024Mi"));
        assert!(amount("1G") < amount("1Gi"));
        assert!(amount("64Mi") < amount("0.1Gi"));
        assert!(!amount("0").is_positive() && !amount("-1").is_positive());
        assert!(amount("1n").is_positive());
        assert!(amount("8Ei").is_most() && amount("1e400").is_most() && !amount("7Ei").is_most());
        assert!(!amount("100m").is_whole() && amount("0.5Ki").is_whole());
    }
}
