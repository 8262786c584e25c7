//! A line search that looks at one point per step, without branches, so that each of a batch of problems is at its own
//! place in its own search.
//!
//! It ends at a point with the strong Wolfe conditions, or with the approximate ones of Hager and Zhang, "A new conjugate
//! gradient method with guaranteed descent and an efficient line search" (2005), which hold near a minimum where the
//! decrease is lost in rounding errors. The interval between the longest length that is known to be too short and the
//! shortest known to be too long is cut at the minimum of the cubic through both (Nocedal and Wright, "Numerical
//! Optimization", section 3.5), or in the middle after a while. By the argument of Moré and Thuente, "Line search
//! algorithms with guaranteed sufficient decrease" (1994), such an interval always holds a point that serves.

use crate::spatial::epsilon;
use crate::{Tensor, stack};

/// The decrease asked for, relative to that of a straight line.
const DECREASE: f64 = 1e-4;

/// How much of the slope may be left.
const CURVATURE: f64 = 0.9;

/// Costs within so many units in the last place of each other are taken as equal.
const ROUNDING: f64 = 16.0;

/// From this evaluation on, intervals are halved.
const HALVED_FROM: f64 = 5.0;

/// After so many evaluations any decrease will do.
const MOST_EVALUATIONS: f64 = 20.0;

/// A point on the line: how long the step is, the cost there, and the slope of the cost along the line.
#[derive(Clone, Copy)]
pub(super) struct Sample {
    pub(super) length: Tensor,
    pub(super) cost: Tensor,
    pub(super) slope: Tensor,
}

/// A search that is under way, one for each problem.
#[derive(Clone, Copy)]
pub(super) struct Search {
    /// The slope at length 0.
    pub(super) slope: Tensor,
    /// The length to be evaluated next.
    pub(super) length: Tensor,
    /// The longest length known to be too short: 0 at first.
    pub(super) low: Sample,
    /// The shortest length known to be too long; of length 0 if there is none.
    pub(super) high: Sample,
    /// How many points have been evaluated.
    pub(super) count: Tensor,
}

/// What an evaluation has shown.
pub(super) struct Verdict {
    /// The point is the end of the search.
    pub(super) accepted: Tensor,
    /// No point lowers the cost.
    pub(super) failed: Tensor,
    /// The search, if it goes on.
    pub(super) next: Search,
}

/// How many numbers a search is stored as.
const NUMBERS: usize = 9;

impl Search {
    /// A search from a point with a cost and a slope, that tries some length first.
    pub(super) fn new(cost: Tensor, slope: Tensor, length: Tensor) -> Self {
        let zero = length.zeros_like();
        let high = Sample { length: zero, cost: zero, slope: zero };
        Self { slope, length, low: Sample { length: zero, cost, slope }, high, count: zero }
    }

    /// The numbers along a last axis.
    pub(super) fn stored(self) -> Tensor {
        let Self { slope, length, low, high, count } = self;
        stack([slope, length, low.length, low.cost, low.slope, high.length, high.cost, high.slope, count], -1)
    }

    /// The inverse of [`stored`](Self::stored).
    pub(super) fn loaded(stored: Tensor) -> Self {
        let numbers: [Tensor; NUMBERS] = std::array::from_fn(|place| stored.component(place as i64));
        let [slope, length, low_length, low_cost, low_slope, high_length, high_cost, high_slope, count] = numbers;
        let low = Sample { length: low_length, cost: low_cost, slope: low_slope };
        let high = Sample { length: high_length, cost: high_cost, slope: high_slope };
        Self { slope, length, low, high, count }
    }

    /// Judges the point at `length`, from the cost where the search began and whether all at the point is finite.
    pub(super) fn judged(self, cost: Tensor, at: Sample, finite: Tensor) -> Verdict {
        let decreased = at.cost.less_equal(cost + at.length * self.slope * DECREASE);
        let level = at.cost.less_equal(cost + cost.abs() * (ROUNDING * epsilon(cost)));
        let descended = at.slope.less_equal(self.slope * (2.0 * DECREASE - 1.0));
        let enough = finite & (decreased | (level & descended));
        let flat = at.slope.abs().less_equal(-self.slope * CURVATURE);
        let count = self.count + 1;
        let last = count.greater_equal(MOST_EVALUATIONS);
        let accepted = enough & (flat | last);
        // Then the last point that lowered the cost is evaluated once more, to be accepted. If it does not do so again, or
        // if there is none, all has failed.
        let none = self.low.length.equal(0) | count.greater(MOST_EVALUATIONS);
        let failed = last & !enough & none;
        let is_short = enough & at.slope.less(0);
        let pick = |condition: Tensor, yes: Sample, no: Sample| Sample {
            length: condition.select(yes.length, no.length),
            cost: condition.select(yes.cost, no.cost),
            slope: condition.select(yes.slope, no.slope),
        };
        let (low, high) = (pick(is_short, at, self.low), pick(is_short, self.high, at));
        let next = last.select(self.low.length, next_length(self.low, at, (low, high), count));
        Verdict { accepted, failed, next: Self { slope: self.slope, length: next, low, high, count } }
    }
}

/// The length to try after the point `at`, in the interval from `low` to `high`, or beyond `at` if there is no `high`.
fn next_length(before: Sample, at: Sample, (low, high): (Sample, Sample), count: Tensor) -> Tensor {
    let width = high.length - low.length;
    let inside = cubic_minimum(low, high);
    let middle = low.length + width * 0.5;
    let usable = inside.isfinite() & count.less(HALVED_FROM);
    let inside = usable.select(inside, middle).clip(low.length + width * 0.1, low.length + width * 0.9);
    let gone = at.length - before.length;
    let (near, far) = (at.length + gone * 1.1, at.length + gone * 4);
    let beyond = cubic_minimum(before, at);
    let beyond = (beyond.isfinite() & beyond.greater(at.length)).select(beyond, far).clip(near, far);
    high.length.greater(0).select(inside, beyond)
}

/// Where the cubic with the costs and slopes of two points has its minimum; not finite if it has none.
fn cubic_minimum(first: Sample, second: Sample) -> Tensor {
    let width = second.length - first.length;
    let mean = (second.cost - first.cost) / width * 3;
    let middle = first.slope + second.slope - mean;
    let root = (middle * middle - first.slope * second.slope).sqrt();
    second.length - width * (second.slope + root - middle) / (second.slope - first.slope + root * 2)
}
