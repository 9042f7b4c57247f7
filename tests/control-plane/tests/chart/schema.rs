//! Wrong values are refused before anything is sent, with the place and what would be right.

use lockkeeper_control_plane::helm::chart;

use crate::helm;

#[test]
fn wrong_values_are_refused_with_their_place() {
    for (value, words) in [
        (
            "--set=replica=3",
            "additional properties 'replica' not allowed",
        ),
        (
            "--set=webhooks.failurePolicy.pods=Fail",
            "at '/webhooks/failurePolicy': additional properties 'pods'",
        ),
        (
            "--set=webhooks.failurePolicy.releases=fail",
            "at '/webhooks/failurePolicy/releases': value must be one of 'Fail', 'Ignore'",
        ),
        (
            "--set=webhooks.podScope=readonlyroot",
            "at '/webhooks/podScope': value must be one of 'annotated', 'readOnlyRoot', 'all'",
        ),
        (
            "--set=certificates.mode=cert-manager",
            "at '/certificates/mode': value must be one of 'selfManaged', 'certManager', 'secret'",
        ),
        (
            "--set=certificates.mode=secret",
            "at '/certificates/secret/name': minLength",
        ),
        (
            "--set=certificates.caBundle=x",
            "at '/certificates': additional properties 'caBundle'",
        ),
        (
            "--set=certificates.certManager.issuerRef.kind=Issuer",
            "at '/certificates/certManager/issuerRef': properties 'name' required, if 'kind' exists",
        ),
        (
            "--set=certificates.selfManaged.overlap=soon",
            "at '/certificates/selfManaged/overlap': 'soon' does not match",
        ),
        (
            "--set=crds.upgrade=true",
            "at '/crds': additional properties 'upgrade'",
        ),
        ("--set=replicas=0", "at '/replicas': minimum"),
        (
            "--set-string=replicas=2",
            "at '/replicas': got string, want integer",
        ),
        (
            "--set=logLevel=verbose",
            "at '/logLevel': value must be one of",
        ),
        ("--set=listenAddress=localhost", "at '/listenAddress'"),
        ("--set=image.digest=sha256:12", "at '/image/digest'"),
        (
            "--set=ownRelease.name=a' || true || '",
            "at '/ownRelease/name'",
        ),
        (
            "--set=ownRelease.namespace=a.b",
            "at '/ownRelease/namespace'",
        ),
        (
            r#"--set-json=policies=[{"kind":"Policy","apiVersion":"lockkeeper.dev/v1alpha1","spec":{}}]"#,
            "at '/policies/0/kind': value must be one of 'ReleasePolicy', 'TmpfsPolicy'",
        ),
        (
            r#"--set-json=cluster.readSecrets=["flux-system/one"]"#,
            "at '/cluster/readSecrets/0': got string, want object",
        ),
        (
            r#"--set-json=networkPolicy.apiServerPorts=[]"#,
            "at '/networkPolicy/apiServerPorts': minItems",
        ),
    ] {
        let chart = chart();
        let output = helm().run(&["template", "lockkeeper", &chart, value]);
        output.expect_refused(words);
    }
}
