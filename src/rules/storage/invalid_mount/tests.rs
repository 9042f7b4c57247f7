//! Which mounts are wrong, and which only look so.

use std::time::Instant;

use serde_json::{Value, json};

use super::InvalidMount;
use crate::facts::NoFacts;
use crate::rules::NoParams;
use crate::rules::storage::testing::{app_template, judge, release};

fn found(root: &Value) -> Vec<String> {
    judge(&InvalidMount, &NoParams {}, &NoFacts, root)
}

fn image() -> Value {
    json!({"image": {"repository": "romm", "tag": "1"}})
}

fn with_entries(entries: &Value) -> Value {
    app_template(&json!({
        "controllers": {
            "romm": {"containers": {"app": image(), "old": {"enabled": false}}, "initContainers": {"wait": image()}},
            "worker": {"containers": {"app": image()}},
            "idle": {"enabled": false, "containers": {"app": image()}}
        },
        "persistence": entries
    }))
}

#[test]
fn right_mounts_are_left_alone() {
    let root = with_entries(&json!({
        "assets": {"existingClaim": "romm", "advancedMounts": {"romm": {"app": [
            {"path": "/romm/assets", "subPath": "assets"},
            {"path": "/romm/resources", "subPath": "resources"}
        ], "wait": [{"path": "/romm/assets"}]}}},
        "same-path-elsewhere": {"type": "emptyDir", "advancedMounts": {"worker": {"app": [{"path": "/romm/assets"}]}}},
        "settings": {"type": "configMap", "name": "settings", "globalMounts": [
            {"path": "/config/a.yaml", "subPath": "a.yaml"}, {"path": "/config/b.yaml", "subPath": "b.yaml"}
        ]},
        "config": {"existingClaim": "config"},
        "tmp": {"type": "emptyDir", "globalMounts": [{"path": "/tmp"}]},
        "off": {"enabled": false, "globalMounts": [{"path": "/tmp"}], "advancedMounts": {"nobody": {}}},
        "to-idle": {"type": "emptyDir", "advancedMounts": {"idle": {"nobody": [{"path": "/tmp"}]}}},
        "to-old": {"type": "emptyDir", "advancedMounts": {"romm": {"old": [{"path": "/old"}], "gone": []}}},
        "open": {"type": "nfs", "server": "nas.${DOMAIN}", "path": "${DIR}/x", "globalMounts": [{"path": "{{ .Release.Name }}"}]},
        "dri": {"type": "hostPath", "hostPath": "/dev/dri"},
        "empty": {"type": "emptyDir", "globalMounts": {}, "advancedMounts": {"romm": [], "worker": null}}
    }));
    assert_eq!(found(&root), Vec::<String>::new());
}

#[test]
fn unknown_controllers_and_containers_are_refused() {
    let root = with_entries(&json!({
        "a": {"type": "emptyDir", "advancedMounts": {"rom": {"app": [{"path": "/a"}]}}},
        "b": {"type": "emptyDir", "advancedMounts": {"romm": {"main": [{"path": "/b"}]}}}
    }));
    assert_eq!(
        found(&root),
        [
            "deny /persistence/a/advancedMounts/rom: `a` is mounted in the controller `rom`, which does not exist, so the chart fails or mounts it nowhere",
            "deny /persistence/b/advancedMounts/romm/main: `b` is mounted in the container `main` of controller `romm`, which does not exist, so the chart silently mounts it nowhere",
        ]
    );
}

#[test]
fn the_help_names_what_exists() {
    use crate::model::{Case, Findings, Subject};
    use crate::rules::Rule;
    let root = with_entries(&json!({
        "a": {"type": "emptyDir", "advancedMounts": {"rom": {"app": [{"path": "/a"}]}}}
    }));
    let subject = Subject::new(&root).expect("a HelmRelease");
    let case = Case::of_file(subject, jiff::Timestamp::UNIX_EPOCH);
    let mut findings = Findings::of("invalid-mount");
    InvalidMount.check(&case, &NoParams {}, &NoFacts, &mut findings);
    let help: Vec<_> = findings.into_vec().into_iter().map(|it| it.help).collect();
    assert_eq!(
        help,
        ["did you mean `romm`? the release has `idle`, `romm`, `worker`"]
    );
}

