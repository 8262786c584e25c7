//! Parses a graph function.
//!
//! Attributes stand in one fixed order, the printer's. What the type of the result says is not said again: the value of
//! `cast`, the shape of `reshape` and `broadcast`, the type of `iota` and `constant`, the types of `native`.

use super::SPLAT_BUDGET;
use super::atoms::{DimNames, location, text};
use super::constant::data;
use super::lexer::{Cursor, ParseError, Token, shortened};
use crate::dim::Type;
use crate::graph::{Function, GraphBuilder, Location, Native, Op, Rule, ValueId, Values};
use crate::scalar::ScalarOp;
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::Arc;

/// Parses the text form of one graph function.
///
/// What it returns satisfies the type rules of every operation; [`crate::verify::graph::verify`] checks the rest. Equal
/// to the function that was printed, but for the locations of parameters, which are not printed, the numbering of its
/// values and files, which is that of their first appearance, and the payloads of NaNs.
pub fn parse_function(text: &str) -> Result<Function, ParseError> {
    let mut rest = Rest { cursor: Cursor::new(text), splat_budget: SPLAT_BUDGET };
    let function = one_function(&mut rest, 0)?;
    match rest.cursor.token() {
        Token::End => Ok(function),
        _ => Err(rest.cursor.unexpected("the end of the text")),
    }
}

/// What is not parsed yet.
pub(super) struct Rest<'a> {
    pub(super) cursor: Cursor<'a>,
    /// What is left of [`SPLAT_BUDGET`].
    pub(super) splat_budget: u64,
}

/// A function, which may stand in another.
pub(super) fn one_function(rest: &mut Rest<'_>, depth: usize) -> Result<Function, ParseError> {
    let mut cursor = rest.cursor.clone();
    cursor.keyword("fn")?;
    let Token::Symbol(name) = cursor.token() else { return Err(cursor.unexpected("`@` and the function's name")) };
    cursor.advance();
    cursor.expect('(')?;
    let dims = DimNames::parse(&mut cursor)?;
    let builder = GraphBuilder::new(name, dims.names.clone());
    let mut parser = Parser {
        cursor,
        dims,
        builder,
        values: HashMap::new(),
        files: Vec::new(),
        file_indices: HashMap::new(),
        splat_budget: rest.splat_budget,
        depth,
    };
    let results = parser.function()?;
    let mut function = parser.builder.finish(results);
    function.files = parser.files;
    *rest = Rest { cursor: parser.cursor, splat_budget: parser.splat_budget };
    Ok(function)
}

/// A result as it stands before the `=`.
struct Definition<'a> {
    offset: usize,
    name: &'a str,
    ty: Type,
}

type Definitions<'a> = SmallVec<[Definition<'a>; 1]>;

pub(super) struct Parser<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) dims: DimNames<'a>,
    builder: GraphBuilder,
    /// Values by their name in the text.
    values: HashMap<&'a str, ValueId>,
    /// Files in the order of their first appearance, and their indices. The builder's own look-up is a linear search.
    files: Vec<Arc<str>>,
    file_indices: HashMap<Arc<str>, u32>,
    /// What is left of [`SPLAT_BUDGET`].
    pub(super) splat_budget: u64,
    /// How many functions this one stands in.
    pub(super) depth: usize,
}

impl<'a> Parser<'a> {
    /// From the first parameter to the closing brace. Returns what the function returns.
    fn function(&mut self) -> Result<Vec<ValueId>, ParseError> {
        self.parameters()?;
        let (offset, types) = self.result_types()?;
        self.cursor.expect('{')?;
        while !self.cursor.eat_keyword("return") {
            self.node()?;
        }
        let mut results = Vec::new();
        while !self.cursor.at('}') {
            if !results.is_empty() {
                self.cursor.expect(',')?;
            }
            results.push(self.operand()?);
        }
        self.cursor.expect('}')?;
        self.check_results(offset, &types, &results)?;
        Ok(results)
    }

    fn parameters(&mut self) -> Result<(), ParseError> {
        if self.cursor.eat(')') {
            return Ok(());
        }
        loop {
            let definition = self.definition()?;
            let value = self.builder.parameter(definition.ty.clone());
            let value = value.map_err(|violation| self.cursor.error(definition.offset, violation.to_string()))?;
            self.define(&definition, value)?;
            if self.cursor.eat(')') {
                return Ok(());
            }
            if !self.cursor.eat(',') {
                return Err(self.cursor.unexpected("`,` or `)`"));
            }
        }
    }

