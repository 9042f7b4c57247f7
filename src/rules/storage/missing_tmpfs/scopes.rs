//! The containers that have a mount. Gathered once, so that the work grows with the document and not
//! with its square.

use crate::model::Scope;

/// So many fit on the stack; a release with more pays one allocation.
const FEW: usize = 32;

/// A set of scopes.
#[derive(Default)]
pub(super) struct Scopes<'a> {
    few: [Scope<'a>; FEW],
    count: usize,
    many: Vec<Scope<'a>>,
}

impl<'a> Scopes<'a> {
    pub(super) fn add(&mut self, scope: Scope<'a>) {
        if let Some(place) = self.few.get_mut(self.count) {
            *place = scope;
            self.count += 1;
            return;
        }
        if self.many.is_empty() {
            self.many.extend(self.few);
        }
        self.many.push(scope);
    }

    /// To be called before [`Scopes::hold`].
    pub(super) fn sort(&mut self) {
        self.few[..self.count].sort_unstable();
        self.many.sort_unstable();
    }

    /// Whether a container is within one of the scopes.
    pub(super) fn hold(&self, container: Scope<'_>) -> bool {
        let scopes = if self.many.is_empty() {
            &self.few[..self.count]
        } else {
            &self.many
        };
        let wider = [
            Scope::default(),
            Scope {
                container: None,
                ..container
            },
            container,
        ];
        wider
            .iter()
            .any(|scope| scopes.binary_search(scope).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope<'a>(controller: Option<&'a str>, container: Option<&'a str>) -> Scope<'a> {
        Scope {
            controller,
            container,
        }
    }

    #[test]
    fn a_container_is_within_its_own_and_wider_scopes() {
        let names: Vec<String> = (0..100).map(|number| format!("c{number}")).collect();
        for few in [3, 40] {
            let mut scopes = Scopes::default();
            for name in names.iter().take(few).rev() {
                scopes.add(scope(Some("romm"), Some(name)));
            }
            scopes.add(scope(Some("web"), None));
            scopes.sort();
            assert!(scopes.hold(scope(Some("romm"), Some("c0"))));
            assert!(scopes.hold(scope(Some("romm"), Some(&names[few - 1]))));
            assert!(!scopes.hold(scope(Some("romm"), Some("c99"))));
            assert!(scopes.hold(scope(Some("web"), Some("c99"))));
            assert!(!scopes.hold(scope(Some("db"), Some("c0"))));
            scopes.add(Scope::default());
            scopes.sort();
            assert!(scopes.hold(scope(Some("db"), Some("c0"))));
        }
        assert!(!Scopes::default().hold(scope(Some("romm"), Some("app"))));
    }
}
