//! The words of an answer: a denial with all its findings, and warnings within the API server's limits.

use serde_json::Value;

use super::text::{cut, harmless};
use crate::judge::{Note, Ruled, Verdict, shown};
use crate::model::Action;

/// Flux and etcd's events carry no more with comfort.
const MOST_BYTES: usize = 8 * 1024;
/// One finding alone must not push the others out.
const MOST_FINDING: usize = 1024;
/// The API server cuts a warning there.
const MOST_WARNING: usize = 256;
/// The API server drops what is beyond, over all warnings.
const MOST_WARNINGS: usize = 4096;
/// Room for the line that counts what was left out.
const RESERVE: usize = 32;

/// All findings that deny, each on its own line.
pub(super) fn denial(verdict: &Verdict, root: &Value) -> String {
    let denied: Vec<_> = verdict.with(Action::Deny).collect();
    let mut message = match origin(verdict, root) {
        Some(path) => format!("from {path}:\n"),
        None => String::new(),
    };
    for (index, ruled) in denied.iter().enumerate() {
        let line = line(ruled);
        let line = cut(&line, MOST_FINDING);
        if message.len() + line.len() + RESERVE > MOST_BYTES {
            message.push_str(&format!("and {} more", denied.len() - index));
            return message;
        }
        message.push_str(&line);
        if index + 1 < denied.len() {
            message.push('\n');
        }
    }
    message
}

/// The findings that warn, one warning each, as many as the API server passes on; behind them those that an exemption
/// makes quiet, so that nobody forgets them.
pub(super) fn warnings(verdict: &Verdict) -> Vec<String> {
    let is_exempt = |ruled: &&Ruled| matches!(ruled.note, Some(Note::Exempt { .. }));
    let exempt = verdict.with(Action::Audit).filter(is_exempt);
    let spoken: Vec<_> = verdict.with(Action::Warn).chain(exempt).collect();
    limited(spoken.len(), spoken.into_iter().map(line))
}

/// Warnings that no rule made, as many as the API server passes on.
pub(super) fn limited_to_harmless(warnings: &[String]) -> Vec<String> {
    limited(
        warnings.len(),
        warnings.iter().map(|warning| harmless(warning)),
    )
}

/// Lines are made as long as there is room: an author chooses how many findings there are.
fn limited(all: usize, lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut room = MOST_WARNINGS - RESERVE;
    for line in lines {
        let warning = cut(&line, MOST_WARNING);
        let length = warning.chars().count();
        if length > room {
            warnings.push(format!("and {} more", all - warnings.len()));
            break;
        }
        room -= length;
        warnings.push(warning.into_owned());
    }
    warnings
}

fn line(ruled: &Ruled) -> String {
    let finding = &ruled.finding;
    let mut line = format!(
        "{} at {}: {}",
        finding.rule,
        shown(&finding.pointer),
        finding.message
    );
    if let Some(note) = &ruled.note {
        line.push_str(&format!(" ({note})"));
    }
    if !finding.help.is_empty() {
        line.push_str("; ");
        line.push_str(&finding.help);
    }
    harmless(&line)
}

/// The file that the object comes from, where kustomize was told to say so. The author writes this
/// annotation, so it is quoted only when it is a plain path and holds nothing that a finding conceals.
fn origin(verdict: &Verdict, root: &Value) -> Option<String> {
    let annotation = root
        .get("metadata")?
        .get("annotations")?
        .get("config.kubernetes.io/origin")?
        .as_str()?;
    let path = annotation
        .lines()
        .find_map(|line| line.trim().strip_prefix("path:"))?
        .trim();
    let plain = path.len() <= 256
        && !path.is_empty()
        && path
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "/._-+@~".contains(character));
    let concealed = verdict.findings.iter().any(|ruled| {
        ruled.finding.conceals
            && ruled
                .finding
                .pointer
                .resolve(root)
                .is_none_or(|value| match value.as_str() {
                    Some(secret) => secret.is_empty() || annotation.contains(secret),
                    None => false,
                })
    });
    let elsewhere = verdict
        .elsewhere
        .iter()
        .any(|secret| annotation.contains(secret.value()));
    (plain && !concealed && !elsewhere).then(|| harmless(path))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Findings, Pointer};

    fn verdict(count: usize, action: Action, message: &str) -> Verdict {
        let mut findings = Findings::of("some-rule");
        for index in 0..count {
            let at = Pointer::root().join("spec").join(&index.to_string());
            findings.at_pointer(at, message).help("mend it");
        }
        let findings = findings
            .into_vec()
            .into_iter()
            .map(|finding| Ruled {
                finding,
                action,
                note: None,
            })
            .collect();
        Verdict {
            findings,
            ..Verdict::default()
        }
    }

    #[test]
    fn a_denial_has_a_line_for_each_finding() {
        let message = denial(&verdict(2, Action::Deny, "this is\nwrong"), &Value::Null);
        assert_eq!(
            message,
            "some-rule at /spec/0: this is wrong; mend it\nsome-rule at /spec/1: this is wrong; mend it"
        );
    }

    #[test]
    fn the_origin_is_named_when_it_is_a_path() {
        let root = |origin: &str| json!({"metadata": {"annotations": {"config.kubernetes.io/origin": origin}}});
        let verdict = verdict(1, Action::Deny, "wrong");
        let message = denial(&verdict, &root("path: apps/games/romm/helmrelease.yaml\n"));
        assert!(message.starts_with("from apps/games/romm/helmrelease.yaml:\n"));
        for bad in ["path: a b", "path:", "x", "path: \u{1b}[31m"] {
            assert!(
                denial(&verdict, &root(bad)).starts_with("some-rule"),
                "{bad}"
            );
        }
    }

    #[test]
    fn an_origin_that_repeats_a_concealed_value_is_not_quoted() {
        let root = json!({"secret": "Lantern-Quarry",
            "metadata": {"annotations": {"config.kubernetes.io/origin": "path: x/Lantern-Quarry.yaml"}}});
        let mut verdict = verdict(1, Action::Deny, "wrong");
        verdict.findings[0].finding.pointer = Pointer::root().join("secret");
        verdict.findings[0].finding.conceals = true;
        assert!(!denial(&verdict, &root).contains("Lantern"));
    }

    #[test]
    fn long_denials_are_cut_and_counted() {
        let message = denial(
            &verdict(200, Action::Deny, &"word ".repeat(40)),
            &Value::Null,
        );
        assert!(message.len() <= 8192);
        let listed = message.lines().count() - 1;
        assert!(message.ends_with(&format!("\nand {} more", 200 - listed)));
        let one = denial(&verdict(1, Action::Deny, &"ü".repeat(9000)), &Value::Null);
        assert!(one.len() <= 8192 && one.contains('…'));
    }

    #[test]
    fn warnings_keep_both_limits() {
        let warnings = warnings(&verdict(60, Action::Warn, &"long words ".repeat(40)));
        assert!(warnings.iter().all(|text| text.chars().count() <= 256));
        let total: usize = warnings.iter().map(|text| text.chars().count()).sum();
        assert!(total <= 4096);
        let listed = warnings.len() - 1;
        assert_eq!(
            warnings.last().map(String::as_str),
            Some(format!("and {} more", 60 - listed).as_str())
        );
        assert!(warnings[0].ends_with("words…") || warnings[0].ends_with("long…"));
    }
}
