//! Keeps the logs of a run that failed: after any panic in the test process, the folder stays and its path is printed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};

use crate::tools::say;
use crate::watchdog::KEEP;

/// The folders of the control planes that run now.
static RUNNING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// From now on a panic keeps this folder.
///
/// A hook rather than `thread::panicking()` in a destructor: a control plane in a `static` has no destructor run, and a
/// test that panics is not the thread that started it.
pub(super) fn on_panic(folder: &Path) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            previous(panic);
            // Taken out first: marking a folder locks the list again.
            let folders = std::mem::take(&mut *running());
            for folder in folders {
                now(&folder);
            }
        }));
    });
    running().push(folder.to_owned());
}

/// Keeps the folder and says where it is.
pub(super) fn now(folder: &Path) {
    forget(folder);
    // Without the mark the folder goes: no reason to fail once more.
    if File::create(folder.join(KEEP)).is_ok() {
        say(format_args!("the logs are kept in {}", folder.display()));
    }
}

/// The control plane ended: later panics are not about it.
pub(super) fn forget(folder: &Path) {
    running().retain(|running| running != folder);
}

fn running() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
