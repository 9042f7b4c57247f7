//! `lockkeeper webhooks`: prints what the API server must be told of us, for `kubectl apply -f -`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::ValueEnum;

use super::pod_scope::Pods;
use super::policy_file;
use crate::policy::Policy;
use crate::registration::{Endpoint, FailurePolicy, OwnRelease, Registration, break_glass};

/// Flags of `lockkeeper webhooks`.
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("endpoint").required(true))]
#[command(after_help = "\
Examples:
  lockkeeper webhooks --url https://192.168.1.10:8443 --ca-file ca.crt
  lockkeeper webhooks --service lockkeeper/lockkeeper | kubectl apply --server-side -f -")]
pub(super) struct WebhooksArgs {
    /// Where the API server reaches a Lockkeeper outside the cluster
    #[arg(long, group = "endpoint", value_name = "https://HOST:PORT", value_parser = Endpoint::url)]
    url: Option<Endpoint>,

    /// The Service of a Lockkeeper in the cluster; its port is 443
    #[arg(long, group = "endpoint", value_name = "NAMESPACE/NAME", value_parser = Endpoint::service)]
    service: Option<Endpoint>,

    /// The certificate authority that signed Lockkeeper's certificate, PEM; left out where it is injected later
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,

    /// What becomes of a release or source while no Lockkeeper answers; a Flux Kustomization always passes then
    #[arg(long, value_name = "POLICY", default_value = "Fail")]
    failure_policy: Failure,

    /// Which pods are sent to Lockkeeper
    #[arg(long, value_name = "SCOPE", default_value = "readOnlyRoot")]
    pod_scope: Pods,

    /// The HelmRelease that installs Lockkeeper, never judged so that it can mend Lockkeeper while it is down, nor is
    /// the OCIRepository of the same name
    #[arg(
        long,
        value_name = "NAMESPACE/NAME",
        default_value = "lockkeeper/lockkeeper"
    )]
    own_release: OwnRelease,

    /// The policy file of `serve`: says which of its TmpfsPolicies the scope cannot serve
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// Kubernetes' words for [`FailurePolicy`], as a flag takes them.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Failure {
    /// It is refused; only what is judged waits
    #[value(name = "Fail")]
    Fail,
    /// It passes unjudged
    #[value(name = "Ignore")]
    Ignore,
}

/// Prints both configurations as YAML documents, behind what guards the label that they heed.
///
/// # Errors
/// When the authority's file cannot be read or holds no certificate.
pub(super) fn run(args: WebhooksArgs) -> anyhow::Result<ExitCode> {
    let policy = args
        .policy
        .as_deref()
        .map(|path| policy_file::load_or_builtin(Some(path)))
        .transpose()?;
    let scope = args.pod_scope;
    super::print(&documents(args)?)?;
    for policy in policy.iter().flat_map(Policy::tmpfs) {
        if let Some(pods) = scope.scope().withholds(policy.is_for_writable_roots()) {
            eprintln!(
                "warning: TmpfsPolicy `{}` gets nothing for {pods}: --pod-scope {} does not send them; choose a wider scope",
                policy.name(),
                scope
                    .to_possible_value()
                    .as_ref()
                    .map_or("", |value| value.get_name()),
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn documents(args: WebhooksArgs) -> anyhow::Result<String> {
    let endpoint = args
        .url
        .or(args.service)
        .context("either --url or --service says where Lockkeeper is")?;
    let ca_bundle = args.ca_file.as_deref().map(authority).transpose()?;
    let registration = Registration {
        endpoint,
        ca_bundle,
        failure_policy: match args.failure_policy {
            Failure::Fail => FailurePolicy::Fail,
            Failure::Ignore => FailurePolicy::Ignore,
        },
        pod_scope: args.pod_scope.scope(),
        own_release: args.own_release,
    };
    let validating = serde_saphyr::to_string(&registration.validating())?;
    let mutating = serde_saphyr::to_string(&registration.mutating())?;
    let (policy, binding) = break_glass::guard();
    // First what guards the label of break-glass: without it whoever may patch a namespace is free of the webhooks.
    let documents = [
        serde_saphyr::to_string(&policy)?,
        serde_saphyr::to_string(&binding)?,
        validating,
        mutating,
    ];
    let documents = documents.each_ref().map(|document| document.trim_end());
    Ok(format!("{}\n", documents.join("\n---\n")))
}

/// Reads the authority; a key in its place must not end in an object that anybody may read.
fn authority(path: &Path) -> anyhow::Result<Vec<u8>> {
    let pem = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the authority {}", path.display()))?;
    anyhow::ensure!(
        pem.contains("-----BEGIN CERTIFICATE-----"),
        "{} holds no certificate in PEM",
        path.display()
    );
    anyhow::ensure!(
        !pem.contains("PRIVATE KEY-----"),
        "{} holds a private key, which must not leave its place; give only the certificate",
        path.display()
    );
    Ok(pem.into_bytes())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: WebhooksArgs,
    }

    fn parsed(arguments: &[&str]) -> Result<WebhooksArgs, String> {
        Cli::try_parse_from([&["webhooks"], arguments].concat())
            .map(|cli| cli.args)
            .map_err(|error| error.to_string())
    }

    fn printed(arguments: &[&str]) -> String {
        documents(parsed(arguments).expect("arguments")).expect("documents")
    }

    #[test]
    fn both_configurations_are_printed() {
        let text = printed(&["--url", "https://127.0.0.1:8443"]);
        assert_eq!(text.matches("\n---\n").count(), 3);
        assert!(text.contains("kind: ValidatingWebhookConfiguration"));
        assert!(text.contains("kind: MutatingWebhookConfiguration"));
        assert!(text.contains("https://127.0.0.1:8443/validate"));
        assert!(text.contains("https://127.0.0.1:8443/mutate"));
        assert!(text.contains("https://127.0.0.1:8443/policies"));
        assert!(text.starts_with(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\n"
        ));
        assert!(text.contains("kind: ValidatingAdmissionPolicyBinding"));
        assert!(text.contains("failurePolicy: Fail"));
        assert!(!text.contains("caBundle"), "nothing to inject was given");
    }

    #[test]
    fn the_flags_are_heeded() {
        let text = printed(&[
            "--service",
            "lock/keeper",
            "--failure-policy",
            "Ignore",
            "--pod-scope",
            "all",
            "--own-release",
            "apps/ours",
        ]);
        assert!(text.contains("path: /validate"));
        assert!(
            text.contains("object.metadata.namespace == 'apps' && object.metadata.name == 'ours'")
        );
        // That of the guard is not the flag's.
        assert_eq!(text.matches("failurePolicy: Fail").count(), 1);
        assert!(!text.contains("readOnlyRootFilesystem"));
    }

    #[test]
    fn an_endpoint_must_be_given_and_only_one() {
        for wrong in [
            &[][..],
            &["--url", "http://127.0.0.1"],
            &["--url", "https://127.0.0.1/validate"],
            &["--service", "lockkeeper"],
            &["--url", "https://127.0.0.1", "--service", "a/b"],
            &["--url", "https://127.0.0.1", "--failure-policy", "fail"],
            &["--url", "https://127.0.0.1", "--own-release", "ours"],
        ] {
            assert!(parsed(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_key_is_never_registered_as_an_authority() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path
        };
        let certificate = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
        let key = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";
        assert!(authority(&file("ca.crt", certificate)).is_ok());
        assert!(authority(&file("empty", "")).is_err());
        assert!(authority(&file("both", &format!("{certificate}{key}"))).is_err());
        assert!(authority(&folder.path().join("absent")).is_err());
    }
}
