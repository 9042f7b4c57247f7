//! What a certificate holds for: DNS names and addresses, checked and without duplicates.

use std::net::IpAddr;

use rustls::pki_types::DnsName;

use super::CertsError;

/// DNS names and addresses, at least one of them.
pub(super) struct Names {
    pub(super) dns: Vec<String>,
    pub(super) addresses: Vec<IpAddr>,
}

impl Names {
    /// Reads names as people give them.
    pub(super) fn read(names: &[String]) -> Result<Self, CertsError> {
        let mut read = Self {
            dns: Vec::new(),
            addresses: Vec::new(),
        };
        for name in names {
            if let Ok(address) = name.parse::<IpAddr>() {
                let address = address.to_canonical();
                if !read.addresses.contains(&address) {
                    read.addresses.push(address);
                }
                continue;
            }
            let lower = name.to_ascii_lowercase();
            // Clients strip the last dot before they compare.
            if DnsName::try_from(lower.as_str()).is_err() || lower.ends_with('.') {
                return Err(CertsError::Name(name.clone()));
            }
            if !read.dns.contains(&lower) {
                read.dns.push(lower);
            }
        }
        if read.dns.is_empty() && read.addresses.is_empty() {
            return Err(CertsError::NoNames);
        }
        Ok(read)
    }
}

/// The bytes of an address, as certificates have them.
pub(super) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(names: &[&str]) -> Result<Names, CertsError> {
        Names::read(
            &names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn names_and_addresses_are_told_apart_and_kept_once() {
        let names = read(&["A.svc", "a.svc", "::ffff:10.0.0.1", "10.0.0.1", "::1"]).expect("names");
        assert_eq!(names.dns, ["a.svc"]);
        let addresses: Vec<String> = names.addresses.iter().map(IpAddr::to_string).collect();
        assert_eq!(addresses, ["10.0.0.1", "::1"]);
    }

    #[test]
    fn what_no_client_asks_for_is_refused() {
        for wrong in [
            "",
            "*.svc",
            "a.svc.",
            "a b",
            "a..b",
            "-a",
            "10.0.0.1/32",
            "https://a",
            "a:443",
            "ä",
        ] {
            assert!(
                matches!(read(&[wrong]), Err(CertsError::Name(_))),
                "{wrong}"
            );
        }
        assert!(matches!(read(&[]), Err(CertsError::NoNames)));
    }
}
