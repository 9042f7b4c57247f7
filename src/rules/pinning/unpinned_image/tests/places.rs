//! Where images are found, and what only looks like one.

use serde_json::{Value, json};

use crate::rules::pinning::testing::{digest, image_release as release, images as found};
use crate::rules::pinning::testing::{other_chart as other, words};

#[test]
fn shapes_of_other_charts() {
    let digest = digest();
    let pinned = format!("nginx:latest@{digest}");
    for (values, expected) in [
        (
            json!({"image": {"repository": "nginx", "tag": "latest"}}),
            "deny /spec/values/image/tag",
        ),
        (
            json!({"image": {"registry": "quay.io", "repository": "nginx", "tag": "1.27.1"}}),
            "",
        ),
        (json!({"image": {"repository": "nginx", "tag": ""}}), ""),
        (json!({"image": {"repository": "nginx"}}), ""),
        (json!({"image": {"registry": "host:5000"}}), ""),
        (
            json!({"image": {"tag": "main"}}),
            "deny /spec/values/image/tag",
        ),
        (
            json!({"image": {"tag": "main", "sha": "a1".repeat(32)}}),
            "",
        ),
        (
            json!({"image": {"tag": "main", "sha": ""}}),
            "deny /spec/values/image/tag",
        ),
        (json!({"image": {"tag": 17}}), "warn /spec/values/image/tag"),
        (
            json!({"image": {"repository": "nginx:latest"}}),
            "deny /spec/values/image",
        ),
        (
            json!({"image": {"smb": {"repository": "a/smb", "tag": "edge"}}}),
            "deny /spec/values/image/smb/tag",
        ),
        (
            json!({"cephImage": {"repository": "quay.io/ceph/ceph", "tag": "latest"}}),
            "deny /spec/values/cephImage/tag",
        ),
        (
            json!({"redis": {"repository": "library/redis", "tag": "latest"}}),
            "deny /spec/values/redis/tag",
        ),
        (json!({"image": "nginx:latest"}), "deny /spec/values/image"),
        (json!({"image": pinned}), ""),
        (json!({"image": "nginx"}), ""),
        (
            json!({"image": "nginx", "tag": "latest"}),
            "deny /spec/values/tag",
        ),
        (json!({"image": "nginx", "tag": "1.2.3"}), ""),
        (json!({"image": "nginx:latest", "digest": digest}), ""),
        (
            json!({"sidecarImage": "a/b:nightly"}),
            "deny /spec/values/sidecarImage",
        ),
        (json!({"imageTag": "latest"}), "deny /spec/values/imageTag"),
        (json!({"imageTag": 1.2}), "warn /spec/values/imageTag"),
        (json!({"imageTag": "latest", "imageDigest": digest}), ""),
        (json!({"imageTag": ""}), ""),
        (
            json!({"images": ["a/b:1.2.3", "a/c:latest"]}),
            "deny /spec/values/images/1",
        ),
        (
            json!({"images": {"server": "a/b:latest"}}),
            "deny /spec/values/images/server",
        ),
        (
            json!({"images": {"server": {"repository": "a/b", "tag": "edge"}}}),
            "deny /spec/values/images/server/tag",
        ),
        (
            json!({"images": [{"name": "a/b", "newTag": "latest"}]}),
            "deny /spec/values/images/0/newTag",
        ),
        (
            json!({"template": {"spec": {"containers": [{"name": "a", "image": "a/b"}]}}}),
            "deny /spec/values/template/spec/containers/0/image",
        ),
        (
            json!({"extraInitContainers": [{"name": "a", "image": "busybox:1.38.1"}]}),
            "",
        ),
        (
            json!({"initContainers": {"wait": {"image": "busybox"}}}),
            "deny /spec/values/initContainers/wait/image",
        ),
        (
            json!({"extraContainers": [{"name": "a", "image": "a/b", "tag": "1.2.3"}]}),
            "",
        ),
        (
            json!({"volumes": [{"name": "a", "image": {"reference": "a/b:latest"}}]}),
            "deny /spec/values/volumes/0/image/reference",
        ),
        (
            json!({"image": "{{ .Values.global.image }}"}),
            "unverified /spec/values/image",
        ),
        (json!({"image": "${REGISTRY}/app:1.2.3"}), ""),
        (
            json!({"image": "${IMAGE:=nginx:1.27.1}"}),
            "unverified /spec/values/image",
        ),
    ] {
        let wanted: Vec<&str> = Some(expected)
            .filter(|text| !text.is_empty())
            .into_iter()
            .collect();
        assert_eq!(found(&other(&values)), wanted, "{values}");
    }
}