    /// `-> (f64[n, 3])`: the types and their offsets, behind the offset of all.
    fn result_types(&mut self) -> Result<(usize, Vec<(usize, Type)>), ParseError> {
        if self.cursor.token() != Token::Arrow {
            return Err(self.cursor.unexpected("`->`"));
        }
        self.cursor.advance();
        let offset = self.cursor.offset();
        let mut types = Vec::new();
        self.cursor.expect('(')?;
        self.cursor.list(')', |cursor| {
            types.push((cursor.offset(), self.dims.ty(cursor)?));
            Ok(())
        })?;
        Ok((offset, types))
    }

    fn check_results(&self, offset: usize, types: &[(usize, Type)], results: &[ValueId]) -> Result<(), ParseError> {
        if types.len() != results.len() {
            let message = format!("the signature names {} results, but {} are returned", types.len(), results.len());
            return Err(self.cursor.error(offset, message));
        }
        let function = self.builder.function();
        for (position, ((offset, declared), &id)) in types.iter().zip(results).enumerate() {
            if declared != function.ty(id) {
                let (declared, found) = (declared.display(&self.dims.names), function.ty(id).display(&self.dims.names));
                let message = format!("result {position} is declared as {declared}, but {found} is returned");
                return Err(self.cursor.error(*offset, message));
            }
        }
        Ok(())
    }

    /// `%4: f64[], %5: i64[] = name %0, %1 {attributes} loc("file":1:2)`.
    fn node(&mut self) -> Result<(), ParseError> {
        let mut definitions = Definitions::new();
        loop {
            definitions.push(self.definition()?);
            if !self.cursor.eat(',') {
                break;
            }
        }
        self.cursor.expect('=')?;
        let offset = self.cursor.offset();
        let name = self.cursor.identifier("an operation")?;
        let operands = self.operands()?;
        let op = self.op(name, offset, &definitions)?;
        self.builder.location = self.location()?;
        let pushed = self.builder.push_all(op, &operands);
        let results = pushed.map_err(|violation| self.cursor.error(offset, violation.to_string()))?;
        if results.len() != definitions.len() {
            let has = if results.len() == 1 { "one result".to_owned() } else { format!("{} results", results.len()) };
            let message = format!("{} has {has}, got {}", shortened(name), definitions.len());
            return Err(self.cursor.error(definitions[definitions.len() - 1].offset, message));
        }
        for (definition, result) in definitions.iter().zip(results) {
            self.check_annotation(name, definition, result)?;
            self.define(definition, result)?;
        }
        Ok(())
    }

    fn check_annotation(&self, op: &str, definition: &Definition<'a>, result: ValueId) -> Result<(), ParseError> {
        let found = self.builder.function().ty(result);
        if *found == definition.ty {
            return Ok(());
        }
        let (declared, found) = (definition.ty.display(&self.dims.names), found.display(&self.dims.names));
        let name = shortened(definition.name);
        Err(self.cursor.error(definition.offset, format!("%{name} is declared as {declared}, but {op} gives {found}")))
    }

