//! Lockkeeper's own account in the cluster: exactly the rights that `src/cluster/rights.rs` lists, or fewer.

use lockkeeper::cluster::{OWN_RIGHTS, Own, OwnRight, RIGHTS, Right, cluster_role};
use lockkeeper_testkit::ControlPlane;
use lockkeeper_testkit::kubectl::{Kubectl, Way};
use serde_json::{Value, json};

/// Where all accounts of Lockkeeper are: what they ask stands in the API server's audit.
pub const NAMESPACE: &str = "lockkeeper";

/// The names of what Lockkeeper owns in the cluster.
#[derive(Clone, Copy, Debug)]
pub struct Owned<'a> {
    /// Of the webhook configurations.
    pub webhooks: &'a str,
    /// Of the namespace of the Secret and the Lease.
    pub namespace: &'a str,
    /// Of the CA's Secret.
    pub secret: &'a str,
    /// Of the Lease.
    pub lease: &'a str,
}

/// A service account with a ClusterRole of the same name.
#[derive(Clone, Debug)]
pub struct Account {
    name: String,
    kubectl: Kubectl,
}

impl Account {
    /// Makes one with all rights that Lockkeeper uses, and no other.
    pub fn new(plane: &ControlPlane, name: &str) -> Self {
        Self::with(plane, name, |_, _| true)
    }

