//! Products of large matrices: by libraries within their rounding, as kernels bit for bit.

use rotrace_ir::graph::{Constant, Function};
use rotrace_ir::interpret::graph::interpret;
use rotrace_ir::plan::{Plan, Step};
use rotrace_ir::text::parse_function;
use rotrace_ir::{DType, Scalar};
use rotrace_passes::differentiate::vjp;
use rotrace_passes::lower::{Options as Lowering, lower};
use rotrace_runtime::{Error, Executable, Natives, Options, Saved};
use rotrace_tests::engines::{compare, every_configuration, run};
use rotrace_tests::random::Random;

fn function(text: &str) -> Function {
    parse_function(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn lowered(function: &Function) -> Plan {
    lower(function, Lowering { library_products: true }).unwrap()
}

/// How many products a plan leaves to a library, and how many kernels it has.
fn counts(text: &str) -> (usize, usize) {
    let plan = lowered(&function(text));
    let products = plan.all_steps().iter().filter(|step| matches!(step, Step::Matmul(_))).count();
    (products, plan.kernels().len())
}

/// A product with its operands' types.
fn product(left: &str, right: &str, axes: &str, result: &str) -> String {
    format!(
        "fn @product(dims n, m, k; %0: {left}, %1: {right}) -> ({result}) {{
           %2: {result} = dot_general %0, %1 {{{axes}}}
           return %2
         }}"
    )
}

/// Numbers about 1, of either sign.
fn numbers(function: &Function, dims: &[u64]) -> Vec<Constant> {
    let mut random = Random::new(7);
    let arrays = function.parameter_types().map(|ty| {
        let shape: Vec<u64> = ty.shape.iter().map(|dim| dim.size(dims).expect("a size")).collect();
        let scalars = (0..shape.iter().product()).map(|_: u64| {
            let number = 2.0 * random.unit() - 1.0;
            if ty.dtype == DType::F32 { Scalar::f32(number as f32) } else { Scalar::f64(number) }
        });
        let scalars: Vec<Scalar> = scalars.collect();
        Constant::from_scalars(ty.dtype, shape, scalars)
    });
    arrays.collect()
}

fn values(constant: &Constant) -> Vec<f64> {
    constant.elements().map(Scalar::as_f64).collect()
}

/// Compares with the interpreter: within the rounding of a sum of so many products of numbers up to 1 in any order, or bit for
/// bit without libraries.
fn check(text: &str, dims: &[u64], summed: u64) {
    let function = function(text);
    let arguments = numbers(&function, dims);
    let expected = interpret(&function, &arguments).unwrap();
    for (name, options) in every_configuration() {
        let exact = Executable::compile(&function, &Options { library_products: false, ..options.clone() }).unwrap();
        compare(&function, &arguments, &exact).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        let executable = Executable::compile(&function, &Options { library_products: true, ..options }).unwrap();
        let results = run(&executable, &arguments).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        for (expected, result) in expected.iter().zip(&results) {
            assert_eq!(expected.shape, result.shape);
            let unit = if expected.dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
            let bound = unit * (summed * summed) as f64;
            for (place, (a, b)) in values(expected).into_iter().zip(values(result)).enumerate() {
                assert!((a - b).abs() <= bound, "{name}: {b} instead of {a} at {place}, bound {bound}\n{text}");
            }
        }
    }
}

#[test]
fn every_layout_of_matrices() {
    let layouts = [
        ("[64, 70]", "[70, 65]", "batch = [], contract = [(1, 0)]", "[64, 65]", 1),
        ("[70, 64]", "[70, 65]", "batch = [], contract = [(0, 0)]", "[64, 65]", 1),
        ("[64, 70]", "[65, 70]", "batch = [], contract = [(1, 1)]", "[64, 65]", 1),
        ("[70, 64]", "[65, 70]", "batch = [], contract = [(0, 1)]", "[64, 65]", 1),
        // Many at once, and what is not the batch's axes first.
        ("[3, 64, 70]", "[3, 70, 65]", "batch = [(0, 0)], contract = [(2, 1)]", "[3, 64, 65]", 1),
        ("[64, 3, 70]", "[70, 65, 3]", "batch = [(1, 2)], contract = [(2, 0)]", "[3, 64, 65]", 1),
        // Several axes each, in and out of order.
        ("[2, 32, 7, 10]", "[7, 10, 65]", "batch = [], contract = [(2, 0), (3, 1)]", "[2, 32, 65]", 1),
        ("[2, 32, 7, 10]", "[10, 7, 13, 5]", "batch = [], contract = [(2, 1), (3, 0)]", "[2, 32, 13, 5]", 1),
        ("[7, 64, 10]", "[7, 10, 65]", "batch = [], contract = [(0, 0), (2, 1)]", "[64, 65]", 1),
    ];
    for dtype in ["f32", "f64"] {
        for (left, right, axes, result, products) in layouts {
            let [left, right, result] = [left, right, result].map(|shape| format!("{dtype}{shape}"));
            let text = product(&left, &right, axes, &result).replace("dims n, m, k; ", "");
            assert_eq!(counts(&text).0, products, "{text}");
            check(&text, &[], 70);
        }
    }
}

#[test]
fn named_dimensions_of_any_size() {
    let text = product("f64[n, k]", "f64[k, m]", "batch = [], contract = [(1, 0)]", "f64[n, m]");
    assert_eq!(counts(&text), (1, 0));
    for dims in [[1, 1, 1], [3, 5, 2], [130, 1, 70], [1, 33, 300], [0, 4, 3], [4, 0, 3], [4, 3, 0], [0, 0, 0]] {
        check(&text, &dims, dims[2].max(1));
    }
    let batches = product("f32[n, 64, k]", "f32[n, 80, k]", "batch = [(0, 0)], contract = [(2, 2)]", "f32[n, 64, 80]");
    let batches = batches.replace("dims n, m, k", "dims n, k");
    for dims in [[0, 5], [1, 5], [9, 0], [9, 3]] {
        check(&batches, &dims, dims[1].max(1));
    }
}

