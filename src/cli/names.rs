//! Objects as flags name them: `NAMESPACE/NAME`.

use crate::facts::Name;

/// Reads `NAMESPACE/NAME`.
///
/// # Errors
/// When it is not of that form, with an example.
pub(super) fn object(text: &str) -> Result<Name, String> {
    match text.split_once('/') {
        Some((namespace, name))
            if !namespace.is_empty() && !name.is_empty() && !name.contains('/') =>
        {
            Ok(Name {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            })
        }
        _ => Err("expected a namespace and a name, as `flux-system/cluster-secrets`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_with_their_namespace() {
        let name = object("flux-system/cluster-secrets").expect("a name");
        assert_eq!(
            (&*name.namespace, &*name.name),
            ("flux-system", "cluster-secrets")
        );
        for wrong in ["cluster-secrets", "/a", "a/", "a/b/c"] {
            assert!(object(wrong).is_err(), "{wrong}");
        }
    }
}
