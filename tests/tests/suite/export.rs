//! Object files for C: a C program gives the bits that the handle gives, and is told what is wrong.

use object::{Object, ObjectSection, ObjectSymbol, SectionKind};
use rotrace_ir::graph::{Constant, Function};
use rotrace_ir::text::parse_function;
use rotrace_passes::differentiate::vjp;
use rotrace_runtime::{Engine, Error, Executable, ExportError, Natives, Options, View, ViewMut};
use rotrace_tests::engines::{every_configuration, run};
use rotrace_tests::random::{Random, program};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

/// A folder that is gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = Self(std::env::temp_dir().join(format!("rotrace-{name}-{}", std::process::id())));
        std::fs::create_dir_all(&folder.0).expect("a folder for files");
        folder
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left behind where the system does not let it go.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn compiled(text: &str, options: &Options) -> Executable {
    let function = parse_function(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Executable::compile(&function, options).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn refusal(executable: &Executable, name: &str) -> ExportError {
    match executable.object(name) {
        Err(Error::Export(error)) => error,
        other => panic!("{other:?} instead of a refusal"),
    }
}

/// Why C programs cannot be tried here, if they cannot.
fn missing() -> Option<&'static str> {
    if !cfg!(all(target_arch = "x86_64", unix)) {
        return Some("object files are for x86-64 under Unix");
    }
    let found = Command::new("cc").arg("--version").output().is_ok_and(|output| output.status.success());
    (!found).then_some("there is no C compiler `cc`")
}

/// Compiles `main.c` of a folder with the objects in it.
fn cc(folder: &Path, objects: &[String]) -> Output {
    let mut command = Command::new("cc");
    command.current_dir(folder).args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "main.c", "-o", "main"]);
    command.args(objects).output().expect("the compiler runs")
}

/// Compiles and runs `main.c`.
fn run_c(folder: &Path, source: &str, objects: &[String]) {
    std::fs::write(folder.join("main.c"), source).expect("a file is written");
    let compiled = cc(folder, objects);
    assert!(compiled.status.success(), "{}\n{source}", String::from_utf8_lossy(&compiled.stderr));
    let output = Command::new(folder.join("main")).output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}: {said}", output.status);
}

/// The elements of an array as words of C, with one more behind them.
fn words(bytes: &[u8]) -> String {
    let words = bytes.chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        format!("{:#x}u", u64::from_le_bytes(word))
    });
    words.chain(["0xA5A5A5A5A5A5A5A5u".to_owned()]).collect::<Vec<_>>().join(", ")
}

/// C code that calls a function and compares every byte of its results, and those behind them.
fn case(name: &str, number: usize, arguments: &[Constant], expected: &[Constant], sizes: &[u64]) -> String {
    let mut text = format!("static void {name}_{number}(void) {{\n");
    let mut passed = Vec::new();
    for (position, argument) in arguments.iter().enumerate() {
        _ = writeln!(text, "    static const uint64_t x{position}[] = {{{}}};", words(&argument.data));
        passed.push(format!("(const void *)x{position}"));
    }
    for (position, result) in expected.iter().enumerate() {
        _ = writeln!(text, "    static const uint64_t e{position}[] = {{{}}};", words(&result.data));
        _ = writeln!(text, "    static uint64_t y{position}[sizeof e{position} / 8];");
        _ = writeln!(text, "    memset(y{position}, 0xA5, sizeof y{position});");
        passed.push(format!("(void *)y{position}"));
    }
    let sizes: Vec<String> = sizes.iter().map(u64::to_string).collect();
    passed.extend(sizes.iter().cloned());
    let (arguments, sizes) = (passed.join(", "), sizes.join(", "));
    _ = writeln!(text, "    size_t bytes = {name}_workspace_bytes({sizes});");
    _ = writeln!(text, "    check(bytes + 64 <= sizeof workspace, \"{name}: workspace\");");
    _ = writeln!(text, "    memset(workspace + bytes, 0x5A, 64);");
    _ = writeln!(text, "    check({name}({arguments}, workspace, bytes) == 0, \"{name}: status\");");
    _ = writeln!(
        text,
        "    for (int i = 0; i < 64; i++) check(workspace[bytes + i] == 0x5A, \"{name}: beyond the workspace\");"
    );
    for (position, result) in expected.iter().enumerate() {
        let length = result.data.len();
        _ = writeln!(
            text,
            "    check(memcmp(y{position}, e{position}, {length}) == 0, \"{name}: result {position}\");"
        );
        let behind = format!("((unsigned char *)y{position})[{length} + i] == 0xA5");
        _ = writeln!(text, "    for (int i = 0; i < 8; i++) check({behind}, \"{name}: behind result {position}\");");
    }
    text.push_str("}\n");
    text
}

