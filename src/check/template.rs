//! Files that are no YAML yet: templates that some program fills in before Kubernetes sees them.

/// Why a file of this name is not judged at all.
pub(super) fn reason_by_name(name: &str) -> Option<&'static str> {
    let is_jinja = name
        .rsplit('.')
        .next()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("j2"));
    is_jinja.then_some("a Jinja template: judge what it renders")
}

/// Why a document that could not be parsed is no mistake: it is a template.
pub(super) fn reason_by_text(document: &str) -> Option<&'static str> {
    let mut reason = None;
    for line in plain_lines(document) {
        let bare = without_quoted(line);
        if bare.trim_start().starts_with("{%") || bare.contains(" {%") {
            return Some("a Jinja template: judge what it renders");
        }
        if bare.contains("{{") {
            reason = Some("a Helm or Go template: judge what it renders");
        }
    }
    reason
}

/// The lines that do not belong to a block scalar: in those a template's braces are plain text.
fn plain_lines(document: &str) -> impl Iterator<Item = &str> {
    let mut block: Option<usize> = None;
    document.lines().filter(move |line| {
        let indent = line.len() - line.trim_start_matches(' ').len();
        if let Some(key) = block {
            if line.trim().is_empty() || indent > key {
                return false;
            }
            block = None;
        }
        if opens_block(line) {
            block = Some(indent);
        }
        true
    })
}

/// Whether the line ends with the header of a block scalar, such as `|-` or `>2`.
fn opens_block(line: &str) -> bool {
    let line = line.find(" #").map_or(line, |comment| &line[..comment]);
    let header = line
        .trim_end()
        .trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
    header
        .strip_suffix(['|', '>'])
        .is_some_and(|before| before.trim_end().ends_with([':', '-']) && before.ends_with(' '))
}

/// The line without its quoted parts and its comment.
fn without_quoted(line: &str) -> String {
    let mut bare = String::with_capacity(line.len());
    let mut quote = None;
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c == '#' && (bare.is_empty() || bare.ends_with(' ')) => break,
            None => bare.push(c),
        }
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_known_by_their_braces() {
        for text in [
            "a: {{ .Values.a }}",
            "{{- if .Values.a }}\na: 1\n{{- end }}",
            "a: 1\n{% if a %}\nb: 2\n{% endif %}",
            "a: |\n  x\nb: {{ y }}",
        ] {
            assert!(reason_by_text(text).is_some(), "{text:?}");
        }
    }

    #[test]
    fn braces_in_text_make_no_template() {
        for text in [
            "a: [1, 2",
            "a: \"{{ .Release.Name }}\"\nb: [",
            "a: '{% x %}'\nb: [",
            "# {{ x }}\na: [",
            "a: x # {{ y }}\nb: [",
            "a: |-\n  {{ range . }}\n\n  {% x %}\nb: [",
            "- >2 # why\n    {{ range . }}\nb: [",
        ] {
            assert_eq!(reason_by_text(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_name_can_tell() {
        assert!(reason_by_name("cluster.yaml.j2").is_some());
        assert_eq!(reason_by_name("j2.yaml"), None);
    }
}
