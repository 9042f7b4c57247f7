//! What counts as declared, and what does not.

use serde_json::{Value, json};

use super::UndeclaredStorage;
use crate::facts::NoFacts;
use crate::rules::NoParams;
use crate::rules::storage::testing::{app_template, judge, release};

fn found(root: &Value) -> Vec<String> {
    judge(&UndeclaredStorage, &NoParams {}, &NoFacts, root)
}

fn with_entries(entries: &Value) -> Value {
    app_template(&json!({
        "controllers": {"romm": {"containers": {"app": {"image": {"repository": "romm", "tag": "1"}}}}},
        "persistence": entries
    }))
}

#[test]
fn declared_entries_are_left_alone() {
    let root = with_entries(&json!({
        "existing": {"existingClaim": "{{ .Release.Name }}"},
        "made": {"size": "1Gi", "accessMode": "ReadWriteOnce"},
        "substituted": {"size": "${SIZE}", "accessMode": "${MODE:=ReadWriteOnce}"},
        "nfs": {"type": "nfs", "server": "${NAS}", "path": "/mnt/roms"},
        "dev": {"type": "hostPath", "hostPath": "/dev/dri"},
        "tmp": {"type": "emptyDir"},
        "scratch": {"type": "ephemeral"},
        "files": {"type": "image", "image": "example/files:1"},
        "certs": {"type": "secret", "name": "certs"},
        "external": {"type": "secret", "externalSecretRef": "certs"},
        "settings": {"type": "configMap", "identifier": "settings"},
        "share": {"type": "custom", "volumeSpec": {"nfs": {"server": "nas", "path": "/a"}}},
        "token": {"type": "projected", "sources": []},
        "csi": {"type": "custom", "volumeSpec": {"csi": {"driver": "x"}}},
        "off": {"enabled": false},
        "removed": null
    }));
    assert_eq!(found(&root), Vec::<String>::new());
}

#[test]
fn what_says_nothing_is_refused() {
    let root = with_entries(&json!({
        "a": {},
        "b": {"size": "1Gi"},
        "c": {"accessMode": "ReadWriteOnce", "existingClaim": ""},
        "d": {"type": "nfs", "path": "/mnt/roms"},
        "e": {"type": "nfs", "server": "nas", "path": ""},
        "f": {"type": "hostPath"},
        "g": {"type": "custom", "volumeSpec": {}},
        "h": {"type": "custom", "volumeSpec": {"nfs": {"server": "nas"}}},
        "i": {"type": "configMap", "globalMounts": [{"path": "/i"}]},
        "j": {"type": "secret", "name": ""},
        "k": {"type": "image"},
        "l": {"existingClaim": "l", "size": "1Gi"},
        "m": {"type": "pvc", "existingClaim": "m"},
        "n": {"type": "emptydir"}
    }));
    assert_eq!(
        found(&root),
        [
            "deny /persistence/a: persistence entry `a` names no claim, and has no `size` and `accessMode` to make one",
            "deny /persistence/b: persistence entry `b` has no `accessMode`, so no claim can be made",
            "deny /persistence/c: persistence entry `c` has no `size`, so no claim can be made",
            "deny /persistence/d: persistence entry `d` is of type `nfs` and has no `server`",
            "deny /persistence/e/path: persistence entry `e` is of type `nfs` and has no `path`",
            "deny /persistence/f: persistence entry `f` is of type `hostPath` and has no `hostPath`",
            "deny /persistence/g/volumeSpec: persistence entry `g` is of type `custom` and has no `volumeSpec`",
            "deny /persistence/h/volumeSpec/nfs: volume `h` is of type `nfs` and has no `path`",
            "deny /persistence/i: persistence entry `i` names no ConfigMap",
            "deny /persistence/j: persistence entry `j` names no Secret",
            "deny /persistence/k: persistence entry `k` is of type `image` and has no `image`",
            "deny /persistence/l/size: persistence entry `l` names an existing claim and a `size` for a new one",
            "deny /persistence/m/type: persistence entry `m` has the unknown type `pvc`; did you mean `persistentVolumeClaim`?",
            "deny /persistence/n/type: persistence entry `n` has the unknown type `emptydir`; did you mean `emptyDir`?",
        ]
    );
}

