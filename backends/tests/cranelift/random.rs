//! Random nests of loops in order, while loops, branches, independent loops and scratch, in every engine.

use crate::support::{Random, check_all, fixed, index, named};
use crate::{reference, support};
use rotrace_ir::dim::{Dim, DimId};
use rotrace_ir::graph::Reduction;
use rotrace_ir::interpret::kernel::{Memory, run_kernel_checked};
use rotrace_ir::kernel::{Access, Affine, Block, BufferId, Extent, IndexId, Kernel, KernelBuilder, Var};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::text::parse_kernel;
use rotrace_ir::verify::kernel::verify_kernel;
use rotrace_ir::{DType, Scalar};
use smallvec::SmallVec;

/// What may stand in the block that is being written.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Anything,
    /// In a while loop.
    Loads,
    /// In a branch.
    Nothing,
}

struct Generator {
    random: Random,
    b: KernelBuilder,
    /// Values that can be used, per open block.
    values: Vec<Vec<Var>>,
    /// Loops around, and whether their iterations are independent.
    open: Vec<(IndexId, Extent, bool)>,
    dtypes: Vec<DType>,
    /// How many more blocks there may be.
    blocks: usize,
}

impl Generator {
    fn below(&mut self, limit: usize) -> usize {
        (self.random.bits() >> 20) as usize % limit
    }

    fn dtype(&mut self) -> DType {
        let choice = self.below(self.dtypes.len());
        self.dtypes[choice]
    }

    /// A value of a dtype, old or new.
    fn value(&mut self, dtype: DType) -> Var {
        let known: Vec<Var> = self.values.iter().flatten().copied().filter(|&var| self.b.dtype(var) == dtype).collect();
        if known.is_empty() || self.below(8) == 0 {
            let value = if dtype == DType::Bool {
                Scalar::bool(self.below(2) == 0)
            } else {
                Scalar::from_f64(dtype, self.below(7) as f64 - 3.0)
            };
            return self.b.constant(value);
        }
        // The newest are the likeliest.
        let back = self.below(known.len()).min(self.below(known.len()));
        known[known.len() - 1 - back]
    }

    fn keep(&mut self, vars: &[Var]) {
        self.values.last_mut().expect("a block is open").extend(vars);
    }

    fn arithmetic(&mut self) {
        let dtype = self.dtype();
        let [x, y, z] = [(); 3].map(|()| self.value(dtype));
        let flag = self.value(DType::Bool);
        let var = match self.below(9) {
            0 => self.b.scalar(ScalarOp::Less, &[x, y]),
            1 => self.b.scalar(ScalarOp::Select, &[flag, x, y]),
            2 => self.b.scalar(ScalarOp::Multiply, &[x, y]),
            3 => self.b.scalar(ScalarOp::Subtract, &[x, y]),
            4 if dtype.is_float() => self.b.scalar(ScalarOp::Fma, &[x, y, z]),
            5 => {
                let choice = self.below(self.open.len());
                let (at, ..) = self.open[choice];
                let number = self.b.index(index(at));
                self.b.cast(dtype, number)
            }
            6 => {
                let other = self.value(DType::Bool);
                self.b.scalar(ScalarOp::Xor, &[flag, other])
            }
            7 => {
                let other = self.dtype();
                self.b.cast(other, x)
            }
            _ => self.b.scalar(ScalarOp::Add, &[x, y]),
        };
        self.keep(&[var]);
    }

    /// A buffer over some of the open loops, with coordinates that count up or down, and last or in between an axis for
    /// components.
    fn array(&mut self, dtype: DType, access: Access) -> (BufferId, Vec<Affine>, usize, u64) {
        let mut axes: Vec<(IndexId, Extent)> = Vec::new();
        for (at, extent, independent) in self.open.clone() {
            let needed = access == Access::Write || (access == Access::Scratch && independent);
            let own = access == Access::Scratch && at == IndexId(0);
            if !own && (needed || self.below(2) == 0) {
                let place = self.below(axes.len() + 1);
                axes.insert(place, (at, extent));
            }
        }
        let components = [1, 2, 3, 5][self.below(4)];
        let place = if self.below(2) == 0 { axes.len() } else { self.below(axes.len() + 1) };
        let mut shape: Vec<Extent> = axes.iter().map(|axis| axis.1).collect();
        shape.insert(place, fixed(components));
        let mut at: Vec<Affine> = Vec::new();
        for (counter, extent) in axes {
            let Extent::Dim(dim) = extent else { unreachable!("loops here run over dims") };
            let last = Affine { terms: SmallVec::new(), offset: Dim { constant: dim.constant - 1, ..dim } };
            let up = index(counter);
            at.push(if self.below(3) == 0 {
                up.times(-1).and_then(|down| down.plus(&last)).expect("one name")
            } else {
                up
            });
        }
        at.insert(place, Affine::constant(0));
        (self.b.buffer(dtype, shape.into(), access), at, place, components)
    }

