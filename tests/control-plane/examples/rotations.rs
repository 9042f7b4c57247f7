//! Measures rotations of the CA under a steady load of reviews, and how soon a replica is ready.
//!
//! `LOCKKEEPER_BIN=target/release/lockkeeper cargo run -p lockkeeper-control-plane --example rotations -- 100`, after
//! `cargo build --release`. It fails where a review or a handshake is lost, or a bar is missed; docs/performance.md has
//! the figures.

use std::thread;
use std::time::{Duration, Instant};

use lockkeeper_control_plane::home::Home;
use lockkeeper_control_plane::load::Load;
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_control_plane::plane;

/// From the start to ready: with a CA that is there, and the cluster's objects to list.
const MOST_TIME: Duration = Duration::from_secs(2);
const STARTS: usize = 20;

fn main() {
    let rotations: usize = std::env::args()
        .nth(1)
        .map_or(100, |number| number.parse().expect("how many rotations"));
    let home = Home::new(plane(), "rotations");
    let [one, two] = home.pair();
    let load = Load::start(&home, &[one.address(), two.address()]);
    let began = Instant::now();
    for number in 1..=rotations {
        home.rotate();
        home.await_retired();
        if number % 10 == 0 {
            eprintln!("{number} rotations in {} s", began.elapsed().as_secs());
        }
    }
    let took = began.elapsed();
    // It fails where one answer was not what it must be.
    let counts = load.end();
    println!(
        "{rotations} rotations in {} s: {} reviews through the API server and {} by hand, each with a handshake of its own, 0 lost",
        took.as_secs(),
        counts.by_api_server,
        counts.by_hand
    );

    let mut starts: Vec<Duration> = (0..STARTS).map(|number| start(&home, number)).collect();
    starts.sort_unstable();
    let (middle, last) = (starts[STARTS / 2], starts[STARTS - 1]);
    println!(
        "ready after {} ms, {} ms at most, of {STARTS} starts beside a cluster",
        middle.as_millis(),
        last.as_millis()
    );
    assert!(last <= MOST_TIME, "a start took longer than its bar");
}

fn start(home: &Home, number: usize) -> Duration {
    let began = Instant::now();
    let replica: Lockkeeper = home.launch(&format!("start-{number}"), &[]);
    while !replica.get("/readyz").contains("200 OK") {
        thread::sleep(Duration::from_millis(5));
        assert!(began.elapsed() < Duration::from_secs(60), "not ready");
    }
    began.elapsed()
}
