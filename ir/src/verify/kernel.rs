//! What makes a kernel well formed: constraints K1 to K23 of `docs/kernel-ir.md`.
//!
//! Here is what concerns the kernel as a whole: names, sizes, arrays, and the scopes of values and loop indices.

use super::Diagnostic;
use crate::dim::Dim;
use crate::kernel::{Affine, Block, Extent, IndexId, Inst, Kernel, MAX_INDICES, MAX_NESTING, Var};
use crate::text::kernel_print::Names;
use crate::text::{is_name, is_numbered, is_word};
use crate::{DType, Scalar};
use std::collections::HashSet;

/// Where reporting stops: more would not be read, and each quotes its instruction, which may be long.
const MAX_DIAGNOSTICS: usize = 100;

/// How many characters of an instruction a diagnostic quotes.
const MAX_LOCATION: usize = 120;

/// Violations of K1 to K23 but K21, in the order of the text; none for a well-formed kernel, at
/// most 100 in instructions.
#[must_use]
pub fn verify_kernel(kernel: &Kernel) -> Vec<Diagnostic> {
    let mut verifier = Verifier::new(kernel);
    verifier.names();
    verifier.arrays();
    verifier.grid();
    verifier.diagnostics
}

/// Violations of K21: every scalar operation is core for its operands' dtype, which is what backends may assume.
#[must_use]
pub fn verify_core(kernel: &Kernel) -> Vec<Diagnostic> {
    let mut verifier = Verifier::new(kernel);
    verifier.core_block(&kernel.body, 0);
    verifier.diagnostics
}

/// What the blocks around an instruction allow.
#[derive(Clone, Copy)]
pub(super) struct Context {
    /// How many loops and branches there are around it, the grid not counted.
    pub depth: usize,
    pub memory: Memory,
}

/// Which accesses there may be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Memory {
    /// In a branch.
    None,
    /// In a while loop.
    Loads,
    /// Anywhere else.
    LoadsAndStores,
}

pub(super) struct Verifier<'k> {
    pub kernel: &'k Kernel,
    diagnostics: Vec<Diagnostic>,
    /// The numbering of the printed text, made when first needed.
    names: Option<Names<'k>>,
    /// Values that have a definition.
    defined: Vec<bool>,
    /// Values that can be used here.
    visible: Vec<bool>,
    /// The loops around the current instruction, the grid first.
    open: Vec<(IndexId, Extent)>,
    /// Loop indices that belong to a loop.
    taken: HashSet<IndexId>,
}

impl<'k> Verifier<'k> {
    fn new(kernel: &'k Kernel) -> Self {
        let (defined, visible) = (vec![false; kernel.values.len()], vec![false; kernel.values.len()]);
        let (diagnostics, open, taken) = (Vec::new(), Vec::new(), HashSet::new());
        Self { kernel, diagnostics, names: None, defined, visible, open, taken }
    }

    /// Reports a violation in the kernel's head.
    pub fn report(&mut self, constraint: &'static str, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic { constraint, message: message.into(), location: None });
    }

