//! The Secrets that a release makes itself, by app-template's entries or by manifests in its values.

use serde_json::Value;

use super::persistence::{is_disabled, is_set, is_switched_off};
use super::resource_name::{Made, MadeNames, full_name, name_in_own};
use super::{AppTemplate, HelmRelease, NodeId, Step, Tree};

/// The Secrets that the values of a release make. It allocates: made only for a Secret that is not
/// known to be there.
#[derive(Debug, Default)]
pub struct SecretsMade {
    names: MadeNames,
    /// The chart has Secrets of its own, whose names hold the release's.
    own: Option<String>,
}

/// What the text of a manifest that makes a Secret holds.
const MAKERS: [&str; 4] = [
    "kind: Secret",
    "kind: SealedSecret",
    "kind: ExternalSecret",
    "kind: Certificate",
];

impl SecretsMade {
    /// Reads the values of a release.
    #[must_use]
    pub fn of(release: &HelmRelease<'_, '_>, app: Option<&AppTemplate<'_, '_>>) -> Self {
        let mut made = Self::default();
        let tree = release.tree();
        let name = release.release_name();
        if let Some(app) = app {
            made.add_entries(app, release, &name);
        }
        made.own = name_in_own(release, app);
        let Some(values) = release.values() else {
            return made;
        };
        for node in tree.subtree(values) {
            let value = tree.value(node);
            match (tree.node(node).step, value) {
                (_, Value::Object(_))
                    if value.get("metadata").is_some() && !is_switched_off(tree, values, node) =>
                {
                    made.add_manifest(value, release);
                }
                (Step::Key("secretName" | "name"), Value::String(name)) if creates(tree, node) => {
                    made.names.add(name, release);
                }
                (_, Value::String(text)) if MAKERS.iter().any(|kind| text.contains(kind)) => {
                    made.names.vague = true;
                }
                _ => {}
            }
        }
        made
    }

    /// The Secrets of app-template's entries.
    fn add_entries(
        &mut self,
        app: &AppTemplate<'_, '_>,
        release: &HelmRelease<'_, '_>,
        name: &str,
    ) {
        let tree = app.tree();
        let full = full_name(tree.value(app.values()), name);
        for map in ["secrets", "externalSecrets", "rawResources"] {
            for (key, node) in app.entries(map) {
                let entry = tree.value(node);
                if is_disabled(entry) || (map == "rawResources" && !makes_secret(entry)) {
                    continue;
                }
                if let Some(target) = target(entry) {
                    self.names.add(target, release);
                } else if let Some(full) = &full {
                    self.names.add_entry(full, key, entry, release);
                } else {
                    self.names.vague = true;
                }
            }
        }
    }

    /// The Secret of a whole manifest.
    fn add_manifest(&mut self, manifest: &Value, release: &HelmRelease<'_, '_>) {
        if !makes_secret(manifest) {
            return;
        }
        let own = || manifest.get("metadata")?.get("name")?.as_str();
        match target(manifest).or_else(own) {
            Some(name) => self.names.add(name, release),
            None => self.names.vague = true,
        }
    }

    /// Whether the release makes the Secret of that name.
    #[must_use]
    pub fn makes(&self, name: &str) -> Made {
        if self.names.contains(name) {
            return Made::Surely;
        }
        let of_chart = self
            .own
            .as_deref()
            .is_some_and(|release| name.contains(release));
        if self.names.vague || of_chart {
            Made::Perhaps
        } else {
            Made::No
        }
    }
}

/// Whether an object of this kind makes a Secret; an ObjectBucketClaim makes one of its own name.
fn makes_secret(object: &Value) -> bool {
    let kind = object.get("kind").and_then(Value::as_str);
    matches!(
        kind,
        Some("Secret" | "SealedSecret" | "ExternalSecret" | "Certificate" | "ObjectBucketClaim")
    )
}

