//! Saved executables: what comes back is what was saved, with trust and without, and whatever is wrong with a file is told.

use super::export::ROWS;
use super::plans::build::{heat, native, roots};
use rotrace_ir::graph::Function;
use rotrace_ir::plan::Plan;
use rotrace_ir::text::parse_function;
use rotrace_passes::differentiate::vjp;
use rotrace_runtime::{Engine, Error, Executable, FileError, Natives, Options, Processor, Saved, View, ViewMut};
use rotrace_tests::engines::{compare, every_configuration, run};
use rotrace_tests::random::{Random, cost, program, program_with_regions};
use sha2::{Digest, Sha256};
use std::fs;
use std::sync::Arc;

/// Bytes of the checksum at the end of a file.
const CHECKSUM: usize = 32;

/// Bytes before the contents.
const HEAD: usize = 20;

/// What an interpreted call may cost.
const MOST: u64 = 1 << 20;

const SMALL: &str = "fn @f(dims n; %a: f64[n, 3], %b: f64[3]) -> (f64[n]) {
  %c: f64[n, 3] = broadcast %b {axes = [1]}
  %d: f64[n, 3] = multiply %a, %c
  %e: f64[n] = reduce %d {kind = sum, axes = [1]}
  return %e
}";

fn small() -> Function {
    parse_function(SMALL).unwrap_or_else(|error| panic!("{error}"))
}

fn compiled(function: &Function, options: &Options) -> Executable {
    Executable::compile(function, options).unwrap_or_else(|error| panic!("{error}\n{function}"))
}

fn read(bytes: &[u8]) -> Saved {
    Saved::from_bytes(bytes).unwrap_or_else(|error| panic!("{error}"))
}

/// What loading the machine code as it is gives.
fn trusted(bytes: &[u8], natives: &Natives, options: &Options) -> Result<Executable, Error> {
    // SAFETY: tests only pass on what `to_bytes` gave them.
    unsafe { read(bytes).trust() }.load(natives, options)
}

/// The error of a file.
fn refused(bytes: &[u8]) -> FileError {
    Saved::from_bytes(bytes).map(drop).expect_err("it is refused")
}

/// A file with other contents, whose checksum is right.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    [bytes, &Sha256::digest(bytes)].concat()
}

#[test]
fn random_programs_come_back_in_every_configuration() {
    let all = every_configuration();
    let natives = Natives::default();
    let mut checked = 0;
    for seed in 0..300 {
        let function = if seed % 3 == 0 { program_with_regions(seed) } else { program(seed) };
        let (name, options) = &all[seed as usize % all.len()];
        let before = compiled(&function, options);
        let bytes = before.to_bytes(b"beside");
        assert_eq!(read(&bytes).attachment(), b"beside");
        let after = trusted(&bytes, &natives, options).unwrap_or_else(|error| panic!("seed {seed}, {name}: {error}"));
        let anew = read(&bytes).load(&natives, options).unwrap_or_else(|error| panic!("seed {seed}, {name}: {error}"));
        let mut random = Random::new(!seed);
        let dims: Vec<u64> = function.dims.iter().map(|_| 2 + random.below(4) as u64).collect();
        if cost(&function, &dims) > MOST {
            continue;
        }
        checked += 1;
        let arguments: Vec<_> = function.parameter_types().map(|ty| random.array(ty, &dims)).collect();
        for loaded in [&after, &anew] {
            assert_eq!(loaded.kernels(), before.kernels());
            assert_eq!(loaded.graph(), before.graph());
            assert_eq!((loaded.dims(), loaded.inputs()), (before.dims(), before.inputs()));
            assert_eq!(loaded.outputs(), before.outputs());
            assert_eq!(loaded.report().interpreted, before.report().interpreted);
            match run(&before, &arguments) {
                Ok(_) => compare(&function, &arguments, loaded)
                    .unwrap_or_else(|error| panic!("seed {seed}, {name}: {error}\n{function}")),
                Err(error) => assert_eq!(run(loaded, &arguments).err(), Some(error)),
            }
        }
        assert_eq!(after.report().code_bytes, before.report().code_bytes);
        assert_eq!(after.to_bytes(b"beside"), bytes, "saved again");
    }
    assert!(checked > 200, "{checked} programs");
}