    fn load(&mut self) {
        let dtype = if self.below(6) == 0 { DType::Bool } else { self.dtype() };
        let (buffer, mut at, place, components) = self.array(dtype, Access::Read);
        for component in 0..components {
            if self.below(3) > 0 {
                at[place] = Affine::constant(component as i64);
                let var = self.b.load(buffer, at.clone().into());
                self.keep(&[var]);
            }
        }
    }

    fn store(&mut self) {
        let dtype = if self.below(6) == 0 { DType::Bool } else { self.dtype() };
        let (buffer, mut at, place, components) = self.array(dtype, Access::Write);
        for component in 0..components {
            at[place] = Affine::constant(component as i64);
            let value = self.value(dtype);
            self.b.store(buffer, at.clone().into(), value);
        }
    }

    /// Stores, loads and stores again.
    fn scratch(&mut self) {
        let dtype = self.dtype();
        let (buffer, mut at, place, components) = self.array(dtype, Access::Scratch);
        for _ in 0..2 {
            for component in 0..components {
                at[place] = Affine::constant(component as i64);
                let value = self.value(dtype);
                self.b.store(buffer, at.clone().into(), value);
                let loaded = self.b.load(buffer, at.clone().into());
                self.keep(&[loaded]);
            }
            self.arithmetic();
        }
    }

    /// A loop that stores what one in the other direction loads.
    fn there_and_back(&mut self) {
        let dtype = self.dtype();
        let extent = self.extent();
        let first = self.b.fresh_index();
        let carried = [self.value(dtype), self.value(dtype)];
        // Declared with the first loop's index, used with either's.
        self.open.push((first, extent, true));
        let (buffer, at, ..) = self.array(dtype, Access::Scratch);
        self.open.pop();
        for pass in 0..2 {
            let counter = if pass == 0 { first } else { self.b.fresh_index() };
            let parameter = self.b.fresh(dtype);
            let body = self.block((counter, extent, false), &[parameter], |generator| {
                let moved: Vec<Affine> = at.iter().map(|affine| renamed(affine, first, counter)).collect();
                if pass == 0 {
                    generator.b.store(buffer, moved.into(), parameter);
                } else {
                    let loaded = generator.b.load(buffer, moved.into());
                    generator.keep(&[loaded]);
                }
                generator.content(Place::Anything, 3);
                vec![generator.value(dtype)]
            });
            let results = self.b.carry_loop(counter, extent, &carried[pass..=pass], &[parameter], body);
            self.keep(&results);
        }
    }

    fn extent(&mut self) -> Extent {
        match self.below(4) {
            0 => fixed(self.below(4) as u64),
            1 => Extent::Dim(Dim { name: Some(DimId(1)), constant: 1 }),
            _ => named(1),
        }
    }

    /// A block of a loop, with what `fill` yields.
    fn block(
        &mut self,
        opened: (IndexId, Extent, bool),
        parameters: &[Var],
        fill: impl FnOnce(&mut Self) -> Vec<Var>,
    ) -> Block {
        self.open.push(opened);
        self.values.push(parameters.to_vec());
        self.b.open_block();
        let yields = fill(self);
        let block = self.b.close_block(&yields);
        self.values.pop();
        self.open.pop();
        block
    }

    fn in_order(&mut self, place: Place, asks: bool) {
        let (counter, extent) = (self.b.fresh_index(), self.extent());
        let count = self.below(4);
        let mut dtypes: Vec<DType> = (0..count).map(|_| self.dtype()).collect();
        if self.below(4) == 0 {
            dtypes.push(DType::Bool);
        }
        let initial: Vec<Var> = dtypes.iter().map(|&dtype| self.value(dtype)).collect();
        let parameters: Vec<Var> = dtypes.iter().map(|&dtype| self.b.fresh(dtype)).collect();
        let opened = (counter, extent, false);
        let inside = if asks && place == Place::Anything { Place::Loads } else { place };
        let condition = asks.then(|| {
            self.block(opened, &parameters, |generator| {
                generator.content(inside, 2);
                let dtype = generator.dtype();
                let [x, y] = [(); 2].map(|()| generator.value(dtype));
                vec![generator.b.scalar(ScalarOp::LessEqual, &[x, y])]
            })
        });
        let body = self.block(opened, &parameters, |generator| {
            generator.content(inside, 5);
            dtypes.iter().map(|&dtype| generator.value(dtype)).collect()
        });
        let results = match condition {
            Some(condition) => self.b.while_loop((counter, extent), &initial, &parameters, condition, body),
            None => self.b.carry_loop(counter, extent, &initial, &parameters, body),
        };
        self.keep(&results);
    }

    fn independent(&mut self, place: Place) {
        let (counter, extent) = (self.b.fresh_index(), self.extent());
        let dtype = self.dtype();
        let kinds: &[Reduction] = [&[][..], &[Reduction::Sum], &[Reduction::Maximum]][self.below(3)];
        let body = self.block((counter, extent, true), &[], |generator| {
            generator.content(place, 4);
            kinds.iter().map(|_| generator.value(dtype)).collect()
        });
        let results = self.b.reduce_loop(counter, extent, kinds, body);
        self.keep(&results);
    }