/// A program of cases, the calls of which stand in `calls`.
fn source(names: &[String], cases: &str, calls: &str) -> String {
    let includes: String = names.iter().map(|name| format!("#include \"{name}.h\"\n")).collect();
    format!(
        "{includes}#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n
        static _Alignas(64) unsigned char workspace[1 << 22];
        static inline void check(int holds, const char *what) {{ if (!holds) {{ puts(what); exit(1); }} }}
        {cases}
        int main(void) {{ {calls} return 0; }}\n"
    )
}

const SUM: &str = "fn @sum(dims n; %a: f64[n]) -> (f64[n], f64[]) {
  %b: f64[] = reduce %a {kind = sum, axes = [0]}
  %c: f64[n] = broadcast %b {axes = []}
  %d: f64[n] = divide %a, %c
  return %d, %b
}";

/// Its gradient keeps every state of a row in scratch memory.
pub const ROWS: &str = "fn @rows(dims n; %a: f64[n]) -> (f64[n]) {
  %b: f64[n] = scan %a {carried = 1, scanned = 0, length = 9, reverse = false, checkpoint = all, body = fn @body(dims n; %x: f64[n]) -> (f64[n]) {
    %y: f64[n] = sin %x
    %z: f64[n] = multiply %y, %x
    return %z
  }}
  return %b
}";

/// Programs of one kernel and of many, with constants, with scratch memory, of every dtype, by every compiler.
#[test]
fn c_programs_give_the_bits_of_the_handle() {
    if let Some(reason) = missing() {
        eprintln!("skipped: {reason}");
        return;
    }
    let folder = Folder::new("export");
    let mut functions: Vec<Function> = (0..160).map(program).collect();
    let rows = parse_function(ROWS).unwrap_or_else(|error| panic!("{error}"));
    functions.push(vjp(&rows, &[true]).expect("it has a derivative"));
    functions.push(parse_function(SUM).unwrap_or_else(|error| panic!("{error}")));
    let mut engines: Vec<Options> = every_configuration().into_iter().map(|(_, options)| options).collect();
    engines.retain(|options| !options.device.is_gpu() && options.engine != Engine::Interpreter);
    let mut scratch = 0;
    let (mut names, mut objects, mut cases, mut calls) = (Vec::new(), Vec::new(), String::new(), String::new());
    for (number, function) in functions.iter().enumerate() {
        let executable = Executable::compile(function, &engines[number % engines.len()]);
        let executable = executable.unwrap_or_else(|error| panic!("{error}"));
        scratch += usize::from(executable.kernels().contains("scratch %"));
        let name = format!("f{number}");
        let object = executable.object(&name).unwrap_or_else(|error| panic!("{error}\n{}", executable.kernels()));
        object.write(&folder.0).expect("files are written");
        let mut random = Random::new(number as u64);
        for (round, size) in [3, 5, 4500].into_iter().enumerate() {
            // The last is for more than one block of a reduction.
            if size > 100 && number + 1 < functions.len() {
                continue;
            }
            let sizes: Vec<u64> = function.dims.iter().map(|_| size).collect();
            let arguments: Vec<_> = function.parameter_types().map(|ty| random.array(ty, &sizes)).collect();
            // A size that is too small for the program.
            let Ok(expected) = run(&executable, &arguments) else { continue };
            cases.push_str(&case(&name, round, &arguments, &expected, &sizes));
            _ = write!(calls, "{name}_{round}(); ");
        }
        objects.push(format!("{name}.o"));
        names.push(name);
    }
    assert!(calls.matches("();").count() > 200 && scratch > 0, "{calls}");
    run_c(&folder.0, &source(&names, &cases, &calls), &objects);
}