#[test]
fn machine_code_is_not_compiled_again() {
    let bytes = compiled(&small(), &Options::default()).to_bytes(b"");
    let stages = |executable: &Executable| -> Vec<String> {
        executable.report().stages.iter().map(|(name, _)| name.clone()).collect()
    };
    let after = trusted(&bytes, &Natives::default(), &Options::default()).expect("it loads");
    assert_eq!(stages(&after), ["decode", "verify", "load"]);
    let anew = read(&bytes).load(&Natives::default(), &Options::default()).expect("it loads");
    assert!(stages(&anew).iter().any(|stage| stage == "cranelift"));
}

/// What calls run when it is saved is what is kept, and what is shown of it is made by what made it.
#[cfg(feature = "mlir")]
#[test]
fn of_two_tiers_the_better_code_is_kept() {
    let with = |engine| compiled(&small(), &Options { engine, ..Options::default() });
    let tiered = with(Engine::Tiered);
    tiered.wait_optimised();
    let optimised = with(Engine::Optimised);
    let after = trusted(&tiered.to_bytes(b""), &Natives::default(), &Options::default()).expect("it loads");
    assert_eq!(after.report().code_bytes, optimised.report().code_bytes);
    assert_eq!(after.stages(), optimised.stages());
    assert_eq!(after.disassembly(), optimised.disassembly());
}

/// The engines' code needs more or less scratch memory, and the options at loading say nothing of it.
#[test]
fn scratch_memory_is_what_the_code_needs() {
    let rows = parse_function(ROWS).unwrap_or_else(|error| panic!("{error}"));
    let gradient = vjp(&rows, &[true]).expect("it has a derivative");
    let elements = [0.5_f64; 40];
    let view = View { dtype: rotrace_ir::DType::F64, shape: &[40], bytes: bytemuck::cast_slice(&elements) };
    let bytes = |executable: &Executable| executable.temporary_bytes(&[view, view]).expect("they fit");
    for (name, options) in every_configuration() {
        if options.device.is_gpu() || options.threads == 2 || options.engine == Engine::Interpreter {
            continue;
        }
        let before = compiled(&gradient, &options);
        let other = Options { engine: Engine::Compiled, ..options };
        let after = trusted(&before.to_bytes(b""), &Natives::default(), &other).expect("it loads");
        assert!(bytes(&before) > 0, "{}", before.kernels());
        assert_eq!(bytes(&after), bytes(&before), "{name}");
    }
}

#[test]
fn options_of_calls_are_those_at_loading() {
    let sums = "fn @f(dims n; %a: f64[n]) -> (f64[n]) {
      %b: f64[] = reduce %a {kind = sum, axes = [0]}
      %c: f64[n] = broadcast %b {axes = []}
      %d: f64[n] = subtract %a, %c
      return %d
    }";
    let function = parse_function(sums).unwrap_or_else(|error| panic!("{error}"));
    let bytes = compiled(&function, &Options::default()).to_bytes(b"");
    let limited = Options { memory_limit: Some(0), ..Options::default() };
    let executable = trusted(&bytes, &Natives::default(), &limited).expect("it loads");
    let argument = Random::new(1).array(&executable.inputs()[0], &[100]);
    let error = run(&executable, &[argument]).expect_err("it needs memory");
    assert!(error.contains("but the limit is 0"), "{error}");
}

#[test]
fn every_flipped_byte_and_every_length_is_an_error() {
    let bytes = compiled(&small(), &Options::default()).to_bytes(b"attached");
    let mut altered = bytes.clone();
    for place in 0..bytes.len() {
        for flip in [1, 0x80, 0xFF] {
            altered[place] ^= flip;
            let error = refused(&altered);
            let expected = match place {
                0..8 => error == FileError::Foreign,
                8..12 => matches!(error, FileError::Format { .. }),
                12..HEAD => matches!(error, FileError::Truncated { .. } | FileError::Altered),
                _ => error == FileError::Altered,
            };
            assert!(expected, "byte {place}: {error}");
            altered[place] ^= flip;
        }
    }
    for length in 1..bytes.len() {
        assert!(matches!(refused(&bytes[..length]), FileError::Truncated { .. }), "{length} bytes");
    }
    assert_eq!(refused(&[bytes, vec![0]].concat()), FileError::Altered);
    for foreign in [&b""[..], b"\x7fELF\x02\x01\x01\0", b"fn @f() -> () {\n  return\n}\n", &[0; 100]] {
        assert_eq!(refused(foreign), FileError::Foreign);
    }
}

