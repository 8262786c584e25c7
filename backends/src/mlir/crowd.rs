//! Loops that all threads of a block share: each computes elements and lays them into shared memory, where 16 of the threads
//! find those of their accumulators, in order.

use super::code::{Code, Held};
use super::grid::Thread;
use crate::mapping::TEAM;
use crate::mapping::crowd::elements;
use rotrace_ir::DType;
use rotrace_ir::graph::Reduction;
use rotrace_ir::kernel::Loop;
use rotrace_ir::reduce::LANES;
use rotrace_ir::scalar::ScalarOp;
use smallvec::SmallVec;

/// A loop that is being shared.
struct Sharing<'c, 'l> {
    looped: &'l Loop,
    kinds: &'l [Reduction],
    dtypes: SmallVec<[DType; 4]>,
    thread: Thread<'c>,
    /// The thread's place in its block, and the number of its threads.
    place: Held<'c>,
    threads: i64,
    /// Where the elements of each accumulator begin.
    memory: SmallVec<[Held<'c>; 4]>,
    end: Held<'c>,
}

impl<'c> Code<'c, '_> {
    /// Independent iterations, shared by a block of so many threads.
    pub(super) fn crowded(&mut self, looped: &Loop, kinds: &[Reduction], thread: Thread<'c>, threads: u32) {
        let place = thread.lane.expect("a thread that shares has a place");
        let each = elements(self.kernel, looped) as i64;
        let round = each * i64::from(threads);
        let dtypes: SmallVec<[DType; 4]> = looped.results.iter().map(|&result| self.dtype(result)).collect();
        let base = self.ask_for("team_memory", &[thread.context], self.shared_pointer());
        let mut memory = SmallVec::new();
        let mut before = 0;
        // The widest come first, so that all are aligned.
        let mut order: Vec<usize> = (0..dtypes.len()).collect();
        order.sort_by_key(|&position| std::cmp::Reverse(dtypes[position].size()));
        let mut places = vec![0; dtypes.len()];
        for position in order {
            places[position] = before;
            before += round * dtypes[position].size() as i64;
        }
        for before in places {
            let before = self.number(before);
            memory.push(self.element(base, DType::U8, before));
        }
        let end = self.extent(looped.extent);
        let sharing = Sharing { looped, kinds, dtypes, thread, place, threads: i64::from(threads), memory, end };
        self.thread = Some(Thread { lane: None, crowd: None, ..thread });
        let mut current: SmallVec<[Held; 4]> = SmallVec::new();
        for (&kind, &dtype) in kinds.iter().zip(&sharing.dtypes) {
            current.push(self.constant(kind.identity(dtype)));
        }
        let types = self.kinds(&looped.results);
        let step = self.number(round);
        let zero = self.number(0);
        // Whole rounds ask nothing, so that the loads of one are on their way together.
        let mut start = zero;
        if each > 1 {
            let rounds = self.like("arith.divui", &[end, step]);
            let whole = self.like("arith.muli", &[rounds, step]);
            current = self.stepped((zero, whole), step, &current, &types, |code, base, current| {
                let next = code.round(&sharing, (base, each), true, current);
                code.effect("scf.yield", &next, &[]);
            });
            start = whole;
        }
        current = self.stepped((start, end), step, &current, &types, |code, base, current| {
            let next = code.round(&sharing, (base, each), false, current);
            code.effect("scf.yield", &next, &[]);
        });
        let results = self.gathered(&sharing, &current);
        self.thread = Some(thread);
        self.define_all(&looped.results, &results);
    }

