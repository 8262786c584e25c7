//! What is stored between kernels, and what each of them computes itself.

use rotrace_ir::plan::Storage;
use rotrace_ir::text::parse_function;
use rotrace_passes::lower::{Options, lower};

/// How many kernels the function of a text becomes.
fn kernels(text: &str) -> usize {
    lower(&parse_function(text).unwrap(), Options::default()).unwrap().steps.len()
}

/// `x` repeated along `m` and multiplied by `y`, after `operation` on `x`.
fn repeated(operation: &str) -> String {
    format!(
        "fn @repeated(dims n, m; %0: f64[n], %1: f64[n, m]) -> (f64[n, m]) {{
          %2: f64[n] = {operation} %0
          %3: f64[n] = {operation} %2
          %4: f64[n, m] = broadcast %3 {{axes = [0]}}
          %5: f64[n, m] = multiply %4, %1
          return %5
        }}"
    )
}

#[test]
fn what_is_dear_and_repeated_along_another_loop_is_stored() {
    assert_eq!(kernels(&repeated("sin")), 2);
    assert_eq!(kernels(&repeated("negative")), 1);
}

#[test]
fn what_is_not_repeated_or_depends_on_no_loop_is_not_stored() {
    let alone = "fn @alone(dims n; %0: f64[n]) -> (f64[n, 3]) {
      %1: f64[n] = sin %0
      %2: f64[n] = sin %1
      %3: f64[n, 3] = broadcast %2 {axes = [0]}
      return %3
    }";
    assert_eq!(kernels(alone), 1);
    let number = "fn @number(dims n; %0: f64[], %1: f64[n]) -> (f64[n]) {
      %2: f64[] = sin %0
      %3: f64[] = sin %2
      %4: f64[n] = broadcast %3 {axes = []}
      %5: f64[n] = multiply %4, %1
      return %5
    }";
    assert_eq!(kernels(number), 1);
}

#[test]
fn what_many_pieces_are_taken_of_is_stored() {
    let taken = |indices: &[usize]| {
        let list: Vec<String> = indices.iter().map(usize::to_string).collect();
        let (list, count) = (list.join(", "), indices.len());
        kernels(&format!(
            "fn @taken(%0: f64[100]) -> (f64[{count}]) {{
              %1: f64[100] = negative %0
              %2: f64[{count}] = take %1 {{axis = 0, indices = [{list}]}}
              return %2
            }}"
        ))
    };
    // Squares have no runs, so that each index is a piece; the others are one run.
    let squares: Vec<usize> = (0..40).map(|index| index * index % 97).collect();
    assert_eq!(taken(&squares), 2);
    assert_eq!(taken(&(0..40).collect::<Vec<_>>()), 1);
}

#[test]
fn what_is_reshaped_to_be_a_result_is_not_copied() {
    let reshaped = |results: &str, types: &str| {
        let text = format!(
            "fn @reshaped(dims n; %0: f64[6, 50, n]) -> ({types}) {{
              %1: f64[6, 50, n] = sin %0
              %2: f64[300, n] = reshape %1
              %3: f64[2, 3, 50, n] = reshape %2
              %4: f64[20, 15, n] = reshape %2
              return {results}
            }}"
        );
        let plan = lower(&parse_function(&text).unwrap(), Options::default()).unwrap();
        let temporaries = plan.buffers.iter().filter(|buffer| buffer.storage == Storage::Temporary).count();
        (plan.steps.len(), temporaries)
    };
    assert_eq!(reshaped("%2", "f64[300, n]"), (1, 0));
    assert_eq!(reshaped("%4", "f64[20, 15, n]"), (1, 0));
    // A buffer for each result: the second is copied from the first.
    assert_eq!(reshaped("%2, %1", "f64[300, n], f64[6, 50, n]"), (2, 0));
    assert_eq!(reshaped("%4, %2", "f64[20, 15, n], f64[300, n]").1, 0);
}
