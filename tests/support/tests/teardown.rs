//! Nothing is left of a control plane, however its test ends.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use lockkeeper_testkit::{ControlPlane, Options, wait};

/// Set for the copy of this test binary that is to be killed.
const ROLE: &str = "LOCKKEEPER_TESTKIT_ROLE";

const PATIENCE: Duration = Duration::from_secs(15);

/// Whether a process runs; one that only waits to be collected by a slow init does not.
fn lives(pid: u32) -> bool {
    let look = "if [ -d /proc/self ]; then grep -q '^State:.[^Z]' \"/proc/$1/status\"; else kill -0 \"$1\"; fi";
    let status = Command::new("/bin/sh")
        .args(["-c", look, "lives", &pid.to_string()])
        .stderr(Stdio::null())
        .status();
    status.expect("a shell").success()
}

fn pids(plane: &ControlPlane) -> Vec<u32> {
    plane
        .processes()
        .iter()
        .map(lockkeeper_testkit::process::Process::id)
        .collect()
}

fn await_end(pids: &[u32]) {
    wait::until("the processes to be gone", PATIENCE, || {
        let left: Vec<_> = pids.iter().filter(|pid| lives(**pid)).collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("{left:?} live"))
        }
    })
    .expect("they end");
}

#[test]
fn dropping_stops_all_and_removes_the_folder() {
    let plane = ControlPlane::start().expect("the control plane starts");
    let (pids, folder) = (pids(&plane), plane.folder().to_owned());
    assert_eq!(pids.len(), 4);
    assert!(pids.iter().all(|pid| lives(*pid)) && folder.is_dir());
    drop(plane);
    assert_eq!(pids.iter().filter(|pid| lives(**pid)).count(), 0);
    assert!(!folder.exists());
}

/// Runs a copy of this binary that starts a control plane and then waits or panics; returns its processes and folder.
fn copy(role: &str) -> (std::process::Child, Vec<u32>, PathBuf) {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "the_copy", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a copy of this binary");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let said = lines
        .map_while(Result::ok)
        .find_map(|line| line.split_once("started ").map(|(_, rest)| rest.to_owned()));
    let said = said.expect("the copy starts");
    let (folder, pids) = said.split_once(' ').expect("a folder and ids");
    let pids = pids
        .split(',')
        .map(|pid| pid.parse().expect("an id"))
        .collect();
    (child, pids, PathBuf::from(folder))
}

/// The part of the copy; on its own it has nothing to do.
#[test]
fn the_copy() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let plane = Options::default()
        .flux(false)
        .start()
        .expect("the control plane starts");
    let pids: Vec<_> = pids(&plane).iter().map(u32::to_string).collect();
    println!("started {} {}", plane.folder().display(), pids.join(","));
    // Never dropped, as a static is not.
    std::mem::forget(plane);
    assert_eq!(role, "wait", "the copy was told to panic");
    std::thread::sleep(Duration::from_secs(600));
}

#[test]
fn a_killed_test_leaves_nothing() {
    let (mut child, pids, folder) = copy("wait");
    assert!(pids.iter().all(|pid| lives(*pid)));
    child.kill().expect("a kill");
    child.wait().expect("an end");
    await_end(&pids);
    let gone = || {
        if Path::exists(&folder) {
            Err("is there".to_owned())
        } else {
            Ok(())
        }
    };
    wait::until("the folder to be gone", PATIENCE, gone).expect("it goes");
}

#[test]
fn a_panic_leaves_the_logs_and_nothing_else() {
    let (mut child, pids, folder) = copy("panic");
    assert!(!child.wait().expect("an end").success());
    await_end(&pids);
    let log = std::fs::read_to_string(folder.join("kube-apiserver.log")).expect("the log is kept");
    assert!(!log.is_empty());
    std::fs::remove_dir_all(folder).expect("it can be removed");
}
