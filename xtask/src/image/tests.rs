//! Holds the Dockerfile to the build: its alias, its versions, its sources, its user.

use std::path::Path;

use super::*;

fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn given() -> BTreeMap<String, String> {
    ["VERSION", "REVISION", "CREATED"]
        .map(|name| (name.to_owned(), format!("the {name}")))
        .into()
}

#[test]
fn the_image_runs_as_nobody_and_is_asked_by_the_kubelet_alone() {
    let dockerfile = Dockerfile::parse(&text("Dockerfile")).expect("a Dockerfile");
    let image = dockerfile.image(&given()).expect("an image");
    assert_eq!(image.user, "65532:65532");
    assert_eq!(image.entrypoint, ["/lockkeeper"]);
    assert_eq!(image.command[0], "serve");
    assert_eq!(image.ports, ["8443/tcp", "8080/tcp"]);
    for (key, value) in [
        ("version", "the VERSION"),
        ("revision", "the REVISION"),
        ("licenses", "Apache-2.0"),
    ] {
        assert_eq!(
            image.labels[&format!("org.opencontainers.image.{key}")],
            value
        );
    }
    let every = dockerfile
        .stages
        .iter()
        .flat_map(|stage| &stage.instructions);
    // A kubelet ignores HEALTHCHECK; ADD fetches and unpacks.
    assert!(
        every
            .clone()
            .all(|(keyword, _)| keyword != "HEALTHCHECK" && keyword != "ADD")
    );
}

#[test]
fn the_image_holds_the_build_that_cargo_dist_names() {
    let dockerfile = Dockerfile::parse(&text("Dockerfile")).expect("a Dockerfile");
    let [build, _] = &dockerfile.stages[..] else {
        panic!("two stages")
    };
    let runs = |stage: &dockerfile::Stage| -> Vec<String> {
        let runs = stage
            .instructions
            .iter()
            .filter(|(keyword, _)| keyword == "RUN");
        runs.map(|(_, rest)| rest.clone()).collect()
    };
    assert!(
        runs(build)
            .iter()
            .any(|run| run.starts_with("cargo auditable dist "))
    );
    assert!(text(".cargo/config.toml").contains("\ndist = ["));
    // The compiler that Cargo.toml asks for, by an exact version and its Debian.
    let version = text("Cargo.toml");
    let version = version
        .split("rust-version = \"")
        .nth(1)
        .expect("a version");
    let version = version.split('"').next().expect("a version");
    let tag = build
        .from
        .strip_prefix("docker.io/library/rust:")
        .expect("rust");
    let patch = tag
        .strip_prefix(version)
        .and_then(|rest| rest.strip_prefix('.'));
    assert!(
        patch.is_some_and(
            |patch| patch.ends_with("-bookworm") && patch.starts_with(char::is_numeric)
        ),
        "{tag} is not {version}.N-bookworm"
    );
}

#[test]
fn what_the_build_reads_is_there_and_not_ignored() {
    let dockerfile = Dockerfile::parse(&text("Dockerfile")).expect("a Dockerfile");
    for (keyword, rest) in dockerfile
        .stages
        .iter()
        .flat_map(|stage| &stage.instructions)
    {
        if keyword == "COPY" && !rest.starts_with("--from=build ") {
            let (sources, _) = rest.rsplit_once(' ').expect("a target");
            for source in sources.split(' ') {
                assert!(root().join(source).exists(), "{source}");
            }
        }
    }
    let ignore = text(".dockerignore");
    assert!(
        ignore.lines().any(|line| line == "*"),
        "a list of what is let in"
    );
    let let_in: Vec<&str> = ignore
        .lines()
        .filter_map(|line| line.strip_prefix('!'))
        .collect();
    for path in &let_in {
        assert!(root().join(path).exists(), "{path}");
    }
    let is_let_in = |path: &Path| let_in.iter().any(|allowed| path.starts_with(allowed));
    for path in ["Cargo.toml", "Cargo.lock", ".cargo/config.toml"] {
        assert!(is_let_in(Path::new(path)), "{path}");
    }
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.ends_with("tests.rs") || path.ends_with("testing.rs") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            // What only tests read need not be there.
            let text = text.split("#[cfg(test)]\nmod ").next().expect("a part");
            for macro_name in ["include_str!(\"", "include_bytes!(\""] {
                for rest in text.split(macro_name).skip(1) {
                    let included = rest.split('"').next().expect("a path");
                    let included = folder.join(included).canonicalize().expect(included);
                    let included = included.strip_prefix(root()).expect("in the checkout");
                    assert!(is_let_in(included), "{}", included.display());
                }
            }
        }
    }
}

#[test]
fn the_same_binary_gives_the_same_image() {
    let dockerfile = Dockerfile::parse(&text("Dockerfile")).expect("a Dockerfile");
    let image = dockerfile.image(&given()).expect("an image");
    let time = Timestamp::from_second(1_700_000_000).expect("a time");
    let pack = || layout::pack(b"a binary", &image, time, "lockkeeper:dev").expect("packed");
    let (one, two) = (pack(), pack());
    assert_eq!(one.tar, two.tar);
    assert!(one.digest.starts_with("sha256:") && one.size > one.layer.len());
    let mut archive = tar::Archive::new(&one.tar[..]);
    let names: Vec<String> = archive
        .entries()
        .expect("a tar")
        .map(|entry| {
            entry
                .expect("an entry")
                .path()
                .expect("a path")
                .display()
                .to_string()
        })
        .collect();
    assert_eq!(names[..2], ["oci-layout", "index.json"]);
    assert_eq!(names.len(), 5);
    assert!(names.contains(&format!("blobs/sha256/{}", &one.digest["sha256:".len()..])));
}
