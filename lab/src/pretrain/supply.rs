//! Batches, drawn and varied in the background of the training.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use doodletune::backbone::InputSpec;
use doodletune::doodle::Input;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::config::Config;
use crate::data::Sample;
use anyhow::Result;

/// Side of the bitmaps that the dataset's publisher made.
const COARSE: usize = 28;
/// Batches that wait, per thread.
const WAITING: usize = 3;

/// Drawings with the index of the category of each.
pub type Labelled = Vec<(Sample, usize)>;

/// What one step learns from.
pub struct Batch {
    /// Side of the input.
    pub size: usize,
    /// `[batch, 1, size, size]`, normalised.
    pub planes: Vec<f32>,
    /// Category of each.
    pub targets: Vec<i32>,
}

/// Batches in the order of the steps.
pub struct Supply {
    channels: Vec<Receiver<Result<Batch>>>,
    next: usize,
}

impl Supply {
    /// Starts threads that make the batches of `steps`, out of `all`. What a batch holds depends on its step and the seed
    /// alone.
    pub fn start(config: &Arc<Config>, drawings: &Arc<Labelled>, steps: std::ops::Range<usize>, all: usize) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let channels = (0..threads).map(|thread| {
            let (sender, receiver) = sync_channel(WAITING);
            let (config, drawings, steps) =
                (config.clone(), drawings.clone(), steps.clone().skip(thread).step_by(threads));
            std::thread::spawn(move || supply(&config, &drawings, steps, all, &sender));
            receiver
        });
        Self { channels: channels.collect(), next: 0 }
    }

    /// The next batch; waits for it.
    pub fn next(&mut self) -> Result<Batch> {
        let channel = self.next % self.channels.len();
        self.next += 1;
        self.channels[channel].recv().expect("the supplying threads outlast the training")
    }
}

fn supply(
    config: &Config,
    drawings: &Labelled,
    steps: impl Iterator<Item = usize>,
    all: usize,
    sender: &SyncSender<Result<Batch>>,
) {
    let per_epoch = drawings.len() / config.batch_size;
    let (mut shuffled, mut order) = (None, Vec::new());
    for step in steps {
        let mut rng = Pcg64Mcg::seed_from_u64(config.seed.wrapping_mul(0x9e37_79b9).wrapping_add(step as u64));
        let epoch = step / per_epoch;
        if shuffled != Some(epoch) {
            order = (0..drawings.len()).collect();
            order.shuffle(&mut Pcg64Mcg::seed_from_u64(config.seed ^ (epoch as u64) << 32));
            shuffled = Some(epoch);
        }
        let picked = &order[step % per_epoch * config.batch_size..][..config.batch_size];
        let size = config.size_at(step as f64 / all as f64);
        let batch = batch(config, size, picked.iter().map(|index| &drawings[*index]), &mut rng);
        // Nobody waits for batches any more once the training has ended.
        if sender.send(batch).is_err() {
            return;
        }
    }
}

fn batch<'a>(
    config: &Config,
    size: usize,
    drawings: impl Iterator<Item = &'a (Sample, usize)>,
    rng: &mut Pcg64Mcg,
) -> Result<Batch> {
    let mut batch = Batch { size, planes: Vec::new(), targets: Vec::new() };
    for (sample, target) in drawings {
        let input = match sample {
            Sample::Doodle(doodle) => config.augmentation.vary(doodle, rng).into(),
            Sample::Image(_) => sample.input()?,
        };
        let spec = vary_input(config, size, rng);
        let coarse = rng.random::<f32>() < config.coarse;
        let shift = [(); 2].map(|()| ((2.0 * rng.random::<f32>() - 1.0) * config.shift * size as f32).round() as isize);
        render(&input, &spec, coarse, shift, &mut batch.planes)?;
        batch.targets.push(*target as i32);
    }
    Ok(batch)
}

/// The input specification with another line width and margin.
fn vary_input(config: &Config, size: usize, rng: &mut impl Rng) -> InputSpec {
    let mut within = |[low, high]: [f32; 2]| low + (high - low) * rng.random::<f32>();
    InputSpec { size, line_width: within(config.line_width), margin: within(config.margin), ..config.input.clone() }
}

fn render(
    input: &Input,
    spec: &InputSpec,
    coarse: bool,
    [right, down]: [isize; 2],
    planes: &mut Vec<f32>,
) -> Result<()> {
    let size = spec.size;
    let mut plane = Vec::with_capacity(size * size);
    let drawn = InputSpec { size: if coarse { COARSE } else { size }, ..spec.clone() };
    input.render(&drawn)?.write_planes(&drawn, &mut plane);
    if coarse {
        plane = enlarge(&plane, COARSE, size);
    }
    let paper = (spec.paper - spec.mean[0]) / spec.std[0];
    for row in 0..size as isize {
        for column in 0..size as isize {
            let [from_row, from_column] = [row - down, column - right];
            let inside = (0..size as isize).contains(&from_row) && (0..size as isize).contains(&from_column);
            planes.push(if inside { plane[from_row as usize * size + from_column as usize] } else { paper });
        }
    }
    Ok(())
}

/// Bilinear interpolation.
fn enlarge(plane: &[f32], from: usize, to: usize) -> Vec<f32> {
    let place = |index: usize| {
        let at = ((index as f32 + 0.5) * from as f32 / to as f32 - 0.5).clamp(0.0, from as f32 - 1.0);
        (at as usize, (at as usize + 1).min(from - 1), at.fract())
    };
    let mut enlarged = Vec::with_capacity(to * to);
    for row in 0..to {
        let (above, below, down) = place(row);
        for column in 0..to {
            let (left, right, across) = place(column);
            let at = |row: usize| plane[row * from + left] * (1.0 - across) + plane[row * from + right] * across;
            enlarged.push(at(above) * (1.0 - down) + at(below) * down);
        }
    }
    enlarged
}
