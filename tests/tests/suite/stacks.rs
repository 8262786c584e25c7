//! Stacks of stacks that the loop around reads, in every engine: the bits of the graph interpreter.

use super::loops::{agrees, derivatives, has_loops};
use rotrace_ir::plan::Storage;
use rotrace_ir::text::parse_function;
use rotrace_passes::lower::{Options, lower};
use rotrace_passes::pipeline;

/// The lengths of loops in loops, from the innermost on.
const LENGTHS: [u64; 4] = [3, 4, 2, 5];

/// A loop in as many others as `level` says, that stacks what they stack, over batch axes `lanes` (empty or `n, `).
struct Nest {
    lanes: &'static str,
    reverse: bool,
}

impl Nest {
    /// The sizes along which a loop of this level stacks.
    fn times(level: usize) -> String {
        (0..=level).rev().map(|level| format!("{}, ", LENGTHS[level])).collect()
    }

    fn ty(&self, times: &str) -> String {
        let sizes = format!("{times}{}", self.lanes);
        format!("f64[{}]", sizes.trim_end_matches(", "))
    }

    /// `%d, %s = scan %c, %w ...` whose body ends in `return`s of what the loops inside give.
    fn scan(&self, level: usize) -> String {
        let (state, slice) = (self.ty(""), self.ty(&if level == 0 { String::new() } else { Self::times(level - 1) }));
        let body = match level {
            0 => format!(
                "%q: {state} = fma %c, %w, %w
                 %d: {state} = sin %q
                 %s: {state} = multiply %d, %c"
            ),
            _ => self.scan(level - 1),
        };
        let reverse = self.reverse ^ (level % 2 == 1);
        format!(
            "%d: {state}, %s: {} = scan %c, %w {{carried = 1, scanned = 0, length = {}, reverse = {reverse}, checkpoint = all, body = fn @level{level}(dims n; %c: {state}, %w: {state}) -> ({state}, {slice}) {{
               {body}
               return %d, %s
             }}}}",
            self.ty(&Self::times(level)),
            LENGTHS[level],
        )
    }

    /// A loop whose body reads what loops of this level stack, all of it and single elements, and stacks it if `whole`.
    fn program(&self, level: usize, whole: bool) -> String {
        let Self { lanes, reverse } = self;
        let state = self.ty("");
        let times = Self::times(level);
        let stack = self.ty(&times);
        let axes: Vec<String> = (0..=level).map(|axis| axis.to_string()).collect();
        let sizes = |element: &dyn Fn(u64) -> u64| -> String {
            (0..=level).rev().map(|level| format!("{}, ", element(LENGTHS[level]))).collect()
        };
        let picked = |element: &dyn Fn(u64) -> u64| {
            let zero = if lanes.is_empty() { "" } else { "0, " };
            let one = if lanes.is_empty() { "" } else { "1, " };
            let list = |text: String| text.trim_end_matches(", ").to_owned();
            format!(
                "slice %s {{start = [{}], limit = [{}], step = [{}]}}",
                list(sizes(element) + zero),
                list(sizes(&|length| element(length) + 1) + lanes),
                list(sizes(&|_| 1) + one),
            )
        };
        let single = self.ty(&sizes(&|_| 1));
        let (given, stacked) = if whole { ("%n, %s", &stack) } else { ("%n, %last", &state) };
        format!(
            "fn @stacks(dims n; %x: {state}, %w: {outer}, %size: f64[n]) -> ({state}, {all}) {{
               %r: {state}, %all: {all} = scan %x, %w {{carried = 1, scanned = 1, length = 6, reverse = {reverse}, checkpoint = all, body = fn @outer(dims n; %c: {state}, %w: {state}) -> ({state}, {stacked}) {{
                 {scan}
                 %sum: {state} = reduce %s {{kind = sum, axes = [{axes}]}}
                 %one: {single} = {first}
                 %first: {state} = reshape %one
                 %two: {single} = {last}
                 %last: {state} = reshape %two
                 %difference: {state} = subtract %first, %last
                 %n: {state} = fma %sum, %difference, %d
                 return {given}
               }}}}
               return %r, %all
             }}",
            outer = self.ty("6, "),
            all = self.ty(&format!("6, {}", if whole { times.as_str() } else { "" })),
            scan = self.scan(level),
            axes = axes.join(", "),
            first = picked(&|_| 1),
            last = picked(&|length| length - 1),
        )
    }

    /// Loops of this level, whose stacks are reshaped and finished behind them.
    fn finished(&self, level: usize) -> String {
        let state = self.ty("");
        let count = LENGTHS[..=level].iter().product::<u64>();
        let flat = self.ty(&format!("{count}, "));
        format!(
            "fn @finished(dims n; %c: {state}, %w: {state}, %size: f64[n]) -> ({state}, {flat}) {{
               {scan}
               %flat: {flat} = reshape %s
               %h: f64[] = constant {{-2.0}}
               %hs: {flat} = broadcast %h {{axes = []}}
               %product: {flat} = multiply %hs, %flat
               %zero: f64[] = constant {{0.0}}
               %zeros: {flat} = broadcast %zero {{axes = []}}
               %sum: {flat} = add %product, %zeros
               return %d, %sum
             }}",
            scan = self.scan(level),
        )
    }
}

