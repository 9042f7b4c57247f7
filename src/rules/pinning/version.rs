//! What an exact version is, as Flux reads versions (Masterminds/semver).

/// Whether a chart's `version` is one exact version: three numeric parts, an optional `v` or `=`, a
/// pre-release and build allowed. Everything else is a range, which moves by itself.
#[must_use]
pub(crate) fn is_exact(version: &str) -> bool {
    let version = version.trim();
    let version = version.strip_prefix('=').unwrap_or(version).trim_start();
    let version = version.strip_prefix('v').unwrap_or(version);
    let (version, build) = split_once_or_none(version, '+');
    let (core, pre_release) = split_once_or_none(version, '-');
    let mut parts = core.split('.');
    let numeric = |part: Option<&str>| {
        part.is_some_and(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    numeric(parts.next())
        && numeric(parts.next())
        && numeric(parts.next())
        && parts.next().is_none()
        && pre_release.is_none_or(is_identifiers)
        && build.is_none_or(is_identifiers)
}

fn split_once_or_none(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn is_identifiers(text: &str) -> bool {
    text.split('.').all(|part| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::is_exact;

    #[test]
    fn exact_versions() {
        for version in [
            "1.2.3",
            "v1.2.3",
            "=1.2.3",
            "1.2.3-rc.1",
            "1.2.3+build.5",
            "1.2.3-a-b+c-d",
            " 4.0.1 ",
            "2024.01.05",
        ] {
            assert!(is_exact(version), "{version}");
        }
    }

    #[test]
    fn ranges() {
        for version in [
            "",
            "*",
            "1",
            "1.2",
            "1.2.x",
            "1.x.x",
            "^1.2.3",
            "~1.2.3",
            ">=1.2.3",
            ">1.0.0 <2.0.0",
            "1.2.3 || 1.2.4",
            "1.2.3 - 1.3.0",
            "!=1.2.3",
            "latest",
            "1.2.3-",
            "1.2.3+",
            "1.2.3.4",
            "1.2.3, 1.2.4",
        ] {
            assert!(!is_exact(version), "{version}");
        }
    }
}
