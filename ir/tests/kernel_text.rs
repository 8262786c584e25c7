//! Kernels as text: every file of `corpus/kernel` round-trips, verifies and computes what it says, and no text makes the
//! parser, printer or verifier panic.
//!
//! A file is a kernel under comments that assert something about it. `// dims: n = 3, m = 4` begins a case,
//! `// input: %0 = 1.0, 2.0` gives the elements of a buffer (`iota 5` and `repeat 5 1.0` stand for long lists),
//! `// expect: %1 = 3.0` what must be written, and `// fails: text` what the error must contain instead.

use rotrace_ir::interpret::kernel::{Memory, run_kernel, run_kernel_checked};
use rotrace_ir::kernel::{Access, Buffer, Kernel};
use rotrace_ir::text::parse_kernel;
use rotrace_ir::verify::kernel::{verify_core, verify_kernel};
use rotrace_ir::{DType, Scalar};
use std::collections::BTreeMap;
use std::path::Path;

/// One set of sizes and inputs, and what comes of it.
#[derive(Default)]
struct Case {
    dims: BTreeMap<String, u64>,
    inputs: BTreeMap<usize, String>,
    expected: BTreeMap<usize, String>,
    fails: Option<String>,
}

fn corpus() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/kernel");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the corpus exists")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rtk"))
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).expect("a readable file")))
        .collect();
    files.sort();
    assert!(files.len() >= 15, "only {} files", files.len());
    files
}

fn cases(name: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("// ")) {
        let Some((key, value)) = line.split_once(':') else { continue };
        let buffer = || {
            let (buffer, elements) = value.split_once('=').unwrap_or_else(|| panic!("{name}: `{line}` without `=`"));
            let number = buffer.trim().strip_prefix('%').and_then(|number| number.parse().ok());
            (number.unwrap_or_else(|| panic!("{name}: `{line}` names no buffer")), elements.trim().to_owned())
        };
        if key == "dims" {
            cases.push(Case { dims: sizes(value), ..Case::default() });
            continue;
        }
        let open = || panic!("{name}: `{line}` before any `dims:`");
        match key {
            "input" => {
                cases.last_mut().unwrap_or_else(open).inputs.extend([buffer()]);
            }
            "expect" => {
                cases.last_mut().unwrap_or_else(open).expected.extend([buffer()]);
            }
            "fails" => cases.last_mut().unwrap_or_else(open).fails = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    cases
}

fn sizes(text: &str) -> BTreeMap<String, u64> {
    let pairs = text.split(',').filter(|pair| !pair.trim().is_empty());
    pairs
        .map(|pair| {
            let (name, size) = pair.split_once('=').expect("`name = size`");
            (name.trim().to_owned(), size.trim().parse().expect("a size"))
        })
        .collect()
}

fn scalar(dtype: DType, text: &str) -> Scalar {
    match dtype {
        DType::Bool => Scalar::bool(text.parse().expect("true or false")),
        DType::F32 => Scalar::f32(text.parse().expect("a float")),
        DType::F64 => Scalar::f64(text.parse().expect("a float")),
        DType::U64 => Scalar::from_bits(dtype, text.parse().expect("an integer")),
        DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U8 | DType::U16 | DType::U32 => {
            Scalar::from_i64(dtype, text.parse().expect("an integer"))
        }
    }
}

fn elements(dtype: DType, text: &str) -> Vec<Scalar> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["iota", count] => (0..count.parse().expect("a count")).map(|value| Scalar::from_i64(dtype, value)).collect(),
        ["repeat", count, value] => vec![scalar(dtype, value); count.parse().expect("a count")],
        _ => text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(|word| scalar(dtype, word)).collect(),
    }
}

fn bytes(elements: &[Scalar]) -> Vec<u8> {
    elements.iter().flat_map(|element| element.bits.to_le_bytes()[..element.dtype.size()].to_vec()).collect()
}

fn scalars(dtype: DType, bytes: &[u8]) -> Vec<Scalar> {
    let element = |chunk: &[u8]| {
        let mut bits = [0; 8];
        bits[..chunk.len()].copy_from_slice(chunk);
        Scalar::from_bits(dtype, u64::from_le_bytes(bits))
    };
    bytes.chunks(dtype.size()).map(element).collect()
}

