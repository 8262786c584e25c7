//! Kernels from text: instructions.

use super::ParseError;
use super::kernel_lexer::Token;
use super::kernel_parse::{Defined, Parser};
use crate::graph::Reduction;
use crate::kernel::{Extent, IndexId, Inst, Loop, LoopKind, Vars};
use crate::scalar::ScalarOp;
use smallvec::SmallVec;

impl<'t> Parser<'t> {
    /// One instruction with everything in it.
    pub fn inst(&mut self) -> Result<Inst, ParseError> {
        if self.cursor.accept("store") {
            let buffer = self.buffer_id()?;
            let at = self.coordinates()?;
            return Ok(Inst::Store { buffer, at, value: self.var()? });
        }
        if self.cursor.accept("for") {
            let (index, extent) = self.loop_range()?;
            let kind = LoopKind::Reduce { accumulators: SmallVec::new() };
            let body = self.block()?;
            return Ok(Inst::Loop(Box::new(Loop { index, extent, kind, body, results: Vars::new() })));
        }
        let start = self.cursor.peek();
        if matches!(start.text, "if" | "carry" | "while") {
            self.cursor.advance();
            return self.nested(start, &[]);
        }
        let mut results = vec![self.result()?];
        while self.cursor.accept(",") {
            results.push(self.result()?);
        }
        self.cursor.expect("=")?;
        let keyword = self.cursor.word("an instruction")?;
        match (keyword.text, results.as_slice()) {
            ("if" | "carry" | "while" | "reduce", results) => self.nested(keyword, results),
            (_, [result]) => self.simple(keyword, result),
            _ => self.cursor.error_at(keyword, format!("`{}` has one result", keyword.text)),
        }
    }

    /// An instruction with one result.
    fn simple(&mut self, keyword: Token<'t>, defined: &Defined<'t>) -> Result<Inst, ParseError> {
        // The result is numbered after its operands have been read, so that it cannot be one of them.
        Ok(match keyword.text {
            "constant" => {
                let value = self.literal(defined.dtype)?;
                Inst::Constant { result: self.define(defined), value }
            }
            "cast" => {
                let operand = self.var()?;
                Inst::Cast { result: self.define(defined), operand }
            }
            "bitcast" => {
                let operand = self.var()?;
                Inst::Bitcast { result: self.define(defined), operand }
            }
            "index" => {
                let value = self.affine()?;
                Inst::Index { result: self.define(defined), value }
            }
            "load" => {
                let buffer = self.buffer_id()?;
                let at = self.coordinates()?;
                Inst::Load { result: self.define(defined), buffer, at }
            }
            "lookup" => {
                let table = self.table_id()?;
                self.cursor.expect("[")?;
                let index = self.var()?;
                self.cursor.expect("]")?;
                Inst::Lookup { result: self.define(defined), table, index }
            }
            name => {
                let op: ScalarOp = name.parse().or_else(|message: String| self.cursor.error_at(keyword, message))?;
                let operands = self.vars()?;
                Inst::Scalar { result: self.define(defined), op, operands }
            }
        })
    }

    /// Values, at least one.
    pub fn vars(&mut self) -> Result<Vars, ParseError> {
        let mut vars = Vars::new();
        vars.push(self.var()?);
        while self.cursor.accept(",") {
            vars.push(self.var()?);
        }
        Ok(vars)
    }

    fn define_all(&mut self, results: &[Defined<'t>]) -> Vars {
        results.iter().map(|result| self.define(result)).collect()
    }

    /// A branch, or a loop with results. The keyword has been taken.
    fn nested(&mut self, keyword: Token<'t>, results: &[Defined<'t>]) -> Result<Inst, ParseError> {
        if keyword.text == "if" {
            let condition = self.var()?;
            let then = self.block()?;
            self.cursor.expect("else")?;
            let often = self.cursor.accept("often");
            let otherwise = self.block()?;
            return Ok(Inst::If { results: self.define_all(results), condition, then, otherwise, often });
        }
        let (index, extent) = self.loop_range()?;
        let kind = if keyword.text == "reduce" {
            LoopKind::Reduce { accumulators: self.accumulators()? }
        } else {
            let (initial, parameters) = self.carried(keyword, results)?;
            if keyword.text == "carry" {
                LoopKind::Carry { initial, parameters }
            } else {
                let condition = self.block()?;
                self.cursor.expect("do")?;
                LoopKind::While { initial, parameters, condition }
            }
        };
        let body = self.block()?;
        Ok(Inst::Loop(Box::new(Loop { index, extent, kind, body, results: self.define_all(results) })))
    }

    /// `i1 in n`.
    fn loop_range(&mut self) -> Result<(IndexId, Extent), ParseError> {
        let index = self.new_index()?;
        self.cursor.expect("in")?;
        Ok((index, self.extent()?))
    }

    /// `[sum, max]`.
    fn accumulators(&mut self) -> Result<SmallVec<[Reduction; 2]>, ParseError> {
        self.cursor.expect("[")?;
        let mut accumulators = SmallVec::new();
        self.list("]", |parser| {
            let word = parser.cursor.word("a reduction")?;
            match Reduction::ALL.into_iter().find(|kind| kind.name() == word.text) {
                Some(kind) => accumulators.push(kind),
                None => return parser.cursor.error_at(word, format!("unknown reduction `{}`", word.text)),
            }
            Ok(())
        })?;
        Ok(accumulators)
    }

    /// `(v7 = v1, v8 = v2)`: the initial values, and the parameters, which have the dtypes of the results.
    fn carried(&mut self, keyword: Token<'t>, results: &[Defined<'t>]) -> Result<(Vars, Vars), ParseError> {
        let open = self.cursor.peek();
        self.cursor.expect("(")?;
        let (mut initial, mut names) = (Vars::new(), Vec::new());
        self.list(")", |parser| {
            names.push(parser.new_var()?);
            parser.cursor.expect("=")?;
            initial.push(parser.var()?);
            Ok(())
        })?;
        if names.len() != results.len() {
            let (kind, results, values) = (keyword.text, results.len(), names.len());
            let message = format!("{kind} has {results} results but carries {values} values");
            return self.cursor.error_at(open, message);
        }
        let parameters =
            names.into_iter().zip(results).map(|(name, result)| self.define_as(name, result.dtype)).collect();
        Ok((initial, parameters))
    }
}
