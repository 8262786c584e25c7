//! The page `docs/derivatives.md`: every spatial operation's derivatives at ordinary and at singular points.
//!
//! The page is made here and compared with the file; `ROTRACE_WRITE_PAGES=1` writes it instead. No cell may hold a
//! derivative that is not finite, and away from documented kinks all agree with differences.

mod angles;
mod measure;
mod page;
mod points;
mod rigid_transform;
mod rotation;
mod statistics;
mod tangent;

use measure::Derivatives;
use points::Point;
use rotrace::{DType, Tensor, constant};

/// An operation as a function of one argument, whose leading axis counts points.
struct Subject {
    /// `Class.method`, with the option in question.
    name: &'static str,
    /// The operation's name in the golden vectors.
    golden: &'static str,
    /// The gradient programs of the golden vectors that meet it first.
    programs: &'static [&'static str],
    points: fn() -> Vec<Point>,
    record: fn(Tensor) -> Tensor,
    /// Points, by name, where the function is not differentiable and its derivative is a documented subgradient.
    kinks: &'static [&'static str],
}

/// All tables.
const TABLES: &[&[Subject]] =
    &[rotation::SUBJECTS, angles::SUBJECTS, statistics::SUBJECTS, rigid_transform::SUBJECTS, tangent::SUBJECTS];

/// Numbers of the type of `like`.
fn fixed<const N: usize>(numbers: [f64; N], like: Tensor) -> Tensor {
    constant(numbers).astype(like.dtype().unwrap_or(DType::F64))
}

#[test]
fn derivatives_are_as_the_page_says() {
    let subjects: Vec<&Subject> = TABLES.iter().copied().flatten().collect();
    let rows: Vec<Derivatives> = subjects.iter().map(|subject| Derivatives::of(subject)).collect();
    for (subject, row) in subjects.iter().zip(&rows) {
        let wrong = row.wrong(subject);
        assert!(wrong.is_empty(), "{}: {wrong:?}", subject.name);
    }
    page::compare(&page::text(&subjects, &rows));
}
