//! What is wrong is refused by the API server, with the field and what would be right.

use serde_json::{Value, json};

use super::dry_run;

/// Puts a value at a place that may not be there yet.
fn with(mut spec: Value, pointer: &str, value: &Value) -> Value {
    let mut at = &mut spec;
    for step in pointer.split('/').skip(1) {
        at = match step.parse::<usize>() {
            Ok(index) => &mut at[index],
            Err(_) => &mut at[step],
        };
    }
    *at = value.clone();
    spec
}

fn refused(kind: &str, good: &Value, table: &[(&str, Value, &str)]) {
    dry_run(kind, good).expect_accepted();
    for (pointer, value, words) in table {
        let output = dry_run(kind, &with(good.clone(), pointer, value));
        let field = format!("spec{}", pointer.replace('/', "."));
        // The API server writes indices in brackets.
        let field = (0..3).fold(field, |field, index| {
            field.replace(&format!(".{index}"), &format!("[{index}]"))
        });
        let is_refused = output.stderr.contains(&field) && output.stderr.contains(words);
        assert!(
            is_refused && !output.success(),
            "{pointer} {value}: {words}: {output}"
        );
    }
}

#[test]
fn wrong_release_policies() {
    let good = json!({
        "match": {
            "namespaces": ["games"],
            "namespaceSelector": { "matchLabels": {}, "matchExpressions": [{ "key": "a", "operator": "In", "values": ["b"] }] },
            "matchConditions": [{ "name": "a", "expression": "true" }],
        },
        "rules": { "unpinned-image": { "action": "warn" }, "missing-claim": {}, "missing-tmpfs": {} },
        "customRules": [{ "name": "no-beta", "expression": "true", "message": "why" }],
        "exemptions": [{ "rules": ["unpinned-image"], "reason": "why", "expiresAt": "2027-01-31" }],
        "allowExemptions": [{ "rules": ["*"] }],
    });
    let named = |name: &str| json!({ "name": name, "expression": "true", "message": "why" });
    let word = |letters: usize| "x".repeat(letters);
    refused(
        "ReleasePolicy",
        &good,
        &[
            (
                "/rules/unpinned-image/action",
                json!("block"),
                "supported values: \"off\", \"audit\", \"warn\", \"deny\"",
            ),
            (
                "/rules/unpinned-image/action",
                json!(true),
                "Unsupported value: true",
            ),
            (
                "/rules/unpinned-image/require",
                json!("sha"),
                "supported values: \"tag\", \"digest\"",
            ),
            (
                "/rules/unpinned-image/partial",
                json!(1),
                "must be of type string",
            ),
            (
                "/rules/missing-claim/existence",
                json!("audit"),
                "supported values: \"deny\", \"warn\", \"off\"",
            ),
            (
                "/rules/missing-claim/externalClaims",
                json!("data"),
                "must be of type array",
            ),
            ("/rules/missing-tmpfs/paths", json!([1]), "must be of type"),
            (
                "/rules/unpinned-image",
                json!("off"),
                "must be of type object",
            ),
            ("/rules", json!([]), "must be of type object"),
            (
                "/onUnseen",
                json!("off"),
                "supported values: \"audit\", \"warn\", \"deny\"",
            ),
            ("/onUnseen", json!(false), "must be of type string"),
            ("/ratchet", json!("yes"), "must be of type boolean"),
            ("/replacesDefault", json!(1), "must be of type boolean"),
            (
                "/match/operations",
                json!(["DELETE"]),
                "supported values: \"CREATE\", \"UPDATE\"",
            ),
            (
                "/match/operations",
                json!(["CREATE", "CREATE"]),
                "Duplicate value",
            ),
            (
                "/match/namespaces",
                json!([]),
                "should have at least 1 items",
            ),
            (
                "/match/releases",
                json!([""]),
                "should be at least 1 chars long",
            ),
            (
                "/match/namespaceSelector/matchLabels/a",
                json!("not a value"),
                "should match",
            ),
            (
                "/match/namespaceSelector/matchExpressions/0",
                json!({ "key": "a", "operator": "In" }),
                "`In` and `NotIn` need `values`",
            ),
            (
                "/match/namespaceSelector/matchExpressions/0",
                json!({ "key": "a", "operator": "NotIn", "values": [] }),
                "`In` and `NotIn` need `values`",
            ),
            (
                "/match/namespaceSelector/matchExpressions/0",
                json!({ "key": "a", "operator": "Exists", "values": ["b"] }),
                "`Exists` and `DoesNotExist` take no `values`",
            ),
            (
                "/match/namespaceSelector/matchExpressions/0/operator",
                json!("Is"),
                "supported values: \"In\"",
            ),
            (
                "/match/matchConditions/0",
                json!({ "name": "a" }),
                "Required value",
            ),
            (
                "/match/matchConditions",
                json!([{ "name": "a", "expression": "true" }, { "name": "a", "expression": "false" }]),
                "Duplicate value",
            ),
            (
                "/match/matchConditions",
                json!(
                    (0..17)
                        .map(|at| json!({ "name": format!("a{at}"), "expression": "true" }))
                        .collect::<Vec<_>>()
                ),
                "must have at most 16 items",
            ),
            (
                "/match/matchConditions/0/expression",
                json!(word(4097)),
                "may not be more than 4096",
            ),
            ("/customRules/0/name", json!("No_Beta"), "should match"),
            (
                "/customRules/0/name",
                json!(word(64)),
                "may not be more than 63",
            ),
            (
                "/customRules/0/message",
                json!(" \n"),
                "say what is wrong, and how to mend it",
            ),
            (
                "/customRules/0/kinds",
                json!(["Pod"]),
                "supported values: \"HelmRelease\", \"OCIRepository\"",
            ),
            (
                "/customRules/0/kinds",
                json!([]),
                "should have at least 1 items",
            ),
            (
                "/customRules/0/expression",
                json!(""),
                "should be at least 1 chars long",
            ),
            (
                "/customRules",
                json!([named("a"), named("a")]),
                "Duplicate value",
            ),
            (
                "/customRules",
                json!(
                    (0..65)
                        .map(|at| named(&format!("a{at}")))
                        .collect::<Vec<_>>()
                ),
                "must have at most 64 items",
            ),
            (
                "/exemptions/0/reason",
                json!(" "),
                "say why, for those who read it later",
            ),
            (
                "/exemptions/0",
                json!({ "rules": ["a"], "reason": "why" }),
                "Required value",
            ),
            (
                "/exemptions/0/rules",
                json!([]),
                "should have at least 1 items",
            ),
            ("/exemptions/0/rules/0", json!("unpinned-*"), "should match"),
            ("/exemptions/0/pointers", json!(["spec"]), "should match"),
            (
                "/exemptions/0/expiresAt",
                json!("tomorrow"),
                "write a date such as 2027-01-31",
            ),
            (
                "/exemptions",
                json!((0..65).map(|_| good_exemption()).collect::<Vec<_>>()),
                "must have at most 64 items",
            ),
            (
                "/allowExemptions/0/by",
                json!(["Comment"]),
                "supported values: \"Exemption\", \"Annotation\"",
            ),
            (
                "/allowExemptions/0/rules",
                json!([]),
                "should have at least 1 items",
            ),
        ],
    );
    dry_run("ReleasePolicy", &json!(null)).expect_refused("spec");
}

