//! Kernels from text: sizes and coordinates.

use super::ParseError;
use super::kernel_lexer::{Token, TokenKind, is_numbered, shortened};
use super::kernel_parse::Parser;
use crate::dim::Dim;
use crate::kernel::{Affine, Extent};
use smallvec::SmallVec;

impl<'t> Parser<'t> {
    /// A number without a sign.
    pub fn unsigned(&mut self, what: &str) -> Result<u64, ParseError> {
        let token = self.cursor.number(what)?;
        token
            .text
            .parse()
            .or_else(|_| self.cursor.error_at(token, format!("`{}` is not {what}", shortened(token.text))))
    }

    fn signed(&mut self, token: Token<'t>, value: i128) -> Result<i64, ParseError> {
        value.try_into().or_else(|_| self.cursor.error_at(token, format!("{value} does not fit 64 bits")))
    }

    /// `n`, `blocks(n)`, `block(n, i0)`.
    pub fn extent(&mut self) -> Result<Extent, ParseError> {
        let start = self.cursor.peek();
        let word = if matches!(start.text, "block" | "blocks") { self.cursor.advance() } else { start };
        match word.text {
            "blocks" if self.cursor.accept("(") => {
                let dim = self.dim()?;
                self.cursor.expect(")")?;
                Ok(Extent::Blocks(dim))
            }
            "block" if self.cursor.accept("(") => {
                let dim = self.dim()?;
                self.cursor.expect(",")?;
                let index = self.index()?;
                self.cursor.expect(")")?;
                Ok(Extent::Block { dim, index })
            }
            "block" | "blocks" => Ok(Extent::Dim(self.named_dim(word)?)),
            _ => Ok(Extent::Dim(self.dim()?)),
        }
    }

    /// `3`, `n`, `n-1`, `n+2`.
    fn dim(&mut self) -> Result<Dim, ParseError> {
        let start = self.cursor.peek();
        if self.cursor.accept("-") {
            let magnitude = self.unsigned("an integer")?;
            return Ok(Dim { name: None, constant: self.signed(start, -i128::from(magnitude))? });
        }
        if start.kind == TokenKind::Number {
            let value = self.unsigned("an integer")?;
            return Ok(Dim { name: None, constant: self.signed(start, value.into())? });
        }
        let name = self.cursor.word("a size")?;
        self.named_dim(name)
    }

    /// What follows the name of a dimension in a size.
    fn named_dim(&mut self, name: Token<'t>) -> Result<Dim, ParseError> {
        let Some(&id) = self.dims.get(name.text) else {
            return self.cursor.error_at(name, format!("unknown dimension `{}`", name.text));
        };
        let sign = if self.cursor.accept("+") {
            1
        } else if self.cursor.accept("-") {
            -1
        } else {
            return Ok(Dim::named(id));
        };
        let magnitude = self.unsigned("an integer")?;
        Ok(Dim { name: Some(id), constant: self.signed(name, sign * i128::from(magnitude))? })
    }

    /// `4096*i0 + i1 + n - 1`.
    pub fn affine(&mut self) -> Result<Affine, ParseError> {
        let start = self.cursor.peek();
        let mut affine = Affine::constant(0);
        let mut constant = 0_i128;
        let mut sign = if self.cursor.accept("-") { -1 } else { 1 };
        loop {
            let term = self.cursor.peek();
            if term.kind == TokenKind::Number {
                let magnitude = sign * i128::from(self.unsigned("an integer")?);
                if self.cursor.accept("*") {
                    let factor = self.signed(term, magnitude)?;
                    let index = self.index()?;
                    affine.terms.push((index, factor));
                } else {
                    constant += magnitude;
                }
            } else if is_numbered(term.text, 'i') {
                let index = self.index()?;
                affine.terms.push((index, sign as i64));
            } else {
                self.offset_name(&mut affine, sign)?;
            }
            if self.cursor.accept("+") {
                sign = 1;
            } else if self.cursor.accept("-") {
                sign = -1;
            } else {
                break;
            }
        }
        affine.offset.constant = self.signed(start, constant)?;
        Ok(affine)
    }

    fn offset_name(&mut self, affine: &mut Affine, sign: i128) -> Result<(), ParseError> {
        let name = self.cursor.word("a number, a loop index or a dimension")?;
        match self.dims.get(name.text) {
            None => self.cursor.error_at(name, format!("unknown dimension `{}`", name.text)),
            Some(_) if sign < 0 => self.cursor.error_at(name, "a dimension can only be added"),
            Some(_) if affine.offset.name.is_some() => {
                self.cursor.error_at(name, "only one dimension can take part in a coordinate")
            }
            Some(&id) => {
                affine.offset.name = Some(id);
                Ok(())
            }
        }
    }

    /// Coordinates in brackets.
    pub fn coordinates(&mut self) -> Result<SmallVec<[Affine; 3]>, ParseError> {
        self.cursor.expect("[")?;
        let mut at = SmallVec::new();
        self.list("]", |parser| {
            at.push(parser.affine()?);
            Ok(())
        })?;
        Ok(at)
    }
}
