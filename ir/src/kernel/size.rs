//! Sizes of loops and buffers, and coordinates.

use super::{BufferShape, IndexId};
use crate::dim::{Dim, Shape};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// A number of iterations or of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Extent {
    /// The size of a dim.
    Dim(Dim),
    /// The number of blocks of [`crate::reduce::BLOCK`] that a dim is cut into: `ceil(dim / BLOCK)`. `blocks(n)`.
    Blocks(Dim),
    /// The number of elements in block number `index` of a dim: `min(BLOCK, dim - BLOCK * index)`. `block(n, i0)`.
    /// Only for loops.
    Block {
        /// The dim that is cut into blocks.
        dim: Dim,
        /// The loop index that counts blocks.
        index: IndexId,
    },
}

impl Extent {
    /// A number.
    #[must_use]
    pub const fn fixed(size: u64) -> Self {
        Self::Dim(Dim::fixed(size))
    }

    /// The value for given sizes of the named dimensions, if it does not depend on a loop index.
    #[must_use]
    pub fn size(self, dims: &[u64]) -> Option<u64> {
        match self {
            Self::Dim(dim) => dim.size(dims),
            Self::Blocks(dim) => dim.size(dims).map(|size| size.div_ceil(crate::reduce::BLOCK)),
            Self::Block { .. } => None,
        }
    }
}

/// The extents of a graph shape.
#[must_use]
pub fn extents(shape: &Shape) -> BufferShape {
    shape.iter().map(|&dim| Extent::Dim(dim)).collect()
}

/// One coordinate of an access: `sum of factor * index, + offset`.
///
/// The offset may name a dimension (`n-1 - i` for a reversed axis).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Affine {
    /// Loop indices with their non-zero factors, in increasing order of index.
    pub terms: SmallVec<[(IndexId, i64); 2]>,
    /// What is added.
    pub offset: Dim,
}

impl Affine {
    /// A number.
    #[must_use]
    pub fn constant(value: i64) -> Self {
        Self { terms: SmallVec::new(), offset: Dim { name: None, constant: value } }
    }

    /// A loop index.
    #[must_use]
    pub fn index(index: IndexId) -> Self {
        Self { terms: SmallVec::from_slice(&[(index, 1)]), offset: Dim::fixed(0) }
    }

    /// The number, if no index and no name takes part.
    #[must_use]
    pub fn as_constant(&self) -> Option<i64> {
        (self.terms.is_empty() && self.offset.name.is_none()).then_some(self.offset.constant)
    }

    /// The factor of a loop index, 0 if it takes no part.
    #[must_use]
    pub fn factor(&self, index: IndexId) -> i64 {
        self.terms.iter().find(|(term, _)| *term == index).map_or(0, |&(_, factor)| factor)
    }

    /// `self + other`; `None` if both offsets name a dimension.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Option<Self> {
        if self.offset.name.is_some() && other.offset.name.is_some() {
            return None;
        }
        let mut sum = self.clone();
        for &(index, factor) in &other.terms {
            match sum.terms.iter_mut().find(|(term, _)| *term == index) {
                Some((_, existing)) => *existing += factor,
                None => sum.terms.push((index, factor)),
            }
        }
        sum.terms.retain(|(_, factor)| *factor != 0);
        sum.terms.sort_unstable();
        let name = self.offset.name.or(other.offset.name);
        sum.offset = Dim { name, constant: self.offset.constant + other.offset.constant };
        Some(sum)
    }

    /// `self * factor`; `None` if the offset names a dimension and `factor` is not 1.
    #[must_use]
    pub fn times(&self, factor: i64) -> Option<Self> {
        if self.offset.name.is_some() && factor != 1 {
            return None;
        }
        if factor == 0 {
            return Some(Self::constant(0));
        }
        let terms = self.terms.iter().map(|&(index, own)| (index, own * factor)).collect();
        Some(Self { terms, offset: Dim { constant: self.offset.constant * factor, ..self.offset } })
    }
}

impl Default for Extent {
    fn default() -> Self {
        Self::fixed(1)
    }
}
