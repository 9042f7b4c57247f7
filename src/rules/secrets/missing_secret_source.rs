//! `missing-secret-source`: a Secret that is not there, and that nothing makes.

mod unseen;

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::unseen::{Unverified, Why};
use crate::facts::{Answer, Facts, Key, SecretSource, Unseen};
use crate::model::elsewhere::{NO_NAMESPACE, elsewhere};
use crate::model::resource_name::{Made, is_valid_name};
use crate::model::secret_reference::{Reader, references};
use crate::model::secrets_made::SecretsMade;
use crate::model::template::{NameBuffer, Rendered, render};
use crate::model::{Action, AppTemplate, Case, Findings, Form, HelmRelease, Kind, SecretReference};
use crate::rules::name_globs::NameGlobs;
use crate::rules::{Family, Meta, Params, Rule, Stricter, rule};

rule! {
    /// ## What it does
    /// Warns of a release that reads a Secret which does not exist and which no ExternalSecret,
    /// SealedSecret or Kustomization makes, and of one whose ExternalSecret is not ready. Names are
    /// found in `envFrom`, `secretKeyRef`, volumes, `imagePullSecrets`, `existingSecret` and keys
    /// like it, app-template's short forms of these, and in `spec.valuesFrom`.
    ///
    /// ## Why is this bad
    /// The pods wait in CreateContainerConfigError until the Secret is there, and the upgrade fails
    /// after its timeout. Where `valuesFrom` names it, Flux does not even begin.
    ///
    /// ## Example
    /// ```yaml
    /// controllers:
    ///   romm:
    ///     containers:
    ///       app:
    ///         envFrom:
    ///           - secretRef:
    ///               name: romm-secret # and nothing makes it
    /// ```
    ///
    /// ## Use instead
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata:
    ///   name: romm
    /// spec:
    ///   secretStoreRef:
    ///     kind: ClusterSecretStore
    ///     name: onepassword
    ///   target:
    ///     name: romm-secret
    ///   dataFrom:
    ///     - extract:
    ///         key: romm
    /// ```
    ///
    /// ## What is not judged
    /// What says `optional: true` or is switched off. Secrets that the release makes itself, by
    /// app-template's `secrets`, `externalSecrets` and `rawResources` or by manifests in its values.
    /// The `secretName` of an ingress's `tls` and of other certificates, as cert-manager makes most
    /// of those. `secretRef` outside of `envFrom`, and keys that charts call otherwise
    /// (`githubConfigSecret`): they may be anything. The keys within a Secret.
    ///
    /// A name is rendered first: `{{ .Release.Name }}`, `{{ .Release.Namespace }}`, `quote` and
    /// `printf` of them. Other templates, `${…}`, a release for another cluster (`spec.kubeConfig`)
    /// and a Secret that nobody could look for are unverified: one warning a release and reason,
    /// which lists the names. Without the names of Secrets (reading them is opt-in, as Kubernetes
    /// cannot grant them without the data) that is so for every Secret that nothing known makes.
    /// In files, and without a cluster, it is an audit, which only `check -v` shows: else nearly
    /// every release of a tree would be warned of.
    ///
    /// ## Options
    /// * `externalSecrets`: globs of the Secrets that something else makes, by name or as
    ///   `namespace/name`: an operator's (`*-app` of CloudNativePG), cert-manager's, those of an
    ///   ObjectBucketClaim or of a Talos ServiceAccount.
    ///
    /// ## References
    /// * <https://kubernetes.io/docs/concepts/configuration/secret/#using-a-secret>
    /// * <https://external-secrets.io/latest/api/externalsecret/>
    /// * <https://fluxcd.io/flux/components/helm/helmreleases/#values>
    pub struct MissingSecretSource;
}

/// What a policy can set.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct MissingSecretSourceParams {
    /// The Secrets that something else makes.
    pub external_secrets: NameGlobs,
}

impl Params for MissingSecretSourceParams {}