/// Without trust nothing rests on the checksum, which anyone can compute.
#[test]
fn forged_files_are_harmless_without_trust() {
    let bytes = compiled(&small(), &Options::default()).to_bytes(b"attached");
    let contents = HEAD..bytes.len() - CHECKSUM;
    let mut random = Random::new(5);
    let (mut loaded, mut malformed) = (0, 0);
    for place in contents.clone() {
        let mut forged = bytes[..contents.end].to_vec();
        forged[place] = random.bits() as u8;
        match Saved::from_bytes(&sealed(&forged)).map_err(Error::from).and_then(|saved| {
            let executable = saved.load(&Natives::default(), &Options { threads: 1, ..Options::default() })?;
            let arguments: Vec<_> = executable.inputs().iter().map(|ty| random.array(ty, &[5])).collect();
            // It may be another program by now, but it is one.
            drop(run(&executable, &arguments));
            Ok(())
        }) {
            Ok(()) => loaded += 1,
            Err(_) => malformed += 1,
        }
    }
    assert!(loaded > 100 && malformed > 50, "{loaded} loaded, {malformed} malformed");
}

#[test]
fn forged_lengths_take_no_memory() {
    let bytes = compiled(&small(), &Options::default()).to_bytes(b"attached");
    // The first number of the contents is the attachment's length.
    for length in [&[0x7F][..], &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], &[0xFF; 11]] {
        let contents = [length, &bytes[HEAD + 1..bytes.len() - CHECKSUM]].concat();
        let head = [&bytes[..12], &(contents.len() as u64).to_le_bytes()].concat();
        let error = refused(&sealed(&[head, contents].concat()));
        assert!(matches!(error, FileError::Malformed(_)), "{error}");
    }
    let huge = [&bytes[..12], &[0xFF; 8], &bytes[HEAD..]].concat();
    assert!(matches!(refused(&huge), FileError::Truncated { expected: u64::MAX, .. }));
}

/// Files and headers list what code of a level may use, and no more; the bits are those of any other code.
#[test]
fn code_of_a_level_lists_what_the_level_has() {
    if cfg!(not(all(target_arch = "x86_64", unix))) {
        eprintln!("skipped: levels and objects are of x86-64 under Unix");
        return;
    }
    let engines = [Engine::Compiled, Engine::Optimised, Engine::Tiered];
    for engine in engines.into_iter().take(if cfg!(feature = "mlir") { 3 } else { 1 }) {
        for (processor, widest) in [(Processor::X86_64V3, "avx2"), (Processor::X86_64V4, "avx512f")] {
            let options = Options { engine, processor, ..Options::default() };
            if let Some(lacking) = processor.lacking().first() {
                let error = Executable::compile(&small(), &options).map(drop).expect_err("it does not run here");
                assert!(error.to_string().contains(lacking), "{error}");
                continue;
            }
            let executable = compiled(&small(), &options);
            executable.wait_optimised();
            let arguments: Vec<_> = executable.inputs().iter().map(|ty| Random::new(3).array(ty, &[37])).collect();
            let bytes = executable.to_bytes(b"");
            let loaded = trusted(&bytes, &Natives::default(), &Options::default()).expect("it loads");
            for executable in [&executable, &loaded] {
                compare(&small(), &arguments, executable).unwrap_or_else(|error| panic!("{engine:?}: {error}"));
            }
            assert_eq!(loaded.to_bytes(b""), bytes, "saved again");
            let header = executable.object("small").expect("it has no loops").header;
            for feature in Processor::X86_64V4.features() {
                let named = processor.features().contains(&feature);
                let kept = [&[feature.len() as u8], feature.as_bytes()].concat();
                assert_eq!(bytes.windows(kept.len()).any(|window| window == kept), named, "{feature} in the file");
                assert_eq!(header.split([' ', ',', '\n']).any(|word| word == feature), named, "{feature}: {header}");
            }
            assert!(header.contains(widest), "{header}");
        }
    }
}