fn memory<'a>((buffer, bytes): (&Buffer, &'a mut [u8])) -> Memory<'a> {
    match buffer.access {
        Access::Read => Memory::Read(bytes),
        Access::Write => Memory::Write(bytes),
        Access::Scratch => Memory::Scratch(bytes),
    }
}

/// Runs a case and gives the bytes of every buffer, or the error.
fn run(kernel: &Kernel, case: &Case, checked: bool) -> Result<Vec<Vec<u8>>, String> {
    let dims: Vec<u64> = kernel.dims.iter().map(|name| case.dims[name]).collect();
    let mut data: Vec<Vec<u8>> = Vec::new();
    for (position, buffer) in kernel.buffers.iter().enumerate() {
        data.push(match buffer.access {
            Access::Read => bytes(&elements(buffer.dtype, &case.inputs[&position])),
            Access::Write | Access::Scratch => {
                let sizes: Option<Vec<u64>> = buffer.shape.iter().map(|extent| extent.size(&dims)).collect();
                vec![0xa5; sizes.map_or(0, |sizes| sizes.iter().product::<u64>() as usize * buffer.dtype.size())]
            }
        });
    }
    let data_slices = data.iter_mut().map(Vec::as_mut_slice);
    let mut memories: Vec<Memory<'_>> = kernel.buffers.iter().zip(data_slices).map(memory).collect();
    let result = if checked {
        run_kernel_checked(kernel, &dims, &mut memories)
    } else {
        run_kernel(kernel, &dims, &mut memories)
    };
    result.map(|()| data).map_err(|error| error.to_string())
}

#[test]
fn every_file_round_trips_and_verifies() {
    for (name, text) in corpus() {
        let kernel = parse_kernel(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(verify_kernel(&kernel), [], "{name}");
        assert_eq!(verify_core(&kernel), [], "{name}");
        let printed = kernel.to_string();
        let again = parse_kernel(&printed).unwrap_or_else(|error| panic!("{name}: {error}\n{printed}"));
        assert_eq!(again, kernel, "{name}");
        assert_eq!(again.to_string(), printed, "{name}");
    }
}

#[test]
fn every_file_computes_what_it_says() {
    for (name, text) in corpus() {
        let kernel = parse_kernel(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let cases = cases(&name, &text);
        assert!(!cases.is_empty(), "{name} asserts nothing");
        for case in &cases {
            check(&name, &kernel, case);
        }
    }
}

fn check(name: &str, kernel: &Kernel, case: &Case) {
    let dims = &case.dims;
    if let Some(message) = &case.fails {
        let error = run(kernel, case, true).expect_err("a run that fails");
        return assert!(error.contains(message), "{name} {dims:?}: {error}");
    }
    assert!(!case.expected.is_empty(), "{name} {dims:?} asserts nothing");
    let data = run(kernel, case, true).unwrap_or_else(|error| panic!("{name} {dims:?}: {error}"));
    assert_eq!(run(kernel, case, false).as_ref(), Ok(&data), "{name} {dims:?}: unchecked");
    for (position, buffer) in kernel.buffers.iter().enumerate() {
        if buffer.access == Access::Write {
            let expected = elements(buffer.dtype, &case.expected[&position]);
            let actual = scalars(buffer.dtype, &data[position]);
            let same = actual.len() == expected.len() && actual.iter().zip(&expected).all(|(a, b)| a.same(*b));
            assert!(same, "{name} {dims:?} %{position}: {actual:?}, expected {expected:?}");
        }
    }
}

/// A small generator of pseudo-random numbers (splitmix64), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % limit as u64) as usize
    }
}

