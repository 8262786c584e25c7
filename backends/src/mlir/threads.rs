//! What a mapping asks its target: a thread's number, the number of threads, and the values of others of its team.
//!
//! On a GPU these are special registers and `shfl.sync`; on the host, fields of a [`Crew`] that whoever runs the code supplies.

use super::code::{Code, Held};
use super::grid::loop_name;
use crate::mapping::{Mapping, TEAM, crowd, tile};
use melior::ir::attribute::StringAttribute;
use melior::ir::r#type::Type;
use rotrace_ir::{DType, Scalar};

/// For whom a kernel of threads is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Gpu,
    Host,
}

/// On the host, who runs: what the `constants` of [`crate::Artifact`]'s entry point to.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Crew {
    /// The thread's number.
    pub thread: i64,
    /// How many threads there are.
    pub threads: i64,
    /// Gives a word to the team and returns that of the lane named last. All threads of a team call it equally often.
    pub exchange: extern "C" fn(*const u8, u32, u32) -> u32,
    /// What `exchange` gets first.
    pub team: *const u8,
    /// Memory that the team shares, 48 KiB at most, at a multiple of 16.
    pub memory: *mut u8,
}

impl<'c> Code<'c, '_> {
    /// A call of one of the target's functions.
    pub(super) fn ask(&mut self, name: &str, operands: &[Held<'c>], bits: u32) -> Held<'c> {
        let kind = self.integer(bits);
        self.ask_for(name, operands, kind)
    }

    /// As [`ask`](Self::ask), for a value of any type.
    pub(super) fn ask_for(&mut self, name: &str, operands: &[Held<'c>], kind: Type<'c>) -> Held<'c> {
        let attributes = self.callee(name, operands);
        self.op("llvm.call", operands, kind, &attributes)
    }

    /// Defines the target's functions, as far as the mappings need them.
    pub(super) fn ask_threads(&mut self, side: Side, mappings: &[Mapping]) {
        let (pointer, word) = (self.pointer(), self.integer(32));
        let long = self.integer(64);
        self.returning("thread", &[pointer], long, |code, values| match side {
            Side::Gpu => {
                let [thread, block, size] = ["tid.x", "ctaid.x", "ntid.x"].map(|register| code.register(register));
                let before = code.like("arith.muli", &[block, size]);
                code.like("arith.addi", &[before, thread])
            }
            Side::Host => code.field(values[0], 0, DType::I64),
        });
        self.returning("threads", &[pointer], long, |code, values| match side {
            Side::Gpu => {
                let [blocks, size] = ["nctaid.x", "ntid.x"].map(|register| code.register(register));
                code.like("arith.muli", &[blocks, size])
            }
            Side::Host => code.field(values[0], 1, DType::I64),
        });
        self.returning("exchange", &[pointer, word, word], word, |code, values| match side {
            Side::Gpu => code.shuffle(values[1], values[2]),
            Side::Host => {
                let [function, team] = [2, 3].map(|field| {
                    let address = code.at(values[0], field);
                    code.op("llvm.load", &[address], pointer, &[])
                });
                let segments = code.attribute("array<i32: 4, 0>");
                let none = code.attribute("array<i32>");
                let attributes = [("operandSegmentSizes", segments), ("op_bundle_sizes", none)];
                code.op("llvm.call", &[function, team, values[1], values[2]], word, &attributes)
            }
        });
        for &mapping in mappings {
            match mapping {
                Mapping::Single | Mapping::Rows(_) | Mapping::Team => {}
                Mapping::Tile(rows) => {
                    let bytes = tile::block_bytes(self.kernel, u64::from(rows));
                    self.ask_memory(side, bytes, bytes / u64::from(mapping.block_threads()));
                    self.ask_meet(side, "meet", "llvm.nvvm.bar.warp.sync", Self::team_mask);
                }
                Mapping::Crowd(threads) => {
                    self.ask_memory(side, crowd::block_bytes(self.kernel, threads), 0);
                    let name = "llvm.nvvm.barrier.cta.sync.aligned.all";
                    self.ask_meet(side, "meet_all", name, |code| code.constant(Scalar::from_bits(DType::U32, 0)));
                }
            }
        }
    }

    /// Defines where the memory of a team begins, in that of its block: so many bytes there are for each thread before it.
    fn ask_memory(&mut self, side: Side, block: u64, bytes: u64) {
        let (pointer, shared) = (self.pointer(), self.shared_pointer());
        if side == Side::Gpu {
            self.shared_memory(block);
        }
        self.returning("team_memory", &[pointer], shared, |code, values| match side {
            Side::Gpu => {
                let base = code.shared_address();
                let thread = code.register("tid.x");
                let mask = code.number(!(TEAM as i64 - 1));
                let first = code.like("arith.andi", &[thread, mask]);
                let before = code.times(first, bytes as i64);
                code.element(base, DType::U8, before)
            }
            Side::Host => {
                let address = code.at(values[0], 4);
                let memory = code.op("llvm.load", &[address], pointer, &[]);
                code.op("llvm.addrspacecast", &[memory], shared, &[])
            }
        });
    }

    /// Defines a function that waits for others: an intrinsic of the GPU's.
    fn ask_meet(&mut self, side: Side, name: &str, intrinsic: &str, operand: impl Fn(&mut Self) -> Held<'c>) {
        let pointer = self.pointer();
        self.function(name, "internal", &[pointer], 1, |code, values| match side {
            Side::Gpu => {
                let mask = operand(code);
                let name = StringAttribute::new(code.context, intrinsic).into();
                let (segments, none) = (code.attribute("array<i32: 1, 0>"), code.attribute("array<i32>"));
                let attributes = [("intrin", name), ("operandSegmentSizes", segments), ("op_bundle_sizes", none)];
                code.effect("llvm.call_intrinsic", &[mask], &attributes);
            }
            Side::Host => {
                let nothing = code.constant(Scalar::from_bits(DType::U32, 0));
                code.ask("exchange", &[values[0], nothing, nothing], 32);
            }
        });
    }

    fn field(&mut self, first: Held<'c>, position: usize, dtype: DType) -> Held<'c> {
        let address = self.at(first, position);
        self.load_from(address, dtype, true)
    }

    /// A special register as an `i64`.
    fn register(&mut self, name: &str) -> Held<'c> {
        let word = self.word(&format!("llvm.nvvm.read.ptx.sreg.{name}"), &[]);
        self.cast(word, DType::U32, DType::U64)
    }

    /// An intrinsic of the GPU's that gives a word.
    fn word(&mut self, name: &str, operands: &[Held<'c>]) -> Held<'c> {
        let kind = self.integer(32);
        self.intrinsic(name, operands, kind)
    }

    /// The word of another lane of the team. The other half of a warp may be elsewhere: only this half is named.
    fn shuffle(&mut self, word: Held<'c>, source: Held<'c>) -> Held<'c> {
        let mask = self.team_mask();
        // Segments of a team's width within a warp of 32.
        let segments = self.constant(Scalar::from_bits(DType::U32, (32 - TEAM) << 8 | 31));
        self.word("llvm.nvvm.shfl.sync.idx.i32", &[mask, word, source, segments])
    }

    /// Which threads of the warp are the team.
    fn team_mask(&mut self) -> Held<'c> {
        let thread = self.word("llvm.nvvm.read.ptx.sreg.tid.x", &[]);
        let u32 = |value: u64| Scalar::from_bits(DType::U32, value);
        let (team, members) = (self.constant(u32(TEAM)), self.constant(u32((1 << TEAM) - 1)));
        let half = self.like("arith.andi", &[thread, team]);
        self.like("arith.shli", &[members, half])
    }

    /// The function that is launched: on a GPU with a grid's arguments, on the host with those of [`crate::Artifact`].
    pub(super) fn threads_entry(&mut self, mapping: Mapping, side: Side) {
        let pointer = self.pointer();
        let callee = loop_name(mapping);
        match side {
            Side::Gpu => {
                let arguments = self.grid_arguments();
                self.function(mapping.name(), "external", &arguments, mapping.alignment(), |code, values| {
                    let nobody = code.op("llvm.mlir.zero", &[], pointer, &[]);
                    let operands: Vec<Held> = std::iter::once(nobody).chain(values.iter().copied()).collect();
                    code.call(&callee, &operands);
                });
            }
            Side::Host => {
                let number = self.integer(64);
                let arguments = [pointer, pointer, number, number, pointer];
                self.function(mapping.name(), "external", &arguments, mapping.alignment(), |code, values| {
                    let (buffers, dims, end, crew) = (values[0], values[1], values[3], values[4]);
                    let mut operands = vec![crew, end];
                    operands.extend(code.unpacked(dims, buffers));
                    let global = code.global_pointer();
                    for operand in &mut operands[2 + code.kernel.dims.len()..] {
                        *operand = code.op("llvm.addrspacecast", &[*operand], global, &[]);
                    }
                    code.call(&callee, &operands);
                });
            }
        }
    }
}
