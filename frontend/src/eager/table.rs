//! Tables of operations: one line makes a public function, its programs and its check.
//!
//! A line says the arguments: arrays and objects with how many trailing axes of each of their leaves belong to one
//! element, and options, which are neither; the result or results likewise; the traced expression, where arrays and
//! objects are traced; and what is wrong where the result is NaN although the arguments are finite, if that is a mistake.
//! After `else any`, what is wrong where it is NaN although no argument has a NaN anywhere: of operations that take
//! several elements together. Results that are not given trailing axes, which are the last ones, may be NaN.
//!
//! ```text
//! /// Of quaternions `[..., 4]`.
//! fn from_quat(quat: Array[1]) -> Rotation[1] { spatial::Rotation::from_quat(quat) } else "a zero quaternion";
//! fn as_quat(canonical: bool) -> Array[1] { rotation.as_quat(canonical) };
//! fn mean(axes: Axes) -> Rotation[1] { rotation.mean(axes) } else any "no rotations";
//! ```

use crate::spatial::Order;
use crate::{DType, Side};
use smallvec::SmallVec;
use std::hash::Hash;

/// An option that is no array, as a part of what tells programs apart.
pub(super) trait Setting {
    /// Owns what it says.
    type Key: Clone + Eq + Hash;

    fn key(&self) -> Self::Key;
}

macro_rules! plain_settings {
    ($($ty:ty)*) => {$(
        impl Setting for $ty {
            type Key = $ty;

            fn key(&self) -> $ty {
                *self
            }
        }
    )*};
}

plain_settings!(bool i8 DType Order Side);

impl Setting for str {
    type Key = String;

    fn key(&self) -> String {
        self.to_owned()
    }
}

/// What axes are as a part of what tells programs apart.
pub(super) type Axes = Option<SmallVec<[i64; 4]>>;

/// The concrete type of what a table calls `Array` or by a class's name, or of several in parentheses.
macro_rules! concrete {
    (Array $([$($core:literal),*])?) => { crate::Array };
    (($($kind:ident $core:tt),*)) => { ($(concrete!($kind),)*) };
    ($class:ident $([$($core:literal),*])?) => { crate::spatial::$class<crate::Array> };
}

/// The traced one; an option has nothing to trace.
macro_rules! traced {
    (Array [$($core:literal),*]) => { crate::Tensor };
    ($class:ident [$($core:literal),*]) => { crate::spatial::$class };
    (($($kind:ident $core:tt),*)) => { ($(traced!($kind $core),)*) };
    ($option:ident) => { () };
}

/// The trailing axes of the leaves of an argument.
macro_rules! cores {
    ($kind:ident [$($core:literal),*]) => { &[$($core),*] };
    ($option:ident) => { &[] };
}

/// The trailing axes of the leaves of one result or of several.
macro_rules! result_cores {
    (($($kind:ident $core:tt),*)) => { &[$(&$core),*] };
    ($kind:ident $core:tt) => { &[&$core] };
}

/// What a function takes for an argument.
macro_rules! taken {
    ($kind:ident [$($core:literal),*]) => { impl Into<concrete!($kind)> };
    (str) => { &str };
    (Axes) => { impl crate::IntoAxes + Clone };
    ($option:ident) => { $option };
}

/// What an argument is in the call of the program.
macro_rules! passed {
    ($name:ident $kind:ident [$($core:literal),*]) => {
        $name.into()
    };
    ($name:ident $option:ident) => {
        ()
    };
}

/// What the traced expression has of it: of an option, itself.
macro_rules! bound {
    ($name:ident $kind:ident [$($core:literal),*]) => {
        $name
    };
    ($name:ident $option:ident) => {
        ()
    };
}

/// The type of what tells programs for an argument apart.
macro_rules! key {
    ($kind:ident [$($core:literal),*]) => {
        ()
    };
    (Axes) => {
        super::table::Axes
    };
    ($option:ident) => {
        <$option as Setting>::Key
    };
}

macro_rules! keyed {
    ($name:ident $kind:ident [$($core:literal),*]) => {
        ()
    };
    ($name:ident str) => {
        Setting::key($name)
    };
    ($name:ident Axes) => {
        crate::IntoAxes::into_axes($name.clone())
    };
    ($name:ident $option:ident) => {
        Setting::key(&$name)
    };
}

macro_rules! refused {
    () => {
        super::operation::Refused::Nothing
    };
    ($problem:literal) => {
        super::operation::Refused::Element($problem)
    };
    (any $problem:literal) => {
        super::operation::Refused::Whole($problem)
    };
}

