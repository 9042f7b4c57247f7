//! Reads the Dockerfile, so that what is built here without Docker is what it describes.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};

/// A Dockerfile: its stages in order.
#[derive(Debug)]
pub(super) struct Dockerfile {
    pub(super) stages: Vec<Stage>,
}

/// From one `FROM` to the next.
#[derive(Debug)]
pub(super) struct Stage {
    /// What it stands on.
    pub(super) from: String,
    /// The keyword, in capitals, and what stands behind it.
    pub(super) instructions: Vec<(String, String)>,
}

/// What the last stage says of the image.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) user: String,
    pub(super) entrypoint: Vec<String>,
    pub(super) command: Vec<String>,
    pub(super) ports: Vec<String>,
    pub(super) labels: BTreeMap<String, String>,
}

impl Dockerfile {
    /// Reads the text; comments and continued lines are understood, heredocs are not.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut stages: Vec<Stage> = Vec::new();
        let mut arguments = BTreeMap::new();
        let mut line = String::new();
        for part in text.lines().map(str::trim) {
            if part.is_empty() || part.starts_with('#') {
                continue;
            }
            if let Some(part) = part.strip_suffix('\\') {
                line.push_str(part.trim_end());
                line.push(' ');
                continue;
            }
            line.push_str(part);
            let (keyword, rest) = line.split_once(' ').context("a lone keyword")?;
            let (keyword, rest) = (keyword.to_uppercase(), rest.trim().to_owned());
            match (&*keyword, stages.last_mut()) {
                ("FROM", _) => stages.push(Stage {
                    from: expand(rest.split(' ').next().unwrap_or(""), &arguments)?,
                    instructions: Vec::new(),
                }),
                ("ARG", None) => {
                    let (name, value) = rest.split_once('=').context("ARG without a default")?;
                    arguments.insert(name.to_owned(), value.to_owned());
                }
                (_, Some(stage)) => stage.instructions.push((keyword, rest)),
                (_, None) => bail!("{keyword} before the first FROM"),
            }
            line.clear();
        }
        ensure!(line.is_empty() && !stages.is_empty(), "it ends too early");
        Ok(Self { stages })
    }

    /// What the image is told to be, with the `ARG`s of the last stage set.
    pub(super) fn image(&self, given: &BTreeMap<String, String>) -> anyhow::Result<Image> {
        let last = self.stages.last().context("no stage")?;
        ensure!(last.from == "scratch", "the image stands on {}", last.from);
        let mut arguments = BTreeMap::new();
        let mut image = Image {
            user: String::new(),
            entrypoint: Vec::new(),
            command: Vec::new(),
            ports: Vec::new(),
            labels: BTreeMap::new(),
        };
        for (keyword, rest) in &last.instructions {
            match &**keyword {
                "ARG" => {
                    let name = rest.split('=').next().unwrap_or("");
                    let default = rest.split_once('=').map(|(_, value)| value.to_owned());
                    let value = given.get(name).cloned().or(default);
                    arguments.insert(name.to_owned(), value.with_context(|| rest.clone())?);
                }
                "LABEL" => {
                    for (key, value) in pairs(rest)? {
                        image.labels.insert(key, expand(&value, &arguments)?);
                    }
                }
                "USER" => image.user.clone_from(rest),
                "ENTRYPOINT" => image.entrypoint = serde_json::from_str(rest)?,
                "CMD" => image.command = serde_json::from_str(rest)?,
                "EXPOSE" => {
                    let ports = rest.split(' ').map(|port| format!("{port}/tcp"));
                    image.ports = ports.collect();
                }
                "COPY" => ensure!(
                    rest == "--from=build /rootfs/ /",
                    "the image is what the build laid out in /rootfs, not {rest}"
                ),
                other => bail!("{other} has no place in the last stage"),
            }
        }
        Ok(image)
    }
}

/// `key="value" key="value"`.
fn pairs(text: &str) -> anyhow::Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (key, behind) = rest.split_once("=\"").context("a label without quotes")?;
        let (value, behind) = behind.split_once('"').context("an open quote")?;
        pairs.push((key.to_owned(), value.to_owned()));
        rest = behind.trim_start();
    }
    Ok(pairs)
}

/// The text with `${NAME}` replaced.
fn expand(text: &str, arguments: &BTreeMap<String, String>) -> anyhow::Result<String> {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        let (name, behind) = behind.split_once('}').context("an open brace")?;
        whole.push_str(before);
        whole.push_str(
            arguments
                .get(name)
                .with_context(|| format!("no ARG {name}"))?,
        );
        rest = behind;
    }
    whole.push_str(rest);
    Ok(whole)
}
