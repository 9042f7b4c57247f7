//! An OCI image as one tar (an image layout, that `skopeo`, `crane` and `podman load` read): the same bytes
//! for the same binary and time.

use std::collections::BTreeMap;
use std::io::Write as _;

use anyhow::Context as _;
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
        layer,
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