    /// One round: elements into memory, and from there into accumulators, which are those of the first threads.
    fn round(
        &mut self,
        sharing: &Sharing<'c, '_>,
        (base, each): (Held<'c>, i64),
        whole: bool,
        current: &[Held<'c>],
    ) -> SmallVec<[Held<'c>; 4]> {
        for turn in 0..each {
            let local = self.plus(sharing.place, turn * sharing.threads);
            let index = self.like("arith.addi", &[base, local]);
            if whole {
                self.lay_down(sharing, index, local);
            } else {
                let inside = self.compare(ScalarOp::Less, DType::I64, index, sharing.end);
                self.only_if(inside, |code| code.lay_down(sharing, index, local));
            }
        }
        if sharing.kinds.is_empty() {
            return SmallVec::new();
        }
        self.meet_all(sharing.thread);
        let first = self.is_first(sharing);
        let types = self.kinds(&sharing.looped.results);
        let size = self.number(each * sharing.threads);
        let left = self.like("arith.subi", &[sharing.end, base]);
        let count = if whole { size } else { self.like("arith.minsi", &[left, size]) };
        let then = self.region(&[], |code, _| {
            let step = code.number(LANES as i64);
            let next = code.stepped((sharing.place, count), step, current, &types, |code, local, current| {
                let mut next: SmallVec<[Held; 4]> = SmallVec::new();
                for (position, &accumulator) in current.iter().enumerate() {
                    let (kind, dtype) = (sharing.kinds[position], sharing.dtypes[position]);
                    let element = code.laid_down(sharing, position, local);
                    next.push(code.combine(kind, dtype, accumulator, element));
                }
                code.effect("scf.yield", &next, &[]);
            });
            code.effect("scf.yield", &next, &[]);
        });
        let otherwise = self.region(&[], |code, _| code.effect("scf.yield", current, &[]));
        let next = self.operation("scf.if", &[first], &types, &[], [then, otherwise]);
        self.meet_all(sharing.thread);
        next
    }

    /// Computes an iteration's elements and lays them into shared memory.
    fn lay_down(&mut self, sharing: &Sharing<'c, '_>, index: Held<'c>, local: Held<'c>) {
        self.indices[sharing.looped.index.0 as usize] = Some(index);
        self.block(&sharing.looped.body);
        for (position, &element) in sharing.looped.body.yields.iter().enumerate() {
            let dtype = sharing.dtypes[position];
            let address = self.element(sharing.memory[position], dtype, local);
            self.store_to(address, dtype, self.get(element));
        }
    }

    fn laid_down(&mut self, sharing: &Sharing<'c, '_>, position: usize, local: Held<'c>) -> Held<'c> {
        let dtype = sharing.dtypes[position];
        let address = self.element(sharing.memory[position], dtype, local);
        self.load_from(address, dtype, false)
    }

    fn is_first(&mut self, sharing: &Sharing<'c, '_>) -> Held<'c> {
        let lanes = self.number(LANES as i64);
        self.compare(ScalarOp::Less, DType::I64, sharing.place, lanes)
    }

    /// The tree of halves over the accumulators of the first team, whose root it lays into shared memory for all threads. Each thread
    /// has one accumulator of a result in registers: all 16 of several would be too many.
    fn gathered(&mut self, sharing: &Sharing<'c, '_>, current: &[Held<'c>]) -> SmallVec<[Held<'c>; 4]> {
        if current.is_empty() {
            return SmallVec::new();
        }
        let mask = self.number(TEAM as i64 - 1);
        let lane = self.like("arith.andi", &[sharing.place, mask]);
        let mut roots: SmallVec<[Held; 4]> = SmallVec::new();
        for (position, &accumulator) in current.iter().enumerate() {
            let (kind, dtype) = (sharing.kinds[position], sharing.dtypes[position]);
            roots.push(self.halves(kind, dtype, accumulator, sharing.thread, lane));
        }
        let zero = self.number(0);
        let first = self.compare(ScalarOp::Equal, DType::I64, sharing.place, zero);
        self.only_if(first, |code| {
            for (position, &root) in roots.iter().enumerate() {
                code.store_to(sharing.memory[position], sharing.dtypes[position], root);
            }
        });
        self.meet_all(sharing.thread);
        let results = (0..roots.len()).map(|position| self.laid_down(sharing, position, zero)).collect();
        // Nobody overwrites what others still read.
        self.meet_all(sharing.thread);
        results
    }

    /// Waits for all of the block, whose writes to shared memory are seen by all afterwards.
    fn meet_all(&mut self, thread: Thread<'c>) {
        self.call("meet_all", &[thread.context]);
    }
}
