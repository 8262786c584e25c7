//! Products of large matrices by cuBLAS, which is found when a program runs.

use super::gpu::{Gpu, failed};
use crate::Error;
use crate::launch::matmul::Matrices;
use cudarc::cublas::result::CublasError;
use cudarc::cublas::sys::{self, cublasOperation_t as Operation};
use cudarc::cublas::{CudaBlas, result};
use cudarc::driver::{CudaSlice, CudaStream, DevicePtr};
use rotrace_ir::DType;
use std::ffi::c_int;
use std::sync::Arc;

/// Memory for the library to work in, as its documentation asks for on recent GPUs. With memory of its own it gives the same bits
/// each time, and its calls can be captured into graphs.
const WORKSPACE_BYTES: usize = 32 << 20;

/// The library, for one stream.
pub(super) struct Blas {
    library: CudaBlas,
    /// Kept for the library, which is dropped first.
    _workspace: CudaSlice<u8>,
}

fn said(error: CublasError) -> Error {
    Error::Device(format!("cuBLAS: {:?}", error.0))
}

impl Blas {
    /// None where the library is not installed.
    pub(super) fn find(stream: &Arc<CudaStream>) -> Result<Option<Self>, Error> {
        // SAFETY: loading the library runs its initialisers, as any program with the library does.
        if !unsafe { sys::is_culib_present() } {
            return Ok(None);
        }
        let library = CudaBlas::new(Arc::clone(stream)).map_err(said)?;
        // SAFETY: the library alone uses it, on this stream.
        let workspace = unsafe { stream.alloc::<u8>(WORKSPACE_BYTES) }.map_err(failed)?;
        let (address, _) = workspace.device_ptr(stream);
        // SAFETY: the workspace lives as long as the handle. No single precision by way of shorter numbers.
        unsafe {
            let handle = *library.handle();
            let address = std::ptr::without_provenance_mut(address as usize);
            sys::cublasSetWorkspace_v2(handle, address, WORKSPACE_BYTES).result().map_err(said)?;
            sys::cublasSetMathMode(handle, sys::cublasMath_t::CUBLAS_PEDANTIC_MATH).result().map_err(said)?;
        }
        Ok(Some(Self { library, _workspace: workspace }))
    }

    /// Schedules products of matrices.
    ///
    /// # Safety
    /// The pointers are to the left, right and resulting matrices on the device, of these sizes and of this type; the last overlap
    /// no other.
    pub(super) unsafe fn multiply(
        &self,
        matrices: &Matrices,
        dtype: DType,
        [left, right, product]: [*mut u8; 3],
    ) -> Result<(), Error> {
        let Matrices { batch, rows, columns, .. } = *matrices;
        if batch == 0 || rows == 0 || columns == 0 {
            return Ok(());
        }
        let Columns { operations: [one, other], sizes: [m, n, k], leading, strides } = Columns::of(matrices)
            .ok_or_else(|| {
                let text = format!("cuBLAS cannot multiply matrices of 2^31 rows or columns: {matrices:?}");
                Error::Device(format!("{text}; compile with `library_products` off"))
            })?;
        let batch =
            c_int::try_from(batch).map_err(|_| Error::Device(format!("cuBLAS cannot multiply {batch} matrices")))?;
        let handle = *self.library.handle();
        macro_rules! schedule {
            ($function:ident) => {
                result::$function(
                    handle,
                    one,
                    other,
                    m,
                    n,
                    k,
                    &1.0,
                    right.cast(),
                    leading[0],
                    strides[0],
                    left.cast(),
                    leading[1],
                    strides[1],
                    &0.0,
                    product.cast(),
                    leading[2],
                    strides[2],
                    batch,
                )
            };
        }
        // SAFETY: the caller promises the matrices, and `Columns` says how they lie. Factors are on the host, as is the default.
        unsafe {
            match dtype {
                DType::F32 => schedule!(sgemm_strided_batched),
                DType::F64 => schedule!(dgemm_strided_batched),
                other => unreachable!("the verifier refuses products of {other}"),
            }
        }
        .map_err(said)
    }
}

/// A product as the library sees it, whose matrices lie column after column: what lies row after row is the transposed matrix to it.
/// So it multiplies the right matrices, transposed, by the left ones, to the transposed products.
struct Columns {
    /// What to do with the right and the left matrices.
    operations: [Operation; 2],
    /// Rows and columns of the transposed products, and what is summed over.
    sizes: [c_int; 3],
    /// From one column to the next, in the right, left and resulting matrices.
    leading: [c_int; 3],
    /// From one matrix to the next.
    strides: [i64; 3],
}

