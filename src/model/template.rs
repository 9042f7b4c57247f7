//! The few Helm templates that names are made of, rendered without a Helm: a release's name and
//! namespace, literals, `quote` and `printf`. Everything else stays open.

use super::HelmRelease;

/// What a text becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rendered<'b> {
    /// The text that Helm would make.
    Text(&'b str),
    /// It cannot be said here; why completes "its name …".
    Open(&'static str),
}

/// Whether the text still has a placeholder of Flux or a template of Helm.
#[must_use]
pub fn is_open(text: &str) -> bool {
    text.contains("${") || text.contains("{{")
}

const TEMPLATE: &str = "is a Helm template that cannot be evaluated here";
const PLACEHOLDER: &str = "is a placeholder that was not substituted";
const NAMELESS: &str = "is made of the release's name, which is not known yet";

/// Helm refuses longer release names, and Flux shortens them by a hash.
const LONGEST_RELEASE_NAME: usize = 53;

/// How deep pipelines and parentheses may nest; nobody writes a name deeper than two.
const DEEPEST: usize = 6;

/// Room for one rendered name on the stack. What does not fit is longer than any name may be.
pub struct NameBuffer {
    bytes: [u8; 320],
    length: usize,
}

impl Default for NameBuffer {
    fn default() -> Self {
        Self {
            bytes: [0; 320],
            length: 0,
        }
    }
}

impl NameBuffer {
    fn push(&mut self, text: &str) -> Option<()> {
        let end = self.length.checked_add(text.len())?;
        self.bytes
            .get_mut(self.length..end)?
            .copy_from_slice(text.as_bytes());
        self.length = end;
        Some(())
    }

    fn as_str(&self) -> &str {
        // Only whole texts are pushed, so this never fails.
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }

    fn trim_end(&mut self) {
        self.length = self.as_str().trim_end().len();
    }
}

/// Renders `text` for a release. A text without templates is given back as it is.
#[must_use]
pub fn render<'b>(
    text: &'b str,
    release: &HelmRelease<'_, '_>,
    buffer: &'b mut NameBuffer,
) -> Rendered<'b> {
    if text.contains("${") {
        return Rendered::Open(PLACEHOLDER);
    }
    if !text.contains("{{") {
        return Rendered::Text(text);
    }
    buffer.length = 0;
    if expand(text, release, buffer).is_none() {
        let (prefix, name) = release.release_name_parts();
        let nameless = prefix.is_none() && name.is_empty() && text.contains(".Release.Name");
        return Rendered::Open(if nameless { NAMELESS } else { TEMPLATE });
    }
    let rendered = buffer.as_str();
    if rendered.contains("${") {
        return Rendered::Open(PLACEHOLDER);
    }
    Rendered::Text(rendered)
}

fn expand(text: &str, release: &HelmRelease<'_, '_>, out: &mut NameBuffer) -> Option<()> {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (action, behind) = split_action(after)?;
        out.push(before)?;
        let action = match action.strip_prefix("- ") {
            Some(trimmed) => {
                out.trim_end();
                trimmed
            }
            None => action,
        };
        let (action, behind) = match action.strip_suffix(" -") {
            Some(trimmed) => (trimmed, behind.trim_start()),
            None => (action, behind),
        };
        evaluate(action, release, out, 0)?;
        rest = behind;
    }
    out.push(rest)
}

/// Splits at the `}}` that ends an action, which a quoted one does not.
fn split_action(text: &str) -> Option<(&str, &str)> {
    let end = outside_quotes(text, |rest| rest.starts_with("}}"))?;
    Some((&text[..end], &text[end + 2..]))
}

/// The first place outside of quotes and parentheses at which `found` holds.
fn outside_quotes(text: &str, found: impl Fn(&str) -> bool) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0usize;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, _) if depth == 0 && found(&text[at..]) => return Some(at),
            (None, '"' | '`') => quote = Some(character),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.checked_sub(1)?,
            (None, _) => {}
        }
    }
    None
}

/// Evaluates a pipeline and appends what it prints.
fn evaluate(
    pipeline: &str,
    release: &HelmRelease<'_, '_>,
    out: &mut NameBuffer,
    depth: usize,
) -> Option<()> {
    if depth > DEEPEST {
        return None;
    }
    let (first, piped) = match outside_quotes(pipeline, |rest| rest.starts_with('|')) {
        Some(at) => (&pipeline[..at], Some(&pipeline[at + 1..])),
        None => (pipeline, None),
    };
    // `a | printf "%s"` is `printf "%s" (a)`; only one such step is followed, and `quote` is none:
    // where a name stands in YAML, its quotes are not part of it.
    let mut rest = piped;
    let mut format = None;
    while let Some(step) = rest {
        let (step, next) = match outside_quotes(step, |rest| rest.starts_with('|')) {
            Some(at) => (&step[..at], Some(&step[at + 1..])),
            None => (step, None),
        };
        let step = step.trim();
        if !matches!(step, "quote" | "squote" | "toString") {
            if format.is_some() {
                return None;
            }
            format = Some(step.strip_prefix("printf ")?);
        }
        rest = next;
    }
    match format {
        Some(arguments) => print(arguments, Some(first), release, out, depth),
        None => command(first.trim(), release, out, depth),
    }
}

