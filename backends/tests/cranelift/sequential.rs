//! Loops in order that load and store, and scratch.

use crate::support::check_all;
use rotrace_ir::kernel::Kernel;
use rotrace_ir::text::parse_kernel;
use rotrace_ir::verify::kernel::verify_kernel;

/// A kernel from text.
fn kernel(text: &str) -> Kernel {
    let kernel = parse_kernel(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(verify_kernel(&kernel), [], "{text}");
    kernel
}

/// Checks a kernel of dims `n` (the grid) and `m` (time).
fn check(text: &str, seed: u64) {
    let sizes: Vec<Vec<u64>> =
        [0, 1, 2, 3, 5, 7, 16, 33].into_iter().flat_map(|n| [0, 1, 2, 5].map(|m| vec![n, m])).collect();
    check_all(&kernel(text), &sizes, seed);
}

/// The kernel with every `f64` another dtype.
fn typed(text: &str, dtype: &str) -> String {
    text.replace("f64", dtype)
}

const DTYPES: [&str; 5] = ["f64", "f32", "i64", "u32", "i16"];

#[test]
fn states_are_stored_at_every_step() {
    // Time first, lanes, then components: a row of two is stored, of three two are loaded.
    let text =
        "kernel @rows(dims n, m; read %0: f64[m, n, 3], read %1: f64[n], write %2: f64[m, n, 2], write %3: f64[n]) {
      grid i0 in n {
        v0: f64 = load %1[i0]
        v9: f64, v10: f64 = carry i1 in m (v1 = v0, v2 = v0) {
          v3: f64 = load %0[i1, i0, 0]
          v4: f64 = load %0[i1, i0, 2]
          v5: f64 = multiply v1, v3
          v6: f64 = add v5, v4
          v7: f64 = subtract v2, v6
          v8: f64 = load %1[i0]
          store %2[i1, i0, 1] v6
          store %2[i1, i0, 0] v7
          yield v7, v8
        }
        v11: f64 = add v9, v10
        store %3[i0] v11
      }
    }";
    DTYPES.iter().for_each(|dtype| check(&typed(text, dtype), 1));
}

#[test]
fn lanes_along_the_last_axis_and_time_backwards() {
    let text = "kernel @columns(dims n, m; read %0: f64[m, 3, n], read %1: f64[4], write %2: f64[m, 2, n], read %3: f64[m+1]) {
      grid i0 in n {
        v0: f64 = load %1[3]
        v12: f64 = carry i1 in m (v1 = v0) {
          v2: f64 = load %0[-i1 + m - 1, 0, i0]
          v3: f64 = load %0[-i1 + m - 1, 2, i0]
          v4: f64 = load %0[i1, 1, i0]
          v5: f64 = load %3[-i1 + m]
          v6: f64 = load %1[0]
          v7: f64 = subtract v2, v3
          v8: f64 = multiply v7, v1
          v9: f64 = add v8, v4
          v10: f64 = multiply v5, v6
          v11: f64 = add v9, v10
          store %2[-i1 + m - 1, 1, i0] v11
          store %2[-i1 + m - 1, 0, i0] v7
          yield v11
        }
      }
    }";
    DTYPES.iter().for_each(|dtype| check(&typed(text, dtype), 2));
}

#[test]
fn lanes_along_the_first_axis() {
    let text = "kernel @first(dims n, m; read %0: f64[n, m, 2], write %1: f64[n, m]) {
      grid i0 in n {
        v0: f64 = constant 0
        v6: f64 = carry i1 in m (v1 = v0) {
          v2: f64 = load %0[i0, i1, 0]
          v3: f64 = load %0[i0, i1, 1]
          v4: f64 = multiply v2, v3
          v5: f64 = add v4, v1
          store %1[i0, i1] v5
          yield v5
        }
      }
    }";
    DTYPES.iter().for_each(|dtype| {
        check(
            &typed(
                &text.replace("constant 0", if dtype.starts_with('f') { "constant 0.0" } else { "constant 0" }),
                dtype,
            ),
            3,
        )
    });
}

#[test]
fn loads_that_do_not_vary_read_nothing_in_an_empty_loop() {
    let text = "kernel @empty(dims n, m; read %0: f64[m], read %1: f64[n], write %2: f64[n]) {
      grid i0 in n {
        v0: f64 = load %1[i0]
        v4: f64 = carry i1 in m (v1 = v0) {
          v2: f64 = load %0[0]
          v3: f64 = multiply v1, v2
          yield v3
        }
        store %2[i0] v4
      }
    }";
    check(text, 4);
}

#[test]
fn scratch_holds_what_the_way_back_needs() {
    // Segments of two: states are kept in scratch by an inner loop forward, and read by one backward.
    let text = "kernel @segments(dims n, m; read %0: f64[2, m, n], write %1: f64[2, m, n], scratch %2: f64[2, 2], write %3: f64[n]) {
      grid i0 in n {
        v0: f64 = constant 1.5
        v20: f64 = carry i1 in m (v1 = v0) {
          v6: f64 = carry i2 in 2 (v2 = v1) {
            store %2[i2, 0] v2
            v3: f64 = load %0[i2, i1, i0]
            v4: f64 = load %2[i2, 0]
            v5: f64 = fma v3, v4, v2
            store %2[i2, 1] v5
            yield v5
          }
          v13: f64 = carry i3 in 2 (v7 = v6) {
            v8: f64 = load %2[-i3 + 1, 0]
            v9: f64 = load %2[-i3 + 1, 1]
            v10: f64 = multiply v8, v7
            v11: f64 = subtract v10, v9
            store %1[-i3 + 1, i1, i0] v11
            v12: f64 = subtract v8, v11
            yield v12
          }
          yield v13
        }
        store %3[i0] v20
      }
    }";
    for dtype in ["f64", "f32"] {
        check(&typed(text, dtype), 5);
    }
}

