//! Cases as the driver describes them.

use rotrace::{Engine, Options, Processor};
use rotrace_bench::workloads::{self, Refusal};
use rotrace_bench::{Bench, Data};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;

type Failure = Box<dyn std::error::Error>;

/// Builds a case; within, the reason why it is skipped.
pub fn build(case: &Value, variant: &str, threads: usize) -> Result<Result<Box<dyn Bench>, String>, Failure> {
    let (engine, simd, processor) = match variant {
        "cranelift" | "" => (Engine::Compiled, true, Processor::Native),
        "cranelift-scalar" => (Engine::Compiled, false, Processor::Native),
        "optimised" => (Engine::Optimised, true, Processor::Native),
        "optimised-v3" => (Engine::Optimised, true, Processor::X86_64V3),
        other => return Ok(Err(format!("there is no variant {other}"))),
    };
    let options = Options { engine, threads, simd, processor, verify: false, ..Options::default() };
    let name = case["workload"].as_str().ok_or("`workload` is not a string")?;
    let arguments = read_arguments(&case["inputs"])?;
    let prepared = {
        let case_of = workloads::Case {
            argument: &|name| arguments.get(name),
            parameter: &|name| case["params"][name].as_f64(),
            options: &options,
        };
        match case["dtype"].as_str() {
            Some("f32") => workloads::prepare::<f32>(name, &case_of),
            Some("f64") => workloads::prepare::<f64>(name, &case_of),
            other => return Ok(Err(format!("no element type {other:?}"))),
        }
    };
    match prepared {
        Ok(bench) => match bench.interpreted().map(|reason| format!("it would be interpreted: {reason}")) {
            None => Ok(Ok(bench)),
            Some(reason) => Ok(Err(reason)),
        },
        Err(Refusal::Unknown) => Ok(Err("not written for this peer".to_owned())),
        Err(Refusal::Missing(argument)) => Err(format!("the case has no input `{argument}`").into()),
        Err(Refusal::Failed(error)) => Err(error.into()),
    }
}

fn read_arguments(inputs: &Value) -> Result<HashMap<String, Data>, Failure> {
    let inputs = inputs.as_object().ok_or("`inputs` is not an object")?;
    inputs.iter().map(|(name, input)| Ok((name.clone(), read(input)?))).collect()
}

fn read(input: &Value) -> Result<Data, Failure> {
    let sizes = input["shape"].as_array().ok_or("`shape` is not an array")?;
    let shape = sizes.iter().map(|size| size.as_u64().map(|size| size as usize)).collect::<Option<Vec<_>>>();
    let shape = shape.ok_or("a size is not a number")?;
    let bytes = fs::read(input["file"].as_str().ok_or("`file` is not a path")?)?;
    let (elements, []) = bytes.as_chunks::<8>() else { return Err("the file does not hold whole numbers".into()) };
    let values: Vec<f64> = elements.iter().map(|&element| f64::from_ne_bytes(element)).collect();
    if shape.iter().product::<usize>() != values.len() {
        return Err(format!("an input of shape {shape:?} has {} elements", values.len()).into());
    }
    Ok(Data { shape, values })
}

/// Writes the results of the last call; what was written where.
pub fn write_results(bench: &dyn Bench, dump: &str) -> Result<Vec<Value>, Failure> {
    let mut files = Vec::new();
    for (index, result) in bench.results().into_iter().enumerate() {
        let file = format!("{dump}.{index}.bin");
        let bytes: Vec<u8> = result.values.iter().flat_map(|value| value.to_ne_bytes()).collect();
        fs::write(&file, bytes)?;
        files.push(json!({"shape": result.shape, "file": file}));
    }
    Ok(files)
}
