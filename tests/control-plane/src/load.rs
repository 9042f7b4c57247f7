//! A steady load of reviews, by the API server and by hand, each answer held against what it must be.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lockkeeper_testkit::kubectl::Following;
use lockkeeper_testkit::reviewer::Reviewer;

use crate::home::Home;
use crate::{RELEASE_DENIED, objects, reviews};

/// Counts answers and keeps the first that was wrong.
#[derive(Default)]
struct Seen {
    stop: AtomicBool,
    right: AtomicUsize,
    wrong: Mutex<Option<String>>,
}

/// What was answered in all.
#[derive(Debug)]
pub struct Counts {
    /// Through the API server, on the connections that it keeps.
    pub by_api_server: usize,
    /// By hand, each with a handshake of its own.
    pub by_hand: usize,
}

/// Sends until it is stopped.
pub struct Load {
    api_server: Arc<Seen>,
    by_hand: Arc<Seen>,
    threads: Vec<JoinHandle<()>>,
    _told: Following,
}

impl Load {
    /// One client through the API server, and one by hand to each of the addresses, which trusts what a
    /// watch of the configurations said last, as the API server does.
    pub fn start(home: &Home, addresses: &[SocketAddr]) -> Self {
        let api_server = Arc::new(Seen::default());
        let by_hand = Arc::new(Seen::default());
        let mut threads = Vec::new();
        let (seen, sender) = (Arc::clone(&api_server), home.clone());
        threads.push(thread::spawn(move || {
            seen.every(Duration::from_millis(20), || {
                let sent = sender.dry_run(&sender.probe());
                if sent.stderr.contains(RELEASE_DENIED) {
                    Ok(())
                } else {
                    Err(sent.to_string())
                }
            });
        }));
        let newest = Arc::new(Mutex::new(home.bundles().remove(0)));
        let bundle = Arc::clone(&newest);
        let told = home.follow_bundle(move |pem| *bundle.lock().expect("a bundle") = pem);
        for &address in addresses {
            let (seen, bundle) = (Arc::clone(&by_hand), Arc::clone(&newest));
            let review = reviews::of_creation(&objects::floating(&home.namespace, "by-hand"));
            threads.push(thread::spawn(move || {
                seen.every(Duration::from_millis(5), || {
                    let pem = bundle.lock().expect("a bundle").clone();
                    let answer = Reviewer::trusting(address, pem.as_bytes())
                        .and_then(|reviewer| reviewer.validate(&review))
                        .map_err(|error| format!("{address}: {error}"))?;
                    if answer["allowed"] == false {
                        Ok(())
                    } else {
                        Err(format!("{address}: {answer}"))
                    }
                });
            }));
        }
        Self {
            api_server,
            by_hand,
            threads,
            _told: told,
        }
    }

    /// Ends it; fails where one answer was not what it must be, or a client never had one.
    pub fn end(self) -> Counts {
        for seen in [&self.api_server, &self.by_hand] {
            seen.stop.store(true, Ordering::Relaxed);
        }
        let has_hands = self.threads.len() > 1;
        for thread in self.threads {
            thread.join().expect("a client");
        }
        let count = |seen: &Seen| {
            let wrong = seen.wrong.lock().expect("what was wrong").take();
            assert_eq!(wrong, None);
            seen.right.load(Ordering::Relaxed)
        };
        let counts = Counts {
            by_api_server: count(&self.api_server),
            by_hand: count(&self.by_hand),
        };
        let has_asked = counts.by_api_server > 0 && (counts.by_hand > 0 || !has_hands);
        assert!(has_asked, "{counts:?}");
        counts
    }
}

impl Seen {
    fn every(&self, pause: Duration, send: impl Fn() -> Result<(), String>) {
        while !self.stop.load(Ordering::Relaxed) {
            match send() {
                Ok(()) => {
                    self.right.fetch_add(1, Ordering::Relaxed);
                }
                Err(what) => {
                    let mut wrong = self.wrong.lock().expect("what was wrong");
                    wrong.get_or_insert(what);
                }
            }
            thread::sleep(pause);
        }
    }
}
