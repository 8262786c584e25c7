//! The parts that both text forms share: named dimensions, dims, shapes, types, literals and locations.

use super::lexer::{Cursor, ParseError, Token, shortened, unescape};
use crate::dim::{Dim, DimId, MAX_RANK, Shape, Type};
use crate::{DType, Scalar};
use std::collections::HashMap;

/// The named dimensions that a text declares.
#[derive(Clone, Debug, Default)]
pub struct DimNames<'a> {
    /// In order of declaration.
    pub names: Vec<String>,
    ids: HashMap<&'a str, DimId>,
}

impl<'a> DimNames<'a> {
    /// `dims n, m;`, or nothing.
    pub fn parse(cursor: &mut Cursor<'a>) -> Result<Self, ParseError> {
        let mut dims = Self::default();
        if !cursor.eat_keyword("dims") {
            return Ok(dims);
        }
        cursor.list(';', |cursor| {
            let offset = cursor.offset();
            let name = cursor.identifier("the name of a dimension")?;
            if dims.ids.insert(name, DimId(dims.names.len() as u32)).is_some() {
                return Err(cursor.error(offset, format!("dimension {} is declared twice", shortened(name))));
            }
            dims.names.push(name.to_owned());
            Ok(())
        })?;
        Ok(dims)
    }

    /// `3`, `n`, `n-1`, `n+2`.
    pub fn dim(&self, cursor: &mut Cursor<'a>) -> Result<Dim, ParseError> {
        let offset = cursor.offset();
        let Token::Identifier(name) = cursor.token() else {
            let size: i64 = cursor.number("a size")?;
            if size < 0 {
                return Err(cursor.error(offset, format!("size {size} is negative")));
            }
            return Ok(Dim { name: None, constant: size });
        };
        let Some(&id) = self.ids.get(name) else {
            return Err(cursor.error(offset, format!("unknown dimension `{}`", shortened(name))));
        };
        cursor.advance();
        let added = cursor.eat('+');
        let negative = matches!(cursor.token(), Token::Number(digits) if digits.starts_with('-'));
        let constant = match (added, negative) {
            (true, true) => return Err(cursor.unexpected("an offset without sign")),
            (false, false) => 0,
            (true, false) | (false, true) => cursor.number("an offset")?,
        };
        Ok(Dim { name: Some(id), constant })
    }

    /// `[n, 3]`.
    pub fn shape(&self, cursor: &mut Cursor<'a>) -> Result<Shape, ParseError> {
        let offset = cursor.offset();
        let mut shape = Shape::new();
        cursor.expect('[')?;
        cursor.list(']', |cursor| {
            shape.push(self.dim(cursor)?);
            if shape.len() > MAX_RANK {
                return Err(cursor.error(offset, format!("a shape of more than {MAX_RANK} axes")));
            }
            Ok(())
        })?;
        Ok(shape)
    }

    /// `f64[n, 3]`.
    pub fn ty(&self, cursor: &mut Cursor<'a>) -> Result<Type, ParseError> {
        let dtype = dtype(cursor)?;
        Ok(Type { dtype, shape: self.shape(cursor)? })
    }
}

/// `f64`.
pub fn dtype(cursor: &mut Cursor<'_>) -> Result<DType, ParseError> {
    let Token::Identifier(name) = cursor.token() else { return Err(cursor.unexpected("a dtype")) };
    let dtype = name.parse().map_err(|_| cursor.unexpected("a dtype"))?;
    cursor.advance();
    Ok(dtype)
}

/// A value of `dtype`: `true` and `false` for `bool`, a whole number in range for integers, a decimal number that does
/// not overflow, `inf`, `-inf` or `nan` for floats. The inverse of printing a [`Scalar`], but that all NaNs are one.
pub fn literal(cursor: &mut Cursor<'_>, dtype: DType) -> Result<Scalar, ParseError> {
    let parsed = match (dtype, cursor.token()) {
        (DType::Bool, Token::Identifier(word)) => word.parse().ok().map(Scalar::bool),
        (DType::F32, Token::Identifier(word) | Token::Number(word)) => float_word(word).map(Scalar::f32),
        (DType::F64, Token::Identifier(word) | Token::Number(word)) => float_word(word).map(Scalar::f64),
        (DType::U64, Token::Number(digits)) => digits.parse().ok().map(|bits| Scalar { dtype, bits }),
        (_, Token::Number(digits)) => {
            let number: Option<i64> = digits.parse().ok();
            number.map(|number| (number, Scalar::from_i64(dtype, number))).and_then(|(number, scalar)| {
                // Of the unsigned dtypes only `u64` can hold what reads as a negative number, and it is not here.
                (dtype != DType::Bool && scalar.as_i64() == number).then_some(scalar)
            })
        }
        _ => None,
    };
    let Some(scalar) = parsed else { return Err(cursor.unexpected(&format!("a value of dtype {dtype}"))) };
    cursor.advance();
    Ok(scalar)
}