#[test]
fn what_only_looks_like_an_image() {
    for values in [
        json!({"git": {"repository": "org/repo", "tag": "main"}}),
        json!({"sync": {"repository": "https://github.com/org/repo.git", "tag": "main"}}),
        json!({"sync": {"repository": "github.com/org/repo", "tag": "main"}}),
        json!({"sync": {"repository": "git@example.com:org/repo", "tag": "main"}}),
        json!({"sync": {"repository": "org/repo", "tag": "main", "branch": "x"}}),
        json!({"chart": {"repository": "charts/app", "tag": "stable"}}),
        json!({"restic": {"repository": "s3:https://s3.example/backup", "tag": "daily"}}),
        json!({"restic": {"repository": "/srv/backup", "tag": "daily"}}),
        json!({"restic": {"repository": "backup", "tag": "daily", "password": "x"}}),
        json!({"imageRegistry": "mirror.gcr.io", "imagePullPolicy": "Always", "imagePullSecrets": ["latest"]}),
        json!({"backgroundImage": "https://example.com/a.png"}),
        json!({"logoImage": "/assets/logo.png"}),
        json!({"image": "data:image/png;base64,AAAA"}),
        json!({"image": ["spec", "image"], "imageFeatures": "layering,fast-diff"}),
        json!({"release": {"tag": "latest"}}),
        json!({"config": {"tag": "main"}}),
        json!({"env": {"image": "a/b:latest"}}),
        json!({"podAnnotations": {"image": "a/b:latest"}}),
        json!({"rule": {"image": "!*:latest"}}),
    ] {
        let lines = found(&other(&values));
        assert!(lines.is_empty(), "{values}: {lines:?}");
    }
    // In doubt it is no denial.
    for values in [
        json!({"plugin": {"repository": "org/plugin", "tag": "main"}}),
        json!({"tile": {"image": "mdi:home"}}),
    ] {
        assert_eq!(words(&found(&other(&values))), ["warn"], "{values}");
    }
}

#[test]
fn image_volumes() {
    let volumes = |entry: &Value| {
        release(
            "app-template",
            &json!({"values": {"controllers": {}, "persistence": {"models": entry}}}),
        )
    };
    let at = "/spec/values/persistence/models";
    for (entry, expected) in [
        (
            json!({"type": "image", "image": "ghcr.io/a/b:1.2.3"}),
            vec![],
        ),
        (
            json!({"type": "image", "image": "ghcr.io/a/b:latest"}),
            vec![format!("deny {at}/image")],
        ),
        (
            json!({"type": "image", "image": "ghcr.io/a/b"}),
            vec![format!("deny {at}/image")],
        ),
        (
            json!({"type": "image", "image": {"repository": "a/b", "tag": "edge"}}),
            vec![format!("deny {at}/image/tag")],
        ),
        (
            json!({"type": "image", "enabled": false, "image": "a/b:latest"}),
            vec![],
        ),
        (
            json!({"type": "custom", "volumeSpec": {"image": {"reference": "a/b"}}}),
            vec![format!("deny {at}/volumeSpec/image/reference")],
        ),
        (
            json!({"type": "custom", "volumeSpec": {"image": {"reference": "a/b:1.2.3"}}}),
            vec![],
        ),
    ] {
        assert_eq!(found(&volumes(&entry)), expected, "{entry}");
    }
}