    /// Makes one with some of the rights: `has` is asked for each verb.
    pub fn with(plane: &ControlPlane, name: &str, has: impl Fn(&Right, &str) -> bool) -> Self {
        let namespace =
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } });
        apply(plane, &namespace);
        let kubectl = plane.service_account(NAMESPACE, name).expect("an account");
        let account = Self {
            name: name.to_owned(),
            kubectl,
        };
        account.grant(plane, has);
        apply(plane, &account.binding());
        account
    }

    /// Gives it those rights that are left, and no other: `has` is asked for each verb.
    pub fn grant(&self, plane: &ControlPlane, has: impl Fn(&Right, &str) -> bool) {
        let mut role = serde_json::to_value(cluster_role()).expect("JSON");
        role["metadata"]["name"] = self.name.as_str().into();
        role["apiVersion"] = "rbac.authorization.k8s.io/v1".into();
        role["kind"] = "ClusterRole".into();
        let whole = RIGHTS
            .iter()
            .all(|right| right.verbs.iter().all(|verb| has(right, verb)));
        // The whole role goes as Lockkeeper makes it: it is what is proved.
        if !whole {
            role["rules"] = RIGHTS
                .iter()
                .map(|right| {
                    let verbs: Vec<_> = right.verbs.iter().filter(|verb| has(right, verb)).collect();
                    (right, verbs)
                })
                .filter(|(_, verbs)| !verbs.is_empty())
                .map(|(right, verbs)| {
                    json!({ "apiGroups": [right.group], "resources": [right.resource], "verbs": verbs })
                })
                .collect();
        }
        apply(plane, &role);
    }

    /// Opens the names of all Secrets to it, which is to open all Secrets.
    pub fn open_names(&self, plane: &ControlPlane) {
        let name = format!("secret-names-{}", self.name);
        let api = "rbac.authorization.k8s.io";
        apply(
            plane,
            &json!({
                "apiVersion": format!("{api}/v1"), "kind": "ClusterRole",
                "metadata": { "name": name },
                "rules": [{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["list", "watch"] }],
            }),
        );
        apply(
            plane,
            &json!({
                "apiVersion": format!("{api}/v1"), "kind": "ClusterRoleBinding",
                "metadata": { "name": name },
                "roleRef": { "apiGroup": api, "kind": "ClusterRole", "name": name },
                "subjects": [self.subject()],
            }),
        );
    }

    /// Opens Secrets to it, by their names.
    pub fn open(&self, plane: &ControlPlane, namespace: &str, names: &[&str]) {
        let name = format!("read-secrets-{}", self.name);
        let api = "rbac.authorization.k8s.io";
        apply(
            plane,
            &json!({
                "apiVersion": format!("{api}/v1"), "kind": "Role",
                "metadata": { "name": name, "namespace": namespace },
                "rules": [{ "apiGroups": [""], "resources": ["secrets"], "resourceNames": names, "verbs": ["get"] }],
            }),
        );
        apply(
            plane,
            &json!({
                "apiVersion": format!("{api}/v1"), "kind": "RoleBinding",
                "metadata": { "name": name, "namespace": namespace },
                "roleRef": { "apiGroup": api, "kind": "Role", "name": name },
                "subjects": [self.subject()],
            }),
        );
    }

    /// Gives it what it uses for certificates of its own: the configurations of this name, and the Secret and the
    /// Lease in this namespace; each by its name.
    pub fn open_certificates(&self, plane: &ControlPlane, own: &Owned<'_>) {
        let rules = |is_cluster_wide: bool| -> Vec<Value> {
            let granted = OWN_RIGHTS
                .iter()
                .filter(|granted| granted.own.is_cluster_wide() == is_cluster_wide);
            granted
                .map(|OwnRight { own: object, right }| {
                    let name = match object {
                        Own::WebhookConfigurations => own.webhooks,
                        Own::CaSecret => own.secret,
                        Own::Lease => own.lease,
                    };
                    json!({
                        "apiGroups": [right.group], "resources": [right.resource],
                        "resourceNames": [name], "verbs": right.verbs,
                    })
                })
                .collect()
        };
        let api = "rbac.authorization.k8s.io";
        let name = format!("certificates-{}", self.name);
        for (kind, namespace, rules) in [
            ("ClusterRole", None, rules(true)),
            ("Role", Some(own.namespace), rules(false)),
        ] {
            let metadata = json!({ "name": name, "namespace": namespace });
            apply(
                plane,
                &json!({
                    "apiVersion": format!("{api}/v1"), "kind": kind, "metadata": metadata, "rules": rules,
                }),
            );
            apply(
                plane,
                &json!({
                    "apiVersion": format!("{api}/v1"), "kind": format!("{kind}Binding"), "metadata": metadata,
                    "roleRef": { "apiGroup": api, "kind": kind, "name": name },
                    "subjects": [self.subject()],
                }),
            );
        }
    }

    /// What binds the account to its rights.
    pub fn binding(&self) -> Value {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": { "name": self.name },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": self.name },
            "subjects": [self.subject()],
        })
    }

    /// The account as roles and flow schemas name it.
    pub fn subject(&self) -> Value {
        json!({ "kind": "ServiceAccount", "name": self.name, "namespace": NAMESPACE })
    }

    /// The flag by which `lockkeeper serve` becomes it.
    pub fn flag(&self) -> String {
        format!("--kubeconfig={}", self.kubectl.config().display())
    }

    /// Its name for the API server.
    pub fn user(&self) -> String {
        format!("system:serviceaccount:{NAMESPACE}:{}", self.name)
    }

    /// What it asked of the API server since the audit had `from` bytes: verb and resource, the oldest first.
    pub fn asked(&self, plane: &ControlPlane, from: usize) -> Vec<(String, String)> {
        let user = self.user();
        let audit = audit(plane);
        audit[from..]
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| line["user"]["username"] == user.as_str())
            .map(|line| {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                (text(&line["verb"]), text(&line["objectRef"]["resource"]))
            })
            .collect()
    }
}

/// The API server's audit so far.
pub fn audit(plane: &ControlPlane) -> String {
    std::fs::read_to_string(plane.folder().join("audit.log")).expect("the audit")
}

fn apply(plane: &ControlPlane, object: &Value) {
    plane
        .admin()
        .send(Way::ServerSide, &object.to_string())
        .expect("kubectl")
        .expect_accepted();
}
