//! Break-glass: a label takes a namespace out of judgement, and an admission policy of the API server's own guards it.
//!
//! The guard is evaluated by the API server alone, so it holds while we are down, which is when the label is wanted.

use k8s_openapi::api::admissionregistration::v1::{
    AuditAnnotation, MatchCondition, MatchResources, NamedRuleWithOperations,
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpec, ValidatingAdmissionPolicySpec, Validation,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    LabelSelector, LabelSelectorRequirement, ObjectMeta,
};

/// The label; its value says why, in a word.
pub const LABEL: &str = "lockkeeper.dev/break-glass";
/// The name of the policy and of its binding.
pub const NAME: &str = "lockkeeper-break-glass";

/// Every namespace without the label.
pub(super) fn closed_namespaces() -> LabelSelector {
    LabelSelector {
        match_expressions: Some(vec![LabelSelectorRequirement {
            key: LABEL.to_owned(),
            operator: "DoesNotExist".to_owned(),
            values: None,
        }]),
        match_labels: None,
    }
}

/// The policy that guards the label, and what puts it in force.
///
/// It is about requests in which the label differs and about no others, so nothing else of namespaces ever depends on
/// it. Subresources are among them: an update of the status can change labels too.
#[must_use]
pub fn guard() -> (ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding) {
    let policy = ValidatingAdmissionPolicy {
        metadata: metadata(),
        spec: Some(ValidatingAdmissionPolicySpec {
            failure_policy: Some("Fail".to_owned()),
            match_constraints: Some(MatchResources {
                match_policy: Some("Equivalent".to_owned()),
                resource_rules: Some(vec![NamedRuleWithOperations {
                    api_groups: Some(vec![String::new()]),
                    api_versions: Some(vec!["v1".to_owned()]),
                    operations: Some(vec!["CREATE".to_owned(), "UPDATE".to_owned()]),
                    resources: Some(vec!["namespaces".to_owned(), "namespaces/*".to_owned()]),
                    scope: Some("Cluster".to_owned()),
                    resource_names: None,
                }]),
                ..MatchResources::default()
            }),
            match_conditions: Some(vec![MatchCondition {
                name: "label-differs".to_owned(),
                expression: format!("{} != {}", label_of("object"), label_of("oldObject")),
            }]),
            validations: Some(vec![Validation {
                expression:
                    "authorizer.group('lockkeeper.dev').resource('breakglass').check('use').allowed()"
                        .to_owned(),
                reason: Some("Forbidden".to_owned()),
                message: Some(format!(
                    "the label {LABEL} takes a namespace out of Lockkeeper's judgement: it needs the right to `use` \
                     `breakglass` in the group lockkeeper.dev"
                )),
                message_expression: Some(format!(
                    "'the label {LABEL} takes namespace ' + request.name + ' out of Lockkeeper\\'s judgement, and ' \
                     + request.userInfo.username + ' lacks the right to set, change or remove it: verb `use`, resource \
                     `breakglass`, group `lockkeeper.dev`; ask who administers the cluster'"
                )),
            }]),
            audit_annotations: Some(vec![AuditAnnotation {
                key: "label".to_owned(),
                value_expression: format!(
                    "'from ' + {} + ' to ' + {}",
                    shown("oldObject"),
                    shown("object")
                ),
            }]),
            ..ValidatingAdmissionPolicySpec::default()
        }),
        status: None,
    };
    let binding = ValidatingAdmissionPolicyBinding {
        metadata: metadata(),
        spec: ValidatingAdmissionPolicyBindingSpec {
            policy_name: NAME.to_owned(),
            validation_actions: vec!["Deny".to_owned()],
            ..ValidatingAdmissionPolicyBindingSpec::default()
        },
    };
    (policy, binding)
}

/// A word that differs where the label does: one without it is not one whose value is empty.
fn label_of(object: &str) -> String {
    format!(
        "({object} != null && has({object}.metadata.labels) && '{LABEL}' in {object}.metadata.labels \
         ? '=' + {object}.metadata.labels['{LABEL}'] : '')"
    )
}

/// The label as the audit log shows it.
fn shown(object: &str) -> String {
    format!(
        "({object} != null && has({object}.metadata.labels) && '{LABEL}' in {object}.metadata.labels \
         ? '\"' + {object}.metadata.labels['{LABEL}'] + '\"' : 'none')"
    )
}

fn metadata() -> ObjectMeta {
    ObjectMeta {
        name: Some(NAME.to_owned()),
        labels: Some([("app.kubernetes.io/name".to_owned(), super::NAME.to_owned())].into()),
        ..ObjectMeta::default()
    }
}
