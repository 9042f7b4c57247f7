//! Break-glass while nobody answers: what the label frees, who may set it, and that nothing else of namespaces depends on
//! its guard.

use std::sync::OnceLock;

use lockkeeper_control_plane::account::audit;
use lockkeeper_control_plane::lockkeeper::await_refusal;
use lockkeeper_control_plane::{PATIENCE, binary, objects, plane, release};
use lockkeeper_testkit::control_plane::Registered;
use lockkeeper_testkit::kubectl::{Kubectl, Output, Target, Way, target};
use lockkeeper_testkit::{net, wait};
use serde_json::{Value, json};

const LABEL: &str = "lockkeeper.dev/break-glass";

/// Who may do everything with namespaces, and nothing else.
const KEEPER: &str = "keeper";
/// The same, and break the glass.
const ON_CALL: &str = "on-call";

struct Ground {
    keeper: Kubectl,
    on_call: Kubectl,
    _registered: Registered<'static>,
}

/// What `lockkeeper webhooks` prints, for the whole cluster, with failure policy Fail and an address at which nobody
/// listens.
fn ground() -> &'static Ground {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    GROUND.get_or_init(|| {
        let plane = plane();
        let of_namespaces = json!({
            "apiGroups": [""],
            "resources": ["namespaces", "namespaces/status", "namespaces/finalize"],
            "verbs": ["*"],
        });
        let glass = json!({
            "apiGroups": ["lockkeeper.dev"], "resources": ["breakglass"], "verbs": ["use"],
        });
        let keeper = user(KEEPER, &json!([of_namespaces]));
        let on_call = user(ON_CALL, &json!([of_namespaces, glass]));
        let [port] = net::free_ports().expect("a port");
        let printed = binary::webhooks(&["--url", &format!("https://127.0.0.1:{port}")]);
        let registered = plane.register(&printed).expect("a registration");
        let probe = objects::pinned("default", "probe").to_string();
        await_refusal(plane, &probe, "failed calling webhook");
        // The API server reads the guard from a cache too.
        let namespace = plane.namespace("probe").expect("a namespace");
        wait::until("the guard to be in force", PATIENCE, || {
            let output = label(&keeper, &namespace, "", &json!("probe"));
            let refused = !output.success();
            let undone = label(plane.admin(), &namespace, "", &json!(null));
            undone.expect_accepted();
            refused.then_some(()).ok_or_else(|| output.to_string())
        })
        .expect("it is in force");
        Ground {
            keeper,
            on_call,
            _registered: registered,
        }
    })
}

fn user(name: &str, rules: &Value) -> Kubectl {
    let admin = plane().admin();
    for object in [
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": { "name": name }, "rules": rules,
        }),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": { "name": name },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name },
            "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name }],
        }),
    ] {
        let sent = admin.send(Way::ServerSide, &object.to_string());
        sent.expect("kubectl").expect_accepted();
    }
    plane().user(name, None).expect("a user")
}

const fn place(name: &str) -> Target<'_> {
    target("namespace", "", name)
}

/// Sets the label, or takes it away by null.
fn label(who: &Kubectl, namespace: &str, subresource: &str, value: &Value) -> Output {
    let labels = Value::from_iter([(LABEL, value.clone())]);
    let patch = json!({ "metadata": { "labels": labels } });
    who.patch(place(namespace), subresource, &patch)
        .expect("kubectl")
}

/// What a person reads who lacks the right.
#[track_caller]
fn is_guarded(output: Output, namespace: &str, user: &str) {
    let words = format!(
        "the label {LABEL} takes namespace {namespace} out of Lockkeeper's judgement, and {user} lacks the right to set, \
         change or remove it: verb `use`, resource `breakglass`, group `lockkeeper.dev`"
    );
    output
        .expect_refused("(Forbidden)")
        .expect_refused("ValidatingAdmissionPolicy 'lockkeeper-break-glass'")
        .expect_refused(&words);
}

#[test]
fn a_labelled_namespace_waits_for_nobody_until_the_label_is_gone() {
    let Ground { on_call, .. } = ground();
    let (plane, open) = (plane(), plane().namespace("open").expect("a namespace"));
    let closed = plane.namespace("closed").expect("a namespace");
    let unanswered = |namespace: &str| {
        let object = objects::pinned(namespace, "other").to_string();
        await_refusal(
            plane,
            &object,
            "failed calling webhook \"releases.lockkeeper.dev\"",
        );
        let object = objects::oci_source(namespace, "other").to_string();
        await_refusal(
            plane,
            &object,
            "failed calling webhook \"sources.lockkeeper.dev\"",
        );
    };
    unanswered(&open);
    label(on_call, &open, "", &json!("incident-42")).expect_accepted();
    // The API server has labels of namespaces from a cache.
    let passes = |object: &Value| {
        wait::until("it to pass", PATIENCE, || {
            let sent = plane.person().send(Way::Apply, &object.to_string());
            let output = sent.expect("kubectl");
            output
                .success()
                .then_some(())
                .ok_or_else(|| output.to_string())
        })
        .expect("it passes");
    };
    passes(&objects::floating(&open, "app"));
    passes(&objects::oci_source(&open, "app"));
    passes(&objects::helm_chart(&open, "app", "1.x"));
    unanswered(&closed);

    label(on_call, &open, "", &json!(null)).expect_accepted();
    unanswered(&open);
    // What came in meanwhile stays, and is judged at its next change.
    let stored = plane.admin().get(release(&open, "app")).expect("kubectl");
    assert!(stored.is_some());
}

