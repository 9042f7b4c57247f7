//! Tenants who try to pass a literal off as a placeholder's, to learn another's secret by guessing, or to learn what
//! exists in another's namespace.

use crate::provenance::{bound, commit, from, secret, with_password};
use crate::{
    FLEET, Verdict, another, ask, calm, claim, make, namespace, password, plane, policy, reviews,
    stage, wanting,
};
use lockkeeper_control_plane::RELEASE_DENIED;
use lockkeeper_testkit::kubectl::{Output, Way};
use serde_json::{Value, json};

/// A release that says of itself that the fleet's Kustomization applied it.
fn labelled(namespace: &str, text: &str) -> Value {
    let mut object = with_password(namespace, "guess", text);
    object["metadata"]["labels"] = json!({
        "kustomize.toolkit.fluxcd.io/name": "guessed",
        "kustomize.toolkit.fluxcd.io/namespace": FLEET,
    });
    object
}

fn send_as(user: &str, object: &Value) -> Output {
    let account = format!("--as={user}");
    let arguments = [
        "apply",
        "--server-side",
        "--dry-run=server",
        &account,
        "-f",
        "-",
    ];
    plane()
        .admin()
        .run_with(&arguments, &object.to_string())
        .expect("kubectl")
}

#[test]
fn whoever_is_not_flux_learns_nothing_by_guessing() {
    let _calm = calm();
    let tenant = namespace("tenant");
    let value = password("guessed");
    make(&secret(
        FLEET,
        "guessed-secrets",
        &[("DB_PASSWORD", &value)],
    ))
    .expect_accepted();
    let spec = json!({ "serviceAccountName": "guessed", "postBuild": from("guessed-secrets") });
    plane()
        .service_account(FLEET, "guessed")
        .expect("an account");
    make(&bound(FLEET, FLEET, "guessed")).expect_accepted();
    let own = with_password(FLEET, "guessed", "${DB_PASSWORD}");
    commit(FLEET, "guessed", &own, &spec).expect_ready();
    for place in [tenant.as_str(), FLEET] {
        for account in ["deployer", "guessed", "other"] {
            make(&bound(place, &tenant, account)).expect_accepted();
        }
        make(&bound(place, FLEET, "other")).expect_accepted();
    }
    let users = [
        "jane".to_owned(),
        // Another tenant's, also one of the same name; and another account of the same namespace.
        format!("system:serviceaccount:{tenant}:deployer"),
        format!("system:serviceaccount:{tenant}:guessed"),
        format!("system:serviceaccount:{FLEET}:other"),
    ];
    for place in [tenant.as_str(), FLEET] {
        let words = |user: &str, object: &Value| {
            let output = send_as(user, object).expect_refused(RELEASE_DENIED);
            assert!(!output.stderr.contains("DB_PASSWORD"), "{output}");
            assert!(!output.stderr.contains(&value), "a value was told");
            output.stderr
        };
        let plain = words("jane", &with_password(place, "guess", &password("wrong")));
        for user in &users {
            assert_eq!(
                words(user, &labelled(place, &value)),
                plain,
                "{user} guessed right"
            );
            assert_eq!(
                words(user, &labelled(place, &password("wrong"))),
                plain,
                "{user} guessed wrong"
            );
        }
    }
    // The counterproof: the Kustomization's own account is believed.
    let right = format!("system:serviceaccount:{FLEET}:guessed");
    send_as(&right, &labelled(FLEET, &value)).expect_accepted();
    send_as(&right, &labelled(FLEET, &password("wrong"))).expect_refused(RELEASE_DENIED);
    // Nobody hears of another namespace's variables, not even in the audit.
    make(&bound(&tenant, FLEET, "guessed")).expect_accepted();
    send_as(&right, &labelled(&tenant, &value)).expect_accepted();
    let audit = std::fs::read_to_string(plane().folder().join("audit.log")).expect("the audit");
    let told = audit
        .lines()
        .filter(|line| line.contains(&tenant) && line.contains("DB_PASSWORD"));
    assert_eq!(told.count(), 0);
}

