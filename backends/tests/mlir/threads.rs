//! The mapping of grids onto a GPU's threads, run by threads of the host.

use crate::load::Loaded;
use crate::support::{At, GRID, Way, builder, check_all, fixed, index, named, number, read, write};
use rotrace_backends::mlir::{Crew, Options, simulate};
use rotrace_backends::{Mapping, TEAM};
use rotrace_ir::DType;
use rotrace_ir::kernel::Kernel;
use std::cell::UnsafeCell;
use std::sync::Barrier;

/// Threads that run a grid. Any number serves where threads do not meet.
const FEW: i64 = 5;
/// Two teams.
const TEAMS: i64 = 2 * TEAM as i64;

/// 16-byte pieces of what a team shares.
const SHARED_VECTORS: usize = 3 << 10;

/// Every mapping of a kernel.
pub(crate) fn ways(kernel: &Kernel) -> Vec<Way> {
    let way = |mapping| {
        let artifact = simulate::compile(kernel, mapping, &Options::default());
        let loaded = Loaded::new(&artifact.unwrap_or_else(|error| panic!("{error}\n{kernel}")));
        let threads = match mapping {
            Mapping::Single | Mapping::Rows(_) => FEW,
            Mapping::Team | Mapping::Tile(_) | Mapping::Crowd(_) => TEAMS,
        };
        let team = if matches!(mapping, Mapping::Crowd(_)) { TEAMS as usize } else { TEAM as usize };
        let run = move |buffers: &mut [Vec<u64>], dims: &[u64], grid: i64| {
            with_aligned(buffers, |pointers| match mapping {
                Mapping::Single | Mapping::Rows(_) => (0..FEW).for_each(|thread| {
                    let (team, memory) = (std::ptr::null(), std::ptr::null_mut());
                    let crew = Crew { thread, threads: FEW, exchange: nobody, team, memory };
                    loaded.run_with(pointers, dims, (0, grid), std::ptr::from_ref(&crew).cast());
                }),
                Mapping::Team | Mapping::Tile(_) | Mapping::Crowd(_) => {
                    run_teams(&loaded, pointers, dims, (grid, team))
                }
            });
        };
        Way { name: format!("{mapping:?}"), copies: threads as usize, run: Box::new(run) }
    };
    // Fewer threads than a GPU's blocks have.
    let fewer = |mapping| if matches!(mapping, Mapping::Crowd(_)) { Mapping::Crowd(TEAMS as u32) } else { mapping };
    Mapping::of(kernel).into_iter().map(fewer).map(way).collect()
}

/// Copies of buffers that begin at multiples of 16, as on a device.
fn with_aligned(buffers: &mut [Vec<u64>], run: impl FnOnce(&[*mut u8])) {
    let pair = |words: &[u64]| u128::from(words[0]) | u128::from(words.get(1).copied().unwrap_or(0)) << 64;
    let mut copies: Vec<Vec<u128>> = buffers.iter().map(|buffer| buffer.chunks(2).map(pair).collect()).collect();
    let pointers: Vec<*mut u8> = copies.iter_mut().map(|copy| copy.as_mut_ptr().cast()).collect();
    run(&pointers);
    for (buffer, copy) in buffers.iter_mut().zip(&copies) {
        let words = copy.iter().flat_map(|&pair| [pair as u64, (pair >> 64) as u64]);
        buffer.iter_mut().zip(words).for_each(|(place, word)| *place = word);
    }
}

extern "C" fn nobody(_: *const u8, _: u32, _: u32) -> u32 {
    unreachable!("threads that are no team exchange nothing")
}

/// Where the lanes of a team lay down what they give.
struct Table {
    words: [UnsafeCell<u32>; TEAMS as usize],
    all: Barrier,
}

// SAFETY: a lane writes its own word alone, and words are read between barriers that every lane passes.
unsafe impl Sync for Table {}

/// A lane at its team's table.
struct Member<'t> {
    table: &'t Table,
    lane: usize,
}

extern "C" fn exchange(member: *const u8, word: u32, source: u32) -> u32 {
    // SAFETY: it is what `run_teams` put into the crew, and lives until the thread ends.
    let member = unsafe { &*member.cast::<Member<'_>>() };
    // SAFETY: nobody else writes this word, and nobody reads it before the barrier.
    unsafe { *member.table.words[member.lane].get() = word };
    member.table.all.wait();
    // SAFETY: all have written, and none writes again before the second barrier.
    let found = unsafe { *member.table.words[source as usize].get() };
    member.table.all.wait();
    found
}

/// What all threads of a launch are given.
struct Shared<'s>(&'s [*mut u8]);

// SAFETY: threads write different elements: that is what is tested.
unsafe impl Sync for Shared<'_> {}

fn run_teams(loaded: &Loaded, pointers: &[*mut u8], dims: &[u64], (grid, size): (i64, usize)) {
    let table = || Table { words: Default::default(), all: Barrier::new(size) };
    let tables = [table(), table()];
    let mut memory = [vec![0_u128; SHARED_VECTORS], vec![0_u128; SHARED_VECTORS]];
    let memory = memory.each_mut().map(|memory| memory.as_mut_ptr().cast());
    let (shared, memory) = (Shared(pointers), Shared(&memory));
    std::thread::scope(|scope| {
        for thread in 0..TEAMS {
            let (tables, shared, memory) = (&tables, &shared, &memory);
            scope.spawn(move || {
                let (team, lane) = (thread as usize / size, thread as usize % size);
                let member = Member { table: &tables[team], lane };
                let (member, memory) = (std::ptr::from_ref(&member).cast(), memory.0[team]);
                let crew = Crew { thread, threads: TEAMS, exchange, team: member, memory };
                loaded.run_with(shared.0, dims, (0, grid), std::ptr::from_ref(&crew).cast());
            });
        }
    });
}

/// Transposes matrices.
fn transpose(dtype: DType, size: i64) -> Kernel {
    let mut b = builder(&format!("transpose_{dtype}_{size}"));
    let shape = [named(0), fixed(size as u64), fixed(size as u64)];
    let (from, to) = (read(&mut b, dtype, &shape), write(&mut b, dtype, &shape));
    for row in 0..size {
        for column in 0..size {
            let at =
                |first: i64, second: i64| -> At { [index(GRID), number(first), number(second)].into_iter().collect() };
            let value = b.load(from, at(row, column));
            b.store(to, at(column, row), value);
        }
    }
    b.finish()
}

#[test]
fn long_rows_pass_through_shared_memory() {
    let cases = [(DType::F64, 4, 1), (DType::F64, 3, 2), (DType::F32, 3, 4), (DType::F32, 4, 1), (DType::U8, 6, 4)];
    for (dtype, size, rows) in cases {
        let kernel = transpose(dtype, size);
        assert!(Mapping::of(&kernel).contains(&Mapping::Tile(rows)), "{dtype} {size}: {:?}", Mapping::of(&kernel));
        check_all(&kernel, &[vec![0], vec![5], vec![16], vec![100], vec![300]], 7);
    }
    let short = transpose(DType::F32, 2);
    assert_eq!(Mapping::of(&short), [Mapping::Single, Mapping::Rows(1)]);
}
