//! Objects over arrays as containers over their leading axes, with the methods of
//! [`spatial::Container`](crate::spatial::Container).
//!
//! These move data and are not compiled: a program for each index would be made once and hardly used again. Like the
//! traced ones, they give new objects.

/// The methods of a class that holds one array, whose elements have so many trailing axes.
macro_rules! container {
    ($class:ident $core:literal) => {
        impl crate::spatial::$class<crate::Array> {
            /// The sizes of the leading axes; none for a single element.
            #[must_use]
            pub fn shape(&self) -> &[usize] {
                Leading::of(stringify!($class), self, $core).shape()
            }

            /// Whether there are no leading axes.
            #[must_use]
            pub fn is_single(&self) -> bool {
                self.shape().is_empty()
            }

            /// The size of the first leading axis; a single element has none.
            #[must_use]
            #[expect(clippy::len_without_is_empty, reason = "a single element has no length")]
            pub fn len(&self) -> Option<usize> {
                self.shape().first().copied()
            }

            /// What is at one index along a leading axis, which is dropped. A negative index counts from the end.
            ///
            /// # Errors
            /// If there is no such axis or index.
            pub fn index(&self, axis: i64, index: i64) -> Result<Self, crate::Error> {
                let leading = Leading::of(concat!(stringify!($class), "::index"), self, $core);
                leading.index(axis, index).map(Self::from_parts)
            }

            /// A range along a leading axis. Negative bounds count from the end.
            ///
            /// # Errors
            /// If there is no such axis, or the range does not lie within it.
            pub fn slice(&self, axis: i64, range: impl std::ops::RangeBounds<i64>) -> Result<Self, crate::Error> {
                self.slice_step(axis, range, 1)
            }

            /// Every `step`-th of a range along a leading axis, the first one included. Negative bounds count from the end.
            ///
            /// # Errors
            /// If there is no such axis, the range does not lie within it, or the step is 0.
            pub fn slice_step(
                &self,
                axis: i64,
                range: impl std::ops::RangeBounds<i64>,
                step: u64,
            ) -> Result<Self, crate::Error> {
                let leading = Leading::of(concat!(stringify!($class), "::slice"), self, $core);
                leading.slice_step(axis, &range, step).map(Self::from_parts)
            }

            /// All in reverse order along a leading axis.
            ///
            /// # Errors
            /// If there is no such axis.
            pub fn flip(&self, axis: i64) -> Result<Self, crate::Error> {
                Leading::of(concat!(stringify!($class), "::flip"), self, $core).flip(axis).map(Self::from_parts)
            }

            /// What is at indices along a leading axis, in the order given. Negative indices count from the end.
            ///
            /// # Errors
            /// If there is no such axis or index.
            pub fn take(&self, indices: &[i64], axis: i64) -> Result<Self, crate::Error> {
                let leading = Leading::of(concat!(stringify!($class), "::take"), self, $core);
                leading.take(indices, axis).map(Self::from_parts)
            }

            /// What is where a mask of `bool` is true, along one axis, which replaces the first axes: those of the mask.
            ///
            /// # Errors
            /// If the mask does not have the sizes of the first axes.
            pub fn take_where(&self, mask: impl Into<crate::Array>) -> Result<Self, crate::Error> {
                let leading = Leading::of(concat!(stringify!($class), "::take_where"), self, $core);
                leading.take_where(&mask.into()).map(Self::from_parts)
            }

            /// These with what is at indices along a leading axis replaced by `value`, whose leading axes are stretched
            /// to the shape that [`take`](Self::take) would give. Of several for one index the last one stays.
            ///
            /// # Errors
            /// If there is no such axis or index, or `value` does not fit.
            pub fn set(&self, indices: &[i64], axis: i64, value: &Self) -> Result<Self, crate::Error> {
                let [leading, value] =
                    [self, value].map(|object| Leading::of(concat!(stringify!($class), "::set"), object, $core));
                leading.set(indices, axis, value).map(Self::from_parts)
            }

            /// These with what is where a mask of `bool` is true replaced by `value`, whose leading axes are stretched to
            /// the shape that [`take_where`](Self::take_where) would give.
            ///
            /// # Errors
            /// If the mask does not have the sizes of the first axes, or `value` does not fit.
            pub fn set_where(&self, mask: impl Into<crate::Array>, value: &Self) -> Result<Self, crate::Error> {
                let [leading, value] =
                    [self, value].map(|object| Leading::of(concat!(stringify!($class), "::set_where"), object, $core));
                leading.set_where(&mask.into(), value).map(Self::from_parts)
            }

            /// All along a leading axis, one by one.
            ///
            /// # Errors
            /// If there is no such axis.
            pub fn unstack(&self, axis: i64) -> Result<Vec<Self>, crate::Error> {
                let leading = Leading::of(concat!(stringify!($class), "::unstack"), self, $core);
                Ok(leading.unstack(axis)?.into_iter().map(Self::from_parts).collect())
            }

            /// The same elements in row-major order under other leading axes.
            ///
            /// # Errors
            /// If these are not as many.
            pub fn reshape(&self, shape: &[usize]) -> Result<Self, crate::Error> {
                Leading::of(concat!(stringify!($class), "::reshape"), self, $core).reshape(shape).map(Self::from_parts)
            }

            /// Stretched to leading axes, aligned at the last of them.
            ///
            /// # Errors
            /// If the leading axes do not stretch to these.
            pub fn broadcast_to(&self, shape: &[usize]) -> Result<Self, crate::Error> {
                let leading = Leading::of(concat!(stringify!($class), "::broadcast_to"), self, $core);
                leading.stretched(shape).map(Self::from_parts)
            }

            /// With a new axis of size 1 at the place `axis` of the leading axes.
            ///
            /// # Errors
            /// If there is no such place.
            pub fn expand_dims(&self, axis: i64) -> Result<Self, crate::Error> {
                let leading = Leading::of(concat!(stringify!($class), "::expand_dims"), self, $core);
                leading.expand_dims(axis).map(Self::from_parts)
            }
        }

        impl From<&Self> for crate::spatial::$class<crate::Array> {
            /// Shares the elements.
            fn from(object: &Self) -> Self {
                object.clone()
            }
        }

        impl $class {
            /// All of them, one after the other along their first axis; a single one counts as one of length 1.
            ///
            /// # Errors
            /// If there are none, or their other sizes or their element types differ.
            pub fn concatenate(
                all: &[crate::spatial::$class<crate::Array>],
            ) -> Result<crate::spatial::$class<crate::Array>, crate::Error> {
                let name = concat!(stringify!($class), "::concatenate");
                let all: Vec<_> = all.iter().map(|object| Leading::of(name, object, $core)).collect();
                Leading::concatenate(&all).map(crate::spatial::$class::from_parts)
            }
        }
    };
}

pub(super) use container;
