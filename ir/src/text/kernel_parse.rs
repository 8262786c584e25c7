//! Kernels from text: the head, buffers, tables, names and blocks.
//!
//! The parser knows names and syntax only. What it accepts may still be ill-typed or out of scope, which is for
//! [`crate::verify::kernel::verify_kernel`] to say.

use super::kernel_lexer::{Cursor, Token, TokenKind, is_name, is_numbered, shortened};
use super::lexer::ParseError;
use crate::dim::DimId;
use crate::kernel::{Access, Block, Buffer, BufferId, BufferShape, IndexId, Kernel, MAX_NESTING, Table, TableId, Var};
use crate::{DType, Scalar};
use std::collections::HashMap;

/// Parses the text form of one kernel. Values and loop indices are numbered in the order of their definition.
pub fn parse_kernel(text: &str) -> Result<Kernel, ParseError> {
    let mut parser = Parser {
        cursor: Cursor::new(text),
        kernel: Kernel::default(),
        dims: HashMap::new(),
        vars: HashMap::new(),
        indices: HashMap::new(),
        depth: 0,
    };
    parser.kernel()?;
    if parser.cursor.peek().kind != TokenKind::End {
        return parser.cursor.expected("the end of the text");
    }
    Ok(parser.kernel)
}

/// The state of parsing one kernel.
pub(super) struct Parser<'t> {
    pub cursor: Cursor<'t>,
    pub kernel: Kernel,
    pub dims: HashMap<&'t str, DimId>,
    vars: HashMap<&'t str, Option<Var>>,
    indices: HashMap<&'t str, IndexId>,
    depth: usize,
}

/// A value that an instruction is about to define.
pub(super) struct Defined<'t> {
    name: Token<'t>,
    pub dtype: DType,
}

impl<'t> Parser<'t> {
    fn kernel(&mut self) -> Result<(), ParseError> {
        self.cursor.expect("kernel")?;
        let name = self.cursor.peek();
        match name.text.strip_prefix('@') {
            Some(name) if is_name(name) => self.kernel.name = name.to_owned(),
            _ => return self.cursor.expected("`@` and the kernel's name"),
        }
        self.cursor.advance();
        self.cursor.expect("(")?;
        if self.cursor.accept("dims") {
            self.dim_names()?;
        }
        while !self.cursor.accept(")") {
            if !self.kernel.buffers.is_empty() {
                self.cursor.expect(",")?;
            }
            self.buffer()?;
        }
        self.cursor.expect("{")?;
        while self.cursor.accept("table") {
            self.table()?;
        }
        self.cursor.expect("grid")?;
        self.new_index()?;
        self.cursor.expect("in")?;
        self.kernel.grid = self.extent()?;
        self.kernel.body = self.block()?;
        self.cursor.expect("}")
    }

    fn dim_names(&mut self) -> Result<(), ParseError> {
        loop {
            let name = self.cursor.word("a dimension's name")?;
            if is_numbered(name.text, 'i') {
                return self.cursor.error_at(name, format!("dimension `{}` is named like a loop index", name.text));
            }
            let id = DimId(self.kernel.dims.len() as u32);
            if self.dims.insert(name.text, id).is_some() {
                return self.cursor.error_at(name, format!("dimension `{}` is declared twice", name.text));
            }
            self.kernel.dims.push(name.text.to_owned());
            if !self.cursor.accept(",") {
                return self.cursor.expect(";");
            }
        }
    }

    fn buffer(&mut self) -> Result<(), ParseError> {
        let access = if self.cursor.accept("read") {
            Access::Read
        } else if self.cursor.accept("write") {
            Access::Write
        } else if self.cursor.accept("scratch") {
            Access::Scratch
        } else {
            return self.cursor.expected("`read`, `write`, `scratch` or `)`");
        };
        self.cursor.expect("%")?;
        self.cursor.expect(&self.kernel.buffers.len().to_string())?;
        self.cursor.expect(":")?;
        let dtype = self.dtype()?;
        self.cursor.expect("[")?;
        let mut shape = BufferShape::new();
        self.list("]", |parser| {
            shape.push(parser.extent()?);
            Ok(())
        })?;
        self.kernel.buffers.push(Buffer { dtype, shape, access });
        Ok(())
    }

    fn table(&mut self) -> Result<(), ParseError> {
        self.cursor.expect(&format!("t{}", self.kernel.tables.len()))?;
        self.cursor.expect(":")?;
        let dtype = self.dtype()?;
        self.cursor.expect("=")?;
        self.cursor.expect("[")?;
        let mut elements = Vec::new();
        self.list("]", |parser| {
            elements.push(parser.literal(dtype)?.bits);
            Ok(())
        })?;
        self.kernel.tables.push(Table { dtype, elements: elements.into() });
        Ok(())
    }

    /// Comma-separated items up to and with the closing symbol.
    pub fn list(
        &mut self,
        close: &str,
        mut item: impl FnMut(&mut Self) -> Result<(), ParseError>,
    ) -> Result<(), ParseError> {
        if self.cursor.accept(close) {
            return Ok(());
        }
        loop {
            item(self)?;
            if !self.cursor.accept(",") {
                return self.cursor.expect(close);
            }
        }
    }

    pub fn dtype(&mut self) -> Result<DType, ParseError> {
        let word = self.cursor.word("a dtype")?;
        word.text.parse().or_else(|message: String| self.cursor.error_at(word, message))
    }

