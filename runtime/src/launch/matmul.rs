//! Products of large matrices, by libraries.

use super::frame::{Frame, Spot};
use super::kernel::Threads;
use crate::bind::{Sizes, dim_size};
use gemm::Parallelism;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rotrace_ir::DType;
use rotrace_ir::dim::Shape;
use rotrace_ir::plan::MatmulStep;
use std::ops::Range;

/// Estimated time of one multiplication and addition on one thread (`docs/records/products.md`).
const NANOSECONDS_PER_PRODUCT: f64 = 0.015;

/// [`MatmulStep`].
pub(crate) struct Matmul {
    pub(crate) dtype: DType,
    batch: Shape,
    rows: Shape,
    inner: Shape,
    columns: Shape,
    transposed: [bool; 2],
    /// The left, the right and the resulting matrices.
    arguments: Range<Spot>,
}

/// The sizes of a product in one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrices {
    pub(crate) batch: usize,
    pub(crate) rows: usize,
    pub(crate) inner: usize,
    pub(crate) columns: usize,
    /// Whether the left matrices lie as `[inner, rows]`, and the right ones as `[columns, inner]`.
    pub(crate) transposed: [bool; 2],
}

impl Matmul {
    pub(super) fn new(step: &MatmulStep, arguments: Range<Spot>) -> Self {
        let MatmulStep { dtype, transposed, .. } = *step;
        let [batch, rows, inner, columns] = [&step.batch, &step.rows, &step.inner, &step.columns].map(Shape::clone);
        Self { dtype, batch, rows, inner, columns, transposed, arguments }
    }

    pub(crate) fn matrices(&self, sizes: &Sizes) -> Matrices {
        // The buffers have sizes that fit memory: what is too large here is multiplied by a zero there.
        let size = |shape: &Shape| {
            let each = shape.iter().map(|&dim| dim_size(dim, sizes).max(0) as usize);
            each.fold(1_usize, usize::saturating_mul)
        };
        Matrices {
            batch: size(&self.batch),
            rows: size(&self.rows),
            inner: size(&self.inner),
            columns: size(&self.columns),
            transposed: self.transposed,
        }
    }

    /// Where the left, the right and the resulting matrices are.
    pub(crate) fn pointers(&self, frame: &Frame<'_>) -> [*mut u8; 3] {
        [0, 1, 2].map(|place| frame.pointer(self.arguments.start + place))
    }
}

/// A product on this computer, by `gemm`.
pub(crate) struct OnHost {
    pub(super) matmul: Matmul,
    pub(super) threads: Threads,
}

impl OnHost {
    pub(super) fn run(&self, frame: &Frame<'_>, sizes: &Sizes) {
        let matrices = self.matmul.matrices(sizes);
        let pointers = self.matmul.pointers(frame);
        match self.matmul.dtype {
            DType::F32 => {
                Product { pointers: pointers.map(<*mut u8>::cast), matrices, units: [0.0_f32, 1.0] }.run(self.threads)
            }
            DType::F64 => {
                Product { pointers: pointers.map(<*mut u8>::cast), matrices, units: [0.0_f64, 1.0] }.run(self.threads)
            }
            other => unreachable!("the verifier refuses products of {other}"),
        }
    }
}

/// A batch of products with elements of one type.
#[derive(Clone, Copy)]
struct Product<T> {
    pointers: [*mut T; 3],
    matrices: Matrices,
    /// Zero and one.
    units: [T; 2],
}

// SAFETY: threads run different products of the batch, which only share what they read.
unsafe impl<T> Sync for Product<T> {}

impl<T: Copy + 'static> Product<T> {
    fn run(self, threads: Threads) {
        let Matrices { batch, rows, inner, columns, .. } = self.matrices;
        if batch == 0 || rows == 0 || columns == 0 {
            return;
        }
        let work = batch as f64 * rows as f64 * inner as f64 * columns as f64;
        match threads.pieces(work * NANOSECONDS_PER_PRODUCT) {
            1 => (0..batch).for_each(|place| self.multiply(place, Parallelism::None)),
            pieces if batch >= pieces => {
                // The whole is borrowed, as it is what may be shared.
                let product = &self;
                (0..batch).into_par_iter().for_each(|place| product.multiply(place, Parallelism::None));
            }
            pieces => (0..batch).for_each(|place| self.multiply(place, Parallelism::Rayon(pieces))),
        }
    }

    /// The product at one place of the batch.
    fn multiply(&self, place: usize, parallelism: Parallelism) {
        let Matrices { rows, inner, columns, transposed, .. } = self.matrices;
        let [left, right, result] = self.pointers;
        let [zero, one] = self.units;
        // From one row to the next, and from one column to the next.
        let strides = |height: usize, width: usize, transposed: bool| {
            if transposed { (1, height as isize) } else { (width as isize, 1) }
        };
        let (left_row, left_column) = strides(rows, inner, transposed[0]);
        let (right_row, right_column) = strides(inner, columns, transposed[1]);
        // SAFETY: by the frame's invariant the buffers hold so many matrices of these sizes, steps before have written the
        // operands, and what is written overlaps neither. `gemm` does not read the result.
        unsafe {
            let result = result.add(place * rows * columns);
            if inner == 0 {
                return std::slice::from_raw_parts_mut(result, rows * columns).fill(zero);
            }
            let (left, right) = (left.add(place * rows * inner), right.add(place * inner * columns));
            gemm::gemm(
                rows,
                columns,
                inner,
                result,
                1,
                columns as isize,
                false,
                left,
                left_column,
                left_row,
                right,
                right_column,
                right_row,
                zero,
                one,
                false,
                false,
                false,
                parallelism,
            );
        }
    }
}