    /// `%2: f64[n, 3]`.
    fn definition(&mut self) -> Result<Definition<'a>, ParseError> {
        let offset = self.cursor.offset();
        let Token::Value(name) = self.cursor.token() else {
            return Err(self.cursor.unexpected("`%` and a value's name"));
        };
        self.cursor.advance();
        self.cursor.expect(':')?;
        Ok(Definition { offset, name, ty: self.dims.ty(&mut self.cursor)? })
    }

    fn define(&mut self, definition: &Definition<'a>, value: ValueId) -> Result<(), ParseError> {
        match self.values.insert(definition.name, value) {
            None => Ok(()),
            Some(_) => {
                let message = format!("%{} is defined twice", shortened(definition.name));
                Err(self.cursor.error(definition.offset, message))
            }
        }
    }

    fn operands(&mut self) -> Result<Values, ParseError> {
        let mut operands = Values::new();
        if matches!(self.cursor.token(), Token::Value(_)) {
            operands.push(self.operand()?);
            while self.cursor.eat(',') {
                operands.push(self.operand()?);
            }
        }
        Ok(operands)
    }

    fn operand(&mut self) -> Result<ValueId, ParseError> {
        let Token::Value(name) = self.cursor.token() else {
            return Err(self.cursor.unexpected("`%` and a value's name"));
        };
        let Some(&value) = self.values.get(name) else {
            let message = format!("%{} is not defined before its use", shortened(name));
            return Err(self.cursor.error(self.cursor.offset(), message));
        };
        self.cursor.advance();
        Ok(value)
    }

    fn location(&mut self) -> Result<Option<Location>, ParseError> {
        let Some((file, line, column)) = location(&mut self.cursor)? else { return Ok(None) };
        let file: Arc<str> = file.into();
        let next = self.files.len() as u32;
        let index = *self.file_indices.entry(Arc::clone(&file)).or_insert(next);
        if index == next {
            self.files.push(file);
        }
        Ok(Some(Location { file: index, line, column }))
    }

    /// The operation of this name with the attributes that follow.
    fn op(&mut self, name: &str, offset: usize, definitions: &Definitions<'_>) -> Result<Op, ParseError> {
        let ty = &definitions[0].ty;
        let shape = || ty.shape.clone();
        Ok(match name {
            "constant" => Op::Constant(data(&mut self.cursor, ty, &self.dims.names, &mut self.splat_budget)?),
            "iota" => Op::Iota { ty: ty.clone(), axis: self.only("axis", Self::size)? },
            "cast" => Op::Cast(ty.dtype),
            "bitcast" => Op::Bitcast(ty.dtype),
            "reshape" => Op::Reshape { shape: shape() },
            "broadcast" => Op::Broadcast { axes: self.only("axes", Self::sizes)?, shape: shape() },
            "transpose" => Op::Transpose { permutation: self.only("permutation", Self::sizes)? },
            "slice" => Op::Slice {
                start: self.attribute('{', "start", Self::numbers)?,
                limit: self.attribute(',', "limit", Self::shape)?,
                step: self.last("step", Self::numbers)?,
            },
            "pad" => Op::Pad {
                low: self.attribute('{', "low", Self::numbers)?,
                high: self.attribute(',', "high", Self::numbers)?,
                interior: self.last("interior", Self::numbers)?,
            },
            "concatenate" => Op::Concatenate { axis: self.only("axis", Self::size)? },
            "reverse" => Op::Reverse { axes: self.only("axes", Self::sizes)? },
            "reduce" => Op::Reduce {
                kind: self.attribute('{', "kind", Self::reduction)?,
                axes: self.last("axes", Self::sizes)?,
            },
            "dot_general" => Op::DotGeneral {
                batch: self.attribute('{', "batch", Self::pairs)?,
                contract: self.last("contract", Self::pairs)?,
            },
            "take" => Op::Take {
                axis: self.attribute('{', "axis", Self::size)?,
                indices: self.last("indices", Self::numbers)?.into(),
            },
            "scatter_add" => Op::ScatterAdd {
                axis: self.attribute('{', "axis", Self::size)?,
                indices: self.attribute(',', "indices", Self::numbers)?.into(),
                size: self.last("size", Self::wide)?,
            },
            "custom" => Op::Custom(Arc::new(Rule {
                kind: self.attribute('{', "kind", Self::rule_kind)?,
                wrt: self.attribute(',', "wrt", Self::truths)?,
                function: self.last("rule", Self::nested)?,
            })),
            "stop_gradient" => Op::StopGradient,
            "call" => Op::Call(Arc::new(self.only("function", Self::nested)?)),
            "checkpoint" => Op::Checkpoint(Arc::new(self.only("function", Self::nested)?)),
            "switch" => Op::Switch(self.only("branches", Self::functions)?.into()),
            "while" => Op::While(Arc::new(self.while_loop()?)),
            "scan" => Op::Scan(Arc::new(self.scan()?)),
            "native" => Op::Native(Arc::new(Native {
                name: self.only("name", |parser| text(&mut parser.cursor, "a function's name in quotes"))?,
                results: definitions.iter().map(|definition| definition.ty.clone()).collect(),
            })),
            scalar => match scalar.parse::<ScalarOp>() {
                Ok(scalar) => Op::Scalar(scalar),
                Err(_) => {
                    let message = format!("unknown operation `{}`", shortened(scalar));
                    return Err(self.cursor.error(offset, message));
                }
            },
        })
    }
}