#[test]
fn c_programs_are_told_what_is_wrong() {
    if let Some(reason) = missing() {
        eprintln!("skipped: {reason}");
        return;
    }
    let folder = Folder::new("export-wrong");
    compiled(SUM, &Options::default()).object("sum").expect("it has no loops").write(&folder.0).expect("files");
    let pairs = "fn @pairs(dims n; %a: f64[n]) -> (f64[n-2]) {
      %b: f64[n-2] = slice %a {start = [2], limit = [n], step = [1]}
      return %b
    }";
    compiled(pairs, &Options::default()).object("pairs").expect("it has no loops").write(&folder.0).expect("files");
    let calls = "
        static double x[5] = {1, 2, 3, 4, 6}, y[5], s;
        size_t bytes = sum_workspace_bytes(5);
        check(bytes > 0, \"needs workspace\");
        check(sum(x, y, &s, 5, workspace, bytes) == SUM_DONE && s == 16 && y[4] == 0.375, \"done\");
        check(sum(x, y, &s, -1, workspace, bytes) == SUM_BAD_SIZE, \"negative\");
        check(sum(x, y, &s, INT64_MAX, workspace, bytes) == SUM_BAD_SIZE, \"too large\");
        check(sum(x, y, &s, 5, workspace, bytes - 1) == SUM_WORKSPACE, \"too little workspace\");
        check(sum(x, y, &s, 5, NULL, 0) == SUM_WORKSPACE, \"no workspace\");
        check(sum(x, y, &s, 5, workspace + 8, bytes) == SUM_MISALIGNED, \"workspace misaligned\");
        check(sum((const double *)(const void *)(workspace + 4), y, &s, 5, workspace, bytes) == SUM_MISALIGNED, \"argument misaligned\");
        check(sum_workspace_bytes(-1) == SIZE_MAX, \"no workspace for a negative size\");
        check(sum_workspace_bytes(INT64_C(1) << 62) < SIZE_MAX, \"a large size\");
        check(pairs(x, y, 1, NULL, 0) == PAIRS_BAD_SIZE, \"too small\");
        check(pairs(x, y, 5, NULL, 0) == PAIRS_DONE && y[0] == 3 && y[2] == 6, \"pairs\");
        check(pairs(x, y, 2, NULL, 0) == PAIRS_DONE, \"none\");";
    let names = ["sum".to_owned(), "pairs".to_owned()];
    run_c(&folder.0, &source(&names, "", calls), &["sum.o".to_owned(), "pairs.o".to_owned()]);
}

#[test]
fn objects_need_nothing() {
    if cfg!(not(all(target_arch = "x86_64", unix))) {
        eprintln!("skipped: object files are for x86-64 under Unix");
        return;
    }
    let object = compiled(SUM, &Options::default()).object("sum").expect("it has no loops");
    let file = object::File::parse(&*object.object).expect("an object file");
    let names: Vec<&str> =
        file.symbols().filter(|symbol| symbol.is_global()).flat_map(|symbol| symbol.name()).collect();
    assert_eq!(names, ["sum", "sum_workspace_bytes"]);
    assert!(file.symbols().all(|symbol| !symbol.is_undefined()));
    assert!(file.sections().all(|section| section.relocations().next().is_none()));
    let stack = file.section_by_name(".note.GNU-stack").expect("a note about the stack");
    assert_ne!(stack.kind(), SectionKind::Text, "the stack need not be executable");
}

#[test]
fn what_needs_the_runtime_is_refused() {
    if cfg!(not(all(target_arch = "x86_64", unix))) {
        eprintln!("skipped: object files are for x86-64 under Unix");
        return;
    }
    // The rows of the state meet in every step.
    let looped = "fn @looped(dims n; %a: f64[n]) -> (f64[n]) {
      %b: f64[n] = scan %a {carried = 1, scanned = 0, length = 9, reverse = false, checkpoint = all, body = fn @body(dims n; %x: f64[n]) -> (f64[n]) {
        %s: f64[] = reduce %x {kind = sum, axes = [0]}
        %t: f64[n] = broadcast %s {axes = []}
        %u: f64[n] = subtract %x, %t
        return %u
      }}
      return %b
    }";
    let error = refusal(&compiled(looped, &Options::default()), "looped");
    let expected = "step 0, @body, is a loop that does not fit one kernel, which needs the runtime: a C object runs kernels one after the other";
    assert_eq!(error.to_string(), expected);

    let function =
        parse_function("fn @f(%a: f64[]) -> (f64[]) {\n  %b: f64[] = native %a {name = \"own\"}\n  return %b\n}");
    let mut natives = Natives::default();
    natives.insert("own", Arc::new(|_: &[View<'_>], _: &mut [ViewMut<'_>]| Ok(())));
    let function = function.unwrap_or_else(|error| panic!("{error}"));
    let executable = Executable::compile_with(&function, &natives, &Options::default());
    let executable = executable.unwrap_or_else(|error| panic!("{error}"));
    let native = ExportError::Step { step: 0, name: "own".to_owned(), what: "a native function" };
    assert_eq!(refusal(&executable, "f"), native);

    let interpreted = compiled(SUM, &Options { engine: Engine::Interpreter, ..Options::default() });
    assert_eq!(refusal(&interpreted, "sum"), ExportError::Interpreted("asked for".to_owned()));

    let executable = compiled(SUM, &Options::default());
    for name in ["", "1f", "_f", "a-b", "double", "class", "\u{e9}t\u{e9}"] {
        assert_eq!(refusal(&executable, name), ExportError::Name(name.to_owned()));
    }
}

#[test]
fn names_of_sizes_are_names_in_c() {
    if cfg!(not(all(target_arch = "x86_64", unix))) {
        eprintln!("skipped: object files are for x86-64 under Unix");
        return;
    }
    let text = "fn @f(dims int, x0, rows; %a: f32[int, x0], %b: bool[rows]) -> (f32[x0, int], bool[rows]) {
      %c: f32[x0, int] = transpose %a {permutation = [1, 0]}
      %d: bool[rows] = not %b
      return %c, %d
    }";
    let header = compiled(text, &Options::default()).object("flip").expect("it has no loops").header;
    let expected = "int flip(const float *x0, const bool *x1, float *y0, bool *y1, int64_t size_0, int64_t size_1, int64_t rows, \
        void *workspace, size_t workspace_bytes);";
    assert!(header.contains(expected), "{header}");
}
