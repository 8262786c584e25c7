//! Running one kernel both ways and comparing.

use crate::{load::Loaded, reference};
use rotrace_backends::Artifact;
use rotrace_ir::dim::{Dim, DimId};
use rotrace_ir::kernel::{Access, Affine, Buffer, BufferId, Extent, IndexId, Kernel, KernelBuilder};
use rotrace_ir::{DType, Scalar};
use smallvec::SmallVec;

pub(crate) const SIZES: [u64; 11] = [0, 1, 2, 3, 4, 5, 7, 16, 17, 33, 1000];
pub(crate) const GRID: IndexId = IndexId(0);
const CANARY: u64 = 0xa5a5_5a5a_dead_beef;

/// A generator of reproducible bits.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A special value, a small number, or any bits.
    pub(crate) fn scalar(&mut self, dtype: DType) -> Scalar {
        let choice = self.bits();
        match choice % 4 {
            0 => {
                let specials = specials(dtype);
                specials[(choice >> 8) as usize % specials.len()]
            }
            1 => Scalar::from_bits(dtype, self.bits()),
            2 => Scalar::from_i64(dtype, (self.bits() % 41) as i64 - 20),
            _ => Scalar::from_f64(dtype, (self.bits() as i64 as f64) / 1e17),
        }
    }
}

/// Values at which operations do something special.
pub(crate) fn specials(dtype: DType) -> Vec<Scalar> {
    if dtype.is_float() {
        let numbers = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            -0.5,
            1.5,
            2.5,
            -2.5,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            -f64::NAN,
            1e-310,
            1e-40,
            4.9e-324,
            f64::MAX,
            f64::MIN,
            3e38,
            127.5,
            128.0,
            -128.5,
            255.5,
            65535.5,
            2147483647.5,
            2147483648.0,
            -2147483648.5,
            4294967295.5,
            4294967296.0,
            9.223372036854775e18,
            9.223372036854776e18,
            -9.223372036854776e18,
            1.8446744073709552e19,
            4503599627370497.5,
            16777217.0,
            0.1,
        ];
        return numbers.map(|number| Scalar::from_f64(dtype, number)).to_vec();
    }
    let numbers: [u64; 22] = [
        0,
        1,
        2,
        3,
        7,
        8,
        15,
        16,
        31,
        32,
        63,
        64,
        127,
        128,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        i64::MAX as u64,
        i64::MIN as u64,
        u64::MAX,
        u64::MAX - 1,
        (1 << 53) + 1,
    ];
    numbers.map(|number| Scalar::from_bits(dtype, number)).to_vec()
}

/// A named dimension as an extent.
pub(crate) fn named(dim: u32) -> Extent {
    Extent::Dim(Dim::named(DimId(dim)))
}

pub(crate) fn fixed(size: u64) -> Extent {
    Extent::fixed(size)
}

pub(crate) fn index(index: IndexId) -> Affine {
    Affine::index(index)
}

pub(crate) fn number(value: i64) -> Affine {
    Affine::constant(value)
}

/// `index * factor + offset`.
pub(crate) fn affine(id: IndexId, factor: i64, offset: i64) -> Affine {
    index(id).times(factor).and_then(|scaled| scaled.plus(&number(offset))).expect("one name at most")
}

pub(crate) type At = SmallVec<[Affine; 3]>;

/// A kernel over `n` with helpers to declare its buffers.
pub(crate) fn builder(name: &str) -> KernelBuilder {
    KernelBuilder::new(name, vec!["n".to_owned()], named(0))
}

pub(crate) fn read(b: &mut KernelBuilder, dtype: DType, shape: &[Extent]) -> BufferId {
    b.buffer(dtype, SmallVec::from_slice(shape), Access::Read)
}

pub(crate) fn write(b: &mut KernelBuilder, dtype: DType, shape: &[Extent]) -> BufferId {
    b.buffer(dtype, SmallVec::from_slice(shape), Access::Write)
}

fn to_memory(elements: &[Scalar], dtype: DType) -> Vec<u64> {
    let mut bytes: Vec<u8> = Vec::new();
    for element in elements {
        bytes.extend_from_slice(&element.bits.to_le_bytes()[..dtype.size()]);
    }
    let used = bytes.len();
    bytes.resize(used.next_multiple_of(8) + 64, 0);
    let canary: Vec<u8> = std::iter::repeat_n(CANARY.to_le_bytes(), bytes.len()).flatten().collect();
    let length = bytes.len();
    bytes[used..].copy_from_slice(&canary[used..length]);
    bytes.chunks(8).map(|chunk| u64::from_le_bytes(chunk.try_into().expect("eight bytes"))).collect()
}

