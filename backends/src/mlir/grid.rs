//! Kernels for machines of many threads: how the iterations of a grid meet them.
//!
//! Each mapping becomes a function of its own, whose loop runs from the thread's number in steps of the number of threads, so
//! that any launch covers any grid. Who a thread is, and how the 16 of a team exchange values, it asks functions that the
//! target defines ([`super::threads`]); all else is the same on a GPU and on the host, where tests run it.

use super::code::{Code, Held};
use super::threads::Side;
use crate::mapping::{Mapping, TEAM};
use melior::Context;
use melior::ir::operation::OperationBuilder;
use melior::ir::{Module, Type};
use rotrace_ir::kernel::{BufferId, Kernel};

/// A thread, in the code that it runs.
#[derive(Clone, Copy)]
pub(super) struct Thread<'c> {
    /// What the target's functions ask for.
    pub(super) context: Held<'c>,
    /// Its number.
    pub(super) number: Held<'c>,
    /// How many there are.
    pub(super) count: Held<'c>,
    /// Its place in its team, if teams share iterations, and no loop around has been shared yet.
    pub(super) lane: Option<Held<'c>>,
    /// How many threads its team has, if that is all of a block.
    pub(super) crowd: Option<u32>,
}

/// Writes a kernel as a module with a function for each mapping.
pub(super) fn write<'c>(context: &'c Context, kernel: &Kernel, mappings: &[Mapping], side: Side) -> Module<'c> {
    let mut code = Code::new(context, kernel);
    code.space = 1;
    code.for_gpu = side == Side::Gpu;
    let region = code.region(&[], |code, _| {
        code.tables();
        code.ask_threads(side, mappings);
        for &mapping in mappings {
            code.mapped(mapping);
            code.threads_entry(mapping, side);
        }
    });
    let module = OperationBuilder::new("builtin.module", code.location()).add_regions([region]).build();
    Module::from_operation(module.expect("it is well formed")).expect("it is a module")
}

/// The name of the function that holds a mapping's loop.
pub(super) fn loop_name(mapping: Mapping) -> String {
    format!("{}_loop", mapping.name())
}

impl<'c> Code<'c, '_> {
    /// The types of what a mapping's function takes: the number of iterations, sizes of dims, buffers.
    pub(super) fn grid_arguments(&self) -> Vec<Type<'c>> {
        let mut arguments = vec![self.integer(64); 1 + self.kernel.dims.len()];
        arguments.extend(self.kernel.buffers.iter().map(|_| self.global_pointer()));
        arguments
    }

    /// The function with a mapping's loop. Ahead of the other arguments it takes the context of the target's functions.
    fn mapped(&mut self, mapping: Mapping) {
        let mut arguments = vec![self.pointer()];
        arguments.extend(self.grid_arguments());
        let kernel = self.kernel;
        self.function(&loop_name(mapping), "internal", &arguments, mapping.alignment(), |code, values| {
            let (sizes, buffers) = values[2..].split_at(kernel.dims.len());
            code.dims = sizes.into();
            code.buffers = buffers.into();
            let (context, end) = (values[0], values[1]);
            let [number, count] = ["thread", "threads"].map(|name| code.ask(name, &[context], 64));
            let thread = Thread { context, number, count, lane: None, crowd: None };
            code.thread = Some(thread);
            match mapping {
                Mapping::Single => code.strided(number, end, count),
                Mapping::Rows(rows) => code.neighbours(i64::from(rows), end, thread),
                Mapping::Tile(rows) => code.tiles(i64::from(rows), end, thread),
                Mapping::Team => code.teams(end, thread, TEAM),
                Mapping::Crowd(threads) => {
                    code.teams(end, Thread { crowd: Some(threads), ..thread }, u64::from(threads));
                }
            }
            code.thread = None;
        });
    }

    /// Iterations from a first one, so many apart.
    pub(super) fn strided(&mut self, start: Held<'c>, end: Held<'c>, step: Held<'c>) {
        self.steps((start, end), step, |code, index| code.iteration(index));
    }

    pub(super) fn iteration(&mut self, index: Held<'c>) {
        let kernel = self.kernel;
        self.indices[0] = Some(index);
        self.block(&kernel.body);
    }

    /// Neighbouring iterations together, and the last ones alone.
    fn neighbours(&mut self, rows: i64, end: Held<'c>, thread: Thread<'c>) {
        let each = self.number(rows);
        let groups = self.like("arith.divui", &[end, each]);
        self.rest(groups, rows, end, thread);
        self.steps((thread.number, groups), thread.count, |code, group| {
            let first = code.times(group, rows);
            for row in 0..rows {
                let index = code.plus(first, row);
                code.iteration(index);
            }
        });
    }

    /// The iterations behind so many groups of several, alone. They come ahead of the groups: what they need would take up registers
    /// in the longer loop otherwise. Of groups of one there is no rest.
    pub(super) fn rest(&mut self, groups: Held<'c>, each: i64, end: Held<'c>, thread: Thread<'c>) {
        if each > 1 {
            let whole = self.times(groups, each);
            let start = self.like("arith.addi", &[whole, thread.number]);
            self.strided(start, end, thread.count);
        }
    }

    /// Iterations by teams of so many threads, a power of two.
    fn teams(&mut self, end: Held<'c>, thread: Thread<'c>, size: u64) {
        let (shift, mask) = (self.number(i64::from(size.trailing_zeros())), self.number(size as i64 - 1));
        let team = self.like("arith.shrui", &[thread.number, shift]);
        let teams = self.like("arith.shrui", &[thread.count, shift]);
        let lane = self.like("arith.andi", &[thread.number, mask]);
        self.thread = Some(Thread { lane: Some(lane), ..thread });
        self.strided(team, end, teams);
    }

    /// Where a thread, or the first lane, finds an element of its own scratch: the same elements of all of them lie side by
    /// side.
    pub(super) fn own_copy(&mut self, buffer: BufferId, position: Option<Held<'c>>) -> Option<Held<'c>> {
        let copies = if self.has_copies(buffer) { self.lanes } else { 1 };
        let Some(thread) = self.thread else { return position.map(|position| self.times(position, copies.into())) };
        Some(match position {
            None => thread.number,
            Some(position) => {
                let before = self.like("arith.muli", &[position, thread.count]);
                self.like("arith.addi", &[before, thread.number])
            }
        })
    }
}
