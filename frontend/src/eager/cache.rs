//! Compiled programs by what tells them apart, so that each is made once in the life of the process.
//!
//! The sizes of leading axes are names in the types for which a program is compiled, so that a new batch size finds the
//! program of the last one. Only what makes another program makes another key: element types, ranks, the sizes of
//! trailing axes, which leading sizes are equal, and which are 1 and broadcast.

use crate::signature::Signature;
use crate::trace::located_at;
use crate::tree::Outline;
use crate::{Array, Compiled, Error, Tensor, Traced, Tree};
use rotrace_ir::{Dim, DimId, Shape, Type};
use rustc_hash::{FxBuildHasher, FxHashMap};
use smallvec::SmallVec;
use std::hash::Hash;
use std::panic::Location;
use std::sync::{Arc, PoisonError, RwLock};

/// What tells a program from the others of one cache.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key<O> {
    options: O,
    types: SmallVec<[Type; 3]>,
    lengths: SmallVec<[usize; 2]>,
}

/// What there is under a key.
enum Entry<In, Out> {
    Program(Arc<Compiled<In, Out>>),
    /// The function cannot be traced with names for sizes: each size has a program of its own.
    BySize,
}

impl<In, Out> Clone for Entry<In, Out> {
    fn clone(&self) -> Self {
        match self {
            Self::Program(program) => Self::Program(Arc::clone(program)),
            Self::BySize => Self::BySize,
        }
    }
}

type Programs<O, In, Out> = FxHashMap<Key<O>, Entry<In, Out>>;

/// The programs of one function. `O` are the options that its trace depends on.
pub(super) struct Cache<O, In, Out> {
    programs: RwLock<Programs<O, In, Out>>,
}

impl<O: Clone + Eq + Hash, In: Tree<Tensor>, Out: Tree<Tensor>> Cache<O, In, Out> {
    pub(super) const fn new() -> Self {
        Self { programs: RwLock::new(FxHashMap::with_hasher(FxBuildHasher)) }
    }

    /// The program for these arguments, compiled if there is none. `cores` tells how many trailing axes of each belong
    /// to one element; the last number holds for all that follow.
    pub(super) fn program<'a>(
        &self,
        options: O,
        arguments: &impl Tree<Array>,
        cores: impl Iterator<Item = usize>,
        function: impl FnOnce() -> Traced<'a, In, Out>,
        location: &'static Location<'static>,
    ) -> Result<Arc<Compiled<In, Out>>, Error>
    where
        In: 'a,
        Out: 'a,
    {
        let mut arrays = SmallVec::<[&Array; 4]>::new();
        arguments.visit(&mut |array| arrays.push(array));
        let mut lengths = SmallVec::new();
        arguments.visit_lengths(&mut |length| lengths.push(length));
        let (types, mut names) = named(&arrays, cores);
        let mut key = Key { options, types, lengths };
        let mut known = self.find(&key);
        if let Some(Entry::BySize) = known {
            (key.types, names) = (arrays.iter().map(|array| fixed(array)).collect(), 0);
            known = self.find(&key);
        }
        match known {
            Some(Entry::Program(program)) => Ok(program),
            Some(Entry::BySize) | None => located_at(location, || self.compile(key, names, &arrays, &function())),
        }
    }

    /// How many programs there are.
    pub(super) fn len(&self) -> usize {
        let programs = self.programs.read().unwrap_or_else(PoisonError::into_inner);
        programs.values().filter(|entry| matches!(entry, Entry::Program(_))).count()
    }

    fn find(&self, key: &Key<O>) -> Option<Entry<In, Out>> {
        self.programs.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Keeps what is there already, if another thread was first.
    fn keep(&self, key: Key<O>, entry: Entry<In, Out>) {
        self.programs.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(entry);
    }

    /// Compiles without holding the lock: of two threads that do so at once, one does it in vain.
    ///
    /// A function that cannot be traced with names, since it asks for a size, gets a program for these sizes alone. If
    /// it cannot be traced with the sizes either, the message has numbers as the arguments have them.
    #[cold]
    fn compile(
        &self,
        mut key: Key<O>,
        names: usize,
        arrays: &[&Array],
        function: &Traced<'_, In, Out>,
    ) -> Result<Arc<Compiled<In, Out>>, Error> {
        let lowered = match function.lower(key.signature(names)) {
            Ok(lowered) => lowered,
            Err(_) => {
                let named = key.clone();
                key.types = arrays.iter().map(|array| fixed(array)).collect();
                let lowered = function.lower(key.signature(0))?;
                self.keep(named, Entry::BySize);
                lowered
            }
        };
        let program = Arc::new(lowered.compile()?);
        self.keep(key, Entry::Program(Arc::clone(&program)));
        Ok(program)
    }
}