#[test]
fn stacks_that_are_finished_behind_their_loops_need_no_memory() {
    for (level, lanes, reverse) in
        [0, 1, 2].into_iter().flat_map(|l| [(l, "", false), (l, "n, ", false), (l, "n, ", true)])
    {
        let text = Nest { lanes, reverse }.finished(level);
        let function = parse_function(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let (optimized, _) = pipeline::run(&function, &pipeline::Options::default()).unwrap();
        let plan = lower(&optimized, Options::default()).unwrap();
        assert_eq!(plan.steps.len(), 1, "{plan}");
        assert!(plan.buffers.iter().all(|buffer| buffer.storage != Storage::Temporary), "{plan}");
        derivatives(&function).iter().take(3).for_each(|(what, function)| agrees(what, function));
    }
}

#[test]
fn stacks_of_stacks_that_the_loop_around_reads() {
    for (level, whole) in [(1, false), (1, true), (2, false), (2, true)] {
        for (lanes, reverse) in [("", false), ("", true), ("n, ", false), ("n, ", true)] {
            let text = Nest { lanes, reverse }.program(level, whole);
            let function = parse_function(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert!(!has_loops(&function), "a step of the plan: {text}");
            let most = if level == 1 && whole { 3 } else { 1 };
            derivatives(&function).iter().take(most).for_each(|(what, function)| agrees(what, function));
        }
    }
}

/// Loops whose stacks are read at the lane and at its mirror image.
#[test]
fn stacks_that_are_read_in_two_lanes() {
    let text = "fn @mirrored(dims n; %x: f64[n], %w: f64[4, n]) -> (f64[n], f64[4, n]) {
      %r: f64[n], %all: f64[4, n] = scan %x, %w {carried = 1, scanned = 1, length = 4, reverse = false, checkpoint = all, body = fn @outer(dims n; %c: f64[n], %w: f64[n]) -> (f64[n], f64[n]) {
        %d: f64[n], %s: f64[3, n] = scan %w {carried = 1, scanned = 0, length = 3, reverse = false, checkpoint = all, body = fn @inner(dims n; %c: f64[n]) -> (f64[n], f64[n]) {
          %d: f64[n] = sin %c
          %y: f64[n] = multiply %d, %c
          return %d, %y
        }}
        %m: f64[3, n] = reverse %s {axes = [1]}
        %sum: f64[3, n] = fma %m, %s, %m
        %b: f64[3, n] = subtract %sum, %s
        %t: f64[n] = reduce %b {kind = sum, axes = [0]}
        %n: f64[n] = multiply %t, %c
        return %n, %t
      }}
      return %r, %all
    }";
    // Also with two axes of lanes, of which either is turned round.
    let two = text.replace("n]", "n, t]").replace("dims n;", "dims n, t;");
    for text in [text, &two, &two.replace("axes = [1]", "axes = [2]")] {
        let function = parse_function(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert!(!has_loops(&function), "a step of the plan: {text}");
        agrees("itself", &function);
    }
}