impl Stricter for MissingSecretSourceParams {
    fn stricter(self, other: Self) -> Self {
        Self {
            external_secrets: self.external_secrets.stricter(other.external_secrets),
        }
    }
}

const HELP_MISSING: &str = "make an ExternalSecret for it in the release's own Kustomization or in an earlier one that this one `dependsOn`: until the Secret is there, the pods wait in CreateContainerConfigError; if something else makes it, list it in `externalSecrets`";
const HELP_FLUX: &str = "make an ExternalSecret for it in the release's own Kustomization or in an earlier one that this one `dependsOn`: until the Secret is there, Flux does not install or upgrade the release; if something else makes it, list it in `externalSecrets`";
const HELP_NOT_READY: &str = "see what the ExternalSecret's conditions and events say (`kubectl describe externalsecret`); its store may be down or lack the entry";
const HELP_NAME: &str = "a Secret's name is a DNS-1123 subdomain: at most 253 of a-z, 0-9, `-` and `.`, with a letter or digit at both ends of each part";
const NO_NAME: &str = "no Secret can have that name";

impl Rule for MissingSecretSource {
    type Params = MissingSecretSourceParams;
    const META: Meta = Meta {
        name: "missing-secret-source",
        family: Family::Secrets,
        subjects: &[Kind::HelmRelease],
        action: Action::Warn,
        summary: "a Secret that is not there, and that nothing makes",
    };
    const DOC: &'static str = Self::PAGE;

    fn check(&self, case: &Case<'_>, params: &Self::Params, facts: &dyn Facts, out: &mut Findings) {
        let release = HelmRelease::of(&case.subject);
        let app = AppTemplate::of(&release);
        let mut judge = Judge {
            own_namespace: case.subject.namespace,
            release,
            app,
            params,
            facts,
            made: None,
            said: HashSet::new(),
            unverified: Unverified::default(),
        };
        for reference in references(&release, app.as_ref()) {
            judge.reference(&reference, out);
        }
        let in_file = case.request.form == Form::Source;
        judge.unverified.report(release.tree(), in_file, out);
    }
}

struct Judge<'s, 'a, 'p> {
    own_namespace: &'a str,
    release: HelmRelease<'s, 'a>,
    app: Option<AppTemplate<'s, 'a>>,
    params: &'p MissingSecretSourceParams,
    facts: &'p dyn Facts,
    /// Read only for a Secret that is not known to be there.
    made: Option<SecretsMade>,
    /// The Secrets of which something was said, with their namespaces: once is enough.
    said: HashSet<(&'a str, String)>,
    unverified: Unverified<'a>,
}

impl<'a> Judge<'_, 'a, '_> {
    fn reference(&mut self, reference: &SecretReference<'a>, out: &mut Findings) {
        let namespace = match reference.reader {
            Reader::Flux => self.own_namespace,
            Reader::Pod | Reader::Chart => self.release.release_namespace(),
        };
        let text = reference.name;
        let mut buffer = NameBuffer::default();
        let rendered = match reference.reader {
            // Flux knows no templates of Helm.
            Reader::Flux if !text.contains("${") => Rendered::Text(text),
            _ => render(text, &self.release, &mut buffer),
        };
        match rendered {
            Rendered::Open(why) => {
                if !self.is_external(namespace, text) {
                    self.unverified
                        .add(reference.node, "", text, Why::Name(why));
                }
            }
            Rendered::Text(name) if !is_valid_name(name) => {
                self.invalid(reference, namespace, name, out);
            }
            Rendered::Text(name) => self.existence(reference, namespace, name, out),
        }
    }

    fn invalid(
        &mut self,
        reference: &SecretReference<'a>,
        namespace: &'a str,
        name: &str,
        out: &mut Findings,
    ) {
        // What a chart makes of its own key is the chart's affair.
        if reference.reader == Reader::Chart {
            self.unverified
                .add(reference.node, "", name, Why::Place(NO_NAME));
        } else if self.said.insert((namespace, name.to_owned())) {
            let name = unseen::shown(name);
            let message = format!("`{name}` cannot be the name of a Secret");
            out.at(self.release.tree(), reference.node, message)
                .help(HELP_NAME);
        }
    }