impl<O> Key<O> {
    fn signature(&self, names: usize) -> Signature {
        Signature {
            dims: (0..names).map(|index| format!("n{index}")).collect(),
            types: self.types.to_vec(),
            outline: Outline { leaves: self.types.len(), lengths: Some(self.lengths.to_vec()) },
        }
    }
}

fn fixed(array: &Array) -> Type {
    let shape: Shape = array.shape().iter().map(|&size| Dim::fixed(size as u64)).collect();
    Type::new(array.dtype(), shape)
}

/// The types of arrays with names for the sizes of leading axes, and how many names there are.
///
/// Leading axes meet at the last of them, as they do when they broadcast: equal sizes at one place have one name, and a
/// size of 1 next to another size stays a number. A name for a place where all sizes are 1 serves any batch too.
fn named(arrays: &[&Array], cores: impl Iterator<Item = usize>) -> (SmallVec<[Type; 3]>, usize) {
    let mut leading = SmallVec::<[usize; 4]>::new();
    leading.extend(cores.take(arrays.len()));
    let last = leading.last().copied().unwrap_or_default();
    leading.resize(arrays.len(), last);
    for (core, array) in leading.iter_mut().zip(arrays) {
        *core = array.shape().len().saturating_sub(*core);
    }
    // Each place from the end and size that has a name.
    let mut known = SmallVec::<[(usize, usize); 8]>::new();
    let types = arrays.iter().zip(&leading).map(|(array, &count)| {
        let dims = array.shape().iter().enumerate().map(|(axis, &size)| {
            let Some(place) = count.checked_sub(axis + 1) else { return Dim::fixed(size as u64) };
            let others = || arrays.iter().zip(&leading).filter_map(|(other, &count)| at(other, count, place));
            if size == 1 && others().any(|other| other != 1) {
                return Dim::fixed(1);
            }
            let name = known.iter().position(|&other| other == (place, size)).unwrap_or_else(|| {
                known.push((place, size));
                known.len() - 1
            });
            Dim::named(DimId(name as u32))
        });
        let shape: Shape = dims.collect();
        Type::new(array.dtype(), shape)
    });
    let types = types.collect();
    (types, known.len())
}

/// The size of the leading axis at a place from the end of the leading axes.
fn at(array: &Array, leading: usize, place: usize) -> Option<usize> {
    array.shape()[..leading].iter().rev().nth(place).copied()
}

#[cfg(test)]
mod tests {
    use super::named;
    use crate::Array;

    fn text(shapes: &[&[usize]], cores: &[usize]) -> String {
        let arrays: Vec<Array> = shapes.iter().map(|shape| Array::zeros(shape).unwrap()).collect();
        let (types, names) = named(&arrays.iter().collect::<Vec<_>>(), cores.iter().copied());
        let names: Vec<String> = ["a", "b", "c", "d"][..names].iter().map(ToString::to_string).collect();
        types.iter().map(|ty| ty.display(&names)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn leading_sizes_have_one_name_where_they_are_equal() {
        assert_eq!(text(&[&[5, 4], &[5, 3]], &[1, 1]), "f64[a, 4] f64[a, 3]");
        assert_eq!(text(&[&[4], &[5, 3]], &[1, 1]), "f64[4] f64[a, 3]");
        assert_eq!(text(&[&[5, 4, 4], &[4, 3]], &[1, 1]), "f64[a, b, 4] f64[b, 3]");
        assert_eq!(text(&[&[5, 5, 4], &[5, 3]], &[1, 1]), "f64[a, b, 4] f64[b, 3]");
        assert_eq!(text(&[&[2, 3], &[5, 3]], &[1, 1]), "f64[a, 3] f64[b, 3]");
        assert_eq!(text(&[&[7, 3, 3]], &[2]), "f64[a, 3, 3]");
    }

    #[test]
    fn a_size_of_one_stays_where_it_broadcasts() {
        assert_eq!(text(&[&[1, 4], &[5, 3]], &[1, 1]), "f64[1, 4] f64[a, 3]");
        assert_eq!(text(&[&[1, 4], &[0, 3]], &[1, 1]), "f64[1, 4] f64[a, 3]");
        assert_eq!(text(&[&[1, 4], &[1, 3]], &[1, 1]), "f64[a, 4] f64[a, 3]");
        assert_eq!(text(&[&[1, 4]], &[1]), "f64[a, 4]");
    }

    #[test]
    fn what_is_smaller_than_its_core_is_fixed() {
        assert_eq!(text(&[&[], &[3]], &[1, 2]), "f64[] f64[3]");
        assert_eq!(text(&[&[2, 4], &[3, 4], &[2, 4]], &[1]), "f64[a, 4] f64[b, 4] f64[a, 4]");
    }
}
