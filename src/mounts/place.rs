//! The plan: which container gets which tmpfs, as a patch.

use json_patch::Patch;
use serde_json::{Value, json};

use super::merge::{Wanted, merged};
use super::names;
use super::operations::Operations;
use super::path::Place;
use super::pod::{Container, Exempt, Pod, Taken};
use super::volumes::Volumes;
use super::{Asked, Request, Size, Tmpfs, When};
use crate::model::Quantity;

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
    let mut planner = Planner {
        volumes,
        containers: pod.containers().collect(),
        new: Vec::new(),
        converted: Vec::new(),
        mounts: Vec::new(),
        warnings: wrong,
    };
    for index in 0..planner.containers.len() {
        planner.place(index, &requests);
    }
    planner.name_volumes();
    planner.warn_of_memory();
    Plan {
        patch: planner.patch(pod),
        warnings: planner.warnings,
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

/// An emptyDir that moves from the disk to memory.
struct Converted {
    volume: usize,
    size: String,
    amount: Quantity,
    /// Whether the volume says this size already.
    is_own: bool,
}

/// What a mount is of.
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
    converted: Vec<Converted>,
    mounts: Vec<Mount<'r>>,
    warnings: Vec<String>,
}

fn tell(warnings: &mut Vec<String>, warning: String) {
    if !warnings.contains(&warning) {
        warnings.push(warning);
    }
}

impl<'r> Planner<'r> {
    /// Finds a place for what is wanted of one container.
    fn place(&mut self, index: usize, requests: &[&'r Request<'r>]) {
        let container = self.containers[index];
        let warnings = &mut self.warnings;
        let wanted = merged(requests, &container, &mut |text| tell(warnings, text));
        if wanted.is_empty() || container.mounts().is_err() {
            return;
        }
        let mut taken = container.taken();
        for wanted in wanted {
            let place = Place::of(wanted.path);
            if let Some(there) = taken.iter().find(|taken| taken.place.is(&place)) {
                if wanted.convert {
                    self.convert(index, there, &wanted);
                }
                continue;
            }
            if taken.iter().any(|taken| taken.place.holds(&place)) {
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
                tell(&mut self.warnings, warning);
                continue;
            }
            taken.push(Taken {
                path: wanted.path,
                place,
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
        let shared = |new: &New<'_>| new.container.is_none() && new.path == wanted.path;
        if let Some(index) = self.new.iter().position(shared) {
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
                tell(&mut self.warnings, warning);
            }
            return Of::New(index);
        }
        // An earlier pass named it so; a container that came since joins the others.
        let usual = names::name(None, wanted.path, &|_| false);
        let is_ours = self
            .volumes
            .find(&usual)
            .is_some_and(|volume| volume.is_memory())
            && self.containers.iter().any(|other| {
                other.taken().iter().any(|taken| {
                    taken.volume == Some(&usual) && taken.place.is(&Place::of(wanted.path))
                })
            });
        if is_ours {
            Of::There(usual, wanted.size)
        } else {
            self.add(None, wanted)
        }
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

    /// Turns the emptyDir on disk that is mounted at a path into a tmpfs; anything else is left.
    fn convert(&mut self, container: usize, there: &Taken<'_>, wanted: &Wanted<'r>) {
        let Some(volume) = there.volume.and_then(|name| self.volumes.find(name)) else {
            return;
        };
        let Ok(limit) = volume.size_limit() else {
            return;
        };
        if !volume.is_disk() {
            return;
        }
        let known = self
            .converted
            .iter()
            .position(|converted| converted.volume == volume.index);
        let index = known.unwrap_or_else(|| {
            let (size, amount, is_own) = match limit {
                Some((size, amount)) => (size, amount, true),
                None => (wanted.size.as_str().to_owned(), wanted.size.amount(), false),
            };
            self.converted.push(Converted {
                volume: volume.index,
                size,
                amount,
                is_own,
            });
            self.converted.len() - 1
        });
        let converted = &mut self.converted[index];
        if converted.amount != wanted.size.amount() {
            let is_larger = wanted.size.amount() > converted.amount;
            let old = converted.size.clone();
            if is_larger {
                wanted.size.as_str().clone_into(&mut converted.size);
                converted.amount = wanted.size.amount();
                converted.is_own = false;
            }
            let warning = format!(
                "the emptyDir at `{}` has two sizes, {old} and {}: {} is taken, the larger one",
                wanted.path,
                wanted.size.as_str(),
                converted.size
            );
            tell(&mut self.warnings, warning);
        }
        self.mounts.push(Mount {
            container,
            path: wanted.path,
            of: Of::Converted(index),
        });
    }

    fn name_volumes(&mut self) {
        for index in 0..self.new.len() {
            let new = &self.new[index];
            let is_taken = |name: &str| {
                self.volumes.has(name) || self.new.iter().any(|other| other.name == name)
            };
            let name = names::name(new.container, new.path, &is_taken);
            self.new[index].name = name;
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
                Of::Converted(index) => {
                    let converted = &self.converted[*index];
                    (converted.size.as_str(), converted.amount)
                }
            };
            if container.memory_limit().is_some_and(|limit| amount > limit) {
                let warning = format!(
                    "the tmpfs at `{}` may hold {size}, more than the memory limit of container `{}`: filling it gets the container killed",
                    mount.path,
                    container.name(),
                );
                tell(&mut self.warnings, warning);
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
        for converted in &self.converted {
            self.convert_volume(converted, &mut operations);
        }
        for (index, container) in self.containers.iter().enumerate() {
            let mounts = self.mounts.iter().filter(|mount| mount.container == index);
            let mounts = mounts.filter_map(|mount| {
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

    fn convert_volume(&self, converted: &Converted, operations: &mut Operations) {
        let place = converted.volume.to_string();
        let list = self.volumes.list.into_iter().flatten();
        let has_map = list
            .map(|volume| volume.get("emptyDir").is_some_and(Value::is_object))
            .nth(converted.volume)
            .unwrap_or(false);
        let size = Value::String(converted.size.clone());
        if !has_map {
            let map = json!({"medium": "Memory", "sizeLimit": size});
            operations.add(&["volumes", &place, "emptyDir"], map);
            return;
        }
        let medium = Value::String("Memory".to_owned());
        operations.add(&["volumes", &place, "emptyDir", "medium"], medium);
        if !converted.is_own {
            operations.add(&["volumes", &place, "emptyDir", "sizeLimit"], size);
        }
    }
}