impl Columns {
    /// None if a size does not fit.
    fn of(matrices: &Matrices) -> Option<Self> {
        let Matrices { rows, inner, columns, transposed: [left, right], .. } = *matrices;
        let operation = |transposed| if transposed { Operation::CUBLAS_OP_T } else { Operation::CUBLAS_OP_N };
        let size = |size: usize| c_int::try_from(size).ok();
        let leading = |size: usize| c_int::try_from(size.max(1)).ok();
        let right_leading = leading(if right { inner } else { columns })?;
        let left_leading = leading(if left { rows } else { inner })?;
        Some(Self {
            operations: [operation(right), operation(left)],
            sizes: [size(columns)?, size(rows)?, size(inner)?],
            leading: [right_leading, left_leading, leading(columns)?],
            strides: [inner * columns, rows * inner, rows * columns].map(|stride| stride as i64),
        })
    }
}

impl Gpu {
    /// The library, if it is installed.
    pub(super) fn blas(&self) -> Result<Option<&Blas>, Error> {
        if let Some(found) = self.blas.get() {
            return Ok(found.as_ref());
        }
        let found = Blas::find(&self.stream)?;
        Ok(self.blas.get_or_init(|| found).as_ref())
    }

    /// Whether products of large matrices can be left to a library.
    pub(crate) fn has_library(&self) -> Result<bool, Error> {
        Ok(self.blas()?.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::{Columns, Operation};
    use crate::launch::matmul::Matrices;

    /// What the library's documentation says that it does, with numbers of the host.
    fn library(of: &Columns, first: &[f64], second: &[f64], batch: usize) -> Vec<f64> {
        let [m, n, k] = of.sizes.map(|size| size as usize);
        let leading = of.leading.map(|leading| leading as usize);
        let mut results = vec![f64::NAN; batch * m * n];
        for place in 0..batch {
            let start = of.strides.map(|stride| stride as usize * place);
            let element = |matrix: &[f64], which: usize, row: usize, column: usize| {
                let (row, column) =
                    if of.operations[which] == Operation::CUBLAS_OP_T { (column, row) } else { (row, column) };
                assert!(row < leading[which], "a column is as long as the way to the next");
                matrix[start[which] + row + column * leading[which]]
            };
            for (row, column) in (0..m).flat_map(|row| (0..n).map(move |column| (row, column))) {
                let sum = (0..k).map(|at| element(first, 0, row, at) * element(second, 1, at, column)).sum();
                results[start[2] + row + column * leading[2]] = sum;
            }
        }
        results
    }

    #[test]
    fn rows_are_columns_of_the_transposed() {
        let (batch, rows, inner, columns) = (3, 2, 5, 4);
        for transposed in [[false, false], [true, false], [false, true], [true, true]] {
            let matrices = Matrices { batch, rows, inner, columns, transposed };
            let value = |which: usize, place: usize, row: usize, column: usize| {
                (1 + which * 7 + place * 31 + row * 3 + column * column) as f64
            };
            // Matrices in memory, row after row or the other way round.
            let stored = |which: usize, height: usize, width: usize, transposed: bool| {
                let mut memory = Vec::new();
                for place in 0..batch {
                    let (outer, within) = if transposed { (width, height) } else { (height, width) };
                    for (one, other) in (0..outer).flat_map(|one| (0..within).map(move |other| (one, other))) {
                        let (row, column) = if transposed { (other, one) } else { (one, other) };
                        memory.push(value(which, place, row, column));
                    }
                }
                memory
            };
            let left = stored(0, rows, inner, transposed[0]);
            let right = stored(1, inner, columns, transposed[1]);
            let mut expected = Vec::new();
            for place in 0..batch {
                for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
                    let products = (0..inner).map(|at| value(0, place, row, at) * value(1, place, at, column));
                    expected.push(products.sum::<f64>());
                }
            }
            let of = Columns::of(&matrices).expect("small sizes");
            assert_eq!(library(&of, &right, &left, batch), expected, "{transposed:?}");
        }
    }

    #[test]
    fn sizes_that_the_library_cannot_take_are_found() {
        let matrices = Matrices { batch: 1, rows: 1 << 31, inner: 0, columns: 1, transposed: [false, true] };
        assert!(Columns::of(&matrices).is_none());
        let empty = Columns::of(&Matrices { rows: 2, ..matrices }).expect("small sizes");
        assert_eq!(empty.leading, [1, 1, 1]);
    }
}
