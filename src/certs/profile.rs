//! The profiles: what a CA and a serving certificate of ours look like, and how long they hold.

use std::net::IpAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::time::ASN1Time;

use super::CertsError;
use super::names::Names;

/// How long a CA holds: ten years.
pub(super) const CA_VALIDITY: SignedDuration = SignedDuration::from_hours(3652 * 24);
/// How long a serving certificate holds: 90 days.
pub(super) const SERVING_VALIDITY: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Clocks differ; a certificate holds at once for those that are behind by less than this.
const BEHIND: SignedDuration = SignedDuration::from_hours(1);

/// From when and until when a certificate holds, in whole seconds as certificates have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

impl Validity {
    /// What is made `now` and holds so `long`.
    pub(super) fn of(now: Timestamp, long: SignedDuration) -> Result<Self, CertsError> {
        let clock = || CertsError::Clock(now);
        let not_before = now.as_second().saturating_sub(BEHIND.as_secs());
        let not_after = not_before.saturating_add(long.as_secs());
        if not_before < 0 || long.as_secs() <= 0 {
            return Err(clock());
        }
        Ok(Self {
            not_before: Timestamp::from_second(not_before).map_err(|_| clock())?,
            not_after: Timestamp::from_second(not_after).map_err(|_| clock())?,
        })
    }

    /// What a certificate says; `None` where no clock of ours gets there.
    pub(super) fn read(certificate: &X509Certificate<'_>) -> Option<Self> {
        let at = |time: ASN1Time| Timestamp::from_second(time.timestamp()).ok();
        let said = certificate.validity();
        Some(Self {
            not_before: at(said.not_before)?,
            not_after: at(said.not_after)?,
        })
    }

    /// Whether its time is over; the last second belongs to it.
    pub(super) fn is_over(self, now: Timestamp) -> bool {
        self.not_after.as_second() < now.as_second()
    }

    /// Whether it holds `now`.
    pub(super) fn holds(self, now: Timestamp) -> bool {
        self.not_before <= now && !self.is_over(now)
    }

    /// When it is to be renewed: at two thirds.
    pub(super) fn due(self) -> Timestamp {
        let (from, until) = (self.not_before.as_second(), self.not_after.as_second());
        let third = until.saturating_sub(from).max(0) / 3;
        Timestamp::from_second(until.saturating_sub(third)).unwrap_or(self.not_after)
    }

    fn write(self, params: &mut CertificateParams) {
        let at = |time: Timestamp| {
            // Never negative: `of` makes none such.
            let seconds = u64::try_from(time.as_second()).unwrap_or_default();
            date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
        };
        params.not_before = at(self.not_before);
        params.not_after = at(self.not_after);
    }
}

/// A CA that may sign for `names` only.
pub(super) fn ca(names: &Names, validity: Validity) -> CertificateParams {
    let mut params = common("Lockkeeper CA", validity);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(constraints(names));
    params
}

/// What a server under `names` shows.
pub(super) fn serving(names: Names, validity: Validity) -> Result<CertificateParams, CertsError> {
    let addresses = names.addresses.iter().map(IpAddr::to_string);
    let subjects: Vec<String> = names.dns.into_iter().chain(addresses).collect();
    let mut params = common("lockkeeper", validity);
    params.subject_alt_names = CertificateParams::new(subjects)?.subject_alt_names;
    // Writes the subject key identifier besides.
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn common(name: &str, validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    validity.write(&mut params);
    params
}

/// Permitted are the names and addresses; a kind that has none is excluded whole, as what is not
/// mentioned is permitted.
fn constraints(names: &Names) -> NameConstraints {
    let dns = names.dns.iter().cloned().map(GeneralSubtree::DnsName);
    let addresses = names.addresses.iter().map(|&address| {
        let all = if address.is_ipv4() { 32 } else { 128 };
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, all))
    });
    let mut excluded = Vec::new();
    if names.dns.is_empty() {
        excluded.push(GeneralSubtree::DnsName(String::new()));
    }
    if names.addresses.is_empty() {
        excluded.push(GeneralSubtree::IpAddress(CidrSubnet::V4([0; 4], [0; 4])));
        excluded.push(GeneralSubtree::IpAddress(CidrSubnet::V6([0; 16], [0; 16])));
    }
    NameConstraints {
        permitted_subtrees: dns.chain(addresses).collect(),
        excluded_subtrees: excluded,
    }
}
