//! What a pod asks for itself: `lockkeeper.dev/tmpfs: "/tmp=64Mi,/var/run=1Mi"`, or `"off"`.

use super::{MountPath, Size, Tmpfs, covers};

/// The most entries that are heeded. Whoever may create a pod writes them, and every container gets them.
const MOST: usize = 64;

/// The annotation's key; the same label lets a pod be selected, and can say `off` too.
pub const KEY: &str = "lockkeeper.dev/tmpfs";

/// What a pod's annotation says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Asked {
    /// No mounts of its own: what policies say is in force. Also for `on` and an empty text, by which a
    /// pod is sent to Lockkeeper where only annotated ones are.
    #[default]
    Nothing,
    /// Nothing is mounted, whatever policies say.
    Off,
    /// These mounts, and one sentence for each entry that cannot be understood.
    Mounts(Vec<Tmpfs>, Vec<String>),
}

impl Asked {
    /// Reads the annotation's value.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.trim() {
            "" | "on" => return Self::Nothing,
            "off" => return Self::Off,
            _ => {}
        }
        let mut mounts = Vec::new();
        let mut wrong = Vec::new();
        let mut entries = entries(text);
        for entry in entries.by_ref().take(MOST) {
            match tmpfs(entry) {
                Ok(mount) => mounts.push(mount),
                Err(why) => wrong.push(format!(
                    "the annotation {KEY} has the entry `{entry}`, which is left out: {why}"
                )),
            }
        }
        if entries.next().is_some() {
            wrong.push(format!(
                "the annotation {KEY} has more than {MOST} entries: the others are left out"
            ));
        }
        Self::Mounts(mounts, wrong)
    }
}

/// Whether the annotation asks for a tmpfs at `path` or above it, or says that none is wanted. It
/// allocates nothing.
#[must_use]
pub fn settles(text: &str, path: &str) -> bool {
    let mut given = entries(text)
        .take(MOST)
        .filter_map(|entry| entry.split_once('='))
        .map(|(path, size)| (path.trim(), size.trim()))
        .filter(|(path, size)| MountPath::check(path).is_ok() && Size::amount_of(size).is_ok());
    text.trim() == "off" || given.any(|(asked, _)| covers(asked, path))
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    let entries = text.split(',').map(str::trim);
    entries.filter(|entry| !entry.is_empty())
}

fn tmpfs(entry: &str) -> Result<Tmpfs, String> {
    let Some((path, size)) = entry.split_once('=') else {
        return Err("write a path and a size, such as /tmp=64Mi".to_owned());
    };
    Ok(Tmpfs {
        path: MountPath::parse(path.trim()).map_err(|error| error.to_string())?,
        size: Size::parse(size.trim()).map_err(|error| error.to_string())?,
        shared: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_sizes_are_read() {
        let Asked::Mounts(mounts, wrong) = Asked::parse(" /tmp=64Mi, /var//run/ = 1Mi,, ") else {
            panic!("no mounts");
        };
        let told: Vec<_> = mounts
            .iter()
            .map(|mount| (mount.path.as_str(), mount.size.as_str(), mount.shared))
            .collect();
        assert_eq!(told, [("/tmp", "64Mi", false), ("/var/run", "1Mi", false)]);
        assert!(wrong.is_empty());
    }

    #[test]
    fn only_what_is_heeded_settles_a_path() {
        for text in ["/tmp=1Mi", "/a=1Mi, /tmp/ = 1Mi", "off", " off "] {
            assert!(settles(text, "/tmp"), "{text}");
        }
        let late = "/a=1Mi,".repeat(MOST) + "/tmp=1Mi";
        for text in [
            "",
            "on",
            "/tmp",
            "/tmp=64MB",
            "/tmp=0",
            "tmp=1Mi",
            "/=1Mi",
            "/tmp/a=1Mi",
            &late,
        ] {
            assert!(!settles(text, "/tmp"), "{text}");
        }
    }

    #[test]
    fn off_on_and_nothing_are_words() {
        assert_eq!(Asked::parse("off"), Asked::Off);
        for text in ["", " ", "on"] {
            assert_eq!(Asked::parse(text), Asked::Nothing);
        }
    }

    #[test]
    fn a_wrong_entry_is_told_and_the_rest_is_heeded() {
        for (text, expected) in [
            ("/a=1Mi,/tmp", "write a path and a size"),
            ("/a=1Mi,tmp=1Mi", "begins with `/`"),
            ("/a=1Mi,/tmp=64MB", "a quantity"),
            ("/a=1Mi,/tmp=0", "more than nothing"),
            ("/a=1Mi,/tmp=64m", "thousandths"),
            ("/a=1Mi,/tmp=1e2147483647", "less than 8Ei"),
            ("/a=1Mi,/dev/null=1Mi", "the container runtime owns"),
            ("/a=1Mi,yes", "write a path and a size"),
        ] {
            let Asked::Mounts(mounts, wrong) = Asked::parse(text) else {
                panic!("{text}: no mounts");
            };
            assert_eq!(mounts.len(), 1, "{text}");
            assert!(
                wrong.len() == 1 && wrong[0].contains(expected),
                "{text}: {wrong:?}"
            );
        }
    }
}
