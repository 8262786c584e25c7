//! Stub: graph transformations are written elsewhere.

/// Derivatives.
pub mod differentiate {
    use rotrace_ir::graph::Function;

    /// Why a function has no derivative.
    #[derive(Clone, Debug, thiserror::Error)]
    #[error("{message}")]
    pub struct DifferentiateError {
        /// What is wrong.
        pub message: String,
    }

    type Result = std::result::Result<Function, DifferentiateError>;

    fn absent() -> Result {
        Err(DifferentiateError { message: "differentiation is a stub".into() })
    }

    /// Forward mode.
    pub fn jvp(_: &Function, _: &[bool]) -> Result {
        absent()
    }

    /// Reverse mode.
    pub fn vjp(_: &Function, _: &[bool]) -> Result {
        absent()
    }

    /// Gradients.
    pub fn grad(_: &Function, _: &[bool]) -> Result {
        absent()
    }

    /// Value, then gradients.
    pub fn value_and_grad(_: &Function, _: &[bool]) -> Result {
        absent()
    }
}
