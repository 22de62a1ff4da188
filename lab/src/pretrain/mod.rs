//! `lab pretrain`: a backbone from random weights, on drawings that are varied while it trains.

mod checkpoint;
mod config;
mod curves;
mod eigen;
mod export;
mod network;
mod nuisance;
mod supply;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use burn::grad_clipping::GradientClippingConfig;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::prelude::*;
use burn::tensor::Int;
use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use doodletune::device::check;
use doodletune::finetune::Schedule;

use self::checkpoint::Progress;
use self::config::{Config, Teacher};
use self::curves::Point;
use self::export::Shown;
use self::network::{Average, Network};
use self::supply::{Batch, Labelled, Supply};
use crate::data::{Collection, Demand, Sample};
use crate::options::DeviceName;

#[derive(clap::Args)]
pub struct Arguments {
    /// Folder of <category>.ndjson or .ndjson.gz, or of folders of images
    #[arg(long)]
    data: PathBuf,
    /// A file with a name a line, a,b,c, or a key of splits.json
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
    /// Pause after so many epochs; --resume goes on
    #[arg(long)]
    pause_after: Option<usize>,
    /// Leave out lines and files that are no drawings
    #[arg(long)]
    skip_bad: bool,
    /// Where to compute
    #[arg(long, default_value = "cpu")]
    device: DeviceName,
    /// Seconds between checkpoints
    #[arg(long, default_value_t = 300)]
    checkpoint_every: u64,
}

/// Drawings of each category that accuracy is measured on after each epoch; at the end, on all.
const MEASURED: usize = 10;

/// Steps between updates of the average, which cost as much as a tenth of a step.
const AVERAGED_EVERY: usize = 8;

