//! Rules for derivatives, which [`super::Op::Custom`] carries.

use super::Function;

/// The derivative of a value with respect to some *arguments*, the operands of [`super::Op::Custom`] behind the first.
///
/// A rule is a function of the arguments and of *directions*, linear in those. From either kind forward and reverse mode
/// follow, because a linear function can be transposed, and derivatives of any order, because it is a function like
/// any other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// What the directions are.
    pub kind: RuleKind,
    /// For each argument, whether the value is differentiated with respect to it. Others count as constants.
    pub wrt: Vec<bool>,
    /// The rule. It has the dims of the function that it stands in.
    pub function: Function,
}

/// What a rule maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleKind {
    /// The arguments and a tangent for each that `wrt` selects, to the value's tangent.
    Jvp,
    /// The arguments and the value's cotangent, to a cotangent for each that `wrt` selects.
    Vjp,
}

impl RuleKind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Jvp, Self::Vjp];

    /// The name in the text form.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jvp => "jvp",
            Self::Vjp => "vjp",
        }
    }
}