/// The body of an operation. The names are those of local variables.
macro_rules! operation {
    (
        $class:ident :: $name:ident ($($argument:ident: $kind:ident $([$($core:literal),*])?),*)
            -> $result:tt $([$($result_core:literal),*])? { $body:expr } $($problem:literal)? $(any $whole:literal)?
    ) => {{
        static OPERATION: Operation<
            ($(key!($kind $([$($core),*])?),)*),
            ($(traced!($kind $([$($core),*])?),)*),
            traced!($result $([$($result_core),*])?),
        > = Operation::new(
            concat!(stringify!($class), "::", stringify!($name)),
            &[$(cores!($kind $([$($core),*])?)),*],
            result_cores!($result $([$($result_core),*])?),
            refused!($($problem)? $(any $whole)?),
        );
        OPERATION.call(
            ($(keyed!($argument $kind $([$($core),*])?),)*),
            &($(passed!($argument $kind $([$($core),*])?),)*),
            |($(bound!($argument $kind $([$($core),*])?),)*)| $body,
            std::panic::Location::caller(),
        )
    }};
}

/// Operations that make objects of a class: functions of the class's namespace in this module.
macro_rules! constructors {
    ($class:ident: $(
        $(#[$meta:meta])*
        fn $name:ident($($argument:ident: $kind:ident $([$($core:literal),*])?),*)
            -> $result:tt $([$($result_core:literal),*])? { $body:expr } $(else $($any:ident)? $problem:literal)?;
    )*) => {
        impl $class {$(
            $(#[$meta])*
            ///
            /// # Errors
            #[doc = concat!("If the arguments do not fit", $("; for ", $problem,)? ".")]
            #[track_caller]
            pub fn $name(
                $($argument: taken!($kind $([$($core),*])?),)*
            ) -> Result<concrete!($result), crate::Error> {
                operation!(
                    $class::$name($($argument: $kind $([$($core),*])?),*)
                        -> $result $([$($result_core),*])? { $body } $($($any)? $problem)?
                )
            }
        )*}
    };
}

/// Operations on an object of a class, which the expressions call by the name after `as`: its methods.
macro_rules! methods {
    ($class:ident $own_core:tt as $receiver:ident: $($rest:tt)*) => {
        impl crate::spatial::$class<crate::Array> {
            methods!(@each $class $own_core $receiver $($rest)*);
        }
    };
    (@each $class:ident $own_core:tt $receiver:ident) => {};
    (
        @each $class:ident $own_core:tt $receiver:ident
        $(#[$meta:meta])*
        fn $name:ident($($argument:ident: $kind:ident $([$($core:literal),*])?),*)
            -> $result:tt $([$($result_core:literal),*])? { $body:expr } $(else $($any:ident)? $problem:literal)?;
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        ///
        /// # Errors
        #[doc = concat!("If the arguments do not fit", $("; for ", $problem,)? ".")]
        #[track_caller]
        pub fn $name(
            &self,
            $($argument: taken!($kind $([$($core),*])?),)*
        ) -> Result<concrete!($result), crate::Error> {
            let $receiver = self;
            operation!(
                $class::$name($receiver: $class $own_core $(, $argument: $kind $([$($core),*])?)*)
                    -> $result $([$($result_core),*])? { $body } $($($any)? $problem)?
            )
        }
        methods!(@each $class $own_core $receiver $($rest)*);
    };
}

/// The product of objects, which composes them. It is a `Result`, so that chains need `?`.
macro_rules! product {
    ($first:ident $first_core:tt * $second:ident $second_core:tt -> $result:ident $result_core:tt) => {
        impl std::ops::Mul<&crate::spatial::$second<crate::Array>> for &crate::spatial::$first<crate::Array> {
            type Output = Result<crate::spatial::$result<crate::Array>, crate::Error>;

            /// First the other, then this one. Leading axes broadcast.
            #[track_caller]
            fn mul(self, other: &crate::spatial::$second<crate::Array>) -> Self::Output {
                let first = self;
                operation!(
                    $first::product(first: $first $first_core, other: $second $second_core)
                        -> $result $result_core { first * other }
                )
            }
        }

        impl std::ops::Mul<crate::spatial::$second<crate::Array>> for crate::spatial::$first<crate::Array> {
            type Output = Result<crate::spatial::$result<crate::Array>, crate::Error>;

            /// First the other, then this one. Leading axes broadcast.
            #[track_caller]
            fn mul(self, other: crate::spatial::$second<crate::Array>) -> Self::Output {
                &self * &other
            }
        }
    };
}

pub(super) use {
    bound, concrete, constructors, cores, key, keyed, methods, operation, passed, product, refused, result_cores,
    taken, traced,
};