pub fn run(arguments: &Arguments) -> Result<()> {
    let config = Arc::new(Config::read(&arguments.config)?);
    let device = arguments.device.processor()?.tensors;
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
    let all = per_epoch * config.epochs;
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
    let exists = checkpoint::exists(&folder)?;
    if arguments.resume {
        let (found, tensors, resumed) =
            checkpoint::load(&folder, &config, &progress.categories, training.len(), optimizer)?;
        (network, average) = Average::from_tensors(network, tensors)?;
        optimizer = resumed;
        points = curves::read(&log)?;
        points.retain(|point: &Point| point.epoch * per_epoch <= found.step);
        progress = found;
        eprintln!("going on after step {}", progress.step);
    } else if exists {
        bail!("{} holds a run already; pass --resume to go on with it, or another --out", arguments.out.display());
    }

    let mut teachers = Vec::new();
    for weights in config.teacher.iter().flat_map(|teacher| &teacher.weights) {
        let folder = arguments.config.parent().unwrap_or(Path::new("."));
        let teacher = Shown::read(&folder.join(weights), &device)?;
        ensure!(
            teacher.categories() == progress.categories,
            "the teacher, {}, was trained on other categories; train it on the same, or leave it out",
            weights.display()
        );
        let [theirs, ours] = [teacher.input(), &config.input]
            .map(|input| (input.channels, input.paper, input.ink, input.mean.clone(), input.std.clone()));
        ensure!(
            theirs == ours,
            "the teacher, {}, sees pictures with another input.paper, ink, mean or std; give both the same",
            weights.display()
        );
        teachers.push(teacher);
    }
    let schedule = Schedule::Cosine { end: 0.0 };
    let loss_of = CrossEntropyLossConfig::new().with_smoothing(Some(config.label_smoothing)).init(&tracked);
    let mut supply = Supply::start(&config, &training, progress.step..all, all);
    let (mut saved, mut loss_sum, mut seen, mut since) = (Instant::now(), 0.0, 0, Instant::now());
    let (before, first_step) = ((progress.seconds, Instant::now()), progress.step);
    while progress.step < all {
        let Batch { size, planes, targets } = supply.next()?;
        let count = targets.len();
        let x = Tensor::<4>::from_data(TensorData::new(planes, [count, 1, size, size]), &tracked);
        let targets = Tensor::<1, Int>::from_data(TensorData::new(targets, [count]), &tracked);
        let logits = network.forward(x.clone());
        let mut loss = loss_of.forward(logits.clone(), targets);
        if let Some(Teacher { temperature, share, .. }) = &config.teacher {
            let x = x.inner();
            let says = |teacher: &Shown| softmax(teacher.logits(at_side(&x, teacher.input().size)) / *temperature, 1);
            let all = teachers.iter().map(says).reduce(|sum, one| sum + one).expect("a teacher has weights");
            let wanted = all / teachers.len() as f32;
            let found = log_softmax(logits / *temperature, 1);
            let distance = (Tensor::from_inner(wanted) * found).sum() / -(count as f32) * temperature.powi(2);
            loss = loss * (1.0 - share) + distance * *share;
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        let value: f32 = loss.inner().into_scalar();
        check()?;
        ensure!(value.is_finite(), "the loss is {value} after step {}; lower rate in the configuration", progress.step);
        let rate = config.rate * schedule.factor(config.warm_up, progress.step, all, per_epoch);
        network = optimizer.step(rate, network, gradients);
        progress.step += 1;
        if progress.step.is_multiple_of(AVERAGED_EVERY) || progress.step == all {
            average.update(&network, config.averaging.powi(AVERAGED_EVERY as i32));
        }
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
            let shown = Shown::averaged(metadata.clone(), &network, &average, &device);
            let accuracy = shown.at(size)?.accuracy(&few)?;
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
        let paused = ended && arguments.pause_after == Some((progress.step - first_step) / per_epoch);
        if progress.step == all || paused || (ended && saved.elapsed().as_secs() >= arguments.checkpoint_every) {
            checkpoint::save(&folder, &progress, &average.to_tensors(&network), &optimizer)?;
            Shown::averaged(metadata.clone(), &network, &average, &device).write(&arguments.out)?;
            saved = Instant::now();
        }
        if paused && progress.step < all {
            eprintln!("paused after step {}; go on with --resume", progress.step);
            return Ok(());
        }
    }
    let shown = Shown::averaged(metadata, &network, &average, &device);
    eprintln!("top-1 on all {} drawings: {:.2} %", test.len(), shown.accuracy(&test)? * 100.0);
    let written = shown.without_nuisance(&training)?.write(&arguments.out)?;
    for path in written {
        eprintln!("{}: {:.2} %", path.display(), Shown::read(&path, &device)?.accuracy(&test)? * 100.0);
    }
    Ok(())
}

/// Pictures at another side.
fn at_side(x: &Tensor<4>, side: usize) -> Tensor<4> {
    if x.dims()[3] == side {
        return x.clone();
    }
    let options = InterpolateOptions::new(InterpolateMode::Bilinear).with_align_corners(false);
    interpolate(x.clone(), options.with_output_size([side; 2]))
}

/// Names of the categories, what to learn from, and what to measure on.
fn read(arguments: &Arguments) -> Result<(Vec<String>, Labelled, Labelled)> {
    let collection = Collection::open(&arguments.data)?;
    let names = collection.select(Some(&arguments.categories))?;
    let demand = Demand { train: 1, test: 0, skip_bad: arguments.skip_bad, seed: 0 };
    let (mut training, mut test, mut skipped) = (vec![], vec![], 0);
    for (target, category) in collection.read(&names, &demand)?.into_iter().enumerate() {
        let label = |list: Vec<Sample>| list.into_iter().map(move |sample| (sample, target));
        training.extend(label(category.train));
        test.extend(label(category.test));
        skipped += category.skipped;
    }
    if skipped > 0 {
        eprintln!("{skipped} were no drawings and were left out");
    }
    Ok((names, training, test))
}

#[cfg(test)]
mod tests {

    use super::*;

    /// A folder that is removed in the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("doodletune-pretrain-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    /// Four kinds of drawings, which differ in the angle between two lines.
    fn write_drawings(dir: &Path) {
        for (category, corner) in [("down", 0), ("slant", 60), ("steep", 140), ("up", 250)] {
            let row = |index: usize| {
                let (jitter, split) = (index * 7 % 23, if index.is_multiple_of(4) { "test" } else { "train" });
                format!(
                    r#"{{"drawing":[[[0,128],[{jitter},{corner}]],[[128,255],[{corner},{jitter}]]],"split":"{split}"}}"#
                )
            };
            let rows: Vec<String> = (0..24).map(row).collect();
            fs::write(dir.join(format!("{category}.ndjson")), rows.join("\n")).unwrap();
        }
    }

    fn arguments(folder: &Path, out: &str, change: impl FnOnce(&mut Config)) -> Arguments {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/doodle.json");
        let mut config = Config::read(&shipped).unwrap();
        config.teacher = None;
        config.epochs = 2;
        config.batch_size = 16;
        config.sizes = vec![config::SizeFrom { from: 0.0, size: 32 }];
        change(&mut config);
        let path = folder.join(format!("{out}.json"));
        fs::write(&path, serde_json::to_string(&config).unwrap()).unwrap();
        Arguments {
            data: folder.join("data"),
            categories: "down,slant,steep,up".into(),
            config: path,
            out: folder.join(out),
            resume: false,
            pause_after: None,
            skip_bad: false,
            device: DeviceName::Cpu,
            checkpoint_every: 300,
        }
    }

    fn weights(folder: &Folder, out: &str) -> Vec<(String, Vec<u8>)> {
        let bytes = fs::read(folder.0.join(out).join("doodle.f32.safetensors")).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let mut tensors: Vec<_> = file.tensors().into_iter().map(|(name, view)| (name, view.data().to_vec())).collect();
        tensors.sort_unstable();
        tensors
    }

    #[test]
    fn a_resumed_run_ends_like_an_uninterrupted_one_and_only_with_its_own_configuration() {
        let folder = Folder::new("resume");
        fs::create_dir(folder.0.join("data")).unwrap();
        write_drawings(&folder.0.join("data"));
        let whole = arguments(&folder.0, "whole", |_| ());
        run(&whole).unwrap();
        let parts = arguments(&folder.0, "parts", |_| ());
        run(&Arguments { pause_after: Some(1), ..arguments(&folder.0, "parts", |_| ()) }).unwrap();
        assert!(run(&parts).unwrap_err().to_string().contains("--resume"));
        let other = arguments(&folder.0, "other", |config| config.rate = 0.001);
        let error = run(&Arguments { resume: true, out: parts.out.clone(), ..other }).unwrap_err().to_string();
        assert!(error.contains("another configuration") && error.contains("rate"), "{error}");
        run(&Arguments { resume: true, ..parts }).unwrap();
        for (whole, parts) in weights(&folder, "whole").iter().zip(&weights(&folder, "parts")) {
            assert!(whole == parts, "the same steps give the same {}", whole.0);
        }
        assert!(fs::read_to_string(folder.0.join("parts/curves.svg")).unwrap().contains("polyline"));
    }

    #[test]
    fn a_student_learns_from_teachers_of_the_same_categories() {
        let folder = Folder::new("teacher");
        fs::create_dir(folder.0.join("data")).unwrap();
        write_drawings(&folder.0.join("data"));
        run(&arguments(&folder.0, "first", |_| ())).unwrap();
        let taught = |by: &[&str], share| {
            let weights = by.iter().map(|by| format!("{by}/doodle.f32.safetensors").into()).collect();
            move |config: &mut Config| config.teacher = Some(Teacher { weights, temperature: 4.0, share })
        };
        run(&arguments(&folder.0, "second", taught(&["first"], 0.5))).unwrap();
        run(&arguments(&folder.0, "third", taught(&["first", "second"], 0.5))).unwrap();
        run(&arguments(&folder.0, "unmoved", taught(&["first"], 0.0))).unwrap();
        let [first, second, third, unmoved] = ["first", "second", "third", "unmoved"].map(|out| weights(&folder, out));
        assert!(second != first && unmoved == first, "its share is what it teaches");
        assert!(third != second, "all teachers teach");
        let fewer = arguments(&folder.0, "fewer", taught(&["first"], 0.5));
        let refusal = run(&Arguments { categories: "down,slant".into(), ..fewer }).unwrap_err().to_string();
        assert!(refusal.contains("other categories"), "{refusal}");
    }

    #[test]
    fn what_cannot_work_is_refused_before_anything_is_computed() {
        let folder = Folder::new("refusals");
        fs::create_dir(folder.0.join("data")).unwrap();
        let refusal = |arguments: &Arguments| format!("{:#}", run(arguments).unwrap_err());
        assert!(refusal(&arguments(&folder.0, "empty", |_| ())).contains("holds no categories"));
        write_drawings(&folder.0.join("data"));
        let many = refusal(&arguments(&folder.0, "many", |config| config.batch_size = 1000));
        assert!(many.contains("72 drawings") && many.contains("batchSize"), "{many}");
        let odd = refusal(&arguments(&folder.0, "odd", |config| config.sizes[0].size = 50));
        assert!(odd.contains("size is 50"), "{odd}");
    }
}
