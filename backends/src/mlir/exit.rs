//! The end of the process: LLVM's globals are destroyed then, and nobody may be compiling.
//!
//! Threads go on while a process ends, until its last moment. So what ends it waits for compilations that other threads
//! have begun, and lets them begin no more.
//!
//! It has to do so ahead of the destruction, and C++ destroys first what it made last: also what it makes on the way, when
//! it comes to a place for the first time. So there is a rehearsal before any other compilation, in the thread that asks
//! for it, and only then the process is told to wait at its end.

use super::foreign;
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Once, PoisonError, RwLock, RwLockReadGuard};

/// Read by who compiles, and written for good by who ends the process.
static RUNNING: RwLock<()> = RwLock::new(());

thread_local! {
    /// Whether this thread compiles: should LLVM itself end the process, nobody waits for that.
    static HERE: Cell<bool> = const { Cell::new(false) };
}

/// Rehearses, if nobody has.
pub(super) fn prepare(rehearse: impl FnOnce()) {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(rehearse);
}

/// While it lives, LLVM may be used.
pub(super) struct Compiling {
    _running: RwLockReadGuard<'static, ()>,
}

impl Compiling {
    pub(super) fn begin() -> Self {
        static BEGUN: AtomicU64 = AtomicU64::new(1);
        // Now and then anew, for places that were not come to in the rehearsal.
        if BEGUN.fetch_add(1, Ordering::Relaxed).is_power_of_two() {
            foreign::at_exit(wait);
        }
        let running = RUNNING.read().unwrap_or_else(PoisonError::into_inner);
        HERE.set(true);
        Self { _running: running }
    }
}

impl Drop for Compiling {
    fn drop(&mut self) {
        HERE.set(false);
    }
}

extern "C" fn wait() {
    static ONCE: Once = Once::new();
    if !HERE.get() {
        ONCE.call_once(|| std::mem::forget(RUNNING.write()));
    }
}
