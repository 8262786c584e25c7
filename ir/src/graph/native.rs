//! Functions that are not of the IR.

use crate::dim::Type;

/// A function of the user's, which compiling and interpreting find by its name.
///
/// Its results depend on its operands alone. So a call whose results nobody needs may be left out, and of equal calls
/// all but one. It has no derivative: see [`super::Rule`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Native {
    /// The function's name.
    pub name: String,
    /// The types of its results.
    pub results: Vec<Type>,
}