/// What a file of another processor says, by replacing the name of the platform and of an instruction set.
#[test]
fn machine_code_for_another_processor_is_refused_but_can_be_compiled_anew() {
    if cfg!(not(target_arch = "x86_64")) {
        eprintln!("skipped: the file's names are those of x86-64");
        return;
    }
    let bytes = compiled(&small(), &Options::default()).to_bytes(b"");
    let with = |name: &[u8], other: &[u8]| {
        let place = bytes.windows(name.len()).position(|window| window == name).expect("the name is there");
        let mut forged = bytes[..bytes.len() - CHECKSUM].to_vec();
        forged[place..place + name.len()].copy_from_slice(other);
        sealed(&forged)
    };
    let (natives, options) = (Natives::default(), Options::default());
    let refusal = |forged: &[u8]| {
        read(forged).load(&natives, &options).expect("its graph is compiled anew");
        trusted(forged, &natives, &options).map(drop).expect_err("it is for another processor").to_string()
    };
    let message = refusal(&with(b"x86_64-unix", b"sparc9-unix"));
    assert!(message.starts_with("the machine code is for sparc9-unix, but this is x86_64-unix: "), "{message}");
    // With its length in front, so that it is this name and not the beginning of another.
    let message = refusal(&with(b"\x03avx", b"\x03xva"));
    assert!(message.starts_with("the machine code needs xva, which this processor lacks: "), "{message}");
}

fn of_plan(plan: Plan, natives: &Natives, engine: Engine) -> Executable {
    // SAFETY: the kernels of these plans stay in bounds for two and more points, which is all that they are called with.
    let executable = unsafe { Executable::compile_plan(plan, natives, &Options { engine, ..Options::default() }) };
    executable.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_plan_without_a_graph_needs_trust() {
    let natives = Natives::default();
    let bytes = of_plan(roots(Some(40)), &natives, Engine::Compiled).to_bytes(b"");
    let loaded = trusted(&bytes, &natives, &Options::default()).expect("it loads");
    assert_eq!(loaded.kernels(), roots(Some(40)).to_string());
    assert_eq!(read(&bytes).graph(), None);
    let error = read(&bytes).load(&natives, &Options::default()).map(drop).expect_err("there is no graph");
    assert_eq!(error, FileError::NoGraph.into());
}

#[test]
fn native_functions_are_found_by_name() {
    let mut natives = Natives::default();
    let nothing = |_: &[View<'_>], _: &mut [ViewMut<'_>]| Ok(());
    natives.insert("next", Arc::new(nothing));
    let bytes = of_plan(native(), &natives, Engine::Compiled).to_bytes(b"");
    let error = trusted(&bytes, &Natives::default(), &Options::default()).map(drop).expect_err("there is none");
    assert_eq!(error, Error::UnknownNative("next".to_owned()));
    trusted(&bytes, &natives, &Options::default()).expect("it is there");
}

#[test]
fn files_are_written_and_read() {
    let path = std::env::temp_dir().join(format!("rotrace-saved-{}", std::process::id()));
    let executable = compiled(&small(), &Options::default());
    executable.save(&path, b"beside").expect("it is written");
    assert_eq!(fs::read(&path).expect("it is there"), executable.to_bytes(b"beside"));
    assert_eq!(Saved::read(&path).expect("it is read").graph(), Some(executable.graph().as_str()));
    fs::remove_file(&path).expect("it was there");
    let error = Saved::read(&path).expect_err("it is not there any more");
    assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
    assert!(matches!(executable.save(path.join("below"), b""), Err(FileError::File { .. })));
}

#[cfg(not(feature = "mlir"))]
#[test]
fn code_for_gpus_needs_the_feature() {
    let error = compiled(&small(), &Options::default()).to_bytes_for_gpu(b"", 90).map(drop).expect_err("it is off");
    let message = "kernel `f_0` cannot be compiled to machine code here: the feature `mlir` is off".to_owned();
    assert_eq!(error, Error::Unsupported(message));
}

/// If this fails, what a file holds has changed: raise `FORMAT` in `runtime/src/saved/envelope.rs`, and write the new sum here.
#[test]
fn format_2_is_this() {
    let bytes = of_plan(heat(true), &Natives::default(), Engine::Interpreter).to_bytes(b"attached");
    assert_eq!(bytes[8..12], [2, 0, 0, 0]);
    let sum: String = bytes[bytes.len() - CHECKSUM..].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(sum, "d596cdb4791c08d512e87ad94f5beb93c3e629dd48ad5f0ce94aa774c6e8dc39");
}
