//! Which elements of a Jacobian can be other than 0, and how few directions show them all.

use crate::{Array, Error};

/// A pattern of a matrix: its size, and the places of the elements that can be other than 0, in an order of the user's.
///
/// ```
/// use rotrace::{Array, Sparsity};
/// let listed = Sparsity::new(2, 3, [(0, 0), (1, 2), (0, 1)])?;
/// let dense = Sparsity::of(&Array::from([[true, true, false], [false, false, true]]))?;
/// assert_eq!(dense.entries(), [(0, 0), (0, 1), (1, 2)]);
/// assert_eq!((listed.rows(), listed.columns()), (dense.rows(), dense.columns()));
/// assert_eq!(Sparsity::banded(3, 1, 0).entries(), [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2)]);
/// # Ok::<(), rotrace::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sparsity {
    rows: usize,
    columns: usize,
    entries: Vec<(usize, usize)>,
}

impl Sparsity {
    /// A pattern of a list of (row, column).
    ///
    /// # Errors
    /// If a place is outside of the matrix.
    pub fn new(rows: usize, columns: usize, entries: impl IntoIterator<Item = (usize, usize)>) -> Result<Self, Error> {
        let entries: Vec<_> = entries.into_iter().collect();
        match entries.iter().find(|&&(row, column)| row >= rows || column >= columns) {
            None => Ok(Self { rows, columns, entries }),
            Some((row, column)) => Err(Error::Array(format!(
                "row {row}, column {column} is outside of a pattern of {rows} rows and {columns} columns"
            ))),
        }
    }

    /// The pattern of a matrix of `bool`, row by row.
    ///
    /// # Errors
    /// If the array is not a matrix of `bool`.
    pub fn of(matrix: &Array) -> Result<Self, Error> {
        let &[rows, columns] = matrix.shape() else {
            return Err(Error::Array(format!("a pattern is a matrix, not an array of shape {:?}", matrix.shape())));
        };
        let set = matrix.as_slice::<bool>()?.iter().enumerate().filter(|&(_, &set)| set);
        let entries = set.map(|(place, _)| (place / columns, place % columns)).collect();
        Ok(Self { rows, columns, entries })
    }

    /// The pattern of a square matrix with so many diagonals below and above the main one, row by row.
    #[must_use]
    pub fn banded(size: usize, below: usize, above: usize) -> Self {
        let of_row = |row: usize| {
            let end = row.saturating_add(above).saturating_add(1).min(size);
            (row.saturating_sub(below)..end).map(move |column| (row, column))
        };
        Self { rows: size, columns: size, entries: (0..size).flat_map(of_row).collect() }
    }

    /// The number of rows: of elements of the results.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns: of elements of the arguments.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The places (row, column), in the pattern's order.
    #[must_use]
    pub fn entries(&self) -> &[(usize, usize)] {
        &self.entries
    }

    /// Colours of the columns, so that no two of one colour have an entry in the same row.
    pub(super) fn column_colours(&self) -> Colours {
        Colours::of(self.columns, self.rows, self.entries.iter().map(|&(row, column)| (column, row)))
    }

    /// Colours of the rows, so that no two of one colour have an entry in the same column.
    pub(super) fn row_colours(&self) -> Colours {
        Colours::of(self.rows, self.columns, self.entries.iter().copied())
    }
}

/// A colour for each line (row or column) of a matrix.
pub(super) struct Colours {
    /// How many there are.
    pub count: usize,
    pub of_line: Vec<usize>,
}

impl Colours {
    /// Greedily, the fullest lines first: each line gets the first colour that no line that crosses the same line has.
    fn of(lines: usize, crossing: usize, entries: impl Iterator<Item = (usize, usize)>) -> Self {
        let (mut crossed, mut crossers) = (vec![Vec::new(); lines], vec![Vec::new(); crossing]);
        for (line, across) in entries {
            crossed[line].push(across);
            crossers[across].push(line);
        }
        let mut order: Vec<usize> = (0..lines).filter(|&line| !crossed[line].is_empty()).collect();
        order.sort_by_key(|&line| std::cmp::Reverse(crossed[line].len()));
        // For each colour, the line that it was last seen near.
        let mut near: Vec<usize> = Vec::new();
        let mut colours: Vec<Option<usize>> = vec![None; lines];
        for line in order {
            for &neighbour in crossed[line].iter().flat_map(|&across: &usize| &crossers[across]) {
                if let Some(colour) = colours[neighbour] {
                    near[colour] = line;
                }
            }
            let colour = near.iter().position(|&last| last != line).unwrap_or(near.len());
            if colour == near.len() {
                near.push(usize::MAX);
            }
            colours[line] = Some(colour);
        }
        // Lines without entries need no direction.
        Self { count: near.len(), of_line: colours.into_iter().map(|colour| colour.unwrap_or(usize::MAX)).collect() }
    }
}
