//! Names of new volumes: DNS labels, each its own in the pod.

/// The most characters of a volume's name.
const MOST: usize = 63;

/// A name for the volume of `container` at `path`, or of all containers, that `is_taken` does not hold.
pub(super) fn name(
    container: Option<&str>,
    path: &str,
    is_taken: &impl Fn(&str) -> bool,
) -> String {
    let mut base = "tmpfs".to_owned();
    for part in container.into_iter().chain([path]) {
        append(&mut base, part);
    }
    let mut name = cut(&base, MOST).to_owned();
    let mut number = 2_u32;
    while is_taken(&name) {
        let ending = format!("-{number}");
        name = format!("{}{ending}", cut(&base, MOST - ending.len()));
        number += 1;
    }
    name
}

/// Appends the letters and digits of `part`, with a hyphen for whatever is between them.
fn append(base: &mut String, part: &str) {
    base.push('-');
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() {
            base.push(char::from(byte.to_ascii_lowercase()));
        } else if !base.ends_with('-') {
            base.push('-');
        }
    }
    if base.ends_with('-') {
        base.pop();
    }
}

/// The first characters, all of them ASCII, without a hyphen at the end.
fn cut(text: &str, most: usize) -> &str {
    text.get(..most).unwrap_or(text).trim_end_matches('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_whose_and_where() {
        let free = |_: &str| false;
        for (container, path, expected) in [
            (Some("app"), "/tmp", "tmpfs-app-tmp"),
            (None, "/var/run", "tmpfs-var-run"),
            (Some("app"), "/.cache/Ünï_x/", "tmpfs-app-cache-n-x"),
            (Some("app"), "/…", "tmpfs-app"),
        ] {
            assert_eq!(name(container, path, &free), expected);
        }
    }

    #[test]
    fn names_are_short_and_their_own() {
        let long = "a".repeat(63);
        let mut taken: Vec<String> = Vec::new();
        for _ in 0..12 {
            let next = name(Some(&long), "/tmp", &|name| {
                taken.iter().any(|other| other == name)
            });
            assert!(next.len() <= 63 && !next.ends_with('-'), "{next}");
            assert!(!taken.contains(&next));
            taken.push(next);
        }
        assert!(taken[11].ends_with("-12"));
    }
}
