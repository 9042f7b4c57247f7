//! What all requests together want of one container.

use super::path::Place;
use super::pod::Container;
use super::{Request, Size, When};

/// One tmpfs that a container shall have.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'r> {
    pub(super) path: &'r str,
    pub(super) place: Place<'r>,
    pub(super) size: &'r Size,
    pub(super) shared: bool,
    pub(super) convert: bool,
    /// Who said the size.
    source: &'r str,
}

/// The mounts for a container, the outer ones first. At one place, however it is written, the larger
/// size is taken.
pub(super) fn merged<'r>(
    requests: &[&'r Request<'r>],
    container: &Container<'_>,
    warn: &mut impl FnMut(String),
) -> Vec<Wanted<'r>> {
    let mut wanted: Vec<Wanted<'r>> = Vec::new();
    for request in requests {
        let is_meant = match request.when {
            When::Always => true,
            When::ReadOnlyRootFilesystem => container.has_read_only_root(),
        };
        if !is_meant || !(request.containers)(container.name()) {
            continue;
        }
        for mount in request.mounts {
            let path = mount.path.as_str();
            let mut asked = Wanted {
                path,
                place: Place::of(path),
                size: &mount.size,
                shared: mount.shared,
                convert: request.convert,
                source: request.source,
            };
            // Two spellings stay two wishes, as something that is there may cover but one of them.
            for there in &mut wanted {
                if there.place.is(&asked.place) {
                    agree(there, &mut asked, warn);
                }
            }
            if !wanted.iter().any(|there| there.path == path) {
                wanted.push(asked);
            }
        }
    }
    wanted.sort_by_key(|wanted| (wanted.place.depth(), wanted.path));
    wanted
}

fn agree<'r>(there: &mut Wanted<'r>, asked: &mut Wanted<'r>, warn: &mut impl FnMut(String)) {
    let at = if there.path == asked.path {
        format!("`{}`", there.path)
    } else {
        format!("`{}` and `{}`, one place", there.path, asked.path)
    };
    if there.size.amount() != asked.size.amount() {
        let is_larger = asked.size.amount() > there.size.amount();
        let larger = if is_larger { asked.size } else { there.size };
        warn(format!(
            "{} and {} disagree on the size of {at}, {} and {}: {} is taken, the larger one",
            there.source,
            asked.source,
            there.size.as_str(),
            asked.size.as_str(),
            larger.as_str(),
        ));
        let source = if is_larger {
            asked.source
        } else {
            there.source
        };
        for one in [&mut *there, &mut *asked] {
            (one.size, one.source) = (larger, source);
        }
    }
    if there.shared != asked.shared {
        warn(format!(
            "{} and {} disagree on whether {at} is shared: it is",
            there.source, asked.source
        ));
        (there.shared, asked.shared) = (true, true);
    }
    there.convert |= asked.convert;
    asked.convert |= there.convert;
}
