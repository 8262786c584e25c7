//! Kernels as text.
//!
//! Printing is canonical: values and loop indices are numbered anew in the order of their definition, so that two kernels
//! which differ only in numbering print alike. A value is defined when its instruction completes, so the results of a
//! loop or branch come after everything inside it; a loop index is defined by the head of its loop. That is the order in
//! which [`crate::kernel::KernelBuilder`] numbers.
//!
//! Any kernel prints, also one that does not verify: what has no definition prints as `v?` or `i?`.

use crate::dim::Dim;
use crate::kernel::{Access, Affine, Block, BufferId, Extent, IndexId, Inst, Kernel, Loop, LoopKind, MAX_NESTING, Var};
use crate::{DType, Scalar};
use std::collections::BTreeMap;
use std::fmt;

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printer = Printer { names: Names::new(self), out: String::new() };
        printer.kernel();
        f.write_str(&printer.out)
    }
}

/// How the text form names a kernel's values and loop indices.
#[derive(Debug)]
pub(crate) struct Names<'k> {
    kernel: &'k Kernel,
    vars: Vec<Option<u32>>,
    var_count: u32,
    indices: BTreeMap<IndexId, u32>,
}

impl<'k> Names<'k> {
    /// Numbers what the kernel defines.
    pub fn new(kernel: &'k Kernel) -> Self {
        let indices = BTreeMap::from([(IndexId(0), 0)]);
        let mut names = Self { kernel, vars: vec![None; kernel.values.len()], var_count: 0, indices };
        names.number_block(&kernel.body, 0);
        names
    }

    fn number_block(&mut self, block: &Block, depth: usize) {
        if depth > MAX_NESTING {
            return;
        }
        for inst in &block.insts {
            match inst {
                Inst::Loop(looped) => {
                    let next = self.indices.len() as u32;
                    self.indices.entry(looped.index).or_insert(next);
                    self.number_vars(looped.parameters());
                }
                Inst::If { .. }
                | Inst::Constant { .. }
                | Inst::Scalar { .. }
                | Inst::Cast { .. }
                | Inst::Bitcast { .. }
                | Inst::Index { .. }
                | Inst::Load { .. }
                | Inst::Store { .. }
                | Inst::Lookup { .. } => {}
            }
            inst.blocks().for_each(|block| self.number_block(block, depth + 1));
            self.number_vars(inst.results());
        }
    }

    fn number_vars(&mut self, vars: &[Var]) {
        for var in vars {
            if let Some(number @ None) = self.vars.get_mut(var.0 as usize) {
                *number = Some(self.var_count);
                self.var_count += 1;
            }
        }
    }

    /// `v3`.
    pub fn var(&self, var: Var) -> String {
        let number = self.vars.get(var.0 as usize).copied().flatten();
        number.map_or_else(|| "v?".to_owned(), |number| format!("v{number}"))
    }

    /// `v3, v4`.
    pub fn vars(&self, vars: &[Var]) -> String {
        join(vars, |&var| self.var(var))
    }

    /// `v3: f64, v4: bool = `, or nothing for no results.
    fn results(&self, vars: &[Var]) -> String {
        if vars.is_empty() {
            return String::new();
        }
        let typed = |&var: &Var| {
            let dtype = self.kernel.values.get(var.0 as usize).map_or("?", |dtype| dtype.name());
            format!("{}: {dtype}", self.var(var))
        };
        format!("{} = ", join(vars, typed))
    }

    /// `i1`.
    pub fn index(&self, index: IndexId) -> String {
        self.indices.get(&index).map_or_else(|| "i?".to_owned(), |number| format!("i{number}"))
    }

    /// `n`, `blocks(n)`, `block(n, i0)`.
    pub fn extent(&self, extent: Extent) -> String {
        let dim = |dim: Dim| dim.display(&self.kernel.dims);
        match extent {
            Extent::Block { dim: cut, index } => format!("block({}, {})", dim(cut), self.index(index)),
            Extent::Dim(_) | Extent::Blocks(_) => display_extent(extent, &self.kernel.dims),
        }
    }

    /// `4096*i0 + i1 + n - 1`.
    pub fn affine(&self, affine: &Affine) -> String {
        let mut sum = String::new();
        let mut add = |negative: bool, term: &str| {
            sum.push_str(match (sum.is_empty(), negative) {
                (true, false) => "",
                (true, true) => "-",
                (false, false) => " + ",
                (false, true) => " - ",
            });
            sum.push_str(term);
        };
        for &(index, factor) in &affine.terms {
            let index = self.index(index);
            match factor.unsigned_abs() {
                1 => add(factor < 0, &index),
                magnitude => add(factor < 0, &format!("{magnitude}*{index}")),
            }
        }
        let Dim { name, constant } = affine.offset;
        if let Some(name) = name {
            add(false, &Dim::named(name).display(&self.kernel.dims));
        }
        if constant != 0 || (affine.terms.is_empty() && name.is_none()) {
            add(constant < 0, &constant.unsigned_abs().to_string());
        }
        sum
    }

    fn access(&self, buffer: BufferId, at: &[Affine]) -> String {
        format!("%{}[{}]", buffer.0, join(at, |affine| self.affine(affine)))
    }