/// Replaces a digit or a dtype: what comes out often parses and seldom verifies.
fn disturb(random: &mut Random, text: &str) -> String {
    let digits: Vec<usize> = text.match_indices(|c: char| c.is_ascii_digit()).map(|(place, _)| place).collect();
    let dtypes: Vec<usize> = text.match_indices(": ").map(|(place, _)| place + 2).collect();
    let mut mutant = text.to_owned();
    if random.below(3) == 0 {
        let place = dtypes[random.below(dtypes.len())];
        let length = text[place..].find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(0);
        mutant.replace_range(place..place + length, DType::ALL[random.below(11)].name());
    } else {
        let place = digits[random.below(digits.len())];
        mutant.replace_range(place..=place, &random.below(10).to_string());
    }
    mutant
}

/// Cuts, drops, repeats, swaps and replaces words and characters.
fn mutate(random: &mut Random, text: &str, other: &str) -> String {
    const WORDS: [&str; 27] = [
        "v0",
        "v3",
        "i0",
        "i1",
        "n",
        "m",
        "f64",
        "bool",
        "u8",
        "%0",
        "t0",
        "load",
        "store",
        "if",
        "else",
        "yield",
        "{",
        "}",
        "-",
        "18446744073709551616",
        "block",
        "reduce",
        "carry",
        "while",
        "do",
        "scratch",
        "1e999",
    ];
    let mut words: Vec<&str> = text.split_inclusive([' ', '\n', ',', '[', ']', '(', ')']).collect();
    let others: Vec<&str> = other.split_inclusive([' ', '\n']).collect();
    for _ in 0..=random.below(3) {
        let place = random.below(words.len());
        match random.below(6) {
            0 => drop(words.remove(place)),
            1 => words.insert(place, words[random.below(words.len())]),
            2 => words[place] = WORDS[random.below(WORDS.len())],
            3 => words.insert(place, others[random.below(others.len())]),
            4 => words.swap(place, random.below(text.len().min(8)).min(place)),
            _ => words.truncate(place.max(1)),
        }
        if words.is_empty() {
            break;
        }
    }
    let mut mutant: Vec<char> = words.concat().chars().collect();
    if random.below(2) == 0 && !mutant.is_empty() {
        let place = random.below(mutant.len());
        mutant[place] = ['0', '}', '{', '%', '-', 'é', '\u{0}', '/', '"', '9'][random.below(10)];
    }
    mutant.into_iter().collect()
}

#[test]
fn no_mutant_panics() {
    // Comments are left out, so that every mutation meets the grammar.
    let texts: Vec<String> = corpus()
        .iter()
        .map(|(_, text)| {
            text.lines().filter(|line| !line.starts_with("//")).fold(String::new(), |all, line| all + line + "\n")
        })
        .collect();
    let mut random = Random(1);
    let (mut parsed, mut verified) = (0, 0);
    for _ in 0..20_000 {
        let text = &texts[random.below(texts.len())];
        let other = &texts[random.below(texts.len())];
        let gentle = random.below(2) == 0;
        let mutant = if gentle { disturb(&mut random, text) } else { mutate(&mut random, text, other) };
        let Ok(kernel) = parse_kernel(&mutant) else { continue };
        parsed += 1;
        let printed = kernel.to_string();
        assert_eq!(parse_kernel(&printed).as_ref(), Ok(&kernel), "{mutant}\n{printed}");
        verified += usize::from(verify_kernel(&kernel).is_empty() & verify_core(&kernel).is_empty());
    }
    println!("{parsed} parsed, {verified} verified");
    // A fuzz whose mutants all fall at the first hurdle would test little.
    assert!(parsed > 2000 && verified > 500 && parsed - verified > 500, "{parsed} parsed, {verified} verified");
}

/// Spoils a kernel's data, so that ids point outside or at something else.
fn spoil(random: &mut Random, kernel: &mut Kernel) {
    let mut cut = |length: usize| random.below(length + 1);
    match cut(7) {
        0 => kernel.values.truncate(cut(kernel.values.len())),
        1 => kernel.buffers.truncate(cut(kernel.buffers.len())),
        2 => kernel.tables.clear(),
        3 => kernel.dims.clear(),
        4 => kernel.index_count = cut(2) as u32,
        5 => kernel.body.insts.reverse(),
        6 => kernel.values.reverse(),
        _ => kernel.buffers.reverse(),
    }
    let repeated = kernel.body.insts[cut(kernel.body.insts.len() - 1)].clone();
    if cut(1) == 0 {
        kernel.body.insts.push(repeated);
    }
}

