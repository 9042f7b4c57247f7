//! What expressions know of a case.

use serde_json::{Value, json};

use super::{Deadline, Expression, Failure, Variables, of, release};
use crate::model::{Before, Case, Form, Operation, Request, Subject};

#[test]
fn the_request_is_known() {
    let object = release();
    let subject = Subject::new(&object).expect("an object that is judged");
    let mut case = Case::of_file(subject, jiff::Timestamp::UNIX_EPOCH);
    let file = "request.operation == 'CREATE' && !request.dryRun && request.userInfo.username == ''
        && request.namespace == 'media' && request.name == 'romm' && request.kind == 'HelmRelease'
        && oldObject == null";
    let update =
        "request.operation == 'UPDATE' && request.dryRun && request.userInfo.username == 'anna'
        && oldObject.metadata.name == 'romm' && oldObject.spec.interval != object.spec.interval";
    let [file, update] = [file, update].map(|text| Expression::compile(text).expect(text));
    let deadline = Deadline::default();
    assert_eq!(file.holds(&Variables::new(&case, &deadline)), Ok(true));
    let mut old = release();
    old["spec"]["interval"] = json!("1h");
    case.before = Some(&old);
    case.request = Request {
        operation: Operation::Update,
        user: Some("anna"),
        dry_run: true,
        form: Form::Applied,
    };
    let variables = Variables::new(&case, &deadline);
    assert_eq!(update.holds(&variables), Ok(true));
    assert_eq!(file.holds(&variables), Ok(false));
}

#[derive(Debug)]
struct Unread;

impl Before for Unread {
    fn root(&self) -> Option<&Value> {
        panic!("nobody named it");
    }
}

#[test]
fn the_old_object_is_read_when_it_is_named() {
    let object = release();
    let subject = Subject::new(&object).expect("an object that is judged");
    let mut case = Case::of_file(subject, jiff::Timestamp::UNIX_EPOCH);
    case.before = Some(&Unread);
    let deadline = Deadline::default();
    let variables = Variables::new(&case, &deadline);
    let other = Expression::compile("object.kind == 'HelmRelease'").expect("an expression");
    assert_eq!(other.holds(&variables), Ok(true));
    // A panic is a failure, and nothing else.
    let named = Expression::compile("oldObject == null").expect("an expression");
    assert_eq!(named.holds(&variables), Err(Failure::Failed));
}

fn with_values(values: &Value) -> Value {
    let mut object = release();
    object["spec"]["values"] = values.clone();
    object
}

#[test]
fn images_are_those_that_the_rules_judge() {
    let digest = format!("sha256:{}", "a1".repeat(32));
    let object = with_values(&json!({"controllers": {"romm": {"containers": {
        "app": {"image": {"repository": "ghcr.io/rommapp/romm", "tag": format!("4.6.1@{digest}")}},
        "side": {"image": {"repository": "busybox", "tag": "latest"}}
    }}}}));
    for text in [
        "images.size() == 2",
        "images.exists(i, i.registry == 'ghcr.io' && i.repository == 'rommapp/romm' && i.tag == '4.6.1' && i.pinned)",
        "images.exists(i, i.digest.startsWith('sha256:') && i.image.startsWith('ghcr.io/rommapp/romm:4.6.1@sha256:'))",
        "images.exists(i, i.registry == '' && i.repository == 'busybox' && !i.pinned && i.image == 'busybox:latest')",
        "images.exists(i, i.path == '/spec/values/controllers/romm/containers/side/image/tag')",
        "images.filter(i, !i.pinned).size() == 1",
        "images == images && images[0] in images",
    ] {
        assert_eq!(of(&object, text), Ok(true), "{text}");
    }
}

#[test]
fn claims_are_those_that_the_rules_judge() {
    let object = with_values(
        &json!({"controllers": {"romm": {"containers": {"app": {}}}}, "persistence": {
            "data": {"existingClaim": "{{ .Release.Name }}-data"}, "other": {"existingClaim": "shared"}
        }}),
    );
    for text in [
        "claims.map(c, c.name) == ['romm-data', 'shared']",
        "claims.all(c, c.namespace == 'media')",
        "claims[0].path == '/spec/values/persistence/data/existingClaim'",
    ] {
        assert_eq!(of(&object, text), Ok(true), "{text}");
    }
}

#[test]
fn the_chart_is_known_in_either_form() {
    let mut object = release();
    for text in [
        "chart.kind == 'OCIRepository' && chart.name == 'app-template'",
        "chart.namespace == 'flux-system' && chart.version == '' && chart.chart == ''",
    ] {
        assert_eq!(of(&object, text), Ok(true), "{text}");
    }
    object["spec"] = json!({"chart": {"spec": {"chart": "romm", "version": "1.2.3",
        "sourceRef": {"kind": "HelmRepository", "name": "charts"}}}});
    for text in [
        "chart == {'kind': 'HelmRepository', 'name': 'charts', 'namespace': 'media', 'chart': 'romm', 'version': '1.2.3'}",
        "images == [] && claims.size() == 0",
    ] {
        assert_eq!(of(&object, text), Ok(true), "{text}");
    }
    object["spec"] = json!({});
    assert_eq!(of(&object, "chart == null"), Ok(true));
}

#[test]
fn a_map_is_walked_in_its_order() {
    let object = with_values(&json!({"c": 1, "a": 1, "b": 1, "e": 1, "d": 1}));
    for _ in 0..20 {
        let text = "object.spec.values.map(key, key).join('') == 'abcde' && chart.map(key, key)[0] == 'chart'";
        assert_eq!(of(&object, text), Ok(true));
    }
}
