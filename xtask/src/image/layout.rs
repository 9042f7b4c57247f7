//! An OCI image as one tar (an image layout, that `skopeo`, `crane` and `podman load` read): the same bytes
//! for the same binary and time.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use anyhow::{Context as _, ensure};
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use lockkeeper_testkit::archive::sha256;
use serde_json::{Value, json};

use super::dockerfile::Image;

/// A packed image.
pub(super) struct Layout {
    /// The tar.
    pub(super) tar: Vec<u8>,
    /// What a registry would keep: manifest, config and layer.
    pub(super) size: usize,
    /// The digest by which it is pulled.
    pub(super) digest: String,
}

/// What an image layout says that is to be run.
#[derive(Debug)]
pub(super) struct Runnable {
    pub(super) user: String,
    pub(super) entrypoint: Vec<String>,
    pub(super) command: Vec<String>,
    /// The one layer, compressed.
    pub(super) layer: Vec<u8>,
}

/// Packs the binary as the image's only file.
pub(super) fn pack(
    binary: &[u8],
    image: &Image,
    created: Timestamp,
    reference: &str,
) -> anyhow::Result<Layout> {
    let seconds = created
        .as_second()
        .try_into()
        .context("a time before 1970")?;
    let rootfs = tar(&[("lockkeeper", 0o755, binary)], seconds)?;
    let mut gzip: GzEncoder<Vec<u8>> = GzBuilder::new().write(Vec::new(), Compression::best());
    gzip.write_all(&rootfs)?;
    let layer = gzip.finish()?;

    let ports: BTreeMap<_, _> = image.ports.iter().map(|port| (port, json!({}))).collect();
    let config = json!({
        "created": created.to_string(),
        "architecture": architecture(),
        "os": "linux",
        "config": {
            "User": image.user,
            "ExposedPorts": ports,
            "Entrypoint": image.entrypoint,
            "Cmd": image.command,
            "Labels": image.labels,
        },
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", sha256(&rootfs))]},
        "history": [{"created": created.to_string(), "created_by": "cargo xtask image"}],
    });
    let config = serde_json::to_vec(&config)?;
    let manifest = serde_json::to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", &layer)],
        "annotations": image.labels,
    }))?;
    let mut entry = descriptor("application/vnd.oci.image.manifest.v1+json", &manifest);
    entry["platform"] = json!({"architecture": architecture(), "os": "linux"});
    entry["annotations"] = json!({"org.opencontainers.image.ref.name": reference});
    let index = serde_json::to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [entry],
    }))?;

    let blobs = [&config, &manifest, &layer].map(|blob| format!("blobs/sha256/{}", sha256(blob)));
    let files = [
        (
            "oci-layout",
            0o644,
            &br#"{"imageLayoutVersion":"1.0.0"}"#[..],
        ),
        ("index.json", 0o644, &index),
        (&blobs[0], 0o644, &config),
        (&blobs[1], 0o644, &manifest),
        (&blobs[2], 0o644, &layer),
    ];
    Ok(Layout {
        tar: tar(&files, seconds)?,
        size: config.len() + manifest.len() + layer.len(),
        digest: format!("sha256:{}", sha256(&manifest)),
    })
}

/// Reads a layout as a container's runtime does, from its index down, each part by its digest.
pub(super) fn read(tar: &[u8]) -> anyhow::Result<Runnable> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(tar).entries()? {
        let mut entry = entry?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        files.insert(entry.path()?.display().to_string(), bytes);
    }
    let blob = |descriptor: &Value| -> anyhow::Result<&Vec<u8>> {
        let digest = descriptor["digest"].as_str().context("a digest")?;
        let digest = digest.strip_prefix("sha256:").context("a SHA-256")?;
        let bytes = files.get(&format!("blobs/sha256/{digest}"));
        let bytes = bytes.with_context(|| format!("no blob {digest}"))?;
        ensure!(
            sha256(bytes) == digest && descriptor["size"] == bytes.len(),
            "the blob {digest} is not what its name says"
        );
        Ok(bytes)
    };
    let index: Value = serde_json::from_slice(files.get("index.json").context("no index")?)?;
    let manifest: Value = serde_json::from_slice(blob(&index["manifests"][0])?)?;
    let config: Value = serde_json::from_slice(blob(&manifest["config"])?)?;
    let config = &config["config"];
    Ok(Runnable {
        user: serde_json::from_value(config["User"].clone())?,
        entrypoint: serde_json::from_value(config["Entrypoint"].clone())?,
        command: serde_json::from_value(config["Cmd"].clone())?,
        layer: blob(&manifest["layers"][0])?.clone(),
    })
}

fn descriptor(media_type: &str, blob: &[u8]) -> Value {
    json!({
        "mediaType": media_type,
        "digest": format!("sha256:{}", sha256(blob)),
        "size": blob.len(),
    })
}

/// The name that OCI has, which is Go's.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// A tar of these files (name, mode, bytes), all root's and of one time.
fn tar(files: &[(&str, u32, &[u8])], seconds: u64) -> anyhow::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, mode, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len().try_into()?);
        header.set_mode(*mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(seconds);
        tar.append_data(&mut header, name, *bytes)?;
    }
    Ok(tar.into_inner()?)
}