    /// A literal of the given dtype.
    pub fn literal(&mut self, dtype: DType) -> Result<Scalar, ParseError> {
        let start = self.cursor.peek();
        let sign = if self.cursor.accept("-") { "-" } else { "" };
        let token = self.cursor.advance();
        let text = format!("{sign}{}", token.text);
        match parse_literal(dtype, &text) {
            Some(value) => Ok(value),
            None => self.cursor.error_at(start, format!("`{}` is not a value of {dtype}", shortened(&text))),
        }
    }

    /// `%1`.
    pub fn buffer_id(&mut self) -> Result<BufferId, ParseError> {
        let start = self.cursor.peek();
        self.cursor.expect("%")?;
        let number = self.unsigned("a buffer's number")?;
        match u32::try_from(number) {
            Ok(id) if (id as usize) < self.kernel.buffers.len() => Ok(BufferId(id)),
            _ => self.cursor.error_at(start, format!("there is no buffer %{number}")),
        }
    }

    /// `t1`.
    pub fn table_id(&mut self) -> Result<TableId, ParseError> {
        let token = self.cursor.word("a table")?;
        match token.text.strip_prefix('t').and_then(|digits| digits.parse::<u32>().ok()) {
            Some(id) if (id as usize) < self.kernel.tables.len() => Ok(TableId(id)),
            _ => self.cursor.error_at(token, format!("there is no table `{}`", token.text)),
        }
    }

    /// The name of a new loop index.
    pub fn new_index(&mut self) -> Result<IndexId, ParseError> {
        let token = self.cursor.word("a loop index")?;
        if !is_numbered(token.text, 'i') {
            return self.cursor.error_at(token, format!("a loop index is `i` and a number, got `{}`", token.text));
        }
        let id = IndexId(self.kernel.index_count);
        if self.indices.insert(token.text, id).is_some() {
            return self.cursor.error_at(token, format!("`{}` is the index of another loop", token.text));
        }
        self.kernel.index_count += 1;
        Ok(id)
    }

    /// The name of a known loop index.
    pub fn index(&mut self) -> Result<IndexId, ParseError> {
        let token = self.cursor.word("a loop index")?;
        match self.indices.get(token.text) {
            Some(&id) => Ok(id),
            None => self.cursor.error_at(token, format!("there is no loop index `{}`", token.text)),
        }
    }

    /// The name of a new value, which cannot be used before [`Self::define`].
    pub fn new_var(&mut self) -> Result<Token<'t>, ParseError> {
        let token = self.cursor.word("a value")?;
        if !is_numbered(token.text, 'v') {
            return self.cursor.error_at(token, format!("a value is `v` and a number, got `{}`", token.text));
        }
        if self.vars.insert(token.text, None).is_some() {
            return self.cursor.error_at(token, format!("`{}` is defined twice", token.text));
        }
        Ok(token)
    }

    /// `v3: f64`, a value that is about to be defined.
    pub fn result(&mut self) -> Result<Defined<'t>, ParseError> {
        let name = self.new_var()?;
        self.cursor.expect(":")?;
        Ok(Defined { name, dtype: self.dtype()? })
    }

    /// Numbers a value.
    pub fn define(&mut self, value: &Defined<'t>) -> Var {
        self.define_as(value.name, value.dtype)
    }

    /// Numbers a value of the given dtype.
    pub fn define_as(&mut self, name: Token<'t>, dtype: DType) -> Var {
        let var = Var(self.kernel.values.len() as u32);
        self.kernel.values.push(dtype);
        self.vars.insert(name.text, Some(var));
        var
    }

    /// A value that has been defined.
    pub fn var(&mut self) -> Result<Var, ParseError> {
        let token = self.cursor.word("a value")?;
        match self.vars.get(token.text) {
            Some(&Some(var)) => Ok(var),
            Some(None) => self.cursor.error_at(token, format!("`{}` is used before it is defined", token.text)),
            None => self.cursor.error_at(token, format!("unknown value `{}`", token.text)),
        }
    }

    /// Instructions and yields in braces.
    pub fn block(&mut self) -> Result<Block, ParseError> {
        let open = self.cursor.peek();
        self.cursor.expect("{")?;
        if self.depth > MAX_NESTING {
            return self.cursor.error_at(open, format!("loops and branches nest deeper than {MAX_NESTING}"));
        }
        self.depth += 1;
        let mut block = Block::default();
        while !self.cursor.accept("}") {
            if self.cursor.accept("yield") {
                block.yields = self.vars()?;
                self.cursor.expect("}")?;
                break;
            }
            block.insts.push(self.inst()?);
        }
        self.depth -= 1;
        Ok(block)
    }
}

/// The value that a literal denotes, if it denotes one exactly or, for floats, to the nearest.
fn parse_literal(dtype: DType, text: &str) -> Option<Scalar> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let decimal = digits.starts_with(|c: char| c.is_ascii_digit());
    match dtype {
        DType::Bool => text.parse().ok().map(Scalar::bool),
        DType::F32 | DType::F64 if !decimal && !matches!(text, "inf" | "-inf" | "nan") => None,
        DType::F64 => text.parse::<f64>().ok().filter(|x| !(decimal && x.is_infinite())).map(Scalar::f64),
        DType::F32 => text.parse::<f32>().ok().filter(|x| !(decimal && x.is_infinite())).map(Scalar::f32),
        DType::U64 => text.parse().ok().map(|value| Scalar::from_bits(dtype, value)),
        DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U8 | DType::U16 | DType::U32 => {
            let value: i64 = text.parse().ok()?;
            let scalar = Scalar::from_i64(dtype, value);
            (scalar.as_i64() == value).then_some(scalar)
        }
    }
}
