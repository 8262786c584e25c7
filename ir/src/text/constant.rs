//! Concrete arrays: `f64[2, 2] {[1.0, 2.0, 3.0, 4.0]}`, elements in row-major order.
//!
//! Nested lists were rejected: the type says the shape, and a flat list needs no recursion.

use super::SPLAT_BUDGET;
use super::atoms::{DimNames, literal};
use super::lexer::{Cursor, ParseError, Token};
use crate::dim::{Type, fixed_element_count};
use crate::graph::Constant;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

/// Parses the text form of one array.
pub fn parse_constant(text: &str) -> Result<Constant, ParseError> {
    let mut cursor = Cursor::new(text);
    let names = DimNames::default();
    let ty = names.ty(&mut cursor)?;
    let constant = data(&mut cursor, &ty, &names.names, &mut { SPLAT_BUDGET })?;
    if cursor.token() != Token::End {
        return Err(cursor.unexpected("the end of the text"));
    }
    Ok(constant)
}

impl Display for Constant {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ty().display(&[]))?;
        write_data(self, &mut { SPLAT_BUDGET }, f)
    }
}

/// Parses the braces behind the type `ty`: `{2.0}`, `{splat 2.0}` or `{[1.0, 2.0]}`. `splat_budget` is what is left of
/// [`SPLAT_BUDGET`].
pub(super) fn data(
    cursor: &mut Cursor<'_>,
    ty: &Type,
    names: &[String],
    splat_budget: &mut u64,
) -> Result<Constant, ParseError> {
    let offset = cursor.offset();
    cursor.expect('{')?;
    let Some(count) = fixed_element_count(&ty.shape) else {
        return Err(cursor.error(offset, format!("a constant cannot have the type {}", ty.display(names))));
    };
    let bytes =
        if cursor.eat_keyword("splat") { splat(cursor, ty, count, splat_budget)? } else { elements(cursor, ty)? };
    cursor.expect('}')?;
    let found = (bytes.len() / ty.dtype.size()) as u64;
    if found != count {
        let message = format!("{} needs {count} elements, got {found}", ty.display(names));
        return Err(cursor.error(offset, message));
    }
    let shape = ty.shape.iter().map(|dim| dim.constant as u64).collect();
    Ok(Constant { dtype: ty.dtype, shape, data: Arc::from(bytes) })
}

fn splat(cursor: &mut Cursor<'_>, ty: &Type, count: u64, budget: &mut u64) -> Result<Vec<u8>, ParseError> {
    let offset = cursor.offset();
    let value = literal(cursor, ty.dtype)?;
    let Some(left) = budget.checked_sub(count) else {
        let message = format!("splat constants of more than {SPLAT_BUDGET} elements in all: spell them out");
        return Err(cursor.error(offset, message));
    };
    *budget = left;
    Ok(value.bits.to_le_bytes()[..ty.dtype.size()].repeat(count as usize))
}

fn elements(cursor: &mut Cursor<'_>, ty: &Type) -> Result<Vec<u8>, ParseError> {
    let mut bytes = Vec::new();
    let mut element = |cursor: &mut Cursor<'_>| {
        bytes.extend_from_slice(&literal(cursor, ty.dtype)?.bits.to_le_bytes()[..ty.dtype.size()]);
        Ok(())
    };
    if cursor.eat('[') {
        cursor.list(']', element)?;
    } else {
        element(cursor)?;
    }
    Ok(bytes)
}

/// Writes what [`data`] parses, with a space in front: `{2.0}` for a 0-d constant, `{splat 2.0}` for equal elements
/// within the budget, else `{[1.0, 2.0]}`.
pub(super) fn write_data(constant: &Constant, splat_budget: &mut u64, f: &mut Formatter<'_>) -> fmt::Result {
    let length = constant.len() as u64;
    match constant.splat() {
        Some(value) if constant.shape.is_empty() && length == 1 => return write!(f, " {{{value}}}"),
        Some(value) if length <= *splat_budget => {
            *splat_budget -= length;
            return write!(f, " {{splat {value}}}");
        }
        Some(_) | None => {}
    }
    f.write_str(" {[")?;
    for (position, element) in constant.elements().enumerate() {
        let separator = if position == 0 { "" } else { ", " };
        write!(f, "{separator}{element}")?;
    }
    f.write_str("]}")
}

#[cfg(test)]
mod tests {
    use super::parse_constant;

    #[test]
    fn arrays_print_and_parse_back() {
        for text in [
            "f64[] {-0.0}",
            "f64[2] {splat nan}",
            "f32[2, 2] {[0.1, -inf, 1e-45, 16777216.0]}",
            "bool[2] {[true, false]}",
            "u64[1] {splat 18446744073709551615}",
            "i8[0, 3] {[]}",
        ] {
            assert_eq!(parse_constant(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_wrong_number_of_elements_is_an_error() {
        let error = parse_constant("f64[3] {[1.0, 2.0]}").unwrap_err();
        assert_eq!(error.to_string(), "line 1, column 8: f64[3] needs 3 elements, got 2");
    }

    #[test]
    fn splats_are_limited() {
        let error = parse_constant("bool[1152921504606846976] {splat true}").unwrap_err();
        assert_eq!(error.message, "splat constants of more than 16777216 elements in all: spell them out");
        assert!(parse_constant("bool[16777216] {splat true}").is_ok());
    }
}