/// The name that a manifest gives to its Secret, where that is not its own: an ExternalSecret's
/// `target.name` or a Certificate's `secretName`. App-template's `rawResources` have their `spec` in
/// one of the chart's, and its `externalSecrets` have none.
fn target(object: &Value) -> Option<&str> {
    let spec = object.get("spec");
    let inner = spec.and_then(|spec| spec.get("spec"));
    [inner, spec, Some(object)]
        .into_iter()
        .flatten()
        .find_map(|map| {
            map.get("target")
                .and_then(|target| target.get("name"))
                .or_else(|| map.get("secretName"))?
                .as_str()
        })
        .filter(|name| !name.is_empty())
}

/// Whether `create` beside the name of a Secret is set: then the chart makes it.
fn creates(tree: &Tree<'_>, node: NodeId) -> bool {
    let Some(holder) = tree.parent(node) else {
        return false;
    };
    let is_of_secret = tree.node(node).step == Step::Key("secretName")
        || matches!(tree.node(holder).step, Step::Key(key) if key.ends_with("ecret"));
    is_of_secret && tree.value(holder).get("create").is_some_and(is_set)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Subject;

    fn made<T>(chart: &str, values: &Value, look: impl FnOnce(&SecretsMade) -> T) -> T {
        let root = json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "romm", "namespace": "games"},
            "spec": {"chart": {"spec": {"chart": chart}}, "values": values}
        });
        let subject = Subject::new(&root).expect("a HelmRelease");
        let release = HelmRelease::of(&subject);
        let app = AppTemplate::of(&release);
        look(&SecretsMade::of(&release, app.as_ref()))
    }

    #[test]
    fn app_template_makes_secrets_by_its_entries() {
        let values = json!({
            "secrets": {"env": {"stringData": {}}, "off": {"enabled": false}},
            "externalSecrets": {"oidc": {}, "db": {"target": {"name": "database"}}},
            "rawResources": {
                "cert": {"kind": "Certificate", "spec": {"spec": {"secretName": "romm-tls"}}},
                "token": {"kind": "ExternalSecret", "spec": {"spec": {"target": {"name": "token"}}}},
                "sealed": {"kind": "SealedSecret", "forceRename": "{{ .Release.Name }}-Sealed"},
                "other": {"kind": "ConfigMap"}
            }
        });
        made("app-template", &values, |made| {
            for name in [
                "romm",
                "romm-env",
                "romm-oidc",
                "database",
                "romm-tls",
                "token",
                "romm-sealed",
            ] {
                assert_eq!(made.makes(name), Made::Surely, "{name}");
            }
            for name in ["romm-off", "romm-other", "romm-secret"] {
                assert_eq!(made.makes(name), Made::No, "{name}");
            }
        });
    }

    #[test]
    fn manifests_in_values_make_secrets() {
        let values = json!({
            "extraObjects": [
                {"kind": "Secret", "metadata": {"name": "plain"}},
                {"kind": "ExternalSecret", "metadata": {"name": "{{ .Release.Name }}-external"}},
                {"kind": "ExternalSecret", "metadata": {"name": "own"}, "spec": {"target": {"name": "aim"}}},
                {"kind": "ObjectBucketClaim", "metadata": {"name": "bucket"}},
                {"kind": "ConfigMap", "metadata": {"name": "config"}}
            ],
            "auth": {"secret": {"create": true, "name": "created"}},
            "sources": [{"kind": "Secret", "name": "read"}]
        });
        made("loki", &values, |made| {
            for name in ["plain", "romm-external", "aim", "bucket", "created"] {
                assert_eq!(made.makes(name), Made::Surely, "{name}");
            }
            for name in ["own", "config", "read"] {
                assert_eq!(made.makes(name), Made::No, "{name}");
            }
        });
    }

    #[test]
    fn charts_may_make_secrets_that_values_do_not_show() {
        made("loki", &json!({}), |made| {
            assert_eq!(made.makes("romm-postgresql"), Made::Perhaps);
            assert_eq!(made.makes("postgresql"), Made::No);
        });
        let text = json!({"extraDeploy": ["apiVersion: v1\nkind: Secret\n"]});
        made("loki", &text, |made| {
            assert_eq!(made.makes("postgresql"), Made::Perhaps);
        });
    }
}
