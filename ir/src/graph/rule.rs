//! Rules for derivatives, which [`super::Op::Custom`] carries.

use super::Function;

/// The derivative of values with respect to some *arguments*, which are the operands of [`super::Op::Custom`] behind the
/// values.
///
/// A rule is a function of the arguments and of *directions*, linear in those. From either kind forward and reverse mode
/// follow, because a linear function can be transposed, and derivatives of any order, because it is a function like
/// any other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// What the directions are.
    pub kind: RuleKind,
    /// For each argument, whether the values are differentiated with respect to it. Others count as constants.
    pub wrt: Vec<bool>,
    /// The rule. It has the dims of the function that it stands in.
    pub function: Function,
}

/// What a rule maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleKind {
    /// The arguments and a tangent for each that `wrt` selects, to a tangent for each value.
    Jvp,
    /// The arguments and a cotangent for each value, to a cotangent for each that `wrt` selects.
    Vjp,
}

impl Rule {
    /// How many values it is about.
    #[must_use]
    pub const fn values(&self) -> usize {
        match self.kind {
            RuleKind::Jvp => self.function.results.len(),
            RuleKind::Vjp => self.function.parameters.len().saturating_sub(self.wrt.len()),
        }
    }

    /// Whether this operand of the node is an argument that the values are differentiated with respect to.
    #[must_use]
    pub fn selects(&self, operand: usize) -> bool {
        operand.checked_sub(self.values()).is_some_and(|argument| self.wrt.get(argument) == Some(&true))
    }
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
