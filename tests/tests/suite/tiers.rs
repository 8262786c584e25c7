//! Code that is replaced by better code while calls run, and what is shown of the way to either.

use rotrace_ir::graph::Function;
use rotrace_ir::text::parse_function;
use rotrace_runtime::{Engine, Executable, Options};

const POLYNOMIAL: &str = "fn @polynomial(dims n; %x: f64[n]) -> (f64[n]) {
  %y: f64[n] = fma %x, %x, %x
  %z: f64[n] = multiply %y, %x
  return %z
}";

fn polynomial() -> Function {
    parse_function(POLYNOMIAL).expect("a function")
}

fn options(engine: Engine) -> Options {
    Options { engine, threads: 1, ..Options::default() }
}

#[test]
fn engines_that_are_not_there_are_errors() {
    for engine in [Engine::Optimised, Engine::Tiered] {
        let compiled = Executable::compile(&polynomial(), &options(engine));
        let wanted =
            format!("not supported on this machine: `Engine::{engine:?}` needs the feature `mlir`, which is off");
        let said = compiled.err().map(|error| error.to_string());
        assert_eq!(said, (!cfg!(feature = "mlir")).then_some(wanted));
    }
}

#[test]
fn stages_are_shown_by_name() {
    let mut engines = vec![(Engine::Compiled, vec![("clif", "fma")])];
    if cfg!(feature = "mlir") {
        let optimised = [("mlir", "math.fma"), ("llvm", "llvm.fma")];
        engines.push((Engine::Optimised, optimised.to_vec()));
        engines.push((Engine::Tiered, [&engines[0].1[..], &optimised].concat()));
    }
    for (engine, stages) in engines {
        let executable = Executable::compile(&polynomial(), &options(engine)).expect("it compiles");
        assert_eq!(executable.stages(), stages.iter().map(|&(name, _)| name).collect::<Vec<_>>(), "{engine:?}");
        for (name, part) in stages {
            let text = executable.stage(name).expect("a stage that is listed");
            assert!(text.contains(part), "{engine:?}, {name}: {text}");
        }
        assert_eq!(executable.stage("ptx"), None);
        executable.wait_optimised();
        assert!(executable.disassembly().contains("fmadd"), "{}", executable.disassembly());
    }
}

#[cfg(feature = "mlir")]
mod with_feature {
    use super::*;
    use rotrace_ir::graph::Constant;
    use rotrace_runtime::{Background, Natives, View, ViewMut};
    use rotrace_tests::engines::compare;
    use rotrace_tests::random::{Random, program_with_regions};
    use std::process::Command;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::Duration;

    /// A program with arguments for small sizes.
    fn program(seed: u64) -> (Function, Vec<Constant>) {
        let function = program_with_regions(seed);
        let dims = vec![3; function.dims.len()];
        let mut random = Random::new(!seed);
        let arguments = function.parameter_types().map(|ty| random.array(ty, &dims)).collect();
        (function, arguments)
    }

    #[test]
    fn calls_change_over_without_changing_a_bit() {
        let programs: Vec<_> = (0..12).map(program).collect();
        let handles: Vec<Executable> = programs
            .iter()
            .map(|(function, _)| Executable::compile(function, &options(Engine::Tiered)).expect("it compiles"))
            .collect();
        let changed = AtomicBool::new(false);
        let call_all = || {
            for ((function, arguments), handle) in programs.iter().zip(&handles) {
                compare(function, arguments, handle).unwrap_or_else(|error| panic!("{error}\n{function}"));
            }
        };
        assert!(handles.iter().any(|handle| handle.report().background == Background::Pending));
        let calls = thread::scope(|scope| {
            let caller = || {
                let mut calls = 0;
                while !changed.load(Ordering::Relaxed) {
                    call_all();
                    calls += 1;
                }
                calls
            };
            let callers = [scope.spawn(caller), scope.spawn(caller)];
            handles.iter().for_each(Executable::wait_optimised);
            changed.store(true, Ordering::Relaxed);
            callers.map(|caller| caller.join().expect("no call failed"))
        });
        assert!(calls.iter().all(|&calls| calls > 0));
        call_all();
        for handle in &handles {
            let report = handle.report();
            assert!(matches!(report.background, Background::Done(_)), "{report}");
        }
    }

    #[test]
    fn handles_are_dropped_while_their_better_code_is_made() {
        let kept = Arc::new(());
        let natives = || {
            let held = Arc::clone(&kept);
            let mut natives = Natives::default();
            let function = move |_: &[View<'_>], _: &mut [ViewMut<'_>]| Err(format!("nobody calls {held:?}"));
            natives.insert("held", Arc::new(function));
            natives
        };
        let compile = |seed| Executable::compile_with(&program(seed).0, &natives(), &options(Engine::Tiered));
        for seed in 0..50 {
            compile(seed).expect("it compiles");
        }
        assert_eq!(Arc::strong_count(&kept), 1, "what calls need goes with the handle");
        let last = compile(50).expect("it compiles");
        last.wait_optimised();
        assert!(matches!(last.report().background, Background::Done(_)), "{}", last.report());
    }

    /// Set in a process that ends while its handles are compiled; how many milliseconds it lives.
    const LIFE: &str = "ROTRACE_TEST_LIFE";

    #[test]
    fn a_process_may_end_while_better_code_is_made() {
        if let Some(life) = std::env::var(LIFE).ok().and_then(|life| life.parse().ok()) {
            for seed in 0..20 {
                let handle = Executable::compile(&program(seed).0, &options(Engine::Tiered)).expect("it compiles");
                std::mem::forget(handle);
            }
            thread::sleep(Duration::from_millis(life));
            // Not by a return, as the tests of the process that was started are none.
            std::process::exit(0);
        }
        let this = std::env::current_exe().expect("the tests' own path");
        for life in 0..40 {
            let mut again = Command::new(&this);
            again.args(["--exact", "tiers::with_feature::a_process_may_end_while_better_code_is_made"]);
            let output = again.env(LIFE, life.to_string()).output().expect("it starts");
            assert!(output.status.success(), "after {life} ms: {output:?}");
        }
    }

    #[test]
    fn disassembly_is_of_the_code_that_calls_run() {
        let [first, better] = [Engine::Compiled, Engine::Optimised]
            .map(|engine| Executable::compile(&polynomial(), &options(engine)).expect("it compiles").disassembly());
        let tiered = Executable::compile(&polynomial(), &options(Engine::Tiered)).expect("it compiles");
        let (before, report) = (tiered.disassembly(), tiered.report());
        assert!(before == first || before == better, "{report}");
        tiered.wait_optimised();
        assert_eq!(tiered.disassembly(), better);
    }
}
