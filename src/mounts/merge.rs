//! What all requests together want of one container.

use super::path::Place;
use super::pod::Container;
use super::{Request, Size, Tmpfs, When};

/// One tmpfs that a container shall have.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'r> {
    pub(super) path: &'r str,
    pub(super) size: &'r Size,
    pub(super) shared: bool,
    pub(super) convert: bool,
    /// Who said the size.
    source: &'r str,
}

/// The mounts for a container, the outer ones first. At one path the larger size is taken.
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
            match wanted.iter_mut().find(|other| other.path == path) {
                Some(other) => join(other, mount, request, warn),
                None => wanted.push(Wanted {
                    path,
                    size: &mount.size,
                    shared: mount.shared,
                    convert: request.convert,
                    source: request.source,
                }),
            }
        }
    }
    wanted.sort_by_cached_key(|wanted| (Place::of(wanted.path).depth(), wanted.path));
    wanted
}

fn join<'r>(
    there: &mut Wanted<'r>,
    mount: &'r Tmpfs,
    request: &'r Request<'r>,
    warn: &mut impl FnMut(String),
) {
    if there.size.amount() != mount.size.amount() {
        let is_larger = mount.size.amount() > there.size.amount();
        let larger = if is_larger { &mount.size } else { there.size };
        warn(format!(
            "{} and {} disagree on the size of `{}`, {} and {}: {} is taken, the larger one",
            there.source,
            request.source,
            there.path,
            there.size.as_str(),
            mount.size.as_str(),
            larger.as_str(),
        ));
        if is_larger {
            there.size = &mount.size;
            there.source = request.source;
        }
    }
    if there.shared != mount.shared {
        warn(format!(
            "{} and {} disagree on whether `{}` is shared: it is",
            there.source, request.source, there.path
        ));
        there.shared = true;
    }
    there.convert |= request.convert;
}