#[test]
fn what_something_else_may_add_is_not_refused() {
    let entries =
        json!({"a": {"type": "emptyDir", "advancedMounts": {"romm": {"main": [{"path": "/a"}]}}}});
    let mut root = with_entries(&entries);
    root["spec"]["valuesFrom"] = json!([{"kind": "Secret", "name": "values"}]);
    assert!(found(&root)[0].starts_with("unverified"));
    let mut root = with_entries(&entries);
    root["spec"]["values"]["controllers"]["romm"]["containers"]["${APP}"] = json!({});
    assert!(found(&root)[0].starts_with("unverified"));
    let mut root = with_entries(&entries);
    root["spec"]["chart"]["spec"]["chart"] = json!("a-chart-with-defaults");
    assert_eq!(found(&root), Vec::<String>::new());
}

#[test]
fn version_2_has_main_by_default() {
    let values = json!({
        "controllers": {"side": {"containers": {"app": {}}}},
        "persistence": {"a": {"type": "emptyDir", "advancedMounts": {"main": {"main": [{"path": "/a"}]}}}}
    });
    assert_eq!(
        found(&release("app-template", "2.6.0", &values)),
        Vec::<String>::new()
    );
    assert_eq!(found(&release("app-template", "3.0.4", &values)).len(), 1);
}

#[test]
fn two_volumes_at_one_path_are_refused() {
    let root = with_entries(&json!({
        "config": {"existingClaim": "config"},
        "other": {"type": "emptyDir", "globalMounts": [{"path": "/config/."}]},
        "special": {"type": "emptyDir", "advancedMounts": {"romm": {"app": [{"path": "//config/"}]}}},
        "twice": {"type": "emptyDir", "advancedMounts": {"worker": {"app": [{"path": "/t"}, {"path": "/t/"}]}}},
        "open-a": {"type": "emptyDir", "globalMounts": [{"path": "${DIR}/x"}]},
        "open-b": {"type": "emptyDir", "globalMounts": [{"path": "${DIR}/x/"}]}
    }));
    assert_eq!(
        found(&root),
        [
            "deny /persistence/open-b/globalMounts/0: `open-a` and `open-b` are both mounted at `/${DIR}/x` in every container",
            "deny /persistence/other/globalMounts/0: `config` and `other` are both mounted at `/config` in every container",
            "deny /persistence/special/advancedMounts/romm/app/0: `config` and `special` are both mounted at `/config` in container `app` of controller `romm`",
            "deny /persistence/twice/advancedMounts/worker/app/1: `twice` is mounted twice at `/t` in container `app` of controller `worker`",
        ]
    );
}

#[test]
fn collisions_that_are_not_certain_are_not_refused() {
    let root = with_entries(&json!({
        "a": {"type": "emptyDir", "enabled": "${A}", "globalMounts": [{"path": "/x"}]},
        "b": {"type": "emptyDir", "globalMounts": [{"path": "/x"}]}
    }));
    assert!(found(&root)[0].starts_with("unverified"));
    let mut root = with_entries(&json!({
        "x": {"type": "emptyDir"},
        "y": {"type": "emptyDir", "globalMounts": [{"path": "/x"}]}
    }));
    root["spec"]["valuesFrom"] = json!([{"kind": "Secret", "name": "values"}]);
    assert!(found(&root)[0].starts_with("unverified"));
}

#[test]
fn claim_templates_are_mounts_of_their_controller() {
    let mut root = with_entries(&json!({
        "data": {"type": "emptyDir"},
        "cache": {"type": "emptyDir", "globalMounts": [{"path": "/state"}]}
    }));
    root["spec"]["values"]["controllers"]["romm"]["statefulset"] = json!({"volumeClaimTemplates": [
        {"name": "data"},
        {"name": "state", "advancedMounts": {"main": [{"path": "/elsewhere"}], "app": [{"path": "/state"}]}}
    ]});
    assert_eq!(
        found(&root),
        [
            "deny /controllers/romm/statefulset/volumeClaimTemplates/1/advancedMounts/main: `state` is mounted in the container `main` of controller `romm`, which does not exist, so the chart silently mounts it nowhere",
            "deny /controllers/romm/statefulset/volumeClaimTemplates/1/advancedMounts/app/0: `cache` and `state` are both mounted at `/state` in container `app` of controller `romm`",
        ]
    );
}

