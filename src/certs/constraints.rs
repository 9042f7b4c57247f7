//! The names that a CA may sign for, as its certificate says and as clients hold it to it.

use std::net::IpAddr;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, GeneralSubtree};

use super::names::{Names, octets};

/// The name constraints of a CA. A kind of name without a permitted subtree is permitted.
#[derive(Default)]
pub(super) struct Constraints {
    permitted: Subtrees,
    excluded: Subtrees,
    /// A subtree of another kind that clients may refuse everything for, as rustls does.
    others: bool,
}

#[derive(Default)]
struct Subtrees {
    dns: Vec<String>,
    addresses: Vec<Network>,
}

/// An address and a mask of the same length, as the certificate has them.
struct Network {
    address: Vec<u8>,
    mask: Vec<u8>,
}

impl Constraints {
    /// Reads the constraints of a certificate; `None` where they cannot be read.
    pub(super) fn read(certificate: &X509Certificate<'_>) -> Option<Self> {
        let mut read = Self::default();
        let Some(extension) = certificate.name_constraints().ok()? else {
            return Some(read);
        };
        let Self {
            permitted,
            excluded,
            others,
        } = &mut read;
        for (list, subtrees) in [
            (&extension.value.permitted_subtrees, permitted),
            (&extension.value.excluded_subtrees, excluded),
        ] {
            for subtree in list.iter().flatten() {
                *others |= !subtrees.add(subtree)?;
            }
        }
        Some(read)
    }

    /// The single names and addresses that the CA is confined to.
    pub(super) fn names(&self) -> Vec<String> {
        let addresses = self.permitted.addresses.iter().filter_map(Network::single);
        let mut names = self.permitted.dns.clone();
        names.extend(addresses.map(|address| address.to_string()));
        names
    }

    /// The first of the names that the CA may not sign for.
    pub(super) fn refused(&self, names: &Names) -> Option<String> {
        let dns = names.dns.iter().find(|name| {
            self.others
                || !(self.permitted.dns.is_empty() || self.permitted.has_name(name))
                || self.excluded.has_name(name)
        });
        let address = names.addresses.iter().find(|&&address| {
            self.others
                || !(self.permitted.addresses.is_empty() || self.permitted.has_address(address))
                || self.excluded.has_address(address)
        });
        dns.cloned().or_else(|| address.map(IpAddr::to_string))
    }
}

impl Network {
    /// The one address that it is, where it is one.
    fn single(&self) -> Option<IpAddr> {
        let octets = self
            .mask
            .iter()
            .all(|&byte| byte == u8::MAX)
            .then_some(&*self.address)?;
        let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
        v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
            .ok()
    }
}

impl Subtrees {
    /// Adds a subtree; false where it is of another kind, `None` where it cannot be read.
    fn add(&mut self, subtree: &GeneralSubtree<'_>) -> Option<bool> {
        match &subtree.base {
            GeneralName::DNSName(name) => self.dns.push(name.to_ascii_lowercase()),
            GeneralName::IPAddress(bytes) if matches!(bytes.len(), 8 | 32) => {
                let (address, mask) = bytes.split_at(bytes.len() / 2);
                self.addresses.push(Network {
                    address: address.to_owned(),
                    mask: mask.to_owned(),
                });
            }
            GeneralName::IPAddress(_) | GeneralName::Invalid(..) => return None,
            // A serving certificate holds no such name.
            GeneralName::RFC822Name(_)
            | GeneralName::OtherName(..)
            | GeneralName::RegisteredID(_)
            | GeneralName::URI(_)
            | GeneralName::X400Address(_)
            | GeneralName::EDIPartyName(_) => {}
            GeneralName::DirectoryName(_) => return Some(false),
        }
        Some(true)
    }

    fn has_name(&self, name: &str) -> bool {
        self.dns
            .iter()
            .any(|base| match name.strip_suffix(base.as_str()) {
                Some(before) => {
                    before.is_empty()
                        || base.is_empty()
                        || base.starts_with('.')
                        || before.ends_with('.')
                }
                None => false,
            })
    }

    fn has_address(&self, address: IpAddr) -> bool {
        let octets = octets(address);
        self.addresses.iter().any(|network| {
            network.address.len() == octets.len()
                && (network.address.iter().zip(&network.mask).zip(&octets))
                    .all(|((base, mask), octet)| base & mask == octet & mask)
        })
    }
}