#[test]
fn a_commit_cannot_claim_another_kustomizations_labels() {
    let _calm = calm();
    let tenant = namespace("tenant");
    let value = password("claimed");
    make(&secret(
        FLEET,
        "claimed-secrets",
        &[("DB_PASSWORD", &value)],
    ))
    .expect_accepted();
    let own = with_password(FLEET, "claimed", "${DB_PASSWORD}");
    let spec = json!({ "postBuild": from("claimed-secrets") });
    commit(FLEET, "claimed", &own, &spec).expect_ready();
    let mut object = labelled(&tenant, &value);
    object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = "claimed".into();
    // kustomize-controller writes it, and the labels are its own by then.
    let outcome = commit(&tenant, "app", &object, &json!({})).expect_failed(RELEASE_DENIED);
    assert!(
        !outcome.message.contains("DB_PASSWORD"),
        "{}",
        outcome.message
    );
}

#[test]
fn short_variables_clear_nothing() {
    let _calm = calm();
    stage();
    let value = password("short");
    let (one, rest) = value.split_at(1);
    let seven = &value[..7];
    make(&secret(
        FLEET,
        "short-secrets",
        &[("ONE", one), ("SEVEN", seven), ("EIGHT", &value[..8])],
    ))
    .expect_accepted();
    let spec = json!({ "postBuild": from("short-secrets") });
    for (name, text) in [
        ("short-one", format!("${{ONE}}{rest}")),
        ("short-seven", "${SEVEN}".to_owned()),
    ] {
        let object = with_password(FLEET, name, &text);
        let outcome = commit(FLEET, name, &object, &spec).expect_failed("");
        assert!(!outcome.message.contains("SEVEN"), "{}", outcome.message);
        // Flux puts stars for all that a Secret holds, so Lockkeeper's own log is read.
        let reviews = reviews(FLEET, name);
        assert!(!reviews.is_empty());
        assert!(
            reviews
                .iter()
                .all(|review| review["rules"] == "literal-secret=deny"),
            "{reviews:?}"
        );
    }
    commit(
        FLEET,
        "short-eight",
        &with_password(FLEET, "short-eight", "${EIGHT}"),
        &spec,
    )
    .expect_ready();
}

#[test]
fn what_exists_in_another_namespace_is_told_only_where_the_policy_opens_it() {
    let _calm = calm();
    let [own, other] = ["own", "other"].map(namespace);
    make(&claim(&other, "there")).expect_accepted();
    let into = |claim: &str| {
        let mut object = wanting(&own, "app", claim);
        object["spec"]["targetNamespace"] = other.as_str().into();
        object
    };
    let opened = policy("opened", &format!("lookupNamespaces: [{other}]\n"));
    let (opened, _) = another("opened", &[&opened]);
    // Closed, the one that is there and the one that is not sound alike.
    let closed = |claim: &str| {
        let verdict = ask(&stage().lockkeeper, &into(claim));
        assert!(
            verdict.is_warned("it is in another namespace"),
            "{verdict:?}"
        );
        format!("{verdict:?}").replace(claim, "CLAIM")
    };
    assert_eq!(closed("there"), closed("gone"));
    // Through the API server too.
    let sent = |claim: &str| {
        let sent = plane()
            .person()
            .send(Way::ServerSide, &into(claim).to_string());
        sent.expect("kubectl")
            .expect_accepted()
            .stderr
            .replace(claim, "CLAIM")
    };
    assert_eq!(sent("there"), sent("gone"));
    assert_eq!(ask(&opened, &into("there")), Verdict::Allowed);
    let verdict = ask(&opened, &into("gone"));
    assert!(
        verdict.is_denied(&format!(
            "claim `gone` does not exist in namespace `{other}`"
        )),
        "{verdict:?}"
    );
}
