//! What exemptions cover of one rule's findings, looked up by place: an author chooses how many findings there are, and
//! another how many exemptions, so that no finding is compared with each of them.

use std::collections::HashMap;

use super::effective::Exempted;
use crate::model::Pointer;

/// What exemptions cover of the findings of one rule in one object.
#[derive(Default)]
pub(super) struct Cover {
    /// What is found anywhere.
    anywhere: Option<Exempted>,
    /// What is found at or below a place.
    below: HashMap<String, Exempted>,
}

impl Cover {
    /// Adds an exemption of these places, or of all; of several the one that helps most counts, then the first.
    pub(super) fn add(&mut self, pointers: Option<&[Pointer]>, found: &Exempted) {
        let Some(pointers) = pointers else {
            return keep(&mut self.anywhere, found);
        };
        for pointer in pointers {
            match self.below.get_mut(pointer.as_str()) {
                None => {
                    let place = pointer.as_str().to_owned();
                    self.below.insert(place, found.clone());
                }
                Some(known) if rank(found) < rank(known) => *known = found.clone(),
                Some(_) => {}
            }
        }
    }

    /// What becomes of a finding that is known by these places.
    pub(super) fn of(&self, places: &[&Pointer]) -> Option<&Exempted> {
        let mut best = self.anywhere.as_ref();
        if self.below.is_empty() {
            return best;
        }
        for place in places {
            let place = place.as_str();
            let ends = place.match_indices('/').map(|(end, _)| end);
            for end in ends.chain([place.len()]) {
                let found = self.below.get(&place[..end]);
                if let Some(found) =
                    found.filter(|found| best.is_none_or(|best| rank(found) < rank(best)))
                {
                    best = Some(found);
                }
            }
        }
        best
    }
}

fn keep(best: &mut Option<Exempted>, found: &Exempted) {
    if best.as_ref().is_none_or(|best| rank(found) < rank(best)) {
        *best = Some(found.clone());
    }
}

/// What helps most is the least.
fn rank(found: &Exempted) -> u8 {
    match found {
        Exempted::Until { .. } => 0,
        Exempted::Ended { .. } => 1,
        Exempted::NotOpened { .. } => 2,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::policy::By;

    fn at(text: &str) -> Pointer {
        Pointer::parse(text).expect("a pointer")
    }

    fn until(reason: &str) -> Exempted {
        Exempted::Until {
            at: Timestamp::UNIX_EPOCH,
            reason: reason.into(),
            by: By::Annotation,
        }
    }

    #[test]
    fn of_several_the_one_that_helps_most_counts_and_then_the_first() {
        let (not_opened, ended) = (
            Exempted::NotOpened { by: By::Annotation },
            Exempted::Ended {
                at: Timestamp::UNIX_EPOCH,
                by: By::Policy(Arc::from("a")),
            },
        );
        let mut cover = Cover::default();
        assert_eq!(cover.of(&[&at("/spec")]), None);
        cover.add(None, &not_opened);
        cover.add(Some(&[at("/spec/a"), at("/x/")]), &until("first"));
        cover.add(Some(&[at("/spec/a")]), &until("second"));
        cover.add(Some(&[at("/spec")]), &ended);
        for (place, expected) in [
            ("/spec/a", &until("first")),
            ("/spec/a/b", &until("first")),
            ("/spec/ab", &ended),
            ("/spec", &ended),
            ("/specific", &not_opened),
            ("/x", &not_opened),
            ("/x/y", &not_opened),
            ("/x//y", &until("first")),
            ("", &not_opened),
        ] {
            assert_eq!(cover.of(&[&at(place)]), Some(expected), "{place}");
        }
        assert_eq!(
            cover.of(&[&at("/other"), &at("/spec/a")]),
            Some(&until("first"))
        );
        cover.add(Some(&[Pointer::root()]), &until("all"));
        assert_eq!(cover.of(&[&at("/other")]), Some(&until("all")));
    }
}
