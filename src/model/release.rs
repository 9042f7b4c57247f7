//! A HelmRelease's own words: its chart, its release name and namespace, its values.

use std::borrow::Cow;

use serde_json::Value;

use super::{NodeId, Subject, Tree, ValuesFrom, ValuesReference};

/// Where a HelmRelease takes its chart from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartSource<'a> {
    /// `spec.chart.spec`, with the node of that map.
    Template {
        /// The node of `spec.chart.spec`.
        at: NodeId,
        /// `sourceRef.kind`, such as `HelmRepository`; empty when absent.
        source_kind: &'a str,
        /// `version`; `None` when absent.
        version: Option<&'a Value>,
    },
    /// `spec.chartRef`: the chart is another object's.
    Reference {
        /// The node of `spec.chartRef`.
        at: NodeId,
        /// `kind`, such as `OCIRepository`.
        kind: &'a str,
        /// `name`.
        name: &'a str,
        /// `namespace`; the release's own when absent.
        namespace: Option<&'a str>,
    },
    /// Neither is there, as in a file that a kustomize patch completes.
    Absent,
}

/// A view of a [`Subject`] as a HelmRelease.
#[derive(Clone, Copy, Debug)]
pub struct HelmRelease<'s, 'a> {
    subject: &'s Subject<'a>,
    spec: Option<NodeId>,
}

impl<'s, 'a> HelmRelease<'s, 'a> {
    /// Views `subject`, whatever its kind is.
    #[must_use]
    pub fn of(subject: &'s Subject<'a>) -> Self {
        Self {
            subject,
            spec: subject.spec(),
        }
    }

    /// The walk over the object.
    #[must_use]
    pub fn tree(&self) -> &'s Tree<'a> {
        &self.subject.tree
    }

    fn spec_text(&self, key: &str) -> Option<&'a str> {
        let spec = self.tree().value(self.spec?);
        spec.get(key)?.as_str().filter(|text| !text.is_empty())
    }

    /// The node of `spec.values`.
    #[must_use]
    pub fn values(&self) -> Option<NodeId> {
        self.tree().child(self.spec?, "values")
    }

    /// The namespace that the chart is installed to: `targetNamespace`, else the release's own.
    #[must_use]
    pub fn release_namespace(&self) -> &'a str {
        self.spec_text("targetNamespace")
            .unwrap_or(self.subject.namespace)
    }

    /// Helm's release name: `releaseName`, else `[targetNamespace-]name`.
    #[must_use]
    pub fn release_name(&self) -> Cow<'a, str> {
        match self.release_name_parts() {
            (Some(namespace), name) => Cow::Owned(format!("{namespace}-{name}")),
            (None, name) => Cow::Borrowed(name),
        }
    }

    /// The two parts of the release name that a `-` joins: for who must not allocate.
    #[must_use]
    pub fn release_name_parts(&self) -> (Option<&'a str>, &'a str) {
        match self.spec_text("releaseName") {
            Some(name) => (None, name),
            None => (self.spec_text("targetNamespace"), self.subject.name),
        }
    }

    /// Whether values come from Secrets, or from ConfigMaps that could not be read, too.
    #[must_use]
    pub fn has_unseen_values(&self) -> bool {
        match &self.subject.values_from {
            ValuesFrom::Unread => ValuesReference::all(self.subject).next().is_some(),
            ValuesFrom::Merged(unmerged) => !unmerged.is_empty(),
        }
    }

    /// Whether the release is installed to another cluster, which nobody here can see.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        self.spec
            .is_some_and(|spec| self.tree().child(spec, "kubeConfig").is_some())
    }

    /// Where the chart comes from.
    #[must_use]
    pub fn chart(&self) -> ChartSource<'a> {
        let tree = self.tree();
        let Some(spec) = self.spec else {
            return ChartSource::Absent;
        };
        let text = |value: Option<&'a Value>| value.and_then(Value::as_str).unwrap_or("");
        if let Some(at) = tree.child(spec, "chartRef") {
            let map = tree.value(at);
            return ChartSource::Reference {
                at,
                kind: text(map.get("kind")),
                name: text(map.get("name")),
                namespace: map.get("namespace").and_then(Value::as_str),
            };
        }
        match tree.descend(spec, &["chart", "spec"]) {
            Some(at) => {
                let map = tree.value(at);
                ChartSource::Template {
                    at,
                    // `Value::pointer` allocates, and this is on every release's way.
                    source_kind: text(map.get("sourceRef").and_then(|source| source.get("kind"))),
                    version: map.get("version"),
                }
            }
            None => ChartSource::Absent,
        }
    }

    /// The chart's name as far as the release says it: `chart.spec.chart`, or the name of the
    /// referenced source. Empty when neither says.
    #[must_use]
    pub fn chart_name(&self) -> &'a str {
        match self.chart() {
            ChartSource::Template { at, .. } => {
                let map = self.tree().value(at);
                map.get("chart").and_then(Value::as_str).unwrap_or("")
            }
            ChartSource::Reference { name, .. } => name,
            ChartSource::Absent => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn release(spec: &Value) -> Value {
        json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
               "metadata": {"name": "romm", "namespace": "games"}, "spec": spec})
    }

    #[test]
    fn release_name_follows_flux() {
        for (spec, name, namespace) in [
            (json!({}), "romm", "games"),
            (json!({"targetNamespace": "media"}), "media-romm", "media"),
            (
                json!({"targetNamespace": "media", "releaseName": "r"}),
                "r",
                "media",
            ),
        ] {
            let root = release(&spec);
            let subject = Subject::new(&root).expect("a HelmRelease");
            let release = HelmRelease::of(&subject);
            assert_eq!(release.release_name(), name);
            assert_eq!(release.release_namespace(), namespace);
        }
    }

    #[test]
    fn chart_is_read_from_either_place() {
        let root = release(
            &json!({"chart": {"spec": {"chart": "app-template", "sourceRef": {"kind": "HelmRepository"}}}}),
        );
        let subject = Subject::new(&root).expect("a HelmRelease");
        let release = HelmRelease::of(&subject);
        assert!(matches!(
            release.chart(),
            ChartSource::Template {
                source_kind: "HelmRepository",
                version: None,
                ..
            }
        ));
        assert_eq!(release.chart_name(), "app-template");
    }
}
