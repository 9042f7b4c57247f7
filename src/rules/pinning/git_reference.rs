//! Which commit a GitRepository's `spec.ref` follows, by Flux's precedence.

use serde_json::Value;

use super::Level;
use super::version::is_exact;
use crate::model::tag::shown;
use crate::model::template::is_open;

/// What is wrong with a `ref`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// What is followed can move.
    Moves(String),
    /// A placeholder was not filled.
    Open(&'static str),
}

/// What is wrong with the `ref` of a GitRepository's spec; `None` where it is as firm as the policy wants.
pub(super) fn problem(spec: Option<&Value>, require: Level) -> Option<Problem> {
    let reference = spec.and_then(|spec| spec.get("ref"));
    let text = |key: &str| {
        let value = reference?.get(key)?;
        (!value.is_null() && value.as_str() != Some("")).then_some(value)
    };
    // The order is Flux's: the first that is set decides.
    let keys = ["commit", "name", "semver", "tag", "branch"];
    let Some((key, value)) = keys.iter().find_map(|key| Some((*key, text(key)?))) else {
        return Some(Problem::Moves(
            "it names no commit and no tag, so Flux follows the branch `master`".to_owned(),
        ));
    };
    if value.as_str().is_some_and(is_open) {
        return Some(Problem::Open(key));
    }
    let is_one_version = key == "semver" && value.as_str().is_some_and(is_exact);
    if key == "commit" || (require == Level::Tag && (key == "tag" || is_one_version)) {
        return None;
    }
    if require == Level::Digest {
        return Some(Problem::Moves(
            "the policy wants a digest, and `spec.ref.commit` is not set".to_owned(),
        ));
    }
    let (what, why) = match key {
        "semver" => ("semver", "is a range"),
        "name" => ("the reference", "moves"),
        _ => ("the branch", "moves"),
    };
    Some(Problem::Moves(format!(
        "{what} `{}` {why}: what is installed can change without a change of this object",
        shown(value)
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_that_is_set_decides() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for (reference, at_tag, at_digest) in [
            (json!({"commit": commit, "branch": "main"}), "", ""),
            (json!({"tag": "v1.2.3"}), "", "moves"),
            (json!({"tag": "v1.2.3", "branch": "main"}), "", "moves"),
            (json!({"semver": "1.2.3", "tag": "v1"}), "", "moves"),
            (json!({"semver": "1.x", "tag": "v1.2.3"}), "moves", "moves"),
            (
                json!({"name": "refs/heads/main", "tag": "v1.2.3"}),
                "moves",
                "moves",
            ),
            (json!({"name": "refs/heads/main", "commit": commit}), "", ""),
            (json!({"branch": "main"}), "moves", "moves"),
            (json!({"tag": "", "commit": null}), "moves", "moves"),
            (json!({}), "moves", "moves"),
            (Value::Null, "moves", "moves"),
            (json!({"tag": "${TAG}"}), "open", "open"),
        ] {
            let spec = json!({"url": "https://git.example/a", "ref": reference});
            for (level, expected) in [(Level::Tag, at_tag), (Level::Digest, at_digest)] {
                let found = match problem(Some(&spec), level) {
                    None => "",
                    Some(Problem::Moves(_)) => "moves",
                    Some(Problem::Open(_)) => "open",
                };
                assert_eq!(found, expected, "{reference} at {level:?}");
            }
        }
        assert!(problem(None, Level::Tag).is_some());
    }
}
