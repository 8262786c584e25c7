//! Functions as PTX, taken by NVIDIA's assembler: what it says of each kernel.

#[path = "../../backends/tests/mlir/ptxas.rs"]
mod ptxas;

pub use ptxas::Assembler;
#[cfg(feature = "mlir")]
use rotrace_backends::mlir::{Options, ptx};
#[cfg(feature = "mlir")]
use rotrace_ir::graph::Function;
#[cfg(feature = "mlir")]
use rotrace_passes::{lower, pipeline};
use std::fmt;

/// The architectures that PTX is assembled for: the oldest that the assembler knows, and those with PTX of their own.
pub const CAPABILITIES: [u32; 5] = [75, 80, 90, 100, 120];

/// The architecture for the program of a number.
#[must_use]
pub fn capability_in_turn(number: u64) -> u32 {
    CAPABILITIES[number as usize % CAPABILITIES.len()]
}

/// What the assembler says of a kernel's function for one mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The mapping.
    pub name: String,
    /// Registers of a thread.
    pub registers: u32,
    /// Bytes of a thread that are stored to memory for want of registers.
    pub spilled: u32,
}

/// What came of some programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Programs.
    pub programs: usize,
    /// Their kernels.
    pub kernels: usize,
    /// Functions of the kernels, one for each mapping.
    pub entries: usize,
    /// Of those, how many spill.
    pub spilling: usize,
}

impl Figures {
    /// Of one function's kernels.
    #[must_use]
    pub fn of(kernels: &[Vec<Entry>]) -> Self {
        let entries = || kernels.iter().flatten();
        let spilling = entries().filter(|entry| entry.spilled > 0).count();
        Self { programs: 1, kernels: kernels.len(), entries: entries().count(), spilling }
    }

    /// Of both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            programs: self.programs + other.programs,
            kernels: self.kernels + other.kernels,
            entries: self.entries + other.entries,
            spilling: self.spilling + other.spilling,
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { programs, kernels, entries, spilling } = self;
        write!(f, "{programs} programs, {kernels} kernels, {entries} functions for mappings, {spilling} of which spill")
    }
}

/// Compiles all kernels of a function for a compute capability and assembles them.
///
/// # Errors
/// What the compiler or the assembler refuses, with its reason.
#[cfg(feature = "mlir")]
pub fn assemble(assembler: &Assembler, function: &Function, capability: u32) -> Result<Vec<Vec<Entry>>, String> {
    let (graph, _) = pipeline::run(function, &pipeline::Options::default()).map_err(|error| error.to_string())?;
    let plan = lower::lower(&graph, lower::Options::default()).map_err(|error| error.to_string())?;
    let assemble = |kernel| {
        let code = ptx::compile(kernel, capability, &Options::default()).map_err(|error| error.to_string())?;
        let said = assembler.assemble(&code.text, capability)?;
        let entries = entries(&said).ok_or_else(|| format!("this is not understood: {said}"))?;
        let names = code.mappings.iter().all(|mapping| entries.iter().any(|entry| entry.name == mapping.name()));
        if entries.len() == code.mappings.len() && names { Ok(entries) } else { Err(format!("entries lack: {said}")) }
    };
    plan.kernels().into_iter().map(assemble).collect()
}

/// Reads what the assembler says: for each entry a line with its name in quotes, one with bytes, one with registers.
#[cfg(feature = "mlir")]
fn entries(said: &str) -> Option<Vec<Entry>> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in said.lines() {
        let before = |words: &str| -> Option<u32> {
            line.split_once(words)?.0.rsplit([' ', ',']).find(|word| !word.is_empty())?.parse().ok()
        };
        if line.contains("Compiling entry function") {
            entries.push(Entry { name: line.split('\'').nth(1)?.to_owned(), ..Entry::default() });
        } else if let Some((_, name)) = line.split_once("Function properties for ") {
            // A kernel calls no functions, whose bytes would be said apart.
            if entries.last()?.name != name {
                return None;
            }
        } else if line.contains("bytes spill stores") {
            entries.last_mut()?.spilled = before("bytes spill stores")?;
        } else if line.contains("registers") {
            entries.last_mut()?.registers = before("registers")?;
        }
    }
    entries.iter().all(|entry| entry.registers > 0).then_some(entries)
}

#[cfg(all(test, feature = "mlir"))]
mod tests {
    use super::{Entry, entries};

    #[test]
    fn what_the_assembler_says_is_understood() {
        let said = "ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'rows' for 'sm_90'
ptxas info    : Function properties for rows
    8 bytes stack frame, 4 bytes spill stores, 12 bytes spill loads
ptxas info    : Used 48 registers, used 1 barriers, 8 bytes cumulative stack size
ptxas info    : Compile time = 27.165 ms
";
        let rows = Entry { name: "rows".to_owned(), registers: 48, spilled: 4 };
        assert_eq!(entries(said), Some(vec![rows]));
        assert_eq!(entries(&said.replace("for rows", "for other")), None);
        assert_eq!(entries(&said.replace("Used", "").replace("registers", "")), None);
    }
}
