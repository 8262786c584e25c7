//! Tables of operations: one line makes a public function, its programs and its check.
//!
//! A line says the arguments that are arrays or objects, with how many trailing axes of each of their leaves belong to
//! one element; then, behind a semicolon, the options that are neither; the result or results like the arguments; the
//! traced expression, where the arguments are traced; and what is wrong where the result is NaN although the arguments
//! are finite, if that is a mistake:
//!
//! ```text
//! /// Of quaternions `[..., 4]`.
//! fn from_quat(quat: Array[1]) -> Rotation[1] { spatial::Rotation::from_quat(quat) } else "a zero quaternion";
//! fn as_quat(; canonical: bool) -> Array[1] { rotation.as_quat(canonical) };
//! ```

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

plain_settings!(bool);

/// The concrete type of what a table calls `Array` or by a class's name, or of several in parentheses.
macro_rules! concrete {
    (Array $([$($core:tt)*])?) => { crate::Array };
    (($($kind:ident $core:tt),*)) => { ($(concrete!($kind),)*) };
    ($class:ident $([$($core:tt)*])?) => { crate::spatial::$class<crate::Array> };
}

/// The traced one.
macro_rules! traced {
    (Array $([$($core:tt)*])?) => { crate::Tensor };
    (($($kind:ident $core:tt),*)) => { ($(traced!($kind),)*) };
    ($class:ident $([$($core:tt)*])?) => { crate::spatial::$class };
}

/// The trailing axes of the leaves of one or of several.
macro_rules! cores {
    (($($kind:ident $core:tt),*)) => { &[$(&$core),*] };
    ($kind:ident $core:tt) => { &[&$core] };
}

macro_rules! refused {
    () => {
        None
    };
    ($problem:literal) => {
        Some($problem)
    };
}

/// The body of an operation.
macro_rules! operation {
    (
        $class:ident :: $name:ident ($($argument:ident: $kind:ident $core:tt = $value:expr),*; $($option:ident: $setting:ty),*)
            -> $result:tt $([$($result_core:literal),*])? { $body:expr } $($problem:literal)?
    ) => {{
        static OPERATION: Operation<
            ($(<$setting as Setting>::Key,)*),
            ($(traced!($kind),)*),
            traced!($result),
        > = Operation::new(
            concat!(stringify!($class), "::", stringify!($name)),
            &[$(&$core),*],
            cores!($result $([$($result_core),*])?),
            refused!($($problem)?),
        );
        OPERATION.call(
            ($(Setting::key(&$option),)*),
            &($($value,)*),
            |($($argument,)*)| $body,
            std::panic::Location::caller(),
        )
    }};
}

/// Operations that make objects of a class: functions of the class's namespace in this module.
macro_rules! constructors {
    ($class:ident: $(
        $(#[$meta:meta])*
        fn $name:ident($($argument:ident: $kind:ident $core:tt),* $(; $($option:ident: $setting:ty),*)?)
            -> $result:tt $([$($result_core:literal),*])? { $body:expr } $(else $problem:literal)?;
    )*) => {
        impl $class {$(
            $(#[$meta])*
            ///
            /// # Errors
            #[doc = concat!("If the arguments do not fit", $("; for ", $problem,)? ".")]
            #[track_caller]
            pub fn $name(
                $($argument: impl Into<concrete!($kind)>,)*
                $($($option: $setting,)*)?
            ) -> Result<concrete!($result), crate::Error> {
                operation!(
                    $class::$name($($argument: $kind $core = $argument.into()),*; $($($option: $setting),*)?)
                        -> $result $([$($result_core),*])? { $body } $($problem)?
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
        fn $name:ident($($argument:ident: $kind:ident $core:tt),* $(; $($option:ident: $setting:ty),*)?)
            -> $result:tt $([$($result_core:literal),*])? { $body:expr } $(else $problem:literal)?;
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        ///
        /// # Errors
        #[doc = concat!("If the arguments do not fit", $("; for ", $problem,)? ".")]
        #[track_caller]
        pub fn $name(
            &self,
            $($argument: impl Into<concrete!($kind)>,)*
            $($($option: $setting,)*)?
        ) -> Result<concrete!($result), crate::Error> {
            operation!(
                $class::$name(
                    $receiver: $class $own_core = self.clone() $(, $argument: $kind $core = $argument.into())*;
                    $($($option: $setting),*)?
                ) -> $result $([$($result_core),*])? { $body } $($problem)?
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
                operation!(
                    $first::product(first: $first $first_core = self.clone(), second: $second $second_core = other.clone();)
                        -> $result $result_core { first * second }
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

pub(super) use {concrete, constructors, cores, methods, operation, product, refused, traced};