    /// Reports a violation in an instruction.
    pub fn report_in(&mut self, inst: &Inst, constraint: &'static str, message: impl Into<String>) {
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            let head = self.printed().head(inst);
            let location = Some(head.chars().take(MAX_LOCATION).collect());
            self.diagnostics.push(Diagnostic { constraint, message: message.into(), location });
        }
    }

    fn printed(&mut self) -> &Names<'k> {
        self.names.get_or_insert_with(|| Names::new(self.kernel))
    }

    /// The name of a value in the printed text.
    pub fn var_name(&mut self, var: Var) -> String {
        self.printed().var(var)
    }

    /// The dtype of a value, if there is such a value.
    pub fn dtype(&self, var: Var) -> Option<DType> {
        self.kernel.values.get(var.0 as usize).copied()
    }

    /// K1.
    fn names(&mut self) {
        if !is_name(&self.kernel.name) {
            self.report("K1", format!("the kernel's name {:?} is not letters, digits, `_` and `.`", self.kernel.name));
        }
        let mut seen = HashSet::new();
        for name in &self.kernel.dims {
            if !is_word(name) || is_numbered(name, 'i') {
                self.report("K1", format!("the dimension's name {name:?} is not a word, or is that of a loop index"));
            }
            if !seen.insert(name) {
                self.report("K1", format!("dimension `{name}` is declared twice"));
            }
        }
    }

    /// K2 to K4.
    fn arrays(&mut self) {
        for (position, buffer) in self.kernel.buffers.iter().enumerate() {
            let place = format!("buffer %{position}");
            for &extent in &buffer.shape {
                if let Some(message) = self.size_mistake(extent) {
                    self.report("K2", format!("{place}: {message}"));
                }
                if matches!(extent, Extent::Block { .. }) {
                    self.report("K3", format!("{place}: `block` depends on a loop index and is only for loops"));
                }
            }
            if !fits(&buffer.shape) {
                self.report("K3", format!("{place} has more than 2^62 elements"));
            }
        }
        for (position, table) in self.kernel.tables.iter().enumerate() {
            if table.elements.is_empty() {
                self.report("K4", format!("table t{position} is empty"));
            }
            if table.elements.iter().any(|&bits| Scalar::from_bits(table.dtype, bits).bits != bits) {
                self.report("K4", format!("table t{position} has an element wider than {}", table.dtype));
            }
        }
    }

    /// K5, and everything inside the grid.
    fn grid(&mut self) {
        let kernel = self.kernel;
        if let Some(message) = self.size_mistake(kernel.grid) {
            self.report("K2", format!("grid: {message}"));
        }
        if matches!(kernel.grid, Extent::Block { .. }) {
            self.report("K5", "the grid cannot count the elements of a block");
        }
        if !kernel.body.yields.is_empty() {
            self.report("K5", "the grid's body yields values, which nothing receives");
        }
        if kernel.index_count == 0 || kernel.index_count > MAX_INDICES {
            self.report("K8", format!("{} loop indices, not 1 to {MAX_INDICES}", kernel.index_count));
        }
        self.taken.insert(IndexId(0));
        self.open.push((IndexId(0), kernel.grid));
        self.block(None, &kernel.body, &[], Context { depth: 0, memory: Memory::LoadsAndStores });
        self.open.pop();
    }

    /// What is wrong with a size, whatever it is the size of.
    fn size_mistake(&self, extent: Extent) -> Option<String> {
        let (Extent::Dim(dim) | Extent::Blocks(dim) | Extent::Block { dim, .. }) = extent;
        self.dim_mistake(dim).or_else(|| {
            let negative = dim.name.is_none() && dim.constant < 0;
            negative.then(|| format!("the size {} is negative", dim.constant))
        })
    }

    fn dim_mistake(&self, dim: Dim) -> Option<String> {
        let name = dim.name.filter(|name| name.0 as usize >= self.kernel.dims.len())?;
        Some(format!("there is no dimension number {}", name.0))
    }

    /// The instructions of a block, after the values that its owner's head defines. What it defines is visible to its
    /// end, where its yields are used.
    pub fn block(&mut self, owner: Option<&Inst>, block: &Block, parameters: &[Var], context: Context) {
        let mut scope = parameters.to_vec();
        parameters.iter().for_each(|&parameter| self.show(parameter));
        for inst in &block.insts {
            self.inst(inst, context);
            for &result in inst.results() {
                self.define(inst, result);
                scope.push(result);
            }
        }
        if let Some(owner) = owner {
            self.used(owner, &block.yields);
        }
        for var in scope {
            if let Some(visible) = self.visible.get_mut(var.0 as usize) {
                *visible = false;
            }
        }
    }

    fn show(&mut self, var: Var) {
        if let Some(visible) = self.visible.get_mut(var.0 as usize) {
            *visible = true;
        }
    }

    /// K6: makes a value defined, though not visible.
    pub fn define_once(&mut self, inst: &Inst, var: Var) {
        match self.defined.get_mut(var.0 as usize) {
            None => self.report_in(inst, "K6", format!("there is no value number {}", var.0)),
            Some(defined @ false) => *defined = true,
            Some(true) => {
                let name = self.var_name(var);
                self.report_in(inst, "K6", format!("{name} is defined twice"));
            }
        }
    }

    fn define(&mut self, inst: &Inst, var: Var) {
        self.define_once(inst, var);
        self.show(var);
    }

    /// K7: a used value is visible.
    pub fn used(&mut self, inst: &Inst, vars: &[Var]) {
        for &var in vars {
            if !self.visible.get(var.0 as usize).copied().unwrap_or(false) {
                let name = self.var_name(var);
                self.report_in(inst, "K7", format!("{name} is not defined here"));
            }
        }
    }

    /// K8: a loop's index is its own. K9, K19: its extent. Then its body.
    pub fn enter_loop(&mut self, inst: &Inst, index: IndexId, extent: Extent) {
        if index.0 >= self.kernel.index_count {
            self.report_in(inst, "K8", format!("index number {} is not below the number of indices", index.0));
        }
        if !self.taken.insert(index) {
            self.report_in(inst, "K8", "the loop's index belongs to another loop");
        }
        if let Some(message) = self.size_mistake(extent) {
            self.report_in(inst, "K2", message);
        }
        if let Extent::Block { dim, index: counter } = extent {
            let counts = self.open.iter().any(|&(open, extent)| open == counter && extent == Extent::Blocks(dim));
            if !counts {
                let name = self.printed().index(counter);
                self.report_in(inst, "K19", format!("{name} does not count the blocks of this dimension here"));
            }
        }
        self.open.push((index, extent));
    }

    pub fn leave_loop(&mut self) {
        self.open.pop();
    }

    /// K20: whether blocks may nest here.
    pub fn may_nest(&mut self, inst: &Inst, context: Context) -> bool {
        if context.depth >= MAX_NESTING {
            self.report_in(inst, "K20", format!("loops and branches nest deeper than {MAX_NESTING}"));
        }
        context.depth < MAX_NESTING
    }

    /// K2, K9, K10.
    pub fn affine(&mut self, inst: &Inst, affine: &Affine) {
        if let Some(message) = self.dim_mistake(affine.offset) {
            self.report_in(inst, "K2", message);
        }
        for &(index, _) in &affine.terms {
            if !self.open.iter().any(|&(open, _)| open == index) {
                let name = self.printed().index(index);
                self.report_in(inst, "K9", format!("{name} is not the index of a loop around this"));
            }
        }
        if affine.terms.iter().any(|&(_, factor)| factor == 0) {
            self.report_in(inst, "K10", "a factor is zero");
        }
        if affine.terms.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            self.report_in(inst, "K10", "the terms are not in increasing order of loop index");
        }
    }

    /// K21.
    fn core_block(&mut self, block: &Block, depth: usize) {
        if depth > MAX_NESTING {
            return;
        }
        for inst in &block.insts {
            match inst {
                Inst::Scalar { op, operands, .. } => {
                    let dtype = operands.first().and_then(|&operand| self.dtype(operand));
                    if let Some(dtype) = dtype.filter(|&dtype| !op.is_core(dtype)) {
                        self.report_in(inst, "K21", format!("{op} of {dtype} is not core and has to be expanded"));
                    }
                }
                Inst::If { .. }
                | Inst::Loop(_)
                | Inst::Constant { .. }
                | Inst::Cast { .. }
                | Inst::Bitcast { .. }
                | Inst::Index { .. }
                | Inst::Load { .. }
                | Inst::Store { .. }
                | Inst::Lookup { .. } => {}
            }
            inst.blocks().for_each(|block| self.core_block(block, depth + 1));
        }
    }
}

/// Whether the known part of a buffer's size leaves it within 2^62 elements.
fn fits(shape: &[Extent]) -> bool {
    let sizes = || shape.iter().filter_map(|extent| extent.size(&[]));
    sizes().any(|size| size == 0)
        || sizes().try_fold(1_u64, |product, size| product.checked_mul(size)).is_some_and(|count| count <= 1 << 62)
}