#[test]
fn what_is_small_or_no_number_of_a_library_is_a_kernel() {
    let matrices = "batch = [], contract = [(1, 0)]";
    let kernels = [
        // Rotations of many points, sums of many outer products, matrix times vector.
        ("f64[n, 3]", "f64[3, 3]", matrices, "f64[n, 3]"),
        ("f64[3, n]", "f64[n, 3]", matrices, "f64[3, 3]"),
        ("f64[256, 256]", "f64[256]", matrices, "f64[256]"),
        ("f64[n, 16]", "f64[16, 64]", matrices, "f64[n, 64]"),
        ("f64[n, 3, 3]", "f64[n, 3, 3]", "batch = [(0, 0)], contract = [(2, 1)]", "f64[n, 3, 3]"),
        ("i64[n, k]", "i64[k, m]", matrices, "i64[n, m]"),
    ];
    for (left, right, axes, result) in kernels {
        let text = product(left, right, axes, result);
        assert_eq!(counts(&text).0, 0, "{text}");
    }
    let exact = product("f64[n, k]", "f64[k, m]", matrices, "f64[n, m]");
    let plan = lower(&function(&exact), Lowering::default()).unwrap();
    assert!(plan.steps.iter().all(|step| matches!(step, Step::Kernel(_))));
}

#[test]
fn transposes_are_taken_into_products() {
    let text = "fn @gram(dims n; %0: f32[n, 100], %1: f32[n, 80]) -> (f32[100, 80]) {
      %2: f32[100, n] = transpose %0 {permutation = [1, 0]}
      %3: f32[100, 80] = dot_general %2, %1 {batch = [], contract = [(1, 0)]}
      return %3
    }";
    assert_eq!(counts(text), (1, 0));
    assert!(lowered(&function(text)).to_string().contains("matmul b0^T b1 -> b2: f32[100, n] [n, 80]"));
    check(text, &[90], 90);
}

/// Two layers, and what comes before and after the products.
const LAYERS: &str = "fn @layers(dims n; %0: f64[n, 64], %1: f64[64, 80], %2: f64[80, 72]) -> (f64[n, 72]) {
  %3: f64[n, 64] = tanh %0
  %4: f64[n, 80] = dot_general %3, %1 {batch = [], contract = [(1, 0)]}
  %5: f64[n, 80] = tanh %4
  %6: f64[n, 72] = dot_general %5, %2 {batch = [], contract = [(1, 0)]}
  %7: f64[n, 72] = multiply %6, %6
  return %7
}";

#[test]
fn derivatives_are_products_too() {
    let gradient = vjp(&function(LAYERS), &[true; 3]).unwrap().to_string();
    assert!(counts(&gradient).0 >= 6, "{}", lowered(&function(&gradient)));
    for rows in [1, 7, 100] {
        check(LAYERS, &[rows], 64);
        check(&gradient, &[rows], 300);
    }
}

#[test]
fn loops_run_products() {
    let text = "fn @powers(%0: f64[64, 64], %1: f64[64, 64]) -> (f64[64, 64]) {
      %2: f64[64, 64] = scan %0, %1 {carried = 1, scanned = 0, length = 3, reverse = false, checkpoint = all, body = fn @body(%0: f64[64, 64], %1: f64[64, 64]) -> (f64[64, 64]) {
        %2: f64[64, 64] = dot_general %0, %1 {batch = [], contract = [(1, 0)]}
        %3: f64[] = constant {0.01}
        %4: f64[64, 64] = broadcast %3 {axes = []}
        %5: f64[64, 64] = multiply %2, %4
        return %5
      }}
      return %2
    }";
    assert_eq!(counts(text).0, 1, "{}", lowered(&function(text)));
    check(text, &[], 64);
}

#[test]
fn numbers_that_are_not_finite_pass() {
    let text = product("f64[n, k]", "f64[k, m]", "batch = [], contract = [(1, 0)]", "f64[n, m]");
    let function = function(&text);
    let mut arguments = numbers(&function, &[70, 66, 65]);
    let special = |constant: &Constant, place: usize, value: f64| {
        let mut scalars: Vec<Scalar> = constant.elements().collect();
        scalars[place] = Scalar::f64(value);
        Constant::from_scalars(DType::F64, constant.shape.clone(), scalars)
    };
    arguments[0] = special(&special(&arguments[0], 65 * 3 + 4, f64::NAN), 65 * 9, f64::INFINITY);
    let executable = Executable::compile(&function, &Options::default()).unwrap();
    let result = values(&run(&executable, &arguments).unwrap()[0]);
    for (place, &value) in result.iter().enumerate() {
        let row = place / 66;
        assert_eq!((value.is_nan(), value.is_infinite()), (row == 3, row == 9), "{value} at {place}");
    }
}

#[test]
fn products_are_saved_but_not_exported() {
    let function = function(LAYERS);
    let arguments = numbers(&function, &[5]);
    let executable = Executable::compile(&function, &Options::default()).unwrap();
    let Err(Error::Export(refusal)) = executable.object("layers") else { panic!("a library is not part of an object") };
    assert!(refusal.to_string().contains("`library_products` off"), "{refusal}");
    // SAFETY: the bytes are from `to_bytes`.
    let saved = unsafe { Saved::from_bytes(&executable.to_bytes(b"")).unwrap().trust() };
    let loaded = saved.load(&Natives::default(), &Options::default()).unwrap();
    assert_eq!(run(&loaded, &arguments).unwrap(), run(&executable, &arguments).unwrap());
}
