//! Attributes of operations in the text form of graph functions.

use super::graph_parse::{Parser, Rest, one_function};
use super::lexer::{Cursor, ParseError};
use crate::dim::Shape;
use crate::graph::{Checkpoint, Function, MAX_FUNCTION_NESTING, Reduction, RuleKind, Scan, While};

impl<'a> Parser<'a> {
    /// `name = value` after `{` or `,`.
    pub(super) fn attribute<T>(
        &mut self,
        before: char,
        name: &str,
        value: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        self.cursor.expect(before)?;
        self.cursor.keyword(name)?;
        self.cursor.expect('=')?;
        value(self)
    }

    /// The last of several attributes, with the closing brace.
    pub(super) fn last<T>(
        &mut self,
        name: &str,
        value: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        let value = self.attribute(',', name, value)?;
        self.cursor.expect('}')?;
        Ok(value)
    }

    /// The only attribute, with its braces.
    pub(super) fn only<T>(
        &mut self,
        name: &str,
        value: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        let value = self.attribute('{', name, value)?;
        self.cursor.expect('}')?;
        Ok(value)
    }

    pub(super) fn size(&mut self) -> Result<usize, ParseError> {
        self.cursor.number("an axis")
    }

    pub(super) fn wide(&mut self) -> Result<u64, ParseError> {
        self.cursor.number("a size")
    }

    fn count(&mut self) -> Result<usize, ParseError> {
        self.cursor.number("a number of values")
    }

    fn iterations(&mut self) -> Result<u64, ParseError> {
        self.cursor.number("a number of iterations")
    }

    pub(super) fn shape(&mut self) -> Result<Shape, ParseError> {
        self.dims.shape(&mut self.cursor)
    }

    pub(super) fn sizes(&mut self) -> Result<Vec<usize>, ParseError> {
        self.items(|cursor| cursor.number("an axis"))
    }

    pub(super) fn numbers(&mut self) -> Result<Vec<u64>, ParseError> {
        self.items(|cursor| cursor.number("a whole number"))
    }

    pub(super) fn pairs(&mut self) -> Result<Vec<(usize, usize)>, ParseError> {
        self.items(|cursor| {
            cursor.expect('(')?;
            let left = cursor.number("an axis")?;
            cursor.expect(',')?;
            let right = cursor.number("an axis")?;
            cursor.expect(')')?;
            Ok((left, right))
        })
    }

    fn items<T>(&mut self, item: impl Fn(&mut Cursor<'a>) -> Result<T, ParseError>) -> Result<Vec<T>, ParseError> {
        let mut items = Vec::new();
        self.cursor.expect('[')?;
        self.cursor.list(']', |cursor| {
            items.push(item(cursor)?);
            Ok(())
        })?;
        Ok(items)
    }

    fn truth(&mut self) -> Result<bool, ParseError> {
        truth(&mut self.cursor)
    }

    pub(super) fn truths(&mut self) -> Result<Vec<bool>, ParseError> {
        self.items(truth)
    }

    pub(super) fn rule_kind(&mut self) -> Result<RuleKind, ParseError> {
        let word = RuleKind::ALL.into_iter().find(|kind| self.cursor.eat_keyword(kind.name()));
        word.ok_or_else(|| self.cursor.unexpected("one of `jvp`, `vjp`"))
    }

    /// A function in this one.
    pub(super) fn nested(&mut self) -> Result<Function, ParseError> {
        if self.depth == MAX_FUNCTION_NESTING {
            let message = format!("functions stand in functions more than {MAX_FUNCTION_NESTING} deep");
            return Err(self.cursor.error(self.cursor.offset(), message));
        }
        let mut rest = Rest { cursor: self.cursor.clone(), splat_budget: self.splat_budget };
        let function = one_function(&mut rest, self.depth + 1)?;
        (self.cursor, self.splat_budget) = (rest.cursor, rest.splat_budget);
        Ok(function)
    }

    /// Functions up to the closing brace.
    pub(super) fn functions(&mut self) -> Result<Vec<Function>, ParseError> {
        let mut functions = vec![self.nested()?];
        while !self.cursor.at('}') {
            functions.push(self.nested()?);
        }
        Ok(functions)
    }

    pub(super) fn while_loop(&mut self) -> Result<While, ParseError> {
        let carried = self.attribute('{', "carried", Self::count)?;
        self.cursor.expect(',')?;
        let mut bound = None;
        if self.cursor.eat_keyword("bound") {
            self.cursor.expect('=')?;
            bound = Some(self.iterations()?);
            self.cursor.expect(',')?;
            self.cursor.keyword("functions")?;
        } else if !self.cursor.eat_keyword("functions") {
            return Err(self.cursor.unexpected("`bound` or `functions`"));
        }
        self.cursor.expect('=')?;
        let (condition, body) = (self.nested()?, self.nested()?);
        self.cursor.expect('}')?;
        Ok(While { carried, bound, condition, body })
    }

    pub(super) fn scan(&mut self) -> Result<Scan, ParseError> {
        Ok(Scan {
            carried: self.attribute('{', "carried", Self::count)?,
            scanned: self.attribute(',', "scanned", Self::count)?,
            length: self.attribute(',', "length", |parser| parser.dims.dim(&mut parser.cursor))?,
            reverse: self.attribute(',', "reverse", Self::truth)?,
            checkpoint: self.attribute(',', "checkpoint", Self::checkpoint)?,
            body: self.last("body", Self::nested)?,
        })
    }

    fn checkpoint(&mut self) -> Result<Checkpoint, ParseError> {
        if self.cursor.eat_keyword("all") {
            return Ok(Checkpoint::All);
        }
        let every = self.cursor.eat_keyword("every");
        if !every && !self.cursor.eat_keyword("binomial") {
            return Err(self.cursor.unexpected("one of `all`, `every`, `binomial`"));
        }
        self.cursor.expect('(')?;
        let count = self.iterations()?;
        self.cursor.expect(')')?;
        Ok(if every { Checkpoint::Every(count) } else { Checkpoint::Binomial(count) })
    }

    pub(super) fn reduction(&mut self) -> Result<Reduction, ParseError> {
        let word = Reduction::ALL.into_iter().find(|kind| self.cursor.eat_keyword(kind.name()));
        word.ok_or_else(|| self.cursor.unexpected("one of `sum`, `prod`, `max`, `min`, `all`, `any`"))
    }
}

fn truth(cursor: &mut Cursor<'_>) -> Result<bool, ParseError> {
    let truth = cursor.eat_keyword("true");
    if truth || cursor.eat_keyword("false") { Ok(truth) } else { Err(cursor.unexpected("`true` or `false`")) }
}