#[test]
fn paths_that_are_none_are_refused() {
    let root = with_entries(&json!({
        "a": {"type": "emptyDir", "globalMounts": [{"path": "config"}]},
        "b": {"type": "emptyDir", "globalMounts": [{"path": "/b/../c"}]},
        "c": {"existingClaim": "c", "globalMounts": [{"path": "/d", "subPath": "/d"}, {"path": "/e", "subPath": "../e"}]},
        "d": {"type": "nfs", "server": "nfs://nas", "path": "mnt", "globalMounts": [{"path": "/n"}]},
        "e": {"type": "hostPath", "hostPath": "dev/dri", "globalMounts": [{"path": "/h"}]},
        "f": {"type": "custom", "volumeSpec": {"nfs": {"server": "nas:/a", "path": "/a"}}},
        "g": {"type": "emptyDir", "globalMounts": {"path": "/g"}},
        "h": {"type": "emptyDir", "advancedMounts": {"romm": [{"path": "/h"}], "worker": {"app": {"path": "/w"}}}}
    }));
    assert_eq!(
        found(&root),
        [
            "deny /persistence/d/server: `nfs://nas` is not the name or address of an NFS server",
            "deny /persistence/d/path: the NFS path `mnt` of volume `d` is relative",
            "deny /persistence/e/hostPath: the hostPath `dev/dri` of volume `e` is relative",
            "deny /persistence/f/volumeSpec/nfs/server: `nas:/a` is not the name or address of an NFS server",
            "deny /persistence/g/globalMounts: `globalMounts` of `g` does not hold mounts",
            "deny /persistence/h/advancedMounts/romm: a controller in `advancedMounts` of `h` does not hold containers",
            "deny /persistence/h/advancedMounts/worker/app: a container in `advancedMounts` of `h` does not hold mounts",
            "deny /persistence/a/globalMounts/0/path: volume `a` is mounted at the relative path `config`, which the kubelet takes from the root",
            "deny /persistence/b/globalMounts/0/path: volume `b` is mounted at `/b/../c`, which has `..`",
            "deny /persistence/c/globalMounts/0/subPath: `subPath` `/d` of volume `c` leads out of the volume",
            "deny /persistence/c/globalMounts/1/subPath: `subPath` `../e` of volume `c` leads out of the volume",
        ]
    );
}

#[test]
fn lists_of_other_charts_are_judged_each_by_itself() {
    let values = json!({
        "extraVolumes": [{"name": "media", "nfs": {"server": "nas", "path": "media"}}],
        "extraVolumeMounts": [
            {"name": "a", "mountPath": "/a"}, {"name": "b", "mountPath": "/a/"},
            {"name": "c", "mountPath": "c"}, {"mountPath": "/a"}
        ],
        "worker": {"extraVolumeMounts": [{"name": "a", "mountPath": "/a"}]}
    });
    assert_eq!(
        found(&release("nextcloud", "6.0.0", &values)),
        [
            "warn /extraVolumeMounts/2/mountPath: volume `c` is mounted at the relative path `c`, which the kubelet takes from the root",
            "deny /extraVolumeMounts/1: `a` and `b` are both mounted at `/a` in one container",
            "deny /extraVolumes/0/nfs/path: the NFS path `media` of volume `media` is relative",
        ]
    );
}

#[test]
fn many_mounts_stay_near_linear() {
    let mut entries = serde_json::Map::new();
    let mut controllers = serde_json::Map::new();
    for index in 0..3_000 {
        controllers.insert(format!("c{index}"), json!({"containers": {"app": {}}}));
        entries.insert(format!("e{index}"), json!({"type": "emptyDir"}));
        let mounts =
            json!({format!("c{index}"): {"app": [{"path": "/same"}], "nobody": [{"path": "/x"}]}});
        entries.insert(
            format!("m{index}"),
            json!({"type": "emptyDir", "advancedMounts": mounts}),
        );
    }
    let root = app_template(&json!({"controllers": controllers, "persistence": entries}));
    let start = Instant::now();
    assert_eq!(found(&root).len(), 3_000);
    // Every volume in every container would be nine million mounts.
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