    fn branch(&mut self) {
        let condition = self.value(DType::Bool);
        let dtypes = [self.dtype(), self.dtype()];
        let [then, otherwise] = [(); 2].map(|()| {
            self.values.push(Vec::new());
            self.b.open_block();
            self.content(Place::Nothing, 4);
            let yields = dtypes.map(|dtype| self.value(dtype));
            self.values.pop();
            self.b.close_block(&yields)
        });
        let results = self.b.branch(condition, then, otherwise);
        self.keep(&results);
    }

    /// Some instructions.
    fn content(&mut self, place: Place, count: usize) {
        for _ in 0..count {
            let deeper = self.blocks > 0 && self.open.len() < 5;
            let choice = self.below(12);
            if deeper && choice >= 8 {
                self.blocks -= 1;
            }
            match choice {
                0 | 1 if place != Place::Nothing => self.load(),
                2 if place == Place::Anything => self.store(),
                3 if place == Place::Anything => self.scratch(),
                8 if deeper && place == Place::Anything => self.there_and_back(),
                9 if deeper => self.in_order(place, self.random.0.is_multiple_of(2)),
                10 if deeper && self.below(3) == 0 => self.independent(place),
                10 if deeper => self.in_order(place, true),
                11 if deeper => self.branch(),
                _ => self.arithmetic(),
            }
        }
    }
}

/// A coordinate with another loop's index.
fn renamed(affine: &Affine, from: IndexId, to: IndexId) -> Affine {
    let mut renamed = affine.clone();
    renamed.terms.iter_mut().for_each(|(at, _)| *at = if *at == from { to } else { *at });
    renamed.terms.sort_unstable();
    renamed
}

/// A kernel with at most so many loops and branches.
fn generate(seed: u64, blocks: usize) -> Kernel {
    let random = Random(seed);
    let dims = vec!["n".to_owned(), "m".to_owned()];
    let b = KernelBuilder::new(format!("random_{seed}"), dims, named(0));
    let open = vec![(IndexId(0), named(0), true)];
    let mut generator = Generator { random, b, values: vec![Vec::new()], open, dtypes: Vec::new(), blocks };
    let choices: [&[DType]; 6] = [
        &[DType::F64],
        &[DType::F64],
        &[DType::F32],
        &[DType::F64, DType::F32],
        &[DType::I64, DType::F64],
        &[DType::I32, DType::F32],
    ];
    generator.dtypes = choices[generator.below(choices.len())].to_vec();
    generator.load();
    generator.load();
    generator.content(Place::Anything, 8);
    (0..3).for_each(|_| generator.store());
    generator.b.finish()
}

#[test]
fn random_loops_agree_in_every_engine() {
    let sizes: Vec<Vec<u64>> =
        [(0, 2), (1, 3), (3, 0), (3, 2), (7, 1), (64, 2), (37, 1)].map(|(n, m)| vec![n, m]).to_vec();
    for seed in 0..400 {
        let kernel = generate(seed, 9);
        let problems = verify_kernel(&kernel);
        assert_eq!(problems, [], "{kernel}");
        assert!(parse_kernel(&kernel.to_string()).as_ref() == Ok(&kernel), "{kernel}");
        check_all(&kernel, &sizes, seed);
        interpret(&kernel, &sizes[4], seed);
    }
}

/// Few loops, so that they may be longer than the longest vectors.
#[test]
fn random_long_loops_agree_in_every_engine() {
    let sizes: Vec<Vec<u64>> = [(3, 40), (2, 16), (25, 17)].map(|(n, m)| vec![n, m]).to_vec();
    for seed in 1000..1150 {
        check_all(&generate(seed, 2), &sizes, seed);
    }
}

/// Compares the checked interpreter with the reference.
fn interpret(kernel: &Kernel, dims: &[u64], seed: u64) {
    let mut elements = support::random_elements(kernel, dims, &mut Random(seed));
    let mut bytes: Vec<Vec<u8>> = elements
        .iter()
        .zip(&kernel.buffers)
        .map(|(list, buffer)| {
            list.iter().flat_map(|value| value.bits.to_le_bytes()[..buffer.dtype.size()].to_vec()).collect()
        })
        .collect();
    let mut memories: Vec<Memory<'_>> = bytes
        .iter_mut()
        .zip(&kernel.buffers)
        .map(|(bytes, buffer)| match buffer.access {
            Access::Read => Memory::Read(bytes),
            Access::Write => Memory::Write(bytes),
            Access::Scratch => Memory::Scratch(bytes),
        })
        .collect();
    run_kernel_checked(kernel, dims, &mut memories).unwrap_or_else(|error| panic!("{error}\n{kernel}"));
    reference::run(kernel, &mut elements, dims, 0..dims[0] as i64);
    for ((list, bytes), buffer) in elements.iter().zip(&bytes).zip(&kernel.buffers) {
        let size = buffer.dtype.size();
        for (value, chunk) in list.iter().zip(bytes.chunks(size)) {
            let mut bits = [0; 8];
            bits[..size].copy_from_slice(chunk);
            assert!(value.same(Scalar::from_bits(buffer.dtype, u64::from_le_bytes(bits))), "{kernel}");
        }
    }
}