    /// An instruction's line; of a loop or branch, what stands before its block.
    pub fn head(&self, inst: &Inst) -> String {
        let body = match inst {
            Inst::Constant { value, .. } => format!("constant {value}"),
            Inst::Scalar { op, operands, .. } => format!("{op} {}", self.vars(operands)).trim_end().to_owned(),
            Inst::Cast { operand, .. } => format!("cast {}", self.var(*operand)),
            Inst::Bitcast { operand, .. } => format!("bitcast {}", self.var(*operand)),
            Inst::Index { value, .. } => format!("index {}", self.affine(value)),
            Inst::Load { buffer, at, .. } => format!("load {}", self.access(*buffer, at)),
            Inst::Store { buffer, at, value } => format!("store {} {}", self.access(*buffer, at), self.var(*value)),
            Inst::Lookup { table, index, .. } => format!("lookup t{}[{}]", table.0, self.var(*index)),
            Inst::If { condition, .. } => format!("if {}", self.var(*condition)),
            Inst::Loop(looped) => self.loop_head(looped),
        };
        format!("{}{body}", self.results(inst.results()))
    }

    fn loop_head(&self, looped: &Loop) -> String {
        let range = format!("{} in {}", self.index(looped.index), self.extent(looped.extent));
        match &looped.kind {
            LoopKind::Reduce { accumulators } if accumulators.is_empty() && looped.results.is_empty() => {
                format!("for {range}")
            }
            LoopKind::Reduce { accumulators } => {
                format!("reduce {range} [{}]", join(accumulators, |kind| kind.name().to_owned()))
            }
            LoopKind::Carry { .. } => format!("carry {range} ({})", self.carried(looped)),
            LoopKind::While { .. } => format!("while {range} ({})", self.carried(looped)),
        }
    }

    /// `v2 = v0, v3 = v1`.
    fn carried(&self, looped: &Loop) -> String {
        let pairs: Vec<_> = looped.parameters().iter().zip(looped.initial()).collect();
        join(&pairs, |&(&to, &from)| format!("{} = {}", self.var(to), self.var(from)))
    }
}

/// An extent that does not depend on a loop index: `n`, `blocks(n)`.
pub(super) fn display_extent(extent: Extent, dims: &[String]) -> String {
    match extent {
        Extent::Dim(dim) => dim.display(dims),
        Extent::Blocks(dim) => format!("blocks({})", dim.display(dims)),
        Extent::Block { dim, .. } => format!("block({}, i?)", dim.display(dims)),
    }
}

/// The type of a buffer: `f64[blocks(n), 3]`.
pub(super) fn display_buffer_type(dtype: DType, shape: &[Extent], dims: &[String]) -> String {
    format!("{dtype}[{}]", join(shape, |&extent| display_extent(extent, dims)))
}

fn join<T>(items: &[T], text: impl FnMut(&T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(", ")
}

struct Printer<'k> {
    names: Names<'k>,
    out: String,
}

impl Printer<'_> {
    fn line(&mut self, depth: usize, text: &str) {
        for _ in 0..depth {
            self.out.push_str("  ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn kernel(&mut self) {
        let kernel = self.names.kernel;
        let dims = if kernel.dims.is_empty() { String::new() } else { format!("dims {}; ", kernel.dims.join(", ")) };
        let buffers = kernel.buffers.iter().enumerate().map(|(position, buffer)| {
            let access = match buffer.access {
                Access::Read => "read",
                Access::Write => "write",
                Access::Scratch => "scratch",
            };
            format!("{access} %{position}: {}", display_buffer_type(buffer.dtype, &buffer.shape, &kernel.dims))
        });
        let buffers = buffers.collect::<Vec<_>>().join(", ");
        self.line(0, &format!("kernel @{}({}) {{", kernel.name, format!("{dims}{buffers}").trim_end()));
        for (position, table) in kernel.tables.iter().enumerate() {
            let elements = join(&table.elements, |&bits| Scalar::from_bits(table.dtype, bits).to_string());
            self.line(1, &format!("table t{position}: {} = [{elements}]", table.dtype));
        }
        self.line(1, &format!("grid i0 in {} {{", self.names.extent(kernel.grid)));
        self.block(&kernel.body, 2);
        self.line(1, "}");
        self.line(0, "}");
    }

    fn block(&mut self, block: &Block, depth: usize) {
        if depth > MAX_NESTING + 2 {
            return self.line(depth, "...");
        }
        for inst in &block.insts {
            let head = self.names.head(inst);
            match inst {
                Inst::If { then, otherwise, often, .. } => {
                    self.line(depth, &format!("{head} {{"));
                    self.block(then, depth + 1);
                    self.line(depth, if *often { "} else often {" } else { "} else {" });
                    self.block(otherwise, depth + 1);
                    self.line(depth, "}");
                }
                Inst::Loop(looped) => {
                    self.line(depth, &format!("{head} {{"));
                    if let Some(condition) = looped.condition() {
                        self.block(condition, depth + 1);
                        self.line(depth, "} do {");
                    }
                    self.block(&looped.body, depth + 1);
                    self.line(depth, "}");
                }
                Inst::Constant { .. }
                | Inst::Scalar { .. }
                | Inst::Cast { .. }
                | Inst::Bitcast { .. }
                | Inst::Index { .. }
                | Inst::Load { .. }
                | Inst::Store { .. }
                | Inst::Lookup { .. } => self.line(depth, &head),
            }
        }
        if !block.yields.is_empty() {
            let yields = self.names.vars(&block.yields);
            self.line(depth, &format!("yield {yields}"));
        }
    }
}
