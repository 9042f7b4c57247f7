//! A pair and its CA in files that somebody else renews: the CA is injected, and no certificate is served before it is
//! trusted.

use std::fs;
use std::path::Path;

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
    assert_eq!(home.bundles(), vec![first.clone(); 5]);

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
        home.bundles() == vec![second.clone(); 5]
    });
    load.end();
    assert_eq!(unready(&replica), "");
}