/// Evaluates one command of a pipeline.
fn command(
    text: &str,
    release: &HelmRelease<'_, '_>,
    out: &mut NameBuffer,
    depth: usize,
) -> Option<()> {
    if let Some(arguments) = text.strip_prefix("printf ") {
        return print(arguments, None, release, out, depth);
    }
    let operand = ["quote ", "squote "]
        .iter()
        .find_map(|function| text.strip_prefix(function))
        .unwrap_or(text)
        .trim();
    let (word, rest) = next_word(operand)?;
    if !rest.is_empty() {
        return None;
    }
    if let Some(inner) = word.strip_prefix('(') {
        return evaluate(inner.strip_suffix(')')?, release, out, depth + 1);
    }
    if let Some(text) = literal(word) {
        return out.push(text);
    }
    match word.strip_prefix('$').unwrap_or(word) {
        ".Release.Name" => push_release_name(release, out),
        ".Release.Namespace" => {
            let namespace = release.release_namespace();
            (!namespace.is_empty()).then_some(())?;
            out.push(namespace)
        }
        _ => None,
    }
}

/// `printf`: the format, its arguments, and the one that a pipe hands in last.
fn print(
    arguments: &str,
    piped: Option<&str>,
    release: &HelmRelease<'_, '_>,
    out: &mut NameBuffer,
    depth: usize,
) -> Option<()> {
    let (format, mut arguments) = next_word(arguments.trim())?;
    let mut piped = piped;
    let mut rest = literal(format)?;
    while let Some((before, after)) = rest.split_once('%') {
        out.push(before)?;
        match after.chars().next()? {
            '%' => out.push("%")?,
            's' | 'v' => {
                if arguments.is_empty() {
                    evaluate(piped.take()?, release, out, depth + 1)?;
                } else {
                    let (argument, others) = next_word(arguments)?;
                    arguments = others;
                    evaluate(argument, release, out, depth + 1)?;
                }
            }
            _ => return None,
        }
        rest = &after[1..];
    }
    // Go's printf would print complaints about what is left over.
    (arguments.is_empty() && piped.is_none()).then_some(())?;
    out.push(rest)
}

/// The first word of a command, in quotes or parentheses or up to a space, and what follows it.
fn next_word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = outside_quotes(text, |rest| rest.starts_with(char::is_whitespace));
    let (word, rest) = text.split_at(end.unwrap_or(text.len()));
    (!word.is_empty()).then(|| (word, rest.trim()))
}

/// The text in a quoted word; escapes are left to Go.
fn literal(word: &str) -> Option<&str> {
    let quote = word
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '`'))?;
    let inner = word.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains(['\\', quote])).then_some(inner)
}

fn push_release_name(release: &HelmRelease<'_, '_>, out: &mut NameBuffer) -> Option<()> {
    let (prefix, name) = release.release_name_parts();
    let length = name.len() + prefix.map_or(0, |prefix| prefix.len() + 1);
    if name.is_empty() || length > LONGEST_RELEASE_NAME {
        return None;
    }
    if let Some(prefix) = prefix {
        out.push(prefix)?;
        out.push("-")?;
    }
    out.push(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Subject;

    fn rendered(text: &str) -> Result<String, &'static str> {
        let root = json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "romm", "namespace": "flux-system"},
            "spec": {"targetNamespace": "games"}
        });
        let subject = Subject::new(&root).expect("a HelmRelease");
        match render(text, &HelmRelease::of(&subject), &mut NameBuffer::default()) {
            Rendered::Text(text) => Ok(text.to_owned()),
            Rendered::Open(why) => Err(why),
        }
    }

    #[test]
    fn trivial_templates_are_rendered() {
        for (text, name) in [
            ("romm", "romm"),
            ("{{ .Release.Name }}", "games-romm"),
            ("{{.Release.Name}}-config", "games-romm-config"),
            (
                "pvc-{{ $.Release.Name }}-{{ .Release.Namespace }}",
                "pvc-games-romm-games",
            ),
            ("{{ .Release.Name | quote }}", "games-romm"),
            ("{{ quote .Release.Name }}", "games-romm"),
            (
                "{{ printf \"%s-config\" .Release.Name }}",
                "games-romm-config",
            ),
            (
                "{{ printf `%s-%s` .Release.Namespace \"x\" | quote }}",
                "games-x",
            ),
            ("{{ .Release.Namespace | printf \"%s-x\" }}", "games-x"),
            ("{{ (printf \"%v\" (.Release.Namespace)) }}", "games"),
            ("a {{- \"-b\" -}} c", "a-bc"),
            ("{{ printf \"100%%\" }}", "100%"),
            ("{{ \"}}\" }}", "}}"),
        ] {
            assert_eq!(rendered(text), Ok(name.to_owned()), "{text}");
        }
    }

    #[test]
    fn everything_else_stays_open() {
        for text in [
            "{{ include \"bjw-s.common.lib.chart.names.fullname\" $ }}",
            "{{ .Values.claim }}",
            "{{ .Release.Name | trunc 3 }}",
            "{{ .Release.Name",
            "{{ }}",
            "{{ printf \"%d\" .Release.Name }}",
            "{{ printf \"%s\" }}",
            "{{ printf \"x\" .Release.Name }}",
            "{{ printf \"%s\" .Release.Name .Release.Name }}",
            "{{ .Release.Name .Release.Name }}",
            "{{ \"a\\\"b\" }}",
            "{{ ) }}",
            "{{ if true }}x{{ end }}",
            "{{/* nothing */}}",
        ] {
            assert_eq!(rendered(text), Err(TEMPLATE), "{text}");
        }
        assert_eq!(rendered("${APP}-{{ .Release.Name }}"), Err(PLACEHOLDER));
    }

    #[test]
    fn deep_nesting_is_given_up() {
        let text = format!(
            "{{{{ {}\"a\"{} }}}}",
            "(".repeat(50_000),
            ")".repeat(50_000)
        );
        assert_eq!(rendered(&text), Err(TEMPLATE));
    }
}
