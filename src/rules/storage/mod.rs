//! Volumes that must be declared, mounted and there before the workload.

pub mod invalid_mount;
pub mod missing_claim;
pub mod missing_tmpfs;
pub mod undeclared_storage;
pub(crate) mod volume;

use serde_json::Value;

use crate::model::{
    AppTemplate, Case, ChartSource, Finding, Findings, Form, HelmRelease, NodeId, Persistence, Tree,
};

/// Who may still fill in what the values leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filler {
    /// Nobody: what is not there is missing.
    Nobody,
    /// The chart's own defaults, which are part of the chart: nothing is said.
    Chart,
    /// Something that cannot be seen from here; the text says what.
    Unseen(&'static str),
}

/// A release of app-template, and what can be said of what it leaves out.
#[derive(Clone, Copy, Debug)]
struct Storage<'s, 'a> {
    app: AppTemplate<'s, 'a>,
    filler: Filler,
    /// It may be of version 2, which has defaults for `main` and `config` and no schema.
    may_be_v2: bool,
}

const VALUES_FROM: &str = "`valuesFrom` may set it, and what that holds could not be seen";
const NO_CHART: &str = "this file has no chart, so a kustomize patch completes it and may set it";

impl<'s, 'a> Storage<'s, 'a> {
    /// Views a release as app-template's (2 to 5).
    fn of(case: &'s Case<'a>) -> Option<Self> {
        let release = HelmRelease::of(&case.subject);
        let app = AppTemplate::of(&release)?;
        // Version 1 has one unnamed controller, and a shape of its own.
        if !app
            .tree()
            .value(app.values())
            .get("controllers")
            .is_some_and(Value::is_object)
        {
            return None;
        }
        let chart = release.chart();
        let (major, wraps) = match chart {
            ChartSource::Template { version, .. } => (
                version.and_then(Value::as_str).and_then(major),
                !release.chart_name().contains("app-template"),
            ),
            // chartRef is younger than app-template 3.
            ChartSource::Reference { .. } => (Some(3), !declares_an_image(&app)),
            ChartSource::Absent => (None, false),
        };
        if !wraps && major.is_some_and(|major| major < 2) {
            return None;
        }
        let filler = if chart == ChartSource::Absent && case.request.form == Form::Source {
            Filler::Unseen(NO_CHART)
        } else if wraps {
            Filler::Chart
        } else if release.has_unseen_values() {
            Filler::Unseen(VALUES_FROM)
        } else {
            Filler::Nobody
        };
        Some(Self {
            app,
            filler,
            may_be_v2: wraps || major.is_none_or(|major| major == 2),
        })
    }

    fn tree(&self) -> &'s Tree<'a> {
        self.app.tree()
    }

    fn entries(&self) -> impl Iterator<Item = Persistence<'s, 'a>> + use<'s, 'a> {
        let tree = self.app.tree();
        self.app
            .persistence()
            .map(move |entry| Persistence::of(tree, entry))
    }

    /// Adds a finding on something that the values leave out.
    fn lacks<'f>(
        &self,
        out: &'f mut Findings,
        node: NodeId,
        mut message: String,
    ) -> Option<&'f mut Finding> {
        match self.filler {
            Filler::Chart => None,
            Filler::Nobody => Some(out.at(self.tree(), node, message)),
            Filler::Unseen(why) => {
                message.push_str("; ");
                message.push_str(why);
                Some(out.at(self.tree(), node, message).unverified())
            }
        }
    }
}

/// The major version of an exact version; `None` for a range or a placeholder.
fn major(version: &str) -> Option<u32> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let digits = version.bytes().take_while(u8::is_ascii_digit).count();
    version[..digits].parse().ok()
}

/// Whether a container names its image, as app-template demands; the values of a chart that wraps
/// app-template leave that to the chart.
fn declares_an_image(app: &AppTemplate<'_, '_>) -> bool {
    app.controllers().any(|(_, controller)| {
        app.containers(controller).any(|(_, container)| {
            app.tree()
                .value(container)
                .get("image")
                .and_then(|image| image.get("repository"))
                .is_some_and(Value::is_string)
        })
    })
}

/// Marks a finding on an entry whose `enabled` is a placeholder.
fn doubt_switch(finding: &mut Finding) {
    finding
        .message
        .push_str("; `enabled` is a placeholder, so nobody can say whether it counts");
    finding.unverified();
}

/// A text as messages show it: whole unless it is long.
fn shown(text: &str) -> &str {
    match text.char_indices().nth(80) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod testing {
    //! How the tests of this family judge values.

    use serde_json::{Value, json};

    use crate::facts::Facts;
    use crate::model::{Action, Case, Certainty, Findings, Subject};
    use crate::rules::Rule;

    /// A release of app-template 4 with these values.
    pub(super) fn app_template(values: &Value) -> Value {
        release("app-template", "4.6.2", values)
    }

    /// A release of some chart in `games`.
    pub(super) fn release(chart: &str, version: &str, values: &Value) -> Value {
        json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "romm", "namespace": "games"},
            "spec": {
                "chart": {"spec": {"chart": chart, "version": version,
                    "sourceRef": {"kind": "HelmRepository", "name": "charts"}}},
                "values": values
            }
        })
    }

    /// What the rule finds in an object: `deny`, `warn` or `unverified`, the place below `values`,
    /// and the message.
    pub(super) fn judge<R: Rule>(
        rule: &R,
        params: &R::Params,
        facts: &dyn Facts,
        root: &Value,
    ) -> Vec<String> {
        let subject = Subject::new(root).expect("a HelmRelease");
        let case = Case::of_file(subject, "2026-01-01T00:00:00Z".parse().expect("a time"));
        let mut findings = Findings::of(R::META.name);
        rule.check(&case, params, facts, &mut findings);
        findings
            .into_vec()
            .into_iter()
            .map(|finding| {
                let weight = match (finding.certainty, finding.at_most) {
                    (Certainty::Unverified, _) => "unverified",
                    (_, Action::Deny) => "deny",
                    _ => "warn",
                };
                let place = finding.pointer.as_str().replacen("/spec/values", "", 1);
                assert!(!finding.help.is_empty(), "no help at {place}");
                format!("{weight} {place}: {}", finding.message)
            })
            .collect()
    }
}