/// [`check_all`] for every size of one named dimension.
pub(crate) fn check_sizes(kernel: &Kernel, seed: u64) {
    let all: Vec<Vec<u64>> = SIZES.iter().map(|&size| vec![size]).collect();
    check_all(kernel, &all, seed);
}

/// A way to run a kernel.
pub(crate) struct Way {
    pub(crate) name: String,
    /// How many times the elements of its buffer scratch needs.
    pub(crate) copies: usize,
    /// Runs so many iterations of the grid.
    pub(crate) run: Box<Run>,
}

type Run = dyn Fn(&mut [Vec<u64>], &[u64], i64);

impl Way {
    /// The grid in two pieces, as two threads would run it, and an empty one.
    pub(crate) fn pieces(name: &str, artifact: &Artifact, copies: u64) -> Self {
        let loaded = Loaded::new(artifact);
        let run = move |buffers: &mut [Vec<u64>], dims: &[u64], grid: i64| {
            let middle = grid / 3;
            for range in [(0, middle), (middle, middle), (middle, grid)] {
                loaded.run(buffers, dims, range);
            }
        };
        Self { name: name.to_owned(), copies: copies as usize, run: Box::new(run) }
    }
}

/// Compiles a kernel in every way of the backend under test, and compares it with the reference on random data for the
/// given sizes.
pub(crate) fn check_all(kernel: &Kernel, sizes: &[Vec<u64>], seed: u64) {
    for way in crate::ways(kernel) {
        for dims in sizes {
            compare(kernel, &way, dims, seed, &format!("{} {} dims={dims:?}", kernel.name, way.name));
        }
    }
}

/// Elements for every buffer of a kernel.
pub(crate) fn random_elements(kernel: &Kernel, dims: &[u64], random: &mut Random) -> Vec<Vec<Scalar>> {
    let size = |extent: &Extent| extent.size(dims).expect("a size");
    let elements = kernel
        .buffers
        .iter()
        .map(|buffer| (0..buffer.shape.iter().map(size).product()).map(|_| random.scalar(buffer.dtype)).collect());
    elements.collect()
}

fn compare(kernel: &Kernel, way: &Way, dims: &[u64], seed: u64, what: &str) {
    let mut elements = random_elements(kernel, dims, &mut Random(seed));
    let to_memory = |(list, buffer): (&Vec<Scalar>, &Buffer)| match buffer.access {
        Access::Read | Access::Write => to_memory(list, buffer.dtype),
        // Every lane has its own; what there is at the end means nothing.
        Access::Scratch => to_memory(&list.repeat(way.copies), buffer.dtype),
    };
    let mut memory: Vec<Vec<u64>> = elements.iter().zip(&kernel.buffers).map(to_memory).collect();
    let grid = kernel.grid.size(dims).expect("a size") as i64;
    (way.run)(&mut memory, dims, grid);
    reference::run(kernel, &mut elements, dims, 0..grid);
    for (position, (list, buffer)) in elements.iter().zip(&kernel.buffers).enumerate() {
        let expected = to_memory((list, buffer));
        if expected == memory[position] {
            continue;
        }
        let size = buffer.dtype.size();
        if buffer.access == Access::Scratch {
            let used = (list.len() * size * way.copies).div_ceil(8);
            assert_eq!(expected[used..], memory[position][used..], "{what}: buffer {position} was overrun");
            continue;
        }
        let bytes = |words: &[u64]| -> Vec<u8> { words.iter().flat_map(|word| word.to_le_bytes()).collect() };
        let actual = bytes(&memory[position]);
        for (at, want) in list.iter().enumerate() {
            let mut bits = [0; 8];
            bits[..size].copy_from_slice(&actual[at * size..][..size]);
            let got = u64::from_le_bytes(bits);
            assert!(
                got >> 1 == 0 || buffer.dtype != DType::Bool,
                "{what}: buffer {position} element {at} is a bool of {got}"
            );
            let got = Scalar::from_bits(buffer.dtype, got);
            assert!(want.same(got), "{what}: buffer {position} element {at}: expected {want:?}, got {got:?}");
        }
        let tail = list.len() * size;
        assert_eq!(bytes(&expected)[tail..], actual[tail..], "{what}: buffer {position} was overrun");
    }
}