#[test]
fn what_something_else_may_fill_is_not_refused() {
    let mut root = with_entries(&json!({"data": {}}));
    root["spec"]["valuesFrom"] = json!([{"kind": "ConfigMap", "name": "values"}]);
    assert_eq!(
        found(&root),
        [
            "unverified /persistence/data: persistence entry `data` names no claim, and has no `size` and `accessMode` to make one; `valuesFrom` may set it, and what that holds could not be seen"
        ]
    );
    let mut root = with_entries(&json!({"data": {}}));
    root["spec"]["chart"].take();
    let findings = found(&root);
    assert!(findings[0].starts_with("unverified"), "{findings:?}");
    let root = with_entries(&json!({"data": {"enabled": "${KEEP}"}}));
    let findings = found(&root);
    assert!(findings[0].starts_with("unverified"), "{findings:?}");
    let root = with_entries(&json!({"data": {"type": "volumeFromTheFuture"}}));
    let findings = found(&root);
    assert!(findings[0].starts_with("unverified"), "{findings:?}");
}

#[test]
fn the_chart_s_own_defaults_are_trusted() {
    let values = json!({
        "controllers": {"main": {"containers": {"main": {"env": {"TZ": "UTC"}}}}},
        "persistence": {"config": {"enabled": true}, "enabled": true}
    });
    assert_eq!(
        found(&release("hajimari", "2.0.2", &values)),
        Vec::<String>::new()
    );
    let bitnami = json!({"persistence": {"enabled": true, "existingClaim": "data", "size": "8Gi"}});
    assert_eq!(
        found(&release("mariadb", "20.0.0", &bitnami)),
        Vec::<String>::new()
    );
    // Version 2 has a default for `config`, and no schema that refuses a size beside a claim.
    let values = json!({
        "controllers": {"main": {"containers": {"main": {}}}},
        "persistence": {"config": {"enabled": true}, "data": {"existingClaim": "a", "size": "1Gi"}}
    });
    assert_eq!(
        found(&release("app-template", "2.6.0", &values)),
        [
            "warn /persistence/data/size: persistence entry `data` names an existing claim and a `size` for a new one"
        ]
    );
    // Version 1 has another shape.
    let values = json!({"image": {}, "persistence": {"config": {"enabled": true, "type": "pvc"}}});
    assert_eq!(
        found(&release("app-template", "1.5.1", &values)),
        Vec::<String>::new()
    );
}

#[test]
fn volumes_that_go_to_the_pod_are_judged_in_any_chart() {
    let values = json!({"worker": {"extraVolumes": [
        {"name": "media", "nfs": {"path": "/mnt/media"}},
        {"name": "node", "hostPath": {"type": "Directory"}},
        {"name": "data", "persistentVolumeClaim": {"readOnly": true}},
        {"name": "chart-made", "persistentVolumeClaim": {"size": "1Gi"}},
        {"name": "fine", "nfs": {"server": "nas", "path": "/a"}},
        {"name": "empty"}
    ]}, "off": {"enabled": false, "volumes": [{"name": "x", "nfs": {}}]}});
    assert_eq!(
        found(&release("nextcloud", "6.0.0", &values)),
        [
            "deny /worker/extraVolumes/0/nfs: volume `media` is of type `nfs` and has no `server`",
            "deny /worker/extraVolumes/1/hostPath: volume `node` is of type `hostPath` and has no `path`",
            "deny /worker/extraVolumes/2/persistentVolumeClaim: volume `data` is of type `persistentVolumeClaim` and has no `claimName`",
        ]
    );
}

#[test]
fn claim_templates_need_all_that_the_chart_wants() {
    let root = app_template(&json!({"controllers": {"romm": {
        "type": "statefulset", "containers": {"app": {}},
        "statefulset": {"volumeClaimTemplates": [
            {"name": "a", "size": "1Gi", "accessMode": "ReadWriteOnce"},
            {"name": "b", "size": "1Gi"},
            {"name": "c", "enabled": false}
        ]}
    }}}));
    assert_eq!(
        found(&root),
        [
            "deny /controllers/romm/statefulset/volumeClaimTemplates/1: a claim template of controller `romm` has no `accessMode`"
        ]
    );
}
