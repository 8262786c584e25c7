//! The page `docs/derivatives.md`: every spatial operation's derivatives at ordinary and at singular points.
//!
//! The page is made here and compared with the file; `ROTRACE_WRITE_PAGES=1` writes it instead. No cell may hold a
//! derivative that is not finite, and away from documented kinks all agree with differences.

mod alignment;
mod angles;
mod containers;
mod interpolation;
#[cfg(feature = "mlir")]
mod lowered;
mod measure;
mod page;
mod points;
mod rigid_transform;
mod rotation;
mod statistics;
mod tangent;

#[cfg(feature = "mlir")]
pub(crate) use lowered::functions;
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
    record: Record,
    /// Points, by name, where the function is not differentiable and its derivative is a documented subgradient.
    kinks: &'static [&'static str],
}

/// How an operation takes its points.
#[derive(Clone, Copy)]
enum Record {
    /// All at once: of `[n, width]` the results `[n, ...]`, flattened to one axis at most.
    Batch(fn(Tensor) -> Tensor),
    /// One by one, since it makes one result of several elements: of `[width]` the results of one axis at most.
    Alone(fn(Tensor) -> Tensor),
}

/// All tables, with their headings.
const TABLES: &[(&str, &[Subject])] = &[
    ("Rotation", rotation::SUBJECTS),
    ("Rotation: angles and parameters", angles::SUBJECTS),
    ("Rotation: means, powers, reduction", statistics::SUBJECTS),
    ("Rotation: alignment", alignment::SUBJECTS),
    ("Slerp and RotationSpline", interpolation::SUBJECTS),
    ("RigidTransform", rigid_transform::SUBJECTS),
    ("Containers", containers::SUBJECTS),
    ("Steps on manifolds", tangent::SUBJECTS),
];

/// Operations of the golden vectors that nothing can be differentiated by or that give no floats.
const WITHOUT: &[&str] = &[
    "Rotation.identity",
    "Rotation.shape",
    "Rotation.single",
    "Rotation.__len__",
    "Rotation.approx_equal",
    "Rotation.create_group",
    "Rotation.random",
    "RigidTransform.identity",
    "RigidTransform.shape",
    "RigidTransform.single",
    "RigidTransform.__len__",
];

/// Numbers of the type of `like`.
pub(crate) fn fixed<const N: usize>(numbers: [f64; N], like: Tensor) -> Tensor {
    constant(numbers).astype(like.dtype().unwrap_or(DType::F64))
}

#[test]
fn derivatives_are_as_the_page_says() {
    let mut wrong = Vec::new();
    let tables = TABLES.iter().map(|&(title, subjects)| {
        let rows = subjects.iter().map(|subject| {
            let found = Derivatives::of(subject);
            wrong.extend(found.wrong(subject).into_iter().map(|what| format!("{}: {what}", subject.name)));
            (subject, found)
        });
        (title, rows.collect())
    });
    let tables: Vec<(&str, Vec<(&Subject, Derivatives)>)> = tables.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    page::compare(&page::text(&tables));
}
