//! What `certs inspect` found, for people and for programs: certificates, keys that are only named, problems.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;

use crate::certs::{Details, PublicKeyOf, State};

/// Texts that may hold certificates and keys.
pub(super) struct Sources {
    now: Timestamp,
    read: Vec<Source>,
    notes: Vec<Note>,
}

struct Source {
    name: String,
    certificates: Vec<Details>,
    keys: Vec<PublicKeyOf>,
}

/// What was found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    certificates: Vec<Certificate>,
    keys: Vec<Key>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Note>,
    /// What is wrong, a sentence each.
    pub(super) problems: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    source: String,
    #[serde(flatten)]
    details: Details,
    state: State,
    days_left: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    source: String,
    /// The source of its certificate.
    belongs_to: Option<String>,
}

/// The time until which previous CAs are trusted.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Note {
    source: String,
    trusted_until: String,
}

impl Sources {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            now,
            read: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a PEM text.
    ///
    /// # Errors
    /// When a certificate or key in it is broken, or there is neither.
    pub(super) fn add_pem(&mut self, name: String, pem: &[u8]) -> anyhow::Result<()> {
        let certificates = Details::from_pem(pem).with_context(|| name.clone())?;
        let keys = PublicKeyOf::all(pem).with_context(|| name.clone())?;
        anyhow::ensure!(
            !certificates.is_empty() || !keys.is_empty(),
            "{name} holds no certificate; give PEM files with `BEGIN CERTIFICATE`"
        );
        self.read.push(Source {
            name,
            certificates,
            keys,
        });
        Ok(())
    }

    /// Adds certificates as a server shows them.
    ///
    /// # Errors
    /// When one is broken.
    pub(super) fn add_der<'a>(
        &mut self,
        name: &str,
        certificates: impl IntoIterator<Item = &'a [u8]>,
    ) -> anyhow::Result<()> {
        let certificates = certificates
            .into_iter()
            .map(|der| {
                Details::from_der(der)
                    .with_context(|| format!("{name} shows a certificate that cannot be read"))
            })
            .collect::<anyhow::Result<_>>()?;
        self.read.push(Source {
            name: name.to_owned(),
            certificates,
            keys: Vec::new(),
        });
        Ok(())
    }

    /// Adds the time until which previous CAs are trusted.
    pub(super) fn note(&mut self, source: String, until: &str) {
        self.notes.push(Note {
            source,
            trusted_until: until.trim().to_owned(),
        });
    }

    /// The first certificate of all.
    pub(super) fn first(&self) -> Option<&Details> {
        self.read
            .iter()
            .find_map(|source| source.certificates.first())
    }

    /// Judges them all.
    pub(super) fn judge(mut self) -> Shown {
        let mut shown = Shown {
            certificates: Vec::new(),
            keys: Vec::new(),
            notes: std::mem::take(&mut self.notes),
            problems: Vec::new(),
        };
        for source in &self.read {
            for key in &source.keys {
                let belongs_to = self.certificate_of(source, key).map(str::to_owned);
                if belongs_to.is_none() {
                    shown.problems.push(format!(
                        "the key in {} belongs to no certificate that is shown here; give the two of one pair",
                        source.name
                    ));
                }
                shown.keys.push(Key {
                    source: source.name.clone(),
                    belongs_to,
                });
            }
        }
        for source in self.read {
            for details in source.certificates {
                let state = details.state(self.now);
                match state {
                    State::Valid => {}
                    State::Expired => shown.problems.push(format!(
                        "{}: {} held until {}; renew it",
                        source.name, details.subject, details.not_after
                    )),
                    State::NotYetValid => shown.problems.push(format!(
                        "{}: {} holds from {} only; wait, or set the clock",
                        source.name, details.subject, details.not_before
                    )),
                }
                shown.certificates.push(Certificate {
                    source: source.name.clone(),
                    days_left: details.days_left(self.now),
                    details,
                    state,
                });
            }
        }
        shown
    }

    /// The source of the key's certificate: `tls.key` must be that of the first in `tls.crt`, where that is shown; any
    /// other key that of any.
    fn certificate_of(&self, of: &Source, key: &PublicKeyOf) -> Option<&str> {
        let stem = |source: &Source| Path::new(&source.name).with_extension("");
        let is_beside = |other: &&Source| {
            !std::ptr::eq(*other, of) && !other.certificates.is_empty() && stem(other) == stem(of)
        };
        if let Some(beside) = self.read.iter().find(is_beside) {
            let first = beside.certificates.first()?;
            return first.is_of(key).then_some(&*beside.name);
        }
        let mut certificates = self.read.iter().flat_map(|source| {
            let certificates = source.certificates.iter();
            certificates.map(|certificate| (&*source.name, certificate))
        });
        certificates
            .find(|(_, certificate)| certificate.is_of(key))
            .map(|(name, _)| name)
    }
}

impl Shown {
    /// For people.
    pub(super) fn human(&self) -> String {
        let mut text = String::new();
        for certificate in &self.certificates {
            text.push_str(&certificate.human());
        }
        for key in &self.keys {
            let belongs = match &key.belongs_to {
                Some(source) => format!("belongs to the certificate in {source}"),
                None => "belongs to no certificate here".to_owned(),
            };
            block(&mut text, &key.source, &[("Key", belongs)]);
        }
        for note in &self.notes {
            block(
                &mut text,
                &note.source,
                &[("Until", note.trusted_until.clone())],
            );
        }
        text
    }
}

impl Certificate {
    fn human(&self) -> String {
        let details = &self.details;
        let (from, until) = (details.not_before, details.not_after);
        let left = match self.state {
            State::Valid => format!("{} days left", self.days_left),
            State::Expired => "expired".to_owned(),
            State::NotYetValid => "not yet valid".to_owned(),
        };
        let mut lines = vec![
            ("Subject", details.subject.clone()),
            ("Issuer", details.issuer.clone()),
        ];
        if !details.names.is_empty() {
            lines.push(("Names", details.names.join(", ")));
        }
        lines.extend([
            ("Valid", format!("{from} to {until} ({left})")),
            ("SHA-256", details.sha256.clone()),
            ("Key", details.key.clone()),
        ]);
        match &details.ca {
            None => lines.push(("CA", "no".to_owned())),
            Some(ca) => {
                let below = match ca.path_length {
                    Some(0) => "yes, with no CA below it".to_owned(),
                    Some(below) => format!("yes, with {below} CAs below it at most"),
                    None => "yes".to_owned(),
                };
                lines.push(("CA", below));
                if !ca.permitted.is_empty() {
                    lines.push(("Only for", ca.permitted.join(", ")));
                }
                if !ca.excluded.is_empty() {
                    lines.push(("Never for", ca.excluded.join(", ")));
                }
            }
        }
        let mut text = String::new();
        block(&mut text, &self.source, &lines);
        text
    }
}

fn block(text: &mut String, source: &str, lines: &[(&str, String)]) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{source}");
    for (label, value) in lines {
        let _ = writeln!(text, "  {label:<10}{value}");
    }
}