#[test]
fn the_label_is_for_those_who_have_the_right() {
    let Ground {
        keeper, on_call, ..
    } = ground();
    let name = plane().namespace("guarded").expect("a namespace");
    // By every way in which a namespace can be written; an empty value is a label too.
    for subresource in ["", "status"] {
        for value in ["incident", ""] {
            let output = label(keeper, &name, subresource, &json!(value));
            is_guarded(output, &name, KEEPER);
        }
    }
    let mut created = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": format!("{name}-new") },
    });
    created["metadata"]["labels"][LABEL] = "incident".into();
    let sent = keeper.send(Way::Create, &created.to_string());
    is_guarded(sent.expect("kubectl"), &format!("{name}-new"), KEEPER);
    let finalized = finalize(keeper, &name, "incident");
    is_guarded(finalized, &name, KEEPER);

    label(on_call, &name, "", &json!("incident")).expect_accepted();
    // Neither changed nor removed.
    for value in [json!("other"), json!(""), json!(null)] {
        is_guarded(label(keeper, &name, "", &value), &name, KEEPER);
    }
    label(on_call, &name, "", &json!("")).expect_accepted();
    is_guarded(label(keeper, &name, "", &json!(null)), &name, KEEPER);
    label(on_call, &name, "", &json!(null)).expect_accepted();
    // Who may do everything may do this.
    label(plane().admin(), &name, "", &json!("incident")).expect_accepted();
    label(plane().admin(), &name, "", &json!(null)).expect_accepted();
}

/// A PUT of the subresource by which finalizers are taken away.
fn finalize(who: &Kubectl, name: &str, value: &str) -> Output {
    let found = who.get(place(name)).expect("kubectl");
    let mut object = found.expect("a namespace");
    object["metadata"]["labels"][LABEL] = value.into();
    let raw = format!("/api/v1/namespaces/{name}/finalize");
    who.run_with(&["replace", "--raw", &raw, "-f", "-"], &object.to_string())
        .expect("kubectl")
}

#[test]
fn nothing_else_of_namespaces_depends_on_the_guard() {
    let Ground {
        keeper, on_call, ..
    } = ground();
    let made = "made-by-keeper";
    let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": made } });
    let sent = keeper.send(Way::Create, &object.to_string());
    sent.expect("kubectl").expect_accepted();
    let change = |metadata: Value| {
        let patch = json!({ "metadata": metadata });
        let output = keeper.patch(place(made), "", &patch).expect("kubectl");
        output.expect_accepted();
    };
    let anything = |round: &str| {
        change(json!({ "labels": { "team": round } }));
        change(json!({ "annotations": { "note": round } }));
        change(json!({ "labels": { "team": null } }));
        let status = json!({ "metadata": { "annotations": { "status": round } } });
        let output = keeper.patch(place(made), "status", &status);
        output.expect("kubectl").expect_accepted();
    };
    anything("without-the-label");
    label(on_call, made, "", &json!("incident")).expect_accepted();
    anything("with-the-label");
    finalize(keeper, made, "incident").expect_accepted();
    // An apply that does not name the label leaves it alone.
    let sent = keeper.send(
        Way::ServerSideAs("kustomize-controller"),
        &object.to_string(),
    );
    sent.expect("kubectl").expect_accepted();
    let found = keeper
        .get(place(made))
        .expect("kubectl")
        .expect("it is there");
    assert_eq!(found["metadata"]["labels"][LABEL], "incident");
    keeper
        .delete(place(made))
        .expect("kubectl")
        .expect_accepted();
}

#[test]
fn the_audit_log_shows_who_broke_the_glass() {
    let Ground { on_call, .. } = ground();
    let name = plane().namespace("audited").expect("a namespace");
    let from = audit(plane()).len();
    label(on_call, &name, "", &json!("incident-42")).expect_accepted();
    label(on_call, &name, "", &json!(null)).expect_accepted();
    let written = |words: &str| {
        wait::until("the audit log to show it", PATIENCE, || {
            let log = audit(plane());
            let found = log[from..]
                .lines()
                .filter_map(|line| serde_json::from_str::<Value>(line).ok())
                .any(|line| {
                    line["user"]["username"] == ON_CALL
                        && line["objectRef"]["name"] == *name
                        && line["annotations"]["lockkeeper-break-glass/label"] == words
                });
            found.then_some(()).ok_or_else(|| words.to_owned())
        })
        .expect("it is shown");
    };
    written("from none to \"incident-42\"");
    written("from \"incident-42\" to none");
}