    fn existence(
        &mut self,
        reference: &SecretReference<'a>,
        namespace: &'a str,
        name: &str,
        out: &mut Findings,
    ) {
        let answer = match self.look(reference, namespace, name) {
            Ok(Answer::Known(SecretSource::Exists)) => return,
            answer => answer,
        };
        if self.is_external(namespace, name) {
            return;
        }
        let made = match reference.reader {
            Reader::Flux => Made::No,
            Reader::Pod | Reader::Chart => self.made_by_release(name, reference.reader),
        };
        if made == Made::Surely {
            return;
        }
        let (namespace, why) = match answer {
            Ok(Answer::Known(source)) => {
                return self.not_ready(reference, namespace, name, source, out);
            }
            Ok(Answer::Absent) => return self.absent(reference, namespace, name, made, out),
            Ok(Answer::Unseen(why)) => (namespace, Why::Unseen(why)),
            Err(why) => ("", Why::Place(why)),
        };
        self.unverified.add(reference.node, namespace, name, why);
    }

    /// Looks for the Secret, where that can be done.
    fn look(
        &self,
        reference: &SecretReference<'a>,
        namespace: &str,
        name: &str,
    ) -> Result<Answer<SecretSource>, &'static str> {
        if reference.reader != Reader::Flux {
            if let Some(why) = elsewhere(&self.release, reference.node, namespace) {
                return Err(why);
            }
            if self.release.is_remote() {
                return Ok(Answer::Unseen(Unseen::RemoteCluster));
            }
        }
        match self.facts.secret(Key { namespace, name }) {
            // Whoever looked in no namespace saw nothing.
            Answer::Known(_) | Answer::Absent if namespace.is_empty() => Err(NO_NAMESPACE),
            answer => Ok(answer),
        }
    }

    fn made_by_release(&mut self, name: &str, reader: Reader) -> Made {
        let (release, app) = (self.release, self.app);
        let made = self
            .made
            .get_or_insert_with(|| SecretsMade::of(&release, app.as_ref()));
        match made.makes(name) {
            // `existingSecret` says that somebody else has made it.
            Made::Perhaps if reader == Reader::Chart => Made::No,
            made => made,
        }
    }

    fn absent(
        &mut self,
        reference: &SecretReference<'a>,
        namespace: &'a str,
        name: &str,
        made: Made,
        out: &mut Findings,
    ) {
        if !self.said.insert((namespace, name.to_owned())) {
            return;
        }
        let mut message = format!(
            "Secret `{name}` does not exist in namespace `{namespace}`, and no ExternalSecret or SealedSecret makes it"
        );
        if made == Made::Perhaps {
            message.push_str("; the release may make it itself, which could not be verified");
        }
        let finding = out.at(self.release.tree(), reference.node, message);
        finding.on_facts().help(match reference.reader {
            Reader::Flux => HELP_FLUX,
            Reader::Pod | Reader::Chart => HELP_MISSING,
        });
        if made == Made::Perhaps {
            finding.unverified();
        }
    }

    fn not_ready(
        &mut self,
        reference: &SecretReference<'a>,
        namespace: &'a str,
        secret: &str,
        source: SecretSource,
        out: &mut Findings,
    ) {
        let SecretSource::NotReady {
            external_secret,
            status,
        } = source
        else {
            return;
        };
        if !self.said.insert((namespace, secret.to_owned())) {
            return;
        }
        let message = format!(
            "Secret `{secret}` is made by ExternalSecret `{external_secret}`, which is not ready: {status}"
        );
        out.at(self.release.tree(), reference.node, message)
            .on_facts()
            .at_most(Action::Warn)
            .help(HELP_NOT_READY);
    }

    fn is_external(&self, namespace: &str, name: &str) -> bool {
        self.params.external_secrets.matches(namespace, name)
    }
}

#[cfg(test)]
mod tests;
