//! Rare sides of branches as routines of their own.
//!
//! The side of a branch that is hardly ever taken may be far longer than the other (the reduction of a huge angle).
//! Written in place it would stand in the code twice, for vectors and for what they leave over, and the allocator of
//! registers would weigh it with the loop around it. So a long one becomes a kernel over lanes instead, compiled once as
//! scalar code. It takes its operands from memory, leaves its results there, and keeps every register: the code around
//! the branch is what it would be without.

use super::code::{Code, Lanes, Parts, trusted};
use super::entry::{Role, write};
use super::invariant;
use cranelift_codegen::ir::{
    ExtFuncData, ExternalName, FuncRef, Function, InstBuilder, UserExternalName, Value, types,
};
use rotrace_ir::DType;
use rotrace_ir::kernel::{Access, Affine, Block, Buffer, BufferId, Extent, IndexId, Inst, Kernel, Loop, LoopKind, Var};
use smallvec::{SmallVec, smallvec};

/// Shorter rare sides are written in place.
const SHORTEST: usize = 24;

/// The most lanes that a call brings, each of at most 8 bytes.
const MOST_LANES: u64 = 4;

/// Bytes of one operand or result of all lanes.
const BYTES: i32 = MOST_LANES as i32 * 8;

/// A rare side, written.
pub(super) struct Routine {
    /// The first result of its branch, which tells it from the others.
    branch: Var,
    /// What it reads from memory, in order.
    operands: Vec<Var>,
    callee: FuncRef,
    /// Where its constants begin in the caller's.
    constants: i32,
    pub(super) function: Function,
}

impl Code<'_, '_> {
    /// The values that a side of a branch yields, as they cross it.
    pub(super) fn side(&mut self, results: &[Var], side: &Block, rare: bool) -> SmallVec<[Value; 8]> {
        match if rare { self.routine(results, side) } else { None } {
            Some(position) => self.call(position, &side.yields),
            None => {
                self.insts(&side.insts);
                self.carried_values(&side.yields)
            }
        }
    }

    /// The number of the routine for a rare side, unless that is to be written in place.
    fn routine(&mut self, results: &[Var], rare: &Block) -> Option<usize> {
        let branch = *results.first()?;
        if let Some(known) = self.routines.iter().position(|routine| routine.branch == branch) {
            return Some(known);
        }
        if !self.outlines || invariant::instruction_count(rare) < SHORTEST || !stands_alone(rare) {
            return None;
        }
        let outer = invariant::outer_operands(&rare.insts, &rare.yields);
        let fits = |var: &Var| self.dtype(*var) != DType::Bool && self.dtype(*var).size() >= 4;
        if !outer.iter().chain(&rare.yields).all(fits) {
            return None;
        }
        let (constants, operands): (Vec<Var>, Vec<Var>) =
            outer.into_iter().partition(|&var| self.constant_of(var).is_some());
        let kernel = self.lifted(rare, &constants, &operands);
        let written = write(&kernel, self.isa, Role::Routine);
        let constants = self.pool.block(&written.constants);
        let callee = self.import();
        self.routines.push(Routine { branch, operands, callee, constants, function: written.function });
        Some(self.routines.len() - 1)
    }

    /// A kernel that runs a block on lanes of memory.
    fn lifted(&self, block: &Block, constants: &[Var], operands: &[Var]) -> Kernel {
        let lane: SmallVec<[Affine; 3]> = smallvec![Affine::index(IndexId(0))];
        let buffers = operands.iter().map(|&var| (var, Access::Read));
        let buffers = buffers.chain(block.yields.iter().map(|&var| (var, Access::Write)));
        let mut insts: Vec<Inst> = constants
            .iter()
            .filter_map(|&result| self.constant_of(result).map(|value| Inst::Constant { result, value }))
            .collect();
        insts.extend(operands.iter().enumerate().map(|(position, &result)| Inst::Load {
            result,
            buffer: BufferId(position as u32),
            at: lane.clone(),
        }));
        insts.extend(block.insts.iter().cloned());
        insts.extend(block.yields.iter().enumerate().map(|(position, &value)| Inst::Store {
            buffer: BufferId((operands.len() + position) as u32),
            at: lane.clone(),
            value,
        }));
        Kernel {
            name: format!("{}_rare", self.kernel.name),
            dims: Vec::new(),
            buffers: buffers
                .map(|(var, access)| Buffer {
                    dtype: self.dtype(var),
                    shape: smallvec![Extent::fixed(MOST_LANES)],
                    access,
                })
                .collect(),
            tables: self.kernel.tables.clone(),
            values: self.kernel.values.clone(),
            index_count: self.kernel.index_count,
            grid: Extent::fixed(MOST_LANES),
            body: Block { insts, yields: SmallVec::new() },
        }
    }

