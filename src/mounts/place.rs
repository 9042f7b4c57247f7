//! The plan: which container gets which tmpfs, as a patch.

use std::collections::BTreeMap;

use json_patch::Patch;
use serde_json::json;

use super::convert::Conversions;
use super::merge::{Wanted, merged};
use super::names::{self, Names};
use super::operations::Operations;
use super::pod::{Container, Exempt, Pod, Taken};
use super::volumes::Volumes;
use super::warnings::Warnings;
use super::{Asked, Request, Size, Tmpfs, When};

/// What is to be done with a pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Empty where nothing is to be done.
    pub patch: Patch,
    /// What whoever makes the pod should know.
    pub warnings: Vec<String>,
    /// Why the pod is left alone.
    pub exempt: Option<Exempt>,
}

/// The most containers of a pod that is patched; no real one comes near. Each may get every mount, and
/// a pod of a hundred thousand would make a patch of gigabytes.
const MOST_CONTAINERS: usize = 256;

/// Plans the mounts that `requests` and the pod itself ask for.
#[must_use]
pub fn plan(pod: &Pod<'_>, requests: &[Request<'_>]) -> Plan {
    if let Some(exempt) = pod.exempt() {
        return Plan {
            exempt: Some(exempt),
            ..Plan::default()
        };
    }
    let (own, wrong) = match pod.asked() {
        Asked::Mounts(mounts, wrong) => (mounts, wrong),
        Asked::Nothing | Asked::Off => (Vec::new(), Vec::new()),
    };
    let own = of_annotation(&own);
    let requests: Vec<&Request<'_>> = requests.iter().chain([&own]).collect();
    let Ok(volumes) = Volumes::of(pod) else {
        return Plan::default();
    };
    let containers: Vec<_> = pod.containers().take(MOST_CONTAINERS + 1).collect();
    if containers.len() > MOST_CONTAINERS {
        let is_asked = requests.iter().any(|request| !request.mounts.is_empty());
        let warning =
            format!("nothing is mounted in a pod of more than {MOST_CONTAINERS} containers");
        return Plan {
            warnings: is_asked.then_some(warning).into_iter().collect(),
            ..Plan::default()
        };
    }
    let mut planner = Planner {
        volumes,
        containers,
        new: Vec::new(),
        shared: BTreeMap::new(),
        converted: Conversions::default(),
        mounts: Vec::new(),
        warnings: Warnings::default(),
    };
    for warning in wrong {
        planner.warnings.tell(warning);
    }
    for index in 0..planner.containers.len() {
        planner.place(index, &requests);
    }
    planner.name_volumes();
    planner.warn_of_memory();
    Plan {
        patch: planner.patch(pod),
        warnings: planner.warnings.into_list(),
        exempt: None,
    }
}

fn of_annotation(mounts: &[Tmpfs]) -> Request<'_> {
    Request {
        source: "the annotation",
        containers: &|_| true,
        when: When::Always,
        mounts,
        convert: false,
    }
}

/// A volume that is added.
struct New<'r> {
    /// The container that it is for; all that share it where there is none.
    container: Option<&'r str>,
    path: &'r str,
    size: &'r Size,
    name: String,
}

/// What a mount is of.
#[derive(Clone)]
enum Of<'r> {
    New(usize),
    /// One that an earlier pass made and other containers share.
    There(String, &'r Size),
    Converted(usize),
}

struct Mount<'r> {
    container: usize,
    path: &'r str,
    of: Of<'r>,
}

struct Planner<'r> {
    volumes: Volumes<'r>,
    containers: Vec<Container<'r>>,
    new: Vec<New<'r>>,
    /// What the containers share, by its place.
    shared: BTreeMap<String, Of<'r>>,
    converted: Conversions,
    /// In the order of the containers.
    mounts: Vec<Mount<'r>>,
    warnings: Warnings,
}

impl<'r> Planner<'r> {
    /// Finds a place for what is wanted of one container.
    fn place(&mut self, index: usize, requests: &[&'r Request<'r>]) {
        let container = self.containers[index];
        let warnings = &mut self.warnings;
        let wanted = merged(requests, &container, &mut |text| warnings.tell(text));
        if wanted.is_empty() || container.mounts().is_err() {
            return;
        }
        let mut taken = container.taken();
        for wanted in wanted {
            let place = wanted.place.clone();
            if let Some(there) = taken.iter().find(|taken| taken.place.is(&place)) {
                if wanted.convert {
                    self.convert(index, there.volume, &wanted);
                }
                continue;
            }
            if let Some(above) = taken.iter().find(|taken| taken.place.holds(&place)) {
                if above
                    .size
                    .is_some_and(|size| size.amount() < wanted.size.amount())
                {
                    self.warnings.tell(format!(
                        "`{}` of {} lies within the smaller tmpfs at `{}`, and gets none of its own: give that one room for both",
                        wanted.path,
                        wanted.size.as_str(),
                        above.path
                    ));
                }
                continue;
            }
            let within = taken
                .iter()
                .find(|taken| place.holds(&taken.place) && !taken.may_lie_within);
            if let Some(within) = within {
                let mut warning = format!(
                    "`{}` gets no tmpfs in container `{}`: `{}` is mounted within it",
                    wanted.path,
                    container.name(),
                    within.path
                );
                if within.path.ends_with("/kubernetes.io/serviceaccount") {
                    warning.push_str("; `automountServiceAccountToken: false` leaves that out");
                }
                self.warnings.tell(warning);
                continue;
            }
            taken.push(Taken {
                path: wanted.path,
                place,
                size: Some(wanted.size),
                volume: None,
                may_lie_within: false,
            });
            let of = self.volume(index, &wanted);
            self.mounts.push(Mount {
                container: index,
                path: wanted.path,
                of,
            });
        }
    }

