//! Negative families: what looks like a secret and is none.

mod ordinary;
mod references;

use serde_json::{Value, json};

use super::draw::{Draw, HEX};
use super::{Case, Family, shape};

/// All of them. A seed draws by their order.
pub(crate) const ROOMS: &[&[Family]] = &[references::FAMILIES, ordinary::FAMILIES];

/// Ordinary values around every case.
pub(crate) fn noise(draw: &mut Draw) -> Value {
    let app = draw.app();
    json!({
        "image": {"repository": format!("ghcr.io/example/{app}"), "tag": format!("1.{}.{}@sha256:{}", draw.below(30), draw.below(9), draw.text(HEX, 64))},
        "replicas": draw.between(1, 3),
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
        "service": {"main": {"ports": {"http": {"port": draw.between(1024, 65000)}}}},
        "persistence": {"data": {"existingClaim": format!("{app}-data"), "globalMounts": [{"path": "/data"}]}},
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app.kubernetes.io/name": app}}}]
    })
}

fn none(spec: Value) -> Case {
    Case {
        spec,
        annotations: json!({}),
        secrets: Vec::new(),
    }
}

fn values(values: Value) -> Case {
    Case::of_values(values, &[])
}

/// The value under the key, where it is no secret.
fn plain(draw: &mut Draw, key: &str, value: impl Into<Value>) -> Case {
    Case {
        secrets: Vec::new(),
        ..shape::plain(draw, key, value)
    }
}

fn file(draw: &mut Draw, name: &str, text: &str) -> Case {
    Case {
        secrets: Vec::new(),
        ..shape::file(draw, name, text)
    }
}
