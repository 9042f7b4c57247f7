//! The Helm chart beside the code, as far as no helm is needed: its version.

use std::fs;

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_chart_has_the_version_of_the_package() {
    let chart = read("charts/lockkeeper/Chart.yaml");
    for key in ["version", "appVersion"] {
        let line = format!("\n{key}: {}\n", env!("CARGO_PKG_VERSION"));
        assert!(chart.contains(&line), "Chart.yaml has no line{line}");
    }
}