#[test]
fn no_garbage_panics() {
    let kernels: Vec<Kernel> = corpus().iter().map(|(_, text)| parse_kernel(text).expect("a kernel")).collect();
    let mut random = Random(2);
    let mut rejected = 0;
    for _ in 0..5_000 {
        let mut kernel = kernels[random.below(kernels.len())].clone();
        spoil(&mut random, &mut kernel);
        spoil(&mut random, &mut kernel);
        rejected += usize::from(!(verify_kernel(&kernel).is_empty() & verify_core(&kernel).is_empty()));
        assert!(!kernel.to_string().is_empty());
    }
    assert!(rejected > 3000, "{rejected} rejected");
}

#[test]
fn diagnostics_are_bounded() {
    let many = |item: fn(usize) -> String| (1..20_000).map(item).collect::<Vec<_>>().join(", ");
    let (results, pairs) = (many(|n| format!("v{n}0: f64")), many(|n| format!("v{n}1 = v0")));
    let text =
        format!("kernel @f() {{ grid i0 in 1 {{ v0: i8 = constant 1 {results} = carry i1 in 2 ({pairs}) {{ }} }} }}");
    let found = verify_kernel(&parse_kernel(&text).expect("a kernel"));
    assert!(found.len() <= 100 && found.iter().all(|diagnostic| diagnostic.to_string().len() < 300), "{}", found.len());
}

#[test]
fn every_cut_is_an_error() {
    for (name, text) in corpus() {
        let whole = text.trim_end();
        for (place, _) in whole.char_indices() {
            assert!(parse_kernel(&whole[..place]).is_err(), "{name} cut at {place}");
        }
    }
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| {
        let open: String = (1..=depth).map(|index| format!("for i{index} in 2 {{ ")).collect();
        format!("kernel @deep() {{ grid i0 in 1 {{ {open}{} }} }}", "}".repeat(depth))
    };
    let kernel = parse_kernel(&nested(64)).expect("64 are allowed");
    assert_eq!(verify_kernel(&kernel), []);
    for depth in [65, 1000, 100_000] {
        let error = parse_kernel(&nested(depth)).expect_err("too deep");
        assert_eq!(error.message, "loops and branches nest deeper than 64");
    }
}

#[test]
fn errors_say_what_and_where() {
    let cases = [
        ("kernel", 1, 7, "expected `@` and the kernel's name, found the end of the text"),
        ("kernel @f(dims n, n;) {", 1, 19, "dimension `n` is declared twice"),
        ("kernel @f(dims i1;) {", 1, 16, "dimension `i1` is named like a loop index"),
        ("kernel @f(read %1: f64[3]) {", 1, 17, "expected `0`, found `1`"),
        ("kernel @f(read %0: f65[3]) {", 1, 20, "unknown dtype `f65`"),
        ("kernel @f(read %0: f64[n]) {", 1, 24, "unknown dimension `n`"),
        ("kernel @f() {\n  table t0: i8 = [1, 128]", 2, 22, "`128` is not a value of i8"),
        ("kernel @f() {\n  grid i0 in 1 {\n    v0: f64 = sine v0", 3, 15, "unknown operation `sine`"),
        ("kernel @f() { grid i0 in 1 { v0: f64 = sin v0", 1, 44, "`v0` is used before it is defined"),
        ("kernel @f() { grid i0 in 1 { store %0[] v0", 1, 36, "there is no buffer %0"),
        ("kernel @f() { grid i0 in 1 { for i0 in 2 {", 1, 34, "`i0` is the index of another loop"),
        ("kernel @f() { grid i0 in 1 { v0: f64 = constant 1e999", 1, 49, "`1e999` is not a value of f64"),
    ];
    for (text, line, column, message) in cases {
        let error = parse_kernel(text).expect_err("not a kernel");
        assert_eq!((error.line, error.column, error.message.as_str()), (line, column, message), "{text}");
    }
}
