//! The types that a function is lowered for.

use crate::tree::Outline;
use crate::{Array, DType, Tree};
use rotrace_ir::{Dim, DimId, Type};

/// The types of a function's arguments, one per leaf.
#[derive(Clone, Debug)]
pub struct Signature {
    pub(crate) dims: Vec<String>,
    pub(crate) types: Vec<Type>,
    pub(crate) outline: Outline,
}

impl Signature {
    /// The types of example arguments: all sizes are numbers.
    #[must_use]
    pub fn like<T: Tree<Array>>(arguments: &T) -> Self {
        let mut types = Vec::new();
        arguments.visit(&mut |array: &Array| {
            types.push(Type::new(
                array.dtype(),
                array.shape().iter().map(|&size| Dim::fixed(size as u64)).collect::<rotrace_ir::Shape>(),
            ));
        });
        Self { dims: Vec::new(), types, outline: Outline::of(arguments) }
    }

    /// Parses types such as `f64[n, 3], f64[3], i32`: an element type and sizes, which are numbers or names. A name
    /// stands for one size everywhere.
    ///
    /// # Errors
    /// A message that quotes what is malformed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut dims = Vec::new();
        let types =
            split_types(text)?.into_iter().map(|part| parse_type(part, &mut dims)).collect::<Result<Vec<_>, _>>()?;
        let outline = Outline { leaves: types.len(), lengths: None };
        Ok(Self { dims, types, outline })
    }
}

/// What [`Traced::lower`](crate::Traced::lower) takes argument types from: a string, or a [`Signature`].
pub trait Specification {
    /// The types, or what is wrong with them.
    ///
    /// # Errors
    /// A message that quotes what is malformed.
    fn signature(self) -> Result<Signature, String>;
}

impl Specification for &str {
    fn signature(self) -> Result<Signature, String> {
        Signature::parse(self)
    }
}

impl Specification for &String {
    fn signature(self) -> Result<Signature, String> {
        Signature::parse(self)
    }
}

impl Specification for Signature {
    fn signature(self) -> Result<Signature, String> {
        Ok(self)
    }
}

impl Specification for &Signature {
    fn signature(self) -> Result<Signature, String> {
        Ok(self.clone())
    }
}

/// Splits at the commas that are not inside brackets.
fn split_types(text: &str) -> Result<Vec<&str>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let (mut parts, mut start, mut inside) = (Vec::new(), 0, false);
    for (place, character) in text.char_indices() {
        match character {
            '[' if inside => return Err(format!("`[` inside brackets in `{text}`")),
            '[' => inside = true,
            ']' if !inside => return Err(format!("`]` without `[` in `{text}`")),
            ']' => inside = false,
            ',' if !inside => {
                parts.push(text[start..place].trim());
                start = place + 1;
            }
            _ => {}
        }
    }
    if inside {
        return Err(format!("`[` without `]` in `{text}`"));
    }
    parts.push(text[start..].trim());
    if parts.contains(&"") {
        return Err(format!("a type is missing beside a comma in `{text}`"));
    }
    Ok(parts)
}

fn parse_type(text: &str, dims: &mut Vec<String>) -> Result<Type, String> {
    let (name, sizes) = match text.split_once('[') {
        None => (text, None),
        Some((name, rest)) => {
            let Some(sizes) = rest.strip_suffix(']') else {
                return Err(format!("expected a type such as `f64[n, 3]`, got `{text}`"));
            };
            (name.trim(), Some(sizes.trim()))
        }
    };
    let dtype: DType = name.parse().map_err(|_| {
        let known: Vec<_> = DType::ALL.iter().map(|dtype| dtype.name()).collect();
        format!("unknown element type `{name}` in `{text}`; there are {}", known.join(", "))
    })?;
    let sizes = sizes.filter(|sizes| !sizes.is_empty());
    let shape = sizes.into_iter().flat_map(|sizes| sizes.split(','));
    let shape = shape.map(|size| parse_dim(size.trim(), text, dims)).collect::<Result<rotrace_ir::Shape, _>>()?;
    Ok(Type { dtype, shape })
}

fn parse_dim(size: &str, within: &str, dims: &mut Vec<String>) -> Result<Dim, String> {
    if size.is_empty() {
        return Err(format!("a size is missing beside a comma in `{within}`"));
    }
    if size.starts_with(|first: char| first.is_ascii_digit()) {
        return match size.parse::<u64>() {
            Ok(number) if i64::try_from(number).is_ok() => Ok(Dim::fixed(number)),
            Ok(_) | Err(_) => Err(format!("size `{size}` in `{within}` is not a number that fits")),
        };
    }
    let starts = size.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if !starts || !size.chars().all(|character| character.is_ascii_alphanumeric() || character == '_') {
        return Err(format!("size `{size}` in `{within}` is neither a number nor a name"));
    }
    let index = dims.iter().position(|known| known == size).unwrap_or_else(|| {
        dims.push(size.to_owned());
        dims.len() - 1
    });
    Ok(Dim::named(DimId(index as u32)))
}
