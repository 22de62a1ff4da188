//! Which processor runs the backbone: measured on the user's machine, not assumed.

use serde::{Deserialize, Serialize};
use web_time::Instant;

use crate::backbone::{Backbone, Weights};
use crate::device::{self, DeviceKind, Processor};
use crate::doodle::{Doodle, Input};
use crate::error::{Error, Result};

/// What the user asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preference {
    /// The faster of those that work.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU, even one emulated in software.
    WebGpu,
}

/// A processor that was considered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// Its kind.
    pub kind: DeviceKind,
    /// What it calls itself.
    pub name: String,
    /// Milliseconds a drawing took, if it was measured.
    pub milliseconds: Option<f64>,
    /// Why it was not measured or cannot be used.
    pub problem: Option<String>,
}

/// Which processor runs the backbone, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceReport {
    /// The kind of the chosen one.
    pub kind: DeviceKind,
    /// What it calls itself.
    pub name: String,
    /// Whether it is a GPU emulated on the CPU.
    pub software: bool,
    /// One sentence for people.
    pub reason: String,
    /// All that were considered.
    pub candidates: Vec<Candidate>,
}

/// A batch is large enough to keep a GPU busy, and small enough to take a moment on a CPU.
const BATCH: usize = 4;
/// Features of one drawing on two correct processors differ by less than this share of the largest.
const TOLERANCE: f32 = 1e-2;

/// Loads the backbone on the processor that `preference` asks for.
///
/// Every GPU first computes the features of a test drawing, which must equal the CPU's: a kernel that the browser
/// rejects or miscompiles must never become a silent wrong answer.
///
/// # Errors
/// [`Error::BadWeights`] and [`Error::BadOption`] (for `size`); with [`Preference::WebGpu`] also whatever keeps the GPU
/// from being used.
pub async fn choose(
    weights: &Weights<'_>,
    size: Option<usize>,
    preference: Preference,
    log: impl Fn(&str),
) -> Result<(Backbone, Processor, DeviceReport)> {
    let load = |processor: &Processor| -> Result<Backbone> {
        let backbone = Backbone::load(weights, &processor.tensors)?;
        match size {
            Some(size) => backbone.with_size(size),
            None => Ok(backbone),
        }
    };
    let cpu = device::cpu();
    let on_cpu = load(&cpu)?;
    let chosen = |processor: Processor, backbone: Backbone, reason: String, candidates| {
        let Processor { kind, ref name, software, .. } = processor;
        let report = DeviceReport { kind, name: name.clone(), software, reason, candidates };
        Ok((backbone, processor, report))
    };
    if preference == Preference::Cpu {
        return chosen(cpu, on_cpu, "The CPU is used, as you asked.".into(), vec![]);
    }

    log("Looking for a GPU");
    let gpu = match device::webgpu().await {
        Ok(gpu) => gpu,
        Err(error) if preference == Preference::WebGpu => return Err(error),
        Err(error) => {
            let candidate = unused(DeviceKind::WebGpu, "GPU", &error.to_string());
            return chosen(cpu, on_cpu, "This browser offers no WebGPU, so the CPU is used.".into(), vec![candidate]);
        }
    };
    if gpu.software && preference == Preference::Auto {
        let reason =
            format!("The browser's GPU ({}) is only emulated in software, so the CPU itself is used.", gpu.name);
        let candidate = unused(DeviceKind::WebGpu, &gpu.name, "emulated in software");
        gpu.discard();
        return chosen(cpu, on_cpu, reason, vec![candidate]);
    }

    log("Measuring the CPU");
    let (expected, cpu_milliseconds) = measure(&on_cpu).await?;
    log(&format!("Preparing the GPU ({})", gpu.name));
    let attempt = async {
        let on_gpu = load(&gpu)?;
        let (features, milliseconds) = measure(&on_gpu).await?;
        agree(&expected, &features)?;
        Ok((on_gpu, milliseconds))
    };
    let measured = |kind, name: &str, milliseconds| Candidate {
        kind,
        name: name.into(),
        milliseconds: Some(milliseconds),
        problem: None,
    };
    let mut candidates = vec![measured(DeviceKind::Cpu, &cpu.name, cpu_milliseconds)];
    match attempt.await {
        Ok((on_gpu, milliseconds)) => {
            candidates.push(measured(DeviceKind::WebGpu, &gpu.name, milliseconds));
            let figures = format!("({milliseconds:.1} ms a drawing on the GPU, {cpu_milliseconds:.1} ms on the CPU)");
            if preference == Preference::WebGpu {
                let kind = if gpu.software { "GPU, emulated in software," } else { "GPU" };
                chosen(gpu, on_gpu, format!("The {kind} is used, as you asked {figures}."), candidates)
            } else if milliseconds < cpu_milliseconds {
                chosen(gpu, on_gpu, format!("The GPU is faster here {figures}."), candidates)
            } else {
                gpu.discard();
                chosen(cpu, on_cpu, format!("The CPU is faster here {figures}."), candidates)
            }
        }
        Err(error) if preference == Preference::WebGpu => {
            gpu.discard();
            Err(error)
        }
        Err(error) => {
            gpu.discard();
            let cause = match error {
                Error::Gpu(cause) | Error::DeviceLost(cause) => cause,
                other => other.to_string(),
            };
            candidates.push(unused(DeviceKind::WebGpu, &gpu.name, &cause));
            let reason = format!("The GPU does not work with this network, so the CPU is used: {cause}.");
            chosen(cpu, on_cpu, reason, candidates)
        }
    }
}

fn unused(kind: DeviceKind, name: &str, problem: &str) -> Candidate {
    Candidate { kind, name: name.into(), milliseconds: None, problem: Some(problem.into()) }
}

/// Features of a test drawing, and the milliseconds a drawing takes once everything is compiled.
async fn measure(backbone: &Backbone) -> Result<(Vec<f32>, f64)> {
    let zigzag = (0..20).map(|i| [i as f32, if i % 2 == 0 { 0.0 } else { 10.0 }]).collect();
    let drawing = Input::from(Doodle::new(vec![zigzag, vec![[0.0, 15.0], [20.0, 12.0]]])?).render(backbone.input())?;
    let batch = vec![drawing; BATCH];
    let features = backbone.features(&batch).await?.swap_remove(0).to_vec();
    let mut best = f64::INFINITY;
    for _ in 0..2 {
        let start = Instant::now();
        backbone.features(&batch).await?;
        best = best.min(start.elapsed().as_secs_f64() * 1e3 / BATCH as f64);
    }
    Ok((features, best))
}

fn agree(expected: &[f32], found: &[f32]) -> Result<()> {
    let largest = expected.iter().fold(0.0f32, |largest, v| largest.max(v.abs()));
    let difference = expected.iter().zip(found).fold(0.0f32, |d, (a, b)| d.max((a - b).abs()));
    // Not `>`: a NaN must fail too, and `max` drops NaN.
    let finite = found.iter().all(|v| v.is_finite()) && found.len() == expected.len();
    if finite && difference <= TOLERANCE * largest {
        return Ok(());
    }
    Err(Error::Gpu(format!(
        "it computes features that differ from the CPU's by {difference:.2e} (largest {largest:.2e})"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_that_miscalculates_is_refused() {
        agree(&[1.0, -2.0], &[1.01, -2.0]).unwrap();
        for wrong in [[1.1, -2.0], [f32::NAN, -2.0], [0.0, 0.0]] {
            assert_eq!(agree(&[1.0, -2.0], &wrong).unwrap_err().code(), "gpu-error");
        }
        assert!(agree(&[1.0], &[]).is_err());
    }
}