#[test]
fn scratch_is_not_moved_or_merged() {
    // The same coordinates are loaded before and after they are stored, in every iteration and in the loop's body.
    let text = "kernel @same(dims n, m; read %0: f64[n], write %1: f64[m, n], scratch %2: f64[2]) {
      grid i0 in n {
        v0: f64 = load %0[i0]
        store %2[0] v0
        store %2[1] v0
        carry i1 in m () {
          v1: f64 = load %2[0]
          v2: f64 = load %2[1]
          v3: f64 = subtract v1, v0
          v4: f64 = multiply v3, v2
          store %2[1] v4
          v5: f64 = load %2[1]
          v6: f64 = add v5, v1
          store %2[0] v6
          store %1[i1, i0] v6
        }
      }
    }";
    DTYPES.iter().for_each(|dtype| check(&typed(text, dtype), 6));
}

#[test]
fn independent_loops_around_and_inside() {
    let text = "kernel @around(dims n, m; read %0: f64[m, n, 3], write %1: f64[m, n, 3], scratch %2: f64[3, n], write %3: f64[3]) {
      grid i0 in 1 {
        for i1 in n {
          v1: f64 = carry i2 in m (v0 = v9) {
            for i3 in 3 {
              v2: f64 = load %0[i2, i1, i3]
              v3: f64 = multiply v0, v2
              store %2[i3, i1] v3
            }
            v5: f64 = reduce i4 in 3 [sum] {
              v4: f64 = load %2[i4, i1]
              yield v4
            }
            for i5 in 3 {
              v6: f64 = load %2[i5, i1]
              v7: f64 = subtract v6, v5
              store %1[i2, i1, i5] v7
            }
            yield v5
          }
        }
      }
    }";
    let text = text.replace("for i1 in n {", "v9: f64 = constant 0.75 for i1 in n {").replace(", write %3: f64[3]", "");
    for dtype in ["f64", "f32"] {
        check(&typed(&text, dtype), 7);
    }
}

#[test]
fn long_bodies_run_on_no_copies() {
    let mut body = String::new();
    for step in 3..200 {
        body += &format!("v{step}: f64 = fma v{}, v{}, v{}\n", step - 1, step - 2, step - 3);
    }
    let text = format!(
        "kernel @long(dims n, m; read %0: f64[n, 3], write %1: f64[m, n], write %2: f64[n]) {{
      grid i0 in n {{
        v0: f64 = load %0[i0, 0] v1: f64 = load %0[i0, 1] v2: f64 = load %0[i0, 2]
        {body}
        v303: f64 = carry i1 in m (v300 = v0) {{
          v301: f64 = multiply v300, v1
          v302: f64 = subtract v301, v199
          store %1[i1, i0] v302
          yield v302
        }}
        store %2[i0] v303
      }}
    }}"
    );
    check(&text, 8);
}

#[test]
fn lanes_that_did_not_ask_end_nothing() {
    // The loops would never end for the values of lanes that take the other side, or whose outer loop is done.
    let text = "kernel @others(dims n, m; read %0: i64[n], write %1: i64[n], write %2: i64[n]) {
      grid i0 in n {
        v0: i64 = load %0[i0]
        v1: i64 = constant 3
        v2: i64 = constant 1
        v3: i64 = constant 0
        v4: i64 = and v0, v1
        v5: bool = greater v4, v2
        v12: i64 = if v5 {
          v9: i64 = while i1 in 9223372036854775807 (v6 = v0) {
            v7: i64 = and v6, v1
            v70: bool = greater v7, v2
            v71: i64 = and v0, v1
            v72: bool = less_equal v71, v2
            v73: bool = or v70, v72
            yield v73
          } do {
            v8: i64 = subtract v6, v2
            yield v8
          }
          yield v9
        } else {
          v11: i64 = while i2 in 9223372036854775807 (v10 = v0) {
            v13: i64 = and v0, v1
            v14: bool = greater v13, v2
            v15: i64 = and v10, v1
            v16: bool = greater v15, v3
            v17: bool = or v14, v16
            yield v17
          } do {
            v18: i64 = subtract v10, v2
            yield v18
          }
          yield v11
        }
        store %1[i0] v12
        v30: i64 = while i3 in m (v20 = v4) {
          v21: bool = less v20, v1
          yield v21
        } do {
          v26: i64 = while i4 in 9223372036854775807 (v22 = v20) {
            v23: bool = less_equal v22, v20
            v24: bool = equal v20, v1
            v25: bool = or v23, v24
            yield v25
          } do {
            v27: i64 = add v22, v2
            yield v27
          }
          yield v26
        }
        store %2[i0] v30
      }
    }";
    check(text, 9);
}
