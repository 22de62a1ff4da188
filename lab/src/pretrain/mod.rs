//! `lab pretrain`: a backbone from random weights, on drawings that are varied while it trains.

mod checkpoint;
mod config;
mod curves;
mod network;
mod prototypes;
mod supply;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use burn::grad_clipping::GradientClippingConfig;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::prelude::*;
use burn::tensor::Int;
use doodletune::backbone::{Backbone, Dtype, Metadata, NamedTensor};
use doodletune::doodle::{Doodle, Input, Picture};
use doodletune::finetune::warm_up_then_cosine;

use self::checkpoint::Progress;
use self::config::{Config, Finish};
use self::curves::Point;
use self::network::{Average, Network};
use self::supply::{Batch, Labelled, Supply};
use crate::quickdraw::{category_names, read_category};

#[derive(clap::Args)]
pub struct Arguments {
    /// Folder of <category>.ndjson or .ndjson.gz
    #[arg(long)]
    data: PathBuf,
    /// A list file, a,b,c, or a key of splits.json
    #[arg(long, default_value = "base")]
    categories: String,
    /// What to do
    #[arg(long, default_value = "models/doodle.json")]
    config: PathBuf,
    /// Folder for the weights, the log and the checkpoint
    #[arg(long)]
    out: PathBuf,
    /// Go on from the checkpoint in --out
    #[arg(long)]
    resume: bool,
    /// Leave out lines that are no drawings
    #[arg(long)]
    skip_bad: bool,
    /// Where to compute
    #[arg(long, default_value = "cpu")]
    device: DeviceName,
    /// Seconds between checkpoints
    #[arg(long, default_value_t = 300)]
    checkpoint_every: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum DeviceName {
    Cpu,
    Gpu,
}

/// Drawings of each category that accuracy is measured on after each epoch; at the end, on all.
const MEASURED: usize = 10;

pub fn run(arguments: &Arguments) -> Result<()> {
    let config = Arc::new(Config::read(&arguments.config)?);
    let device = device(arguments.device)?;
    let (categories, training, test) = read(arguments)?;
    let few: Labelled = (0..categories.len())
        .flat_map(|category| test.iter().filter(move |(_, target)| *target == category).take(MEASURED).cloned())
        .collect();
    let training = Arc::new(training);
    let per_epoch = training.len() / config.batch_size;
    ensure!(
        per_epoch > 0,
        "there are {} drawings to learn from, fewer than batchSize, {}; lower it in {}",
        training.len(),
        config.batch_size,
        arguments.config.display()
    );
    let Finish { epochs, categories: wanted, drawings, .. } = config.finish;
    for (target, name) in categories.iter().enumerate().filter(|_| epochs > 0) {
        let count = training.iter().filter(|(_, category)| *category == target).count();
        ensure!(
            count >= drawings,
            "{name} has {count} drawings to learn from, but “finish” wants {drawings}; lower it"
        );
    }
    ensure!(
        epochs == 0 || categories.len() >= wanted,
        "there are {} categories, but “finish” wants {wanted} at a time; lower it in {}",
        categories.len(),
        arguments.config.display()
    );
    let finish = per_epoch * config.epochs;
    let all = finish + per_epoch * config.finish.epochs;
    eprintln!(
        "{} drawings of {} categories to learn from, {} to measure on; {} epochs of {per_epoch} steps of {}",
        training.len(),
        categories.len(),
        test.len(),
        config.epochs,
        config.batch_size
    );

    let tracked = device.clone().autodiff();
    let mut network = Network::random(&config, &categories, &tracked)?;
    let metadata = config.metadata(&categories);
    let mut optimizer = AdamWConfig::new()
        .with_weight_decay(config.weight_decay)
        .with_grad_clipping(Some(GradientClippingConfig::Norm(config.clip)))
        .init();
    let mut average = Average::of(&network);
    let mut progress =
        Progress { config: (*config).clone(), categories, drawings: training.len(), step: 0, seconds: 0.0 };
    fs::create_dir_all(&arguments.out).with_context(|| format!("cannot make {}", arguments.out.display()))?;
    let (folder, log) = (arguments.out.join("checkpoint"), arguments.out.join("log.csv"));
    let mut points = Vec::new();
    if arguments.resume {
        let (found, tensors, resumed) =
            checkpoint::load(&folder, &config, &progress.categories, training.len(), optimizer)?;
        (network, average) = Average::from_tensors(network, tensors)?;
        optimizer = resumed;
        points = curves::read(&log)?;
        points.retain(|point: &Point| point.epoch * per_epoch <= found.step);
        progress = found;
        eprintln!("going on after step {}", progress.step);
    } else if folder.exists() {
        bail!("{} holds a run already; pass --resume to go on with it, or another --out", arguments.out.display());
    }

    let mut schedule = warm_up_then_cosine(config.rate, config.warm_up, finish)?;
    (0..progress.step.min(finish)).for_each(|_| drop(schedule.step()));
    let mut last_schedule =
        warm_up_then_cosine(config.finish.rate.max(f64::MIN_POSITIVE), config.warm_up, (all - finish).max(1))?;
    (finish..progress.step).for_each(|_| drop(last_schedule.step()));
    let loss_of = CrossEntropyLossConfig::new().with_smoothing(Some(config.label_smoothing)).init(&tracked);
    let mut supply = Supply::start(&config, &training, progress.step..all, finish);
    let (mut saved, mut loss_sum, mut seen, mut since) = (Instant::now(), 0.0, 0, Instant::now());
    let (before, first_step) = ((progress.seconds, Instant::now()), progress.step);
    while progress.step < all {
        let Batch { size, planes, targets } = supply.next();
        let count = targets.len();
        let x = Tensor::<4>::from_data(TensorData::new(planes, [count, 1, size, size]), &tracked);
        let targets = Tensor::<1, Int>::from_data(TensorData::new(targets, [count]), &tracked);
        let (features, logits) = network.forward(x);
        let mut loss = loss_of.forward(logits, targets);
        if progress.step >= finish {
            let Finish { categories, scale, weight, .. } = config.finish;
            loss = loss + prototypes::loss(features, categories, scale) * weight;
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        let value: f32 = loss.inner().into_scalar();
        ensure!(value.is_finite(), "the loss is {value} after step {}; lower rate in the configuration", progress.step);
        let schedule = if progress.step < finish { &mut schedule } else { &mut last_schedule };
        network = optimizer.step(schedule.step().base(), network, gradients);
        average.update(&network, config.averaging);
        progress.step += 1;
        progress.seconds = before.0 + before.1.elapsed().as_secs_f64();
        (loss_sum, seen) = (loss_sum + value, seen + 1);
        if progress.step.is_multiple_of(20) {
            eprint!(
                "\rstep {}/{all}, loss {:.3}, {:.0} drawings/s at {size} px, {:.0} min left   ",
                progress.step,
                loss_sum / seen as f32,
                (seen * config.batch_size) as f64 / since.elapsed().as_secs_f64(),
                before.1.elapsed().as_secs_f64() / 60.0 * (all - progress.step) as f64
                    / (progress.step - first_step) as f64
            );
        }
        let ended = progress.step.is_multiple_of(per_epoch);
        if ended {
            let rate = (seen * config.batch_size) as f64 / since.elapsed().as_secs_f64();
            let shown = averaged(metadata.clone(), &network, &average, &device);
            let accuracy = accuracy(&shown.at(size)?, &few)?;
            let point = Point { epoch: progress.step / per_epoch, loss: loss_sum / seen as f32, accuracy, rate };
            eprintln!(
                "\repoch {}: loss {:.3}, top-1 {:.1} %, {rate:.0} drawings/s, {:.0} min so far        ",
                point.epoch,
                point.loss,
                point.accuracy * 100.0,
                progress.seconds / 60.0
            );
            points.push(point);
            curves::write(&log, &arguments.out.join("curves.svg"), &points)?;
            (loss_sum, seen, since) = (0.0, 0, Instant::now());
        }
        if progress.step == all || (ended && saved.elapsed().as_secs() >= arguments.checkpoint_every) {
            checkpoint::save(&folder, &progress, &average.to_tensors(&network), &optimizer)?;
            let shown = averaged(metadata.clone(), &network, &average, &device);
            for (suffix, dtype) in [("", Dtype::I8), (".f32", Dtype::F32)] {
                let path = arguments.out.join(format!("{}{suffix}.safetensors", config.backbone));
                let bytes = doodletune::backbone::write(&metadata, &shippable(&shown), dtype)?;
                fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
            }
            saved = Instant::now();
        }
    }
    let shown = averaged(metadata.clone(), &network, &average, &device);
    eprintln!("top-1 on all {} drawings: {:.2} %", test.len(), accuracy(&shown, &test)? * 100.0);
    Ok(())
}

fn device(name: DeviceName) -> Result<Device> {
    match name {
        DeviceName::Cpu => Ok(Device::flex()),
        #[cfg(feature = "gpu")]
        DeviceName::Gpu => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
        #[cfg(not(feature = "gpu"))]
        DeviceName::Gpu => bail!("this lab was built without GPU support; build it with --features gpu"),
    }
}

/// Names of the categories, what to learn from, and what to measure on.
fn read(arguments: &Arguments) -> Result<(Vec<String>, Labelled, Labelled)> {
    let names = category_names(&arguments.data, &arguments.categories)?;
    let (mut training, mut test, mut skipped) = (vec![], vec![], 0);
    for (target, name) in names.iter().enumerate() {
        let (category, bad) = read_category(&arguments.data, name, 0, arguments.skip_bad)?;
        let label = |list: Vec<Doodle>| list.into_iter().map(move |doodle| (doodle, target));
        training.extend(label(category.train));
        test.extend(label(category.test));
        skipped += bad;
    }
    if skipped > 0 {
        eprintln!("{skipped} lines were no drawings and were left out");
    }
    Ok((names, training, test))
}

/// A network with the averaged weights, without gradients.
struct Shown {
    backbone: Backbone,
    classifier: burn::nn::Linear,
}

fn averaged(metadata: Metadata, network: &Network, average: &Average, device: &Device) -> Shown {
    let network = network.valid().with_values(average.values());
    Shown { backbone: Backbone::from_stages(metadata, network.stages, device), classifier: network.classifier }
}

impl Shown {
    /// For inputs of the side that it is trained at just now.
    fn at(self, size: usize) -> Result<Self> {
        Ok(Self { backbone: self.backbone.with_size(size)?, ..self })
    }
}

/// The backbone's tensors and its classifier's.
fn shippable(shown: &Shown) -> Vec<NamedTensor> {
    let mut tensors = shown.backbone.tensors();
    let [features, categories] = shown.classifier.weight.val().dims();
    let rows = shown.classifier.weight.val().transpose().into_data();
    let bias = shown.classifier.bias.as_ref().expect("it was made with a bias").val().into_data();
    for (name, shape, data) in
        [("classifier.weight", vec![categories, features], rows), ("classifier.bias", vec![categories], bias)]
    {
        tensors.push(NamedTensor {
            name: name.into(),
            shape,
            values: data.try_into_vec().expect("a network's values are f32"),
        });
    }
    tensors
}

/// Share of the drawings whose most probable category is right.
fn accuracy(shown: &Shown, drawings: &[(Doodle, usize)]) -> Result<f64> {
    const BATCH: usize = 128;
    let mut right = 0;
    for chunk in drawings.chunks(BATCH) {
        let pictures = chunk
            .iter()
            .map(|(doodle, _)| Ok(Input::from(doodle.clone()).render(shown.backbone.input())?))
            .collect::<Result<Vec<Picture>>>()?;
        let logits = shown.classifier.forward(shown.backbone.forward(shown.backbone.batch(&pictures)));
        let guesses = logits.argmax(1).into_data();
        right += guesses.iter::<i64>().zip(chunk).filter(|(guess, (_, target))| *guess == *target as i64).count();
    }
    Ok(right as f64 / drawings.len().max(1) as f64)
}