    /// Declares the next routine.
    fn import(&mut self) -> FuncRef {
        let index = self.routines.len() as u32;
        let signature = self.builder.import_signature(Role::Routine.signature(self.isa));
        let name = self.builder.func.declare_imported_user_function(UserExternalName { namespace: 0, index });
        self.builder.import_function(ExtFuncData {
            name: ExternalName::user(name),
            signature,
            colocated: true,
            patchable: false,
        })
    }

    /// Runs a routine on the current lanes.
    fn call(&mut self, position: usize, yields: &[Var]) -> SmallVec<[Value; 8]> {
        let Routine { operands, callee, constants, .. } = &self.routines[position];
        let (operands, callee, constants) = (operands.clone(), *callee, *constants);
        let count = operands.len() + yields.len();
        let [memory, pointers] = [BYTES, 8].map(|bytes| {
            let slot = self.stack_slot(count as u32 * bytes as u32);
            self.ins().stack_addr(types::I64, slot, 0)
        });
        for (position, &var) in operands.iter().enumerate() {
            for (part, value) in self.lanes_of(var).into_iter().enumerate() {
                self.ins().store(trusted(), value, memory, position as i32 * BYTES + part as i32 * 16);
            }
        }
        for position in 0..count as i32 {
            let address = self.plus(memory, i64::from(position * BYTES));
            self.ins().store(trusted(), address, pointers, position * 8);
        }
        let (start, end) = (self.number(0), self.number(self.lanes.count()));
        let own = self.entry.constants;
        let constants = self.plus(own, i64::from(constants));
        // The routine knows no named dimension and reads no sizes.
        self.ins().call(callee, &[pointers, pointers, start, end, constants]);

        let mut values = SmallVec::new();
        for (position, &var) in yields.iter().enumerate() {
            let (_, kinds) = self.carried_types(self.dtype(var));
            for (part, kind) in kinds.into_iter().enumerate() {
                let offset = (operands.len() + position) as i32 * BYTES + part as i32 * 16;
                values.push(self.ins().load(kind, trusted(), memory, offset));
            }
        }
        values
    }

    /// A value of every lane, as it is stored.
    fn lanes_of(&mut self, var: Var) -> Parts {
        if self.lanes == Lanes::One { smallvec![self.scalar(var)] } else { self.vector(var) }
    }
}

/// Whether a block means the same outside of its kernel, in every lane: it names no loop around it and no dimension, and
/// ends in lanes that do not ask for it.
fn stands_alone(block: &Block) -> bool {
    let mut alone = true;
    invariant::visit(block, &mut |inst| match inst {
        Inst::Index { .. } | Inst::Load { .. } | Inst::Store { .. } => alone = false,
        Inst::Loop(inner) => alone &= has_fixed_extent(inner),
        Inst::Constant { .. }
        | Inst::Scalar { .. }
        | Inst::Cast { .. }
        | Inst::Bitcast { .. }
        | Inst::Lookup { .. }
        | Inst::If { .. } => {}
    });
    alone
}

fn has_fixed_extent(inner: &Loop) -> bool {
    match (&inner.kind, inner.extent) {
        (LoopKind::Carry { .. }, Extent::Dim(dim)) => dim.as_fixed().is_some(),
        (LoopKind::Reduce { .. } | LoopKind::While { .. }, _) | (_, Extent::Blocks(_) | Extent::Block { .. }) => false,
    }
}
