//! A cluster without Flux: Lockkeeper is installed and ready, and says what it cannot see; Flux comes later.

use std::time::{Duration, Instant};

use lockkeeper_control_plane::lockkeeper::await_refusal;
use lockkeeper_control_plane::{PATIENCE, RELEASE_DENIED, objects};
use lockkeeper_testkit::kubectl::Way;
use lockkeeper_testkit::{Options, crds, wait};

use crate::{PAGES, alone, await_ready, install, kubectl, start};

/// What Flux brings and Lockkeeper watches.
const OF_FLUX: [&str; 5] = [
    "ocirepositories.source.toolkit.fluxcd.io",
    "gitrepositories.source.toolkit.fluxcd.io",
    "helmcharts.source.toolkit.fluxcd.io",
    "helmreleases.helm.toolkit.fluxcd.io",
    "kustomizations.kustomize.toolkit.fluxcd.io",
];

/// Watches of what is not served try again every twenty seconds; kubectl and discovery take a little.
const NOTICED: Duration = Duration::from_secs(30);

#[test]
fn it_is_ready_without_flux_and_judges_once_flux_is_there() {
    let _alone = alone();
    let options = Options::default().flux(false).definitions(false);
    let plane = options.start().expect("the control plane starts");
    install(&plane);
    let lockkeeper = start(&plane);
    await_ready(&lockkeeper);
    let says = |words: &str, kind: &str| {
        let log = lockkeeper.log();
        log.lines()
            .any(|line| line.contains(words) && line.contains(kind))
    };
    for kind in OF_FLUX {
        wait::until("the log to say what is not served", PATIENCE, || {
            let is_said = says("the cluster has no such kind yet", kind);
            is_said.then_some(()).ok_or_else(|| lockkeeper.log())
        })
        .expect("it is said");
    }
    let is_seen = |kind: &str| {
        // -1: it cannot be seen.
        let line = format!("lockkeeper_watch_age_seconds{{resource=\"{kind}\"}} ");
        let metrics = lockkeeper.get("/metrics");
        let age = metrics.lines().find_map(|text| text.strip_prefix(&line));
        age.unwrap_or_else(|| panic!("{kind} {metrics}")) != "-1.0"
    };
    assert!(is_seen("namespaces"));
    assert!(OF_FLUX.iter().all(|kind| !is_seen(kind)));

    for path in crds::paths().expect("definitions") {
        let path = path.display().to_string();
        kubectl(&plane, &["apply", "--server-side", "-f", &path]);
    }
    let began = Instant::now();
    for kind in OF_FLUX {
        wait::until("Flux's kinds to be watched", NOTICED, || {
            let is_said = says("listed and watched", kind);
            is_said.then_some(()).ok_or_else(|| lockkeeper.log())
        })
        .expect("they are watched");
    }
    assert!(began.elapsed() < NOTICED, "{:?}", began.elapsed());
    assert!(OF_FLUX.iter().all(|kind| is_seen(kind)));
    await_ready(&lockkeeper);
    // The probe of docs/install.md.
    let (_, page) = PAGES[0].split_once("<<EOF\n").expect("a probe");
    let (probe, _) = page.split_once("    EOF").expect("its end");
    let refused = "denied the request: unpinned-chart";
    await_refusal(&plane, &unindented(probe), refused);
    let apps = plane.namespace("apps").expect("a namespace");
    let probe = objects::floating(&apps, "probe").to_string();
    await_refusal(&plane, &probe, RELEASE_DENIED);
    let good = objects::pinned(&apps, "good").to_string();
    let output = plane.person().send(Way::Apply, &good);
    output.expect("kubectl").expect_accepted();
}

/// A block of a page as a person would paste it.
fn unindented(block: &str) -> String {
    let lines = block
        .lines()
        .map(|line| line.strip_prefix("    ").unwrap_or(line));
    lines.map(|line| format!("{line}\n")).collect()
}