    /// The volume for a mount: a new one, or one that others share.
    fn volume(&mut self, container: usize, wanted: &Wanted<'r>) -> Of<'r> {
        let name = self.containers[container].name();
        if !wanted.shared {
            return self.add(Some(name), wanted);
        }
        let key = wanted.place.key();
        let of = match self.shared.get(&key) {
            Some(of) => of.clone(),
            None => {
                let of = self
                    .earlier(wanted)
                    .unwrap_or_else(|| self.add(None, wanted));
                self.shared.insert(key, of.clone());
                of
            }
        };
        if let Of::New(index) = of {
            let there = &mut self.new[index];
            if there.size.amount() != wanted.size.amount() {
                let is_larger = wanted.size.amount() > there.size.amount();
                let larger = if is_larger { wanted.size } else { there.size };
                let warning = format!(
                    "the containers that share `{}` are given different sizes, {} and {}: {} is taken, the larger one",
                    wanted.path,
                    there.size.as_str(),
                    wanted.size.as_str(),
                    larger.as_str()
                );
                there.size = larger;
                self.warnings.tell(warning);
            }
        }
        of
    }

    /// The volume that an earlier pass gave to the others; a container that came since joins them.
    fn earlier(&self, wanted: &Wanted<'r>) -> Option<Of<'r>> {
        let usual = names::usual(wanted.path);
        let volume = self.volumes.find(&usual)?;
        let is_ours = volume.is_memory()
            && self.containers.iter().any(|other| {
                let mut taken = other.taken().into_iter();
                taken.any(|taken| taken.volume == Some(&usual) && taken.place.is(&wanted.place))
            });
        is_ours.then_some(Of::There(usual, wanted.size))
    }

    fn add(&mut self, container: Option<&'r str>, wanted: &Wanted<'r>) -> Of<'r> {
        self.new.push(New {
            container,
            path: wanted.path,
            size: wanted.size,
            name: String::new(),
        });
        Of::New(self.new.len() - 1)
    }

    /// Moves what is mounted at a path to memory, if it is an emptyDir on disk.
    fn convert(&mut self, container: usize, volume: Option<&str>, wanted: &Wanted<'r>) {
        let volume = volume.and_then(|name| self.volumes.find(name));
        let warnings = &mut self.warnings;
        let converted = volume.and_then(|volume| self.converted.add(volume, wanted, warnings));
        self.mounts.extend(converted.map(|index| Mount {
            container,
            path: wanted.path,
            of: Of::Converted(index),
        }));
    }

    fn name_volumes(&mut self) {
        let mut names = Names::beside(self.volumes.names());
        for new in &mut self.new {
            new.name = names.give(new.container, new.path);
        }
    }

    /// What is written to a tmpfs counts against the memory of the container that writes it.
    fn warn_of_memory(&mut self) {
        for mount in &self.mounts {
            let container = &self.containers[mount.container];
            let (size, amount) = match &mount.of {
                Of::New(index) => {
                    let size = self.new[*index].size;
                    (size.as_str(), size.amount())
                }
                Of::There(_, size) => (size.as_str(), size.amount()),
                Of::Converted(index) => self.converted.size(*index),
            };
            if container.memory_limit().is_some_and(|limit| amount > limit) {
                let warning = format!(
                    "the tmpfs at `{}` may hold {size}, more than the memory limit of container `{}`: filling it gets the container killed",
                    mount.path,
                    container.name(),
                );
                self.warnings.tell(warning);
            }
        }
    }

    fn patch(&self, pod: &Pod<'_>) -> Patch {
        let mut operations = Operations::on_spec(pod.at);
        let volumes = self.new.iter().map(|new| {
            json!({
                "name": new.name,
                "emptyDir": {"medium": "Memory", "sizeLimit": new.size.as_str()},
            })
        });
        let has_volumes = self.volumes.list.is_some();
        operations.append(&["volumes"], has_volumes, volumes.collect());
        self.converted.patch(&self.volumes, &mut operations);
        for mounts in self
            .mounts
            .chunk_by(|one, next| one.container == next.container)
        {
            let container = &self.containers[mounts[0].container];
            let mounts = mounts.iter().filter_map(|mount| {
                let name = match &mount.of {
                    Of::New(new) => &self.new[*new].name,
                    Of::There(name, _) => name,
                    Of::Converted(_) => return None,
                };
                Some(json!({"name": name, "mountPath": mount.path}))
            });
            let place = container.index.to_string();
            let has_mounts = container.mounts().is_ok_and(|mounts| mounts.is_some());
            operations.append(
                &[container.list, &place, "volumeMounts"],
                has_mounts,
                mounts.collect(),
            );
        }
        operations.into_patch()
    }
}
