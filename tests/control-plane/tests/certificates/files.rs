//! A pair and its CA in files that somebody else renews: the CA is injected, and no certificate is served before it is
//! trusted.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use lockkeeper_control_plane::PATIENCE;
use lockkeeper_control_plane::home::{Home, LEASE, unready};
use lockkeeper_control_plane::load::Load;
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_testkit::pki::Authority;

use crate::plane;

/// Writes a new CA and a pair of it, as whoever keeps the Secret would.
fn renew(folder: &Path) -> String {
    let authority = Authority::new("somebody else's CA").expect("an authority");
    let files = authority
        .server_files(&["127.0.0.1"], &folder.join("new"))
        .expect("files");
    for (from, to) in [
        (&files.authority, "ca.crt"),
        (&files.key, "tls.key"),
        (&files.certificate, "tls.crt"),
    ] {
        fs::rename(from, folder.join(to)).expect("moved");
    }
    authority.certificate()
}

#[test]
fn a_ca_that_somebody_else_renews_is_injected_before_it_is_served() {
    let home = Home::bare(plane(), "files");
    let folder = plane().folder().join("somebody-else");
    fs::create_dir_all(&folder).expect("a folder");
    let first = renew(&folder);
    let flag = |name: &str, file: &str| format!("--{name}={}", folder.join(file).display());
    let replica = home.launch_with(
        "one",
        &[
            flag("tls-cert", "tls.crt"),
            flag("tls-key", "tls.key"),
            flag("tls-ca", "ca.crt"),
            format!("--lease={}/{LEASE}", home.namespace),
        ],
    );
    home.register(&replica);
    replica.await_ready();
    home.await_judged();
    assert_eq!(home.bundles(), vec![first.clone(); 6]);

    let load = Load::start(&home, &[replica.address()]);
    let second = renew(&folder);
    let serves = |replica: &Lockkeeper, count: u32| {
        let metrics = replica.get("/metrics");
        metrics.contains(&format!("lockkeeper_certificate_swaps_total {count}"))
    };
    home.until("the new certificate to be served", PATIENCE, |_| {
        serves(&replica, 2)
    });
    // Both are trusted until all replicas serve the new one, and then the new one alone.
    home.until("the CA before to be retired", PATIENCE, |home| {
        home.bundles() == vec![second.clone(); 6]
    });
    load.end();
    assert_eq!(unready(&replica), "");
}

#[test]
fn a_leader_whose_files_are_older_takes_no_ca_away_from_others() {
    let home = Home::bare(plane(), "behind");
    let place = |name: &str| {
        let folder = plane().folder().join(format!("behind-{name}"));
        fs::create_dir_all(&folder).expect("a folder");
        folder
    };
    let (ahead, behind) = (place("ahead"), place("behind"));
    renew(&behind);
    for file in ["ca.crt", "tls.key", "tls.crt"] {
        fs::copy(behind.join(file), ahead.join(file)).expect("copied");
    }
    let launch = |name: &str, folder: &Path| {
        let flag = |name: &str, file: &str| format!("--{name}={}", folder.join(file).display());
        let flags = [
            flag("tls-cert", "tls.crt"),
            flag("tls-key", "tls.key"),
            flag("tls-ca", "ca.crt"),
            format!("--lease={}/{LEASE}", home.namespace),
            "--ca-overlap=1m".to_owned(),
        ];
        home.launch_with(name, &flags)
    };
    let one = launch("one", &ahead);
    home.register(&one);
    one.await_ready();
    let two = launch("two", &behind);
    two.await_ready();
    home.await_judged();
    // The kubelet brings the new files to one node before the other.
    let second = renew(&ahead);
    home.until("the new certificate to be served", PATIENCE, |_| {
        let metrics = one.get("/metrics");
        metrics.contains("lockkeeper_certificate_swaps_total 2")
    });
    home.until("the other to lead", PATIENCE, |home| {
        home.give_the_lease_away();
        two.log().contains("this replica leads")
    });
    let load = Load::start(&home, &[one.address(), two.address()]);
    thread::sleep(Duration::from_secs(2));
    load.end();
    assert!(home.bundles().iter().all(|bundle| bundle.contains(&second)));
    assert_eq!(unready(&one), "");
}