fn good_exemption() -> Value {
    json!({ "rules": ["missing-claim"], "releases": ["romm"], "reason": "why", "expiresAt": "2027-01-31" })
}

#[test]
fn wrong_exemptions() {
    refused(
        "Exemption",
        &good_exemption(),
        &[
            ("/rules", json!([]), "should have at least 1 items"),
            ("/rules/0", json!("*"), "should match"),
            ("/releases", json!([]), "should have at least 1 items"),
            ("/releases", json!(null), "Required value"),
            (
                "/reason",
                json!("\t"),
                "say why, for those who read it later",
            ),
            (
                "/reason",
                json!("x".repeat(1025)),
                "may not be more than 1024",
            ),
            ("/pointers", json!(["/a~2"]), "should match"),
            (
                "/expiresAt",
                json!("2027-1-31"),
                "write a date such as 2027-01-31",
            ),
            (
                "/expiresAt",
                json!("2027-13-01"),
                "write a date such as 2027-01-31",
            ),
            (
                "/expiresAt",
                json!("2027-01-31 12:00"),
                "write a date such as 2027-01-31",
            ),
            (
                "/expiresAt",
                json!("2027-01-31T12:00:00"),
                "write a date such as 2027-01-31",
            ),
            // A month that has no such day.
            (
                "/expiresAt",
                json!("2027-02-29"),
                "evaluating rule: write a date",
            ),
        ],
    );
}

#[test]
fn wrong_tmpfs_policies() {
    refused(
        "TmpfsPolicy",
        &json!({ "mounts": [{ "path": "/tmp", "sizeLimit": "64Mi" }] }),
        &[
            (
                "/when",
                json!("never"),
                "supported values: \"always\", \"readOnlyRootFilesystem\"",
            ),
            ("/containers", json!([]), "should have at least 1 items"),
            ("/mounts", json!([]), "should have at least 1 items"),
            ("/mounts", json!(null), "Required value"),
            (
                "/mounts",
                json!([{ "path": "/a", "sizeLimit": 1 }, { "path": "/a", "sizeLimit": 2 }]),
                "Duplicate value",
            ),
            ("/mounts/0/path", json!("tmp"), "a path begins with `/`"),
            ("/mounts/0/path", json!("//"), "would hide the image"),
            ("/mounts/0/path", json!("/a/../b"), "write it without `..`"),
            ("/mounts/0/path", json!("/a:b"), "a path holds no `:`"),
            ("/mounts/0/sizeLimit", json!("64 MB"), "should match"),
            (
                "/mounts/0/sizeLimit",
                json!(-1),
                "a size is more than nothing",
            ),
            ("/mounts/0/sizeLimit", json!("-1Mi"), "should match"),
            ("/mounts/0/shared", json!("yes"), "must be of type boolean"),
            (
                "/podSelector/matchExpressions",
                json!([{ "key": "", "operator": "Exists" }]),
                "should be at least 1 chars long",
            ),
        ],
    );
}
