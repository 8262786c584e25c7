//! What the checked mode knows of every element: that it was stored, and by which iterations of the loops whose iterations
//! are independent.

use super::kernel_memory::Memory;
use crate::kernel::{Access, Kernel};
use smallvec::SmallVec;

/// The independent loops around an access, the grid first: the number of the loop's run, and the iteration.
type Stamp = SmallVec<[(u64, i64); 2]>;

/// The elements of one buffer.
enum Elements {
    Read,
    /// Whether each has been stored.
    Write(Vec<bool>),
    Scratch(Vec<Element>),
}

/// An element of scratch.
#[derive(Clone, Default)]
struct Element {
    stored: Option<Stamp>,
    /// The loads since then.
    loaded: Vec<Stamp>,
}

/// The checks of one run.
pub(super) struct Checks {
    elements: Vec<Elements>,
    open: Stamp,
    runs: u64,
}

impl Checks {
    pub(super) fn new(kernel: &Kernel, memories: &[Memory<'_>]) -> Self {
        let elements = kernel.buffers.iter().zip(memories).map(|(buffer, memory)| {
            let count = memory.length() / buffer.dtype.size();
            match buffer.access {
                Access::Read => Elements::Read,
                Access::Write => Elements::Write(vec![false; count]),
                Access::Scratch => Elements::Scratch(vec![Element::default(); count]),
            }
        });
        Self { elements: elements.collect(), open: Stamp::new(), runs: 0 }
    }

    /// An independent loop begins.
    pub(super) fn enter(&mut self) {
        self.open.push((self.runs, 0));
        self.runs += 1;
    }

    /// The innermost independent loop goes on.
    pub(super) fn iteration(&mut self, iteration: i64) {
        if let Some(innermost) = self.open.last_mut() {
            innermost.1 = iteration;
        }
        if self.open.len() == 1 {
            // Of the grid, which has new scratch.
            for elements in &mut self.elements {
                if let Elements::Scratch(elements) = elements {
                    elements.fill(Element::default());
                }
            }
        }
    }

    /// The innermost independent loop ends.
    pub(super) fn leave(&mut self) {
        self.open.pop();
    }

    /// What is wrong with a load.
    pub(super) fn load(&mut self, buffer: usize, position: usize) -> Option<String> {
        match &mut self.elements[buffer] {
            Elements::Read | Elements::Write(_) => None,
            Elements::Scratch(elements) => {
                let element = &mut elements[position];
                let Some(stored) = &element.stored else {
                    return Some(format!("element {position} is loaded before it is stored"));
                };
                if apart(stored, &self.open) {
                    return Some(format!("element {position} is loaded, but another iteration stored it"));
                }
                if element.loaded.last() != Some(&self.open) {
                    element.loaded.push(self.open.clone());
                }
                None
            }
        }
    }

    /// What is wrong with a store.
    pub(super) fn store(&mut self, buffer: usize, position: usize) -> Option<String> {
        match &mut self.elements[buffer] {
            Elements::Read => None,
            Elements::Write(stored) => {
                std::mem::replace(&mut stored[position], true).then(|| format!("element {position} is stored twice"))
            }
            Elements::Scratch(elements) => {
                let Element { stored, loaded } = std::mem::take(&mut elements[position]);
                elements[position].stored = Some(self.open.clone());
                let conflict = stored.iter().chain(&loaded).any(|before| apart(before, &self.open));
                conflict.then(|| format!("element {position} is stored, but another iteration uses it"))
            }
        }
    }

    /// An element that a finished kernel has not stored: its buffer and position.
    pub(super) fn never_stored(&self) -> Option<(usize, usize)> {
        self.elements.iter().enumerate().find_map(|(buffer, elements)| match elements {
            Elements::Write(stored) => stored.iter().position(|&stored| !stored).map(|position| (buffer, position)),
            Elements::Read | Elements::Scratch(_) => None,
        })
    }
}

/// Whether two accesses belong to different iterations of one run of an independent loop.
fn apart(first: &Stamp, second: &Stamp) -> bool {
    first.iter().zip(second).any(|(first, second)| first.0 == second.0 && first.1 != second.1)
}
