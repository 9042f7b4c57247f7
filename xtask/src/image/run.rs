//! Runs an image as a kubelet does: its layer as a read-only root, its user, nothing else around it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use flate2::read::GzDecoder;
use lockkeeper_testkit::pki::{Authority, Files, write};
use lockkeeper_testkit::reviewer::Reviewer;
use lockkeeper_testkit::wait;

use super::dockerfile::Image;
use super::names;
use crate::served::Served;
use crate::startup::review;

/// A mount namespace of its own; what is mounted there ends with it. `$1` is the root, up to `--` come pairs
/// of what is mounted and where, then user and command.
const ENTER: &str = r#"
set -e
root=$1
shift
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
    mount --bind "$1" "$root$2"
    mount -o remount,bind,ro "$root$2"
    shift 2
done
shift
mount -o remount,bind,ro "$root"
user=$1
shift
exec chroot --userspec="$user" "$root" "$@"
"#;

/// How long a connection to a named host may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// A layer laid out as a root, with the places of what a pod mounts.
struct Root<'a> {
    folder: PathBuf,
    image: &'a Image,
    mounts: Vec<(PathBuf, &'static str)>,
}

/// Proves that the image runs.
pub(super) fn proof(layer: &[u8], image: &Image) -> anyhow::Result<()> {
    ensure!(
        is_root()?,
        "an image's root can only be entered by root: run this as root, or with `sudo -E env \"PATH=$PATH\"`"
    );
    let scratch = tempfile::tempdir()?;
    let outside = scratch.path().join("outside");
    let files = Authority::new("image")?.server_files(&["127.0.0.1"], &outside)?;
    let root = Root::unpack(layer, image, scratch.path().join("root"), &outside)?;

    let version = root.run(&["--version"])?;
    ensure!(version.starts_with("lockkeeper "), "it says {version:?}");
    // The flags of CMD are ones that it knows; its ports may be taken on this machine.
    let mut command: Vec<&str> = image.command.iter().map(String::as_str).collect();
    command.push("--help");
    root.run(&command)?;
    reviews(&root, &files)?;
    for host in [names::IN_HOSTS, names::IN_DNS] {
        finds(&root, &outside, host).with_context(|| format!("the host {host}"))?;
    }
    Ok(())
}

fn is_root() -> anyhow::Result<bool> {
    let output = Command::new("id").arg("-u").output().context("id")?;
    Ok(output.stdout == b"0\n")
}

/// It becomes ready, refuses the example, and ends as it should when it is asked to.
fn reviews(root: &Root<'_>, files: &Files) -> anyhow::Result<()> {
    let served = Served::start(&mut root.serve(&["--no-cluster"]))?;
    served.ready()?;
    let status = fs::read_to_string(format!("/proc/{}/status", served.id()))?;
    let uid = root.image.user.split(':').next().unwrap_or("");
    for expected in [
        format!("Uid:\t{uid}\t{uid}"),
        "CapEff:\t0000000000000000".to_owned(),
    ] {
        ensure!(status.contains(&expected), "not {expected}: {status}");
    }
    let mounts = fs::read_to_string(format!("/proc/{}/mountinfo", served.id()))?;
    ensure!(
        mounts.lines().any(|line| line.contains(" / ro,")),
        "its root can be written: {mounts}"
    );
    let response = Reviewer::new(served.tls, files)?.validate(&review()?)?;
    ensure!(response["allowed"] == false, "it answers {response}");
    let status = served.terminate()?;
    ensure!(status.success(), "it ends with {status}");
    println!("ready, a review refused, ended with 0; user {uid}, no capability, a read-only root");
    Ok(())
}

/// It connects to an API server of that name, which a static binary must find without any library beside it.
fn finds(root: &Root<'_>, outside: &Path, host: &str) -> anyhow::Result<()> {
    let dns = names::serve()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    let kubeconfig = format!(
        "{{apiVersion: v1, kind: Config, current-context: c, contexts: [{{name: c, context: {{cluster: c, user: c}}}}], \
         users: [{{name: c, user: {{}}}}], clusters: [{{name: c, \
         cluster: {{certificate-authority: /certificates/ca.crt, server: 'https://{host}:{port}'}}}}]}}"
    );
    // In place, as it is mounted by its inode.
    fs::write(outside.join("kubeconfig"), kubeconfig)?;
    let served = Served::start(&mut root.serve(&["--kubeconfig=/kubeconfig", "--log-level=off"]))?;
    wait::until("a connection", PATIENCE, || {
        listener.accept().map_err(|error| error.to_string())
    })?;
    drop(dns);
    served.terminate()?;
    println!("found {host}");
    Ok(())
}

impl<'a> Root<'a> {
    fn unpack(
        layer: &[u8],
        image: &'a Image,
        folder: PathBuf,
        outside: &Path,
    ) -> anyhow::Result<Self> {
        fs::create_dir(&folder)?;
        let mut tar = tar::Archive::new(GzDecoder::new(layer));
        tar.set_preserve_permissions(true);
        tar.unpack(&folder)?;
        let listed: Vec<_> = fs::read_dir(&folder)?.collect::<Result<_, _>>()?;
        ensure!(
            listed.len() == 1 && listed[0].file_name() == "lockkeeper",
            "more than the binary: {listed:?}"
        );
        write(outside, "kubeconfig", "")?;
        write(outside, "hosts", names::HOSTS)?;
        write(outside, "resolv.conf", names::RESOLV_CONF)?;
        let mut mounts = vec![(outside.to_owned(), "/certificates")];
        for (name, place) in [
            ("kubeconfig", "/kubeconfig"),
            ("hosts", "/etc/hosts"),
            ("resolv.conf", "/etc/resolv.conf"),
        ] {
            mounts.push((outside.join(name), place));
        }
        // A container's runtime makes the places of its mounts too.
        for (what, place) in &mounts {
            let place = folder.join(place.trim_start_matches('/'));
            fs::create_dir_all(place.parent().context("a place in the root")?)?;
            if what.is_dir() {
                fs::create_dir(&place)?;
            } else {
                fs::write(&place, "")?;
            }
        }
        Ok(Self {
            folder,
            image,
            mounts,
        })
    }

    /// The entry point with these arguments, in the root.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command.args([
            "--mount",
            "--propagation=private",
            "sh",
            "-c",
            ENTER,
            "enter",
        ]);
        command.arg(&self.folder);
        for (what, place) in &self.mounts {
            command.arg(what).arg(place);
        }
        command.arg("--").arg(&self.image.user);
        command.args(&self.image.entrypoint).args(arguments);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    fn serve(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&["serve", "--listen=127.0.0.1:0"]);
        command.args(["--metrics-listen=127.0.0.1:0", "--drain=100ms"]);
        command.args([
            "--tls-cert=/certificates/tls.crt",
            "--tls-key=/certificates/tls.key",
        ]);
        command.args(arguments);
        command
    }

    /// What it prints.
    fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.command(arguments).output().context("unshare")?;
        ensure!(
            output.status.success(),
            "{arguments:?} ends with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?)
    }
}