#[test]
fn images_beside_app_templates_own() {
    let values = json!({
        "controllers": {"romm": {"containers": {
            "vpn": {"image": {"repository": "a/b", "tag": "1.2.3"}, "gluetun": {"image": {"repository": "a/c", "tag": "latest"}}}
        }}},
        "rawResources": {"job": {"spec": {"containers": [{"name": "a", "image": "a/b:latest"}]}}}
    });
    assert_eq!(
        found(&release("app-template", &json!({"values": values}))),
        [
            "deny /spec/values/controllers/romm/containers/vpn/gluetun/image/tag",
            "deny /spec/values/rawResources/job/spec/containers/0/image",
        ]
    );
}

#[test]
fn post_renderers() {
    let digest = digest();
    for (kustomize, expected) in [
        (
            json!({"images": [{"name": "a/b", "newTag": "latest"}]}),
            "deny images/0/newTag",
        ),
        (json!({"images": [{"name": "a/b", "newTag": "1.2.3"}]}), ""),
        (
            json!({"images": [{"name": "a/b", "newTag": "latest", "digest": digest}]}),
            "",
        ),
        (json!({"images": [{"name": "a/b", "newName": "c/d"}]}), ""),
        (
            json!({"images": [{"name": "a/b", "newTag": "${TAG}"}]}),
            "unverified images/0/newTag",
        ),
        (
            json!({"patches": [{"patch": "- op: replace\n  path: /spec/template/spec/containers/0/image\n  value: a/b:latest\n"}]}),
            "deny patches/0/patch",
        ),
        (
            json!({"patches": [{"patch": "- op: replace\n  value: a/b\n  path: /spec/template/spec/containers/0/image\n"}]}),
            "deny patches/0/patch",
        ),
        (
            json!({"patches": [{"patch": "- op: replace\n  path: /spec/replicas\n  value: latest\n"}]}),
            "",
        ),
        (
            json!({"patches": [{"patch": "[{\"op\": \"add\", \"path\": \"/spec/image\", \"value\": \"a/b:edge\"}]"}]}),
            "deny patches/0/patch",
        ),
        (
            json!({"patches": [{"patch": "spec:\n  containers:\n    - name: a\n      image: \"a/b:latest\" # here\n"}]}),
            "deny patches/0/patch",
        ),
        (
            json!({"patches": [{"patch": "spec:\n  containers:\n    - image: a/b:1.2.3\n# image: a/b:latest\n"}]}),
            "",
        ),
        (
            json!({"patches": [{"patch": "spec:\n  image: a/b:${TAG}\n"}]}),
            "unverified patches/0/patch",
        ),
        (
            json!({"patchesStrategicMerge": [{"spec": {"containers": [{"name": "a", "image": "a/b:main"}]}}]}),
            "deny patchesStrategicMerge/0/spec/containers/0/image",
        ),
        (
            json!({"patchesJson6902": [{"patch": [{"op": "add", "path": "/spec/image", "value": "a/b:dev"}]}]}),
            "deny patchesJson6902/0/patch/0/value",
        ),
    ] {
        let object = release(
            "other",
            &json!({"postRenderers": [{"kustomize": kustomize}]}),
        );
        let wanted: Vec<String> = expected
            .split_once(' ')
            .map(|(word, at)| format!("{word} /spec/postRenderers/0/kustomize/{at}"))
            .into_iter()
            .collect();
        assert_eq!(found(&object), wanted, "{kustomize}");
    }
    let patch = "spec:\n  a:\n    image: a/b:latest\n  b:\n    image: c/d:latest\n";
    let object = release(
        "other",
        &json!({"postRenderers": [{"kustomize": {"patches": [{"patch": patch}]}}]}),
    );
    assert_eq!(found(&object).len(), 2, "one text, two images");
}
