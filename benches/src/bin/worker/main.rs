//! A worker for a driver that measures several systems side by side.
//!
//! It reads one JSON object a line and answers with one a line: `hello`, `prep` (build a case, run it once, write its
//! results), `time` (samples of a prepared case), `drop`, `quit`. Arrays are exchanged as files of raw `f64`. A case
//! that it does not do is answered with `skip` and the reason.
//!
//! The variant `cranelift` uses SIMD instructions, `cranelift-scalar` does not, and `optimised` (with the feature `mlir`) is
//! compiled by LLVM, `optimised-v3` for x86-64-v3. `PEERS_THREADS` in the environment caps the threads of a call.

mod case;
mod process;
mod sampling;

use sampling::Live;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let threads = std::env::var("PEERS_THREADS").ok().map_or(Ok(0), |text| text.parse())?;
    let mut live = HashMap::new();
    let mut answers = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let message: Value = serde_json::from_str(&line?)?;
        if message["cmd"] == "quit" {
            break;
        }
        let answer = answer(&message, &mut live, threads)
            .unwrap_or_else(|error| json!({"ok": false, "error": error.to_string()}));
        writeln!(answers, "{answer}")?;
        answers.flush()?;
    }
    Ok(())
}

fn answer(
    message: &Value,
    live: &mut HashMap<String, Live>,
    threads: usize,
) -> Result<Value, Box<dyn std::error::Error>> {
    let variant = message["variant"].as_str().unwrap_or("cranelift");
    match message["cmd"].as_str() {
        Some("hello") => Ok(json!({"ok": true, "info": {"peer": "rotrace", "threads": threads}})),
        Some("prep") => prepare(message, variant, live, threads),
        Some("time") => {
            let case = live.get_mut(variant).ok_or("this variant is not prepared")?;
            let budget = message["budget_s"].as_f64().ok_or("`budget_s` is not a number")?;
            let most = message["max_samples"].as_u64().ok_or("`max_samples` is not a number")?;
            let samples = case.samples(budget, most as usize)?;
            Ok(json!({"ok": true, "inner": case.inner, "samples": samples}))
        }
        Some("drop") => {
            live.clear();
            Ok(json!({"ok": true}))
        }
        other => Err(format!("unknown command {other:?}").into()),
    }
}

fn prepare(
    message: &Value,
    variant: &str,
    live: &mut HashMap<String, Live>,
    threads: usize,
) -> Result<Value, Box<dyn std::error::Error>> {
    let before = process::resident_megabytes();
    let mut bench = match case::build(&message["case"], variant, threads)? {
        Ok(bench) => bench,
        Err(reason) => return Ok(json!({"ok": true, "skip": reason})),
    };
    let start = std::time::Instant::now();
    bench.call()?;
    let first = start.elapsed().as_secs_f64();
    let outputs = case::write_results(&*bench, message["dump"].as_str().ok_or("`dump` is not a path")?)?;
    let (build, phases) = (bench.build_seconds(), bench.phases());
    let mut case = Live::warm(bench, message["warm_s"].as_f64().unwrap_or(0.15))?;
    let peak = process::peak_megabytes();
    // The peak of one steady call, from here.
    process::reset_peak();
    case.bench.call()?;
    let warm = case.estimate;
    live.insert(variant.to_owned(), case);
    Ok(json!({
        "ok": true, "outputs": outputs, "build_s": build, "first_s": first, "warm_s": warm,
        "maxrss_mb": peak, "rss0_mb": before, "steady_peak_mb": process::peak_megabytes(),
        "phases": phases.into_iter().collect::<HashMap<_, _>>(),
    }))
}
