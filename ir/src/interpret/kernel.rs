//! Kernels, executed instruction by instruction.
//!
//! Values live in one flat array indexed by [`Var`], and every access is checked against its buffer's sizes. The grid runs
//! in order, on one thread: iterations are independent, so no order is observable.
//!
//! A reduce loop combines its elements as one block of [`crate::reduce`], however many there are; no iterations give the
//! reduction's identity. Coordinates are computed modulo 2^64, as every engine does.

use super::NativeFailure;
use super::kernel_checks::Checks;
pub use super::kernel_memory::Memory;
use super::kernel_memory::{Sizes, arguments, buffer_sizes};
use crate::Scalar;
use crate::elementary::evaluate;
use crate::kernel::{Affine, Block, BufferId, Extent, IndexId, Inst, Kernel, Loop, LoopKind, Var};
use crate::reduce::{Accumulators, BLOCK};
use crate::text::kernel_print::Names;
use crate::verify::Diagnostic;
use crate::verify::kernel::verify_kernel;
use smallvec::SmallVec;

/// Why a kernel or a plan could not be run on its arguments.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InterpretError {
    /// It is not well formed; the first violation.
    #[error("not well formed: {0}")]
    Invalid(Diagnostic),
    /// The arguments do not fit it.
    #[error("{0}")]
    Arguments(String),
    /// It did something that its specification forbids.
    #[error("{0}")]
    Execution(String),
    /// A native function failed.
    #[error(transparent)]
    Native(#[from] NativeFailure),
}

