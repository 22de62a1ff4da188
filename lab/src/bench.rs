//! Measures the workloads of the benchmark natively.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use doodletune::device::{Processor, cpu};
use doodletune_bench::{LARGE, Ready, Task, WORKLOADS, Workload};
use pollster::block_on;
use serde::Serialize;

use crate::options::{DeviceName, check_json};
use crate::statistics::median;

#[derive(Args)]
pub struct Arguments {
    /// Only workloads with this text in their name; may be repeated
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Where to compute; may be repeated. The first is what the others have to agree with
    #[arg(long, default_value = "cpu")]
    device: Vec<DeviceName>,
    /// Writes the rows there too, as a list; “-” is the terminal
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What is spent on runs of one workload on one device, unless the fewest take longer.
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

/// A workload on a device.
struct Trial {
    device: DeviceName,
    ready: Ready,
    times: Vec<f64>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    check_json(arguments.json.as_deref())?;
    let mut devices = vec![];
    for device in &arguments.device {
        if !devices.contains(device) {
            devices.push(*device);
        }
    }
    let processors: Vec<(DeviceName, Processor)> =
        devices.iter().map(|device| Ok((*device, device.processor()?))).collect::<Result<_>>()?;
    let wanted = |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|text| name.contains(text));
    let large = if devices == [DeviceName::Gpu] { &LARGE[..] } else { &[] };
    let known: Vec<&Workload> = WORKLOADS.iter().chain(large).collect();
    let chosen: Vec<_> = known.iter().filter(|workload| wanted(workload.name)).collect();
    ensure!(
        !chosen.is_empty(),
        "--only {}: there is no such workload; there are {}",
        arguments.only.join(" --only "),
        known.iter().map(|workload| workload.name).collect::<Vec<_>>().join(", ")
    );
    for (device, processor) in &processors {
        eprintln!("{}: {}", device.name(), processor.name);
    }
    let mut rows = vec![];
    eprintln!("{:<24} {:<6} {:>10} {:>10} {:>10} {:>5}", "workload", "device", "median", "min", "max", "runs");
    for workload in chosen {
        for trial in measure(workload, &processors)? {
            let row = Row {
                workload: workload.name,
                subject: "doodletune",
                device: trial.device.name(),
                min_ms: trial.times.iter().copied().fold(f64::INFINITY, f64::min),
                max_ms: trial.times.iter().copied().fold(0.0, f64::max),
                runs: trial.times.len(),
                median_ms: median(trial.times),
            };
            let Row { workload, device, median_ms, min_ms, max_ms, runs, .. } = row;
            eprintln!("{workload:<24} {device:<6} {median_ms:>7.1} ms {min_ms:>7.1} ms {max_ms:>7.1} ms {runs:>5}");
            rows.push(row);
        }
    }
    let text = serde_json::to_string_pretty(&rows)? + "\n";
    match &arguments.json {
        Some(path) if path.as_os_str() == "-" => print!("{text}"),
        Some(path) => std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?,
        None => {}
    }
    Ok(())
}

/// All devices in turn, so that whatever disturbs the machine disturbs all alike. Heads are solved on the CPU, whatever the device.
fn measure(workload: &Workload, processors: &[(DeviceName, Processor)]) -> Result<Vec<Trial>> {
    let path = format!("models/{}", workload.weights());
    let weights = std::fs::read(&path)
        .with_context(|| format!("cannot read {path}; make it with `cargo xtask weights {}`", workload.network))?;
    let solved_on = [(DeviceName::Cpu, cpu())];
    let processors = if matches!(workload.task, Task::Head | Task::Fit) { &solved_on } else { processors };
    let (mut trials, mut expected): (Vec<Trial>, Option<Vec<f32>>) = (vec![], None);
    for (device, processor) in processors {
        let mut ready = block_on(Ready::new(workload, &weights, processor))?;
        let mut result = block_on(ready.run())?;
        // What a step does shows in the loss of the next one.
        result.extend(block_on(ready.run())?);
        let expected = expected.get_or_insert_with(|| result.clone());
        let scale = expected.iter().fold(0.0f32, |largest, v| largest.max(v.abs()));
        let off = result.iter().zip(&*expected).fold(0.0f32, |off, (a, b)| off.max((a - b).abs())) / scale;
        if off.is_nan() || off > workload.task.tolerance() {
            bail!("{}: the result on {} is {:.1} % off", workload.name, processor.name, 100.0 * off);
        }
        trials.push(Trial { device: *device, ready, times: vec![] });
    }
    let start = Instant::now();
    let budget = BUDGET * trials.len() as u32;
    let mut round = 0;
    while round < FEWEST_RUNS || (start.elapsed() < budget && round < MOST_RUNS) {
        for trial in &mut trials {
            let since = Instant::now();
            block_on(trial.ready.run())?;
            trial.times.push(since.elapsed().as_secs_f64() * 1e3);
        }
        round += 1;
    }
    Ok(trials)
}
