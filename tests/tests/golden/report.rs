//! What came out, per operation and in all.

use crate::engines::Count;
use crate::format::Case;
use std::collections::BTreeMap;
use std::time::Duration;

/// What came of one case.
pub enum Outcome {
    Passed,
    /// The result is wrong.
    Failed(String),
    /// Rotrace contradicts itself: engines or batches differ, or it panicked. Excused for no case.
    Broken(String),
    /// Rotrace does not have the operation, or not in this form.
    Unsupported(Option<String>),
    /// The case does not have the format.
    Malformed(String),
}

/// As many failures as are printed in full.
const SHOWN: usize = 25;

/// Counts of one operation or program.
#[derive(Clone, Copy, Default)]
struct Tally {
    passed: usize,
    failed: usize,
    unsupported: usize,
    /// Cases tagged `quirk` or `optional`, that agree and that do not.
    excused: [usize; 2],
}

/// All outcomes so far.
#[derive(Default)]
pub struct Report {
    tallies: BTreeMap<String, Tally>,
    unsupported_forms: BTreeMap<String, usize>,
    failures: Vec<String>,
    differences: Vec<String>,
}

impl Report {
    /// Counts a case.
    pub fn add(&mut self, case: &Case, outcome: Outcome) {
        let tally = self.tallies.entry(case.name().to_owned()).or_default();
        match outcome {
            Outcome::Passed if case.is_excused() => tally.excused[0] += 1,
            Outcome::Passed => tally.passed += 1,
            Outcome::Failed(difference) if case.is_excused() => {
                tally.excused[1] += 1;
                self.differences.push(format!("{}: {difference}", case.id()));
            }
            Outcome::Failed(difference) | Outcome::Broken(difference) => {
                tally.failed += 1;
                self.failures.push(format!("{}: {difference}", case.id()));
            }
            Outcome::Malformed(message) => {
                tally.failed += 1;
                self.failures.push(format!("{}: malformed case: {message}", case.id()));
            }
            Outcome::Unsupported(form) => {
                tally.unsupported += 1;
                if let Some(form) = form {
                    *self.unsupported_forms.entry(format!("{}: {form}", case.name())).or_default() += 1;
                }
            }
        }
    }

    /// Prints the table, the failures and a line as Cargo's own tests end with. Whether nothing failed.
    pub fn print(&self, count: &Count, time: Duration) -> bool {
        println!("{:<34} {:>7} {:>7} {:>12}   excused: agree, differ", "operation", "passed", "failed", "unsupported");
        let mut total = Tally::default();
        for (name, tally) in &self.tallies {
            print_row(name, tally);
            total.passed += tally.passed;
            total.failed += tally.failed;
            total.unsupported += tally.unsupported;
            (0..2).for_each(|index| total.excused[index] += tally.excused[index]);
        }
        print_row("total", &total);
        for (form, count) in &self.unsupported_forms {
            println!("unsupported: {form} ({count})");
        }
        let Count { programs, optimised, on_gpu, assembled, interpreted } = count;
        println!(
            "{programs} programs, {optimised} of them in optimised code too, {on_gpu} on a GPU; {interpreted} times the compiled engines fell back \
             to the interpreter"
        );
        println!("assembled: {assembled}");
        self.differences.iter().for_each(|difference| println!("excused: {difference}"));
        self.failures.iter().take(SHOWN).for_each(|failure| println!("FAILED: {failure}"));
        if self.failures.len() > SHOWN {
            println!("... and {} more failures", self.failures.len() - SHOWN);
        }
        let verdict = if total.failed == 0 { "ok" } else { "FAILED" };
        let ignored = total.unsupported + total.excused.iter().sum::<usize>();
        println!(
            "\ntest result: {verdict}. {} passed; {} failed; {ignored} ignored; 0 measured; 0 filtered out; finished in {:.2}s",
            total.passed,
            total.failed,
            time.as_secs_f64()
        );
        total.failed == 0
    }
}

fn print_row(name: &str, tally: &Tally) {
    let [agree, differ] = tally.excused;
    let excused = if agree + differ == 0 { String::new() } else { format!("   {agree}, {differ}") };
    println!("{name:<34} {:>7} {:>7} {:>12}{excused}", tally.passed, tally.failed, tally.unsupported);
}
