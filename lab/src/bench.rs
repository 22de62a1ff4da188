//! Measures the workloads of the benchmark natively.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use doodletune::device;
use doodletune_bench::{Ready, WORKLOADS};
use pollster::block_on;
use serde::Serialize;

use crate::options::check_json;
use crate::statistics::median;

#[derive(Args)]
pub struct Arguments {
    /// Only workloads with this text in their name; may be repeated
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Writes the rows there too, as a list; “-” is the terminal
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What is spent on runs of one workload, unless the fewest take longer.
const BUDGET: Duration = Duration::from_secs(3);
const FEWEST_RUNS: usize = 3;
const MOST_RUNS: usize = 30;

/// What was measured of a workload, in the fields of `cargo xtask bench --json`.
#[derive(Serialize)]
struct Row {
    workload: &'static str,
    subject: &'static str,
    device: &'static str,
    median_ms: f64,
    min_ms: f64,
    max_ms: f64,
    runs: usize,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    check_json(arguments.json.as_deref())?;
    let wanted = |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|text| name.contains(text));
    let chosen: Vec<_> = WORKLOADS.iter().filter(|workload| wanted(workload.name)).collect();
    ensure!(
        !chosen.is_empty(),
        "--only {}: there is no such workload; there are {}",
        arguments.only.join(" --only "),
        WORKLOADS.map(|workload| workload.name).join(", ")
    );
    let mut rows = vec![];
    eprintln!("{:<24} {:>10} {:>10} {:>10} {:>5}", "workload", "median", "min", "max", "runs");
    for workload in chosen {
        let path = format!("models/{}", workload.weights());
        let weights = std::fs::read(&path)
            .with_context(|| format!("cannot read {path}; make it with `cargo xtask weights {}`", workload.network))?;
        let mut ready = block_on(Ready::new(workload, &weights, &device::cpu()))?;
        block_on(ready.run())?;
        let (mut times, start) = (vec![], Instant::now());
        while times.len() < FEWEST_RUNS || (start.elapsed() < BUDGET && times.len() < MOST_RUNS) {
            let since = Instant::now();
            block_on(ready.run())?;
            times.push(since.elapsed().as_secs_f64() * 1e3);
        }
        let row = Row {
            workload: workload.name,
            subject: "doodletune",
            device: "native",
            min_ms: times.iter().copied().fold(f64::INFINITY, f64::min),
            max_ms: times.iter().copied().fold(0.0, f64::max),
            runs: times.len(),
            median_ms: median(times),
        };
        let Row { median_ms, min_ms, max_ms, runs, .. } = row;
        eprintln!("{:<24} {median_ms:>7.1} ms {min_ms:>7.1} ms {max_ms:>7.1} ms {runs:>5}", workload.name);
        rows.push(row);
    }
    let text = serde_json::to_string_pretty(&rows)? + "\n";
    match &arguments.json {
        Some(path) if path.as_os_str() == "-" => print!("{text}"),
        Some(path) => std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?,
        None => {}
    }
    Ok(())
}
