//! Better code for a handle whose calls run already: it is made in the background, and calls take it from when it is there.
//!
//! One thread makes the code of all handles, one after the other, so that as many handles as one likes leave the other
//! cores to what they are for. It holds a handle's program for as long as it compiles one kernel of it: of a handle that is
//! dropped meanwhile, nothing is left after that.

use crate::Error;
use crate::code::Code;
use rotrace_backends::{Artifact, CompileError, Processor};
use rotrace_ir::kernel::Kernel;
use rotrace_ir::plan::Plan;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// What makes code of a kernel for processors.
pub(crate) type Compile = fn(&Kernel, Processor) -> Result<Artifact, CompileError>;

/// Better code of a plan, or that which is to become it.
pub(crate) struct Upgrade {
    plan: Arc<Plan>,
    compile: Compile,
    processor: Processor,
    outcome: OnceLock<Result<Better, String>>,
}

/// What was made.
pub(crate) struct Better {
    pub(crate) code: Code,
    /// From when it was begun.
    pub(crate) time: Duration,
}

impl Upgrade {
    /// Has better code made, after that of all handles before.
    pub(crate) fn begin(plan: Arc<Plan>, compile: Compile, processor: Processor) -> Arc<Self> {
        let upgrade = Arc::new(Self { plan, compile, processor, outcome: OnceLock::new() });
        if let Err(reason) = hand_over(Arc::downgrade(&upgrade)) {
            upgrade.finish(Err(reason));
        }
        upgrade
    }

    /// The better code, if it is there.
    #[inline]
    pub(crate) fn code(&self) -> Option<&Code> {
        match self.outcome.get() {
            Some(Ok(better)) => Some(&better.code),
            Some(Err(_)) | None => None,
        }
    }

    /// What came of it, if it has come to an end.
    pub(crate) fn outcome(&self) -> Option<&Result<Better, String>> {
        self.outcome.get()
    }

    /// Waits for the end.
    pub(crate) fn wait(&self) {
        self.outcome.wait();
    }

    fn finish(&self, outcome: Result<Better, String>) {
        // Only the first counts, and there is no second.
        let _ = self.outcome.set(outcome);
    }
}

/// Gives a handle to the thread, which is started for the first.
fn hand_over(upgrade: Weak<Upgrade>) -> Result<(), String> {
    static THREAD: OnceLock<Result<Sender<Weak<Upgrade>>, String>> = OnceLock::new();
    let start = || {
        let (sender, receiver) = channel();
        let thread = thread::Builder::new().name("rotrace-upgrade".to_owned());
        thread.spawn(|| make_all(receiver)).map_err(|error| format!("no thread for it: {error}"))?;
        Ok(sender)
    };
    let sender = THREAD.get_or_init(start).as_ref().map_err(Clone::clone)?;
    sender.send(upgrade).map_err(|_| "its thread has ended".to_owned())
}

fn make_all(upgrades: Receiver<Weak<Upgrade>>) {
    for upgrade in upgrades {
        // Those who wait have to learn of it, and the thread has others to serve.
        let made = catch_unwind(AssertUnwindSafe(|| make(&upgrade)));
        let outcome = made.unwrap_or_else(|_| Some(Err("the compiler panicked".to_owned())));
        if let (Some(upgrade), Some(outcome)) = (upgrade.upgrade(), outcome) {
            upgrade.finish(outcome);
        }
    }
}

/// Makes better code; `None` if nobody wants it any more.
fn make(wanted: &Weak<Upgrade>) -> Option<Result<Better, String>> {
    let start = Instant::now();
    let mut artifacts = Vec::new();
    loop {
        // Let go after each kernel, so that it ends here if it is the last who has it.
        let upgrade = wanted.upgrade()?;
        let Some(&kernel) = upgrade.plan.kernels().get(artifacts.len()) else { break };
        match (upgrade.compile)(kernel, upgrade.processor) {
            Ok(artifact) => artifacts.push(artifact),
            Err(error) => return Some(Err(error.to_string())),
        }
    }
    let code = Code::new(&artifacts).map_err(|error: Error| error.to_string());
    Some(code.map(|code| Better { code, time: start.elapsed() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rotrace_backends::cranelift;
    use rotrace_ir::text::parse_function;
    use rotrace_passes::lower::{Options, lower};
    use std::sync::mpsc::SyncSender;
    use std::sync::{Mutex, mpsc};

    fn plan() -> Arc<Plan> {
        let text = "fn @f(dims n; %x: f64[n]) -> (f64[n], f64[]) {
  %y: f64[n] = add %x, %x
  %z: f64[] = reduce %x {kind = sum, axes = [0]}
  return %y, %z
}";
        Arc::new(lower(&parse_function(text).expect("a function"), Options::default()).expect("a plan"))
    }

    fn compile(kernel: &Kernel, processor: Processor) -> Result<Artifact, CompileError> {
        cranelift::compile(kernel, &cranelift::Options { processor, ..cranelift::Options::default() })
    }

    fn failing(kernel: &Kernel, _: Processor) -> Result<Artifact, CompileError> {
        Err(CompileError::Unsupported { kernel: kernel.name.clone(), reason: "not today".to_owned() })
    }

    fn panicking(_: &Kernel, _: Processor) -> Result<Artifact, CompileError> {
        panic!("a bug")
    }

    fn begin(compile: Compile) -> Arc<Upgrade> {
        Upgrade::begin(plan(), compile, Processor::Native)
    }

    fn reason(upgrade: &Upgrade) -> String {
        upgrade.wait();
        upgrade.outcome().and_then(|outcome| outcome.as_ref().err()).cloned().expect("a failure")
    }

    #[test]
    fn whatever_comes_of_one_the_next_is_served() {
        assert!(reason(&begin(failing)).ends_with("not today"));
        assert_eq!(reason(&begin(panicking)), "the compiler panicked");
        let upgrade = begin(compile);
        upgrade.wait();
        assert!(upgrade.code().is_some_and(|code| code.size() > 0));
    }

    /// Compiles from when it may, and tells that it has begun.
    fn slow(kernel: &Kernel, processor: Processor) -> Result<Artifact, CompileError> {
        let gate = GATE.lock().expect("nobody panics with it").take();
        if let Some((begun, go)) = gate {
            begun.send(()).expect("the test waits for it");
            go.recv().expect("the test says so");
        }
        compile(kernel, processor)
    }

    static GATE: Mutex<Option<(SyncSender<()>, Receiver<()>)>> = Mutex::new(None);

    #[test]
    fn of_a_handle_dropped_meanwhile_nothing_is_left() {
        let ((begun, has_begun), (go, may_go)) = (mpsc::sync_channel(1), mpsc::sync_channel(1));
        *GATE.lock().expect("nobody panics with it") = Some((begun, may_go));
        let at_work = begin(slow);
        has_begun.recv().expect("it begins");
        let waiting = begin(panicking);
        let left = [Arc::downgrade(&at_work), Arc::downgrade(&waiting)];
        drop((at_work, waiting));
        assert!(left[1].upgrade().is_none(), "what has not begun goes at once");
        go.send(()).expect("it waits");
        let next = begin(compile);
        next.wait();
        assert!(left[0].upgrade().is_none(), "what has begun goes after a kernel");
        assert!(next.code().is_some());
    }
}