/// A finite decimal number, or one of the three words. Everything else that Rust would read (`infinity`, `1e999`) is not
/// in the text form.
fn float_word<F: std::str::FromStr + Into<f64> + Copy>(word: &str) -> Option<F> {
    let number: F = word.parse().ok()?;
    let finite = number.into().is_finite() && !word.starts_with(|first: char| first.is_alphabetic());
    (finite || matches!(word, "inf" | "-inf" | "nan")).then_some(number)
}

/// `loc("file":line:column)`, or nothing. The file is unescaped.
pub fn location(cursor: &mut Cursor<'_>) -> Result<Option<(String, u32, u32)>, ParseError> {
    if !cursor.eat_keyword("loc") {
        return Ok(None);
    }
    cursor.expect('(')?;
    let file = text(cursor, "a file in quotes")?;
    cursor.expect(':')?;
    let line = cursor.number("a line number")?;
    cursor.expect(':')?;
    let column = cursor.number("a column number")?;
    cursor.expect(')')?;
    Ok(Some((file, line, column)))
}

/// What stands in quotes; `what` that is, for a message.
pub fn text(cursor: &mut Cursor<'_>, what: &str) -> Result<String, ParseError> {
    let Token::Text(raw) = cursor.token() else { return Err(cursor.unexpected(what)) };
    let Some(text) = unescape(raw) else { return Err(cursor.error(cursor.offset(), "unknown escape in a string")) };
    cursor.advance();
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{Cursor, DimNames, literal};
    use crate::{DType, Scalar};

    #[test]
    fn literals_round_trip_bit_for_bit() {
        for dtype in DType::ALL {
            for bits in [
                0,
                1,
                2,
                0x7f,
                0x80,
                0xff,
                0x8000_0000,
                0x7f80_0000,
                1 << 63,
                0x7ff0 << 48,
                u64::MAX,
                0x3fb9_9999_9999_999a,
            ] {
                let scalar = Scalar::from_bits(dtype, bits);
                let text = scalar.to_string();
                let parsed = literal(&mut Cursor::new(&text), dtype).unwrap();
                assert!(parsed.same(scalar), "{text}: {parsed:?} is not {scalar:?}");
            }
        }
    }

    #[test]
    fn literals_out_of_range_are_errors() {
        let cases = [
            (DType::I8, "128"),
            (DType::U8, "-1"),
            (DType::U64, "-1"),
            (DType::U32, "4294967296"),
            (DType::I64, "1.0"),
            (DType::F64, "1e999"),
            (DType::F32, "1e39"),
            (DType::F64, "infinity"),
            (DType::Bool, "1"),
        ];
        for (dtype, text) in cases {
            let error = literal(&mut Cursor::new(text), dtype).unwrap_err();
            assert_eq!(error.message, format!("expected a value of dtype {dtype}, got `{text}`"));
        }
    }

    #[test]
    fn dims_print_and_parse_back() {
        let mut cursor = Cursor::new("dims n, m; [n, m-1, n+2, 0, 7]");
        let dims = DimNames::parse(&mut cursor).unwrap();
        let shape = dims.shape(&mut cursor).unwrap();
        assert_eq!(crate::dim::display_shape(&shape, &dims.names), "[n, m-1, n+2, 0, 7]");
        for bad in ["[n+-1]", "[n+]", "[-1]", "[k]", "[1.5]", "[n", "[n-9223372036854775809]"] {
            assert!(dims.shape(&mut Cursor::new(bad)).is_err(), "{bad}");
        }
    }
}
