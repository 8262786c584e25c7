//! Tables of operations: one line makes a public function, its programs and its check.
//!
//! A line says the arguments that are arrays or objects with how many trailing axes of each of their leaves belong to
//! one element, the options that are neither, the result likewise, the traced expression, in which the arguments are
//! traced, and what is wrong where the result is NaN although the arguments are finite:
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

/// The concrete type that a table calls `Array` or by a class's name.
macro_rules! concrete {
    (Array) => { crate::Array };
    ($class:ident) => { crate::spatial::$class<crate::Array> };
}

/// The traced one.
macro_rules! traced {
    (Array) => {
        crate::Tensor
    };
    ($class:ident) => {
        crate::spatial::$class
    };
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
        $class:ident :: $name:ident ($($argument:ident: $kind:ident $cores:tt = $value:expr),*; $($option:ident: $setting:ty),*)
            -> $result:ident $result_cores:tt { $body:expr } $($problem:literal)?
    ) => {{
        static OPERATION: Operation<
            ($(<$setting as Setting>::Key,)*),
            ($(traced!($kind),)*),
            traced!($result),
        > = Operation::new(
            concat!(stringify!($class), "::", stringify!($name)),
            &[$(&$cores),*],
            &$result_cores,
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
        fn $name:ident($($argument:ident: $kind:ident $cores:tt),* $(; $($option:ident: $setting:ty),*)?)
            -> $result:ident $result_cores:tt { $body:expr } $(else $problem:literal)?;
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
                    $class::$name($($argument: $kind $cores = $argument.into()),*; $($($option: $setting),*)?)
                        -> $result $result_cores { $body } $($problem)?
                )
            }
        )*}
    };
}

/// Operations on an object of a class, which the expressions call by the name after `as`: its methods.
macro_rules! methods {
    ($class:ident $own_cores:tt as $receiver:ident: $($rest:tt)*) => {
        impl crate::spatial::$class<crate::Array> {
            methods!(@each $class $own_cores $receiver $($rest)*);
        }
    };
    (@each $class:ident $own_cores:tt $receiver:ident) => {};
    (
        @each $class:ident $own_cores:tt $receiver:ident
        $(#[$meta:meta])*
        fn $name:ident($($argument:ident: $kind:ident $cores:tt),* $(; $($option:ident: $setting:ty),*)?)
            -> $result:ident $result_cores:tt { $body:expr } $(else $problem:literal)?;
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
                    $receiver: $class $own_cores = self.clone() $(, $argument: $kind $cores = $argument.into())*;
                    $($($option: $setting),*)?
                ) -> $result $result_cores { $body } $($problem)?
            )
        }
        methods!(@each $class $own_cores $receiver $($rest)*);
    };
}

pub(super) use {concrete, constructors, methods, operation, refused, traced};