/// Verifies a kernel and runs it: `dims` are the sizes of its named dimensions, `buffers` the memory of its arrays.
///
/// # Errors
/// A kernel that does not verify, arguments that do not fit it, an access out of bounds.
pub fn run_kernel(kernel: &Kernel, dims: &[u64], buffers: &mut [Memory<'_>]) -> Result<(), InterpretError> {
    verify(kernel)?;
    run_verified_kernel(kernel, dims, buffers)
}

/// [`run_kernel`], and checks that every element of a written buffer is stored exactly once, and that scratch is loaded
/// only where it was stored, and not by another of independent iterations. Of a while loop also what iterations that do
/// not run would load has to be in bounds.
///
/// # Errors
/// As [`run_kernel`], an element that is stored twice or never, and one that is loaded without being stored.
pub fn run_kernel_checked(kernel: &Kernel, dims: &[u64], buffers: &mut [Memory<'_>]) -> Result<(), InterpretError> {
    verify(kernel)?;
    let mut machine = Machine::new(kernel, dims, buffers)?;
    machine.checks = Some(Checks::new(kernel, machine.memories));
    machine.grid()?;
    machine.all_stored()
}

/// [`run_kernel`] without verifying, for an engine that has done it once for many runs.
///
/// # Errors
/// Arguments that do not fit the kernel, an access out of bounds.
///
/// # Panics
/// May panic on a kernel that does not verify.
pub fn run_verified_kernel(kernel: &Kernel, dims: &[u64], buffers: &mut [Memory<'_>]) -> Result<(), InterpretError> {
    Machine::new(kernel, dims, buffers)?.grid()
}

fn verify(kernel: &Kernel) -> Result<(), InterpretError> {
    match verify_kernel(kernel).into_iter().next() {
        Some(diagnostic) => Err(InterpretError::Invalid(diagnostic)),
        None => Ok(()),
    }
}

pub(super) struct Machine<'r, 'm> {
    kernel: &'r Kernel,
    dims: &'r [u64],
    memories: &'r mut [Memory<'m>],
    sizes: Vec<Sizes>,
    values: Vec<Scalar>,
    indices: Vec<i64>,
    /// Of the checked mode.
    checks: Option<Checks>,
}

impl<'r, 'm> Machine<'r, 'm> {
    fn new(kernel: &'r Kernel, dims: &'r [u64], memories: &'r mut [Memory<'m>]) -> Result<Self, InterpretError> {
        if dims.len() != kernel.dims.len() {
            let (given, needed) = (dims.len(), kernel.dims.len());
            return Err(arguments(kernel, &format!("{needed} dims needed, got {given}")));
        }
        let sizes = buffer_sizes(kernel, dims, memories)?;
        let values = kernel.values.iter().map(|&dtype| Scalar::from_bits(dtype, 0)).collect();
        let indices = vec![0; kernel.index_count as usize];
        Ok(Self { kernel, dims, memories, sizes, values, indices, checks: None })
    }

    fn grid(&mut self) -> Result<(), InterpretError> {
        let kernel = self.kernel;
        self.independent(IndexId(0), kernel.grid, &kernel.body, |_| ())
    }

    /// The number of iterations of a loop, which is below 2^63.
    pub(super) fn extent(&self, extent: Extent) -> Result<i64, InterpretError> {
        let size = match extent {
            Extent::Dim(_) | Extent::Blocks(_) => extent.size(self.dims),
            Extent::Block { dim, index } => dim.size(self.dims).map(|size| {
                let start = (self.indices[index.0 as usize] as u64).saturating_mul(BLOCK);
                size.saturating_sub(start).min(BLOCK)
            }),
        };
        size.and_then(|size| i64::try_from(size).ok()).ok_or_else(|| {
            let extent = Names::new(self.kernel).extent(extent);
            arguments(self.kernel, &format!("`{extent}` is not a number of iterations for dims {:?}", self.dims))
        })
    }

    fn block(&mut self, block: &Block) -> Result<(), InterpretError> {
        block.insts.iter().try_for_each(|inst| self.inst(inst))
    }

    fn get(&self, var: Var) -> Scalar {
        self.values[var.0 as usize]
    }

    fn set(&mut self, var: Var, value: Scalar) {
        self.values[var.0 as usize] = value;
    }

    fn copy(&mut self, from: &[Var], to: &[Var]) {
        // All are read before any is written: a carry loop may yield its parameters in another order.
        let values: SmallVec<[Scalar; 8]> = from.iter().map(|&var| self.get(var)).collect();
        to.iter().zip(values).for_each(|(&var, value)| self.set(var, value));
    }

    fn inst(&mut self, inst: &Inst) -> Result<(), InterpretError> {
        match inst {
            Inst::Constant { result, value } => self.set(*result, *value),
            Inst::Scalar { result, op, operands } => {
                let operands: SmallVec<[Scalar; 3]> = operands.iter().map(|&operand| self.get(operand)).collect();
                let value = evaluate(*op, &operands);
                self.set(*result, value);
            }
            Inst::Cast { result, operand } => {
                let value = self.get(*operand).cast(self.kernel.dtype(*result));
                self.set(*result, value);
            }
            Inst::Bitcast { result, operand } => {
                let value = Scalar::from_bits(self.kernel.dtype(*result), self.get(*operand).bits);
                self.set(*result, value);
            }
            Inst::Index { result, value } => {
                let value = self.affine(value);
                self.set(*result, Scalar::i64(value));
            }
            Inst::Load { result, buffer, at } => {
                let position = self.position(inst, *buffer, at)?;
                let problem = self.checks.as_mut().and_then(|checks| checks.load(buffer.0 as usize, position));
                if let Some(problem) = problem {
                    return Err(self.failure(inst, &problem));
                }
                let value = self.memories[buffer.0 as usize].load(self.kernel.dtype(*result), position);
                self.set(*result, value);
            }
            Inst::Store { buffer, at, value } => self.store(inst, *buffer, at, self.get(*value))?,
            Inst::Lookup { result, table, index } => {
                let table = &self.kernel.tables[table.0 as usize];
                let index = usize::try_from(self.get(*index).as_i64()).unwrap_or(0);
                let bits = table.elements.get(index).or(table.elements.first()).copied().unwrap_or(0);
                self.set(*result, Scalar::from_bits(table.dtype, bits));
            }
            Inst::If { results, condition, then, otherwise, .. } => {
                let taken = if self.get(*condition).as_bool() { then } else { otherwise };
                self.block(taken)?;
                self.copy(&taken.yields, results);
            }
            Inst::Loop(looped) => self.looped(looped)?,
        }
        Ok(())
    }

    /// Iterations that do not depend on each other, in order.
    fn independent(
        &mut self,
        index: IndexId,
        extent: Extent,
        body: &Block,
        mut after: impl FnMut(&mut Self),
    ) -> Result<(), InterpretError> {
        self.checks.iter_mut().for_each(Checks::enter);
        for iteration in 0..self.extent(extent)? {
            self.checks.iter_mut().for_each(|checks| checks.iteration(iteration));
            self.indices[index.0 as usize] = iteration;
            self.block(body)?;
            after(self);
        }
        self.checks.iter_mut().for_each(Checks::leave);
        Ok(())
    }

    fn looped(&mut self, looped: &Loop) -> Result<(), InterpretError> {
        match &looped.kind {
            LoopKind::Reduce { accumulators } => {
                let kinds = accumulators.iter().zip(&looped.results);
                let mut accumulators: SmallVec<[Accumulators; 2]> =
                    kinds.map(|(&kind, &result)| Accumulators::new(kind, self.kernel.dtype(result))).collect();
                self.independent(looped.index, looped.extent, &looped.body, |machine| {
                    for (accumulator, &element) in accumulators.iter_mut().zip(&looped.body.yields) {
                        accumulator.push(machine.get(element));
                    }
                })?;
                for (accumulator, &result) in accumulators.into_iter().zip(&looped.results) {
                    self.set(result, accumulator.finish());
                }
            }
            LoopKind::Carry { initial, parameters } | LoopKind::While { initial, parameters, .. } => {
                self.copy(initial, parameters);
                let stray = self.checks.as_ref().and(looped.condition()).and_then(|_| self.stray_load(looped));
                if let Some((inst, problem)) = stray {
                    return Err(self.failure(inst, &problem));
                }
                for iteration in 0..self.extent(looped.extent)? {
                    self.indices[looped.index.0 as usize] = iteration;
                    if let Some(condition) = looped.condition() {
                        self.block(condition)?;
                        if !self.get(condition.yields[0]).as_bool() {
                            break;
                        }
                    }
                    self.block(&looped.body)?;
                    self.copy(&looped.body.yields, parameters);
                }
                self.copy(parameters, &looped.results);
            }
        }
        Ok(())
    }

    /// A coordinate, modulo 2^64.
    pub(super) fn affine(&self, affine: &Affine) -> i64 {
        let name = affine.offset.name.map_or(0, |name| self.dims[name.0 as usize] as i64);
        let offset = name.wrapping_add(affine.offset.constant);
        let term = |&(index, factor): &(IndexId, i64)| self.indices[index.0 as usize].wrapping_mul(factor);
        affine.terms.iter().map(term).fold(offset, i64::wrapping_add)
    }

    /// The current value of a loop index.
    pub(super) fn index(&self, index: IndexId) -> i64 {
        self.indices[index.0 as usize]
    }

    /// The sizes of a buffer.
    pub(super) fn sizes(&self, buffer: BufferId) -> &[u64] {
        &self.sizes[buffer.0 as usize]
    }

    /// The row-major position of an access in bounds.
    fn position(&self, inst: &Inst, buffer: BufferId, at: &[Affine]) -> Result<usize, InterpretError> {
        let mut position = 0_usize;
        for (axis, (affine, &size)) in at.iter().zip(&self.sizes[buffer.0 as usize]).enumerate() {
            let coordinate = self.affine(affine);
            match u64::try_from(coordinate) {
                // Wraps only if another axis is empty, and then that one's coordinate is out of bounds.
                Ok(inside) if inside < size => {
                    position = position.wrapping_mul(size as usize).wrapping_add(inside as usize);
                }
                _ => {
                    let problem =
                        format!("coordinate {coordinate} is out of bounds of axis {axis}, whose size is {size}");
                    return Err(self.failure(inst, &problem));
                }
            }
        }
        Ok(position)
    }

    fn store(&mut self, inst: &Inst, buffer: BufferId, at: &[Affine], value: Scalar) -> Result<(), InterpretError> {
        let position = self.position(inst, buffer, at)?;
        let problem = self.checks.as_mut().and_then(|checks| checks.store(buffer.0 as usize, position));
        if let Some(problem) = problem {
            return Err(self.failure(inst, &problem));
        }
        self.memories[buffer.0 as usize].store(position, value);
        Ok(())
    }

    fn all_stored(&self) -> Result<(), InterpretError> {
        match self.checks.as_ref().and_then(Checks::never_stored) {
            None => Ok(()),
            Some((buffer, position)) => {
                let name = &self.kernel.name;
                let message = format!("kernel @{name}: element {position} of buffer %{buffer} is never stored");
                Err(InterpretError::Execution(message))
            }
        }
    }

    fn failure(&self, inst: &Inst, problem: &str) -> InterpretError {
        let names = Names::new(self.kernel);
        let kernel = &self.kernel.name;
        let indices = &self.indices;
        let head = names.head(inst);
        InterpretError::Execution(format!("kernel @{kernel}: `{head}` at indices {indices:?}: {problem}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{InterpretError, Memory, run_kernel};
    use crate::kernel::Kernel;
    use crate::text::parse_kernel;

    fn double(op: &str) -> Kernel {
        let text = format!(
            "kernel @double(dims n; read %0: f64[n], write %1: f64[n]) {{
               grid i0 in n {{ v0: f64 = load %0[i0] v1: f64 = {op} v0, v0 store %1[i0] v1 }}
             }}"
        );
        parse_kernel(&text).expect("a kernel")
    }

    fn run(kernel: &Kernel, dims: &[u64], buffers: &mut [Memory<'_>]) -> String {
        run_kernel(kernel, dims, buffers).expect_err("an error").to_string()
    }

    #[test]
    fn memory_is_the_callers() {
        let input: Vec<u8> = [1.5_f64, -2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        let mut output = vec![0; 16];
        run_kernel(&double("add"), &[2], &mut [Memory::Read(&input), Memory::Write(&mut output)]).expect("it runs");
        let expected: Vec<u8> = [3.0_f64, -4.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(output, expected);
    }

    #[test]
    fn arguments_that_do_not_fit_are_errors() {
        let (kernel, input, mut output) = (double("add"), [0; 8], [0; 8]);
        let wrong_dims = run(&kernel, &[], &mut [Memory::Read(&input), Memory::Write(&mut output)]);
        assert_eq!(wrong_dims, "kernel @double: 1 dims needed, got 0");
        assert_eq!(run(&kernel, &[1], &mut [Memory::Read(&input)]), "kernel @double: 2 buffers needed, got 1");
        let short = run(&kernel, &[2], &mut [Memory::Read(&input), Memory::Write(&mut output)]);
        assert_eq!(short, "kernel @double: buffer %0 has 8 bytes, which is not f64[2]");
        let direction = run(&kernel, &[1], &mut [Memory::Read(&input), Memory::Read(&input)]);
        assert_eq!(direction, "kernel @double: buffer %1 has memory of the other direction");
        let huge = run(&kernel, &[u64::MAX], &mut [Memory::Read(&input), Memory::Write(&mut output)]);
        assert!(huge.contains("negative or too large"), "{huge}");
        let many = run(&kernel, &[1 << 62], &mut [Memory::Read(&input), Memory::Write(&mut output)]);
        assert!(many.contains("8 bytes, which is not f64[4611686018427387904]"), "{many}");
    }

    #[test]
    fn what_does_not_verify_does_not_run() {
        let mut kernel = double("add");
        kernel.values.clear();
        let error = run_kernel(&kernel, &[0], &mut [Memory::Read(&[]), Memory::Write(&mut [])]);
        assert!(matches!(error, Err(InterpretError::Invalid(_))), "{error:?}");
    }
}
