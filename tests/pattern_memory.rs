//! What the detector's patterns cost once a process. It is the only test of its binary: nothing may
//! have compiled them before.

use lockkeeper::model::Subject;
use lockkeeper::secrets::scan_subject;
use serde_json::json;

#[test]
fn the_patterns_take_less_than_ten_mebibytes() {
    let root = json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "romm", "namespace": "games"},
        "spec": {"values": {"config": "host: romm.example.org\nport: 8080\n"}}});
    let subject = Subject::new(&root).expect("a HelmRelease");
    let first = allocation_counter::measure(|| scan_subject(&subject, |_| {}));
    let (kept, most) = (first.bytes_current, first.bytes_max);
    println!("kept: {kept} bytes, at most while they are compiled: {most} bytes");
    assert!(
        kept > 100_000,
        "the patterns are compiled in this scan, and kept"
    );
    assert!(most <= 10 << 20, "{most} bytes");
    let again = allocation_counter::measure(|| scan_subject(&subject, |_| {}));
    assert_eq!(again.bytes_total, 0);
}
