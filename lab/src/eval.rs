//! Few-shot accuracy: episodes of N classes, K drawings to learn each from, Q drawings each to recognise.

use std::cell::Cell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use clap::ValueEnum;
use doodletune::backbone::{Backbone, Weights};
use doodletune::doodle::{Doodle, Input};
use doodletune::finetune::{Plan, train_head};
use doodletune::head::{Head, LabelledFeatures};
use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

use crate::quickdraw::{Category, category_names, read_category};

/// Command-line arguments of `lab eval`.
#[derive(clap::Args, Serialize)]
pub struct Arguments {
    /// Folder of <category>.ndjson or .ndjson.gz
    #[arg(long)]
    #[serde(skip)]
    data: PathBuf,
    /// A file with a name a line, a,b,c, or a key of splits.json such as base, novel, bench10
    #[arg(long)]
    categories: String,
    /// Classes an episode
    #[arg(long, default_value_t = 10)]
    way: usize,
    /// Drawings to learn from a class
    #[arg(long, default_value_t = 20)]
    shot: usize,
    /// Drawings to recognise a class
    #[arg(long, default_value_t = 10)]
    queries: usize,
    /// Episodes
    #[arg(long, default_value_t = 20)]
    episodes: usize,
    /// Name of the backbone
    #[arg(long, default_value = "efficientnet-lite0")]
    backbone: String,
    /// Its weight file; models/<backbone>.safetensors by default
    #[arg(long)]
    #[serde(skip)]
    weights: Option<PathBuf>,
    /// Side of the input in pixels; the weights' own by default
    #[arg(long)]
    size: Option<usize>,
    /// What sits on the features
    #[arg(long, default_value = "linear")]
    head: HeadName,
    /// Decides the episodes and the training
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Leave out lines that are no drawings
    #[arg(long)]
    skip_bad: bool,
    /// Write the result as JSON to this file, or to standard output for -
    #[arg(long)]
    #[serde(skip)]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum HeadName {
    Prototype,
    Linear,
}

#[derive(Serialize)]
struct Outcome<'a> {
    /// Mean over episodes, 0 to 1.
    accuracy: f64,
    /// Half width of the mean's 95 % confidence interval; none for a single episode.
    ci95: Option<f64>,
    /// Mean cross-entropy of the right class.
    loss: f64,
    episodes: usize,
    fit_seconds: f64,
    predict_seconds: f64,
    skipped_lines: usize,
    settings: &'a Arguments,
}

/// Runs the episodes and prints what came of them.
pub fn run(arguments: &Arguments) -> Result<()> {
    for (name, value) in [
        ("way", arguments.way),
        ("shot", arguments.shot),
        ("queries", arguments.queries),
        ("episodes", arguments.episodes),
    ] {
        ensure!(value > 0, "--{name} must be at least 1");
    }
    ensure!(arguments.way >= 2, "--way must be at least 2");
    let backbone = load_backbone(arguments)?;
    let (categories, skipped_lines) = load_categories(arguments)?;
    let episodes = sample_episodes(arguments, &categories);
    let (features, predict_seconds) = extract(&backbone, &categories, &episodes)?;

    let (mut accuracies, mut losses, mut fit) = (vec![], vec![], 0.0);
    for (index, episode) in episodes.iter().enumerate() {
        let start = Instant::now();
        let support = labelled(&categories, &features, episode, |class| &class.support);
        let head = match arguments.head {
            HeadName::Prototype => Head::prototype(&support)?,
            HeadName::Linear => {
                let plan = Plan { seed: arguments.seed.wrapping_add(index as u64), ..Plan::default() };
                pollster::block_on(train_head(&support, &plan, &Cell::new(false), |_, _| ()))?.0
            }
        };
        fit += start.elapsed().as_secs_f64();
        let queries = labelled(&categories, &features, episode, |class| &class.queries);
        let (accuracy, loss) = score(&head, &queries);
        accuracies.push(accuracy);
        losses.push(loss);
    }
    let (accuracy, ci95) = mean_and_ci95(&accuracies);
    let outcome = Outcome {
        accuracy,
        ci95,
        loss: losses.iter().sum::<f64>() / losses.len() as f64,
        episodes: episodes.len(),
        fit_seconds: fit / episodes.len() as f64,
        predict_seconds,
        skipped_lines,
        settings: arguments,
    };
    eprintln!(
        "{}-way {} shots on {}: {:.1} ± {:.1} % (95 %, loss {:.3}) over {} episodes; {:.3} s a fit, {:.4} s a prediction",
        arguments.way,
        arguments.shot,
        arguments.categories,
        accuracy * 100.0,
        ci95.unwrap_or(f64::INFINITY) * 100.0,
        outcome.loss,
        outcome.episodes,
        outcome.fit_seconds,
        outcome.predict_seconds
    );
    if skipped_lines > 0 {
        eprintln!("{skipped_lines} lines were no drawings and were left out");
    }
    match arguments.json.as_deref() {
        None => (),
        Some(path) if path.as_os_str() == "-" => println!("{}", serde_json::to_string_pretty(&outcome)?),
        Some(path) => std::fs::write(path, serde_json::to_string_pretty(&outcome)?)
            .with_context(|| format!("cannot write {}", path.display()))?,
    }
    Ok(())
}

fn load_backbone(arguments: &Arguments) -> Result<Backbone> {
    let path = arguments.weights.clone().unwrap_or_else(|| format!("models/{}.safetensors", arguments.backbone).into());
    let bytes = std::fs::read(&path).with_context(|| {
        format!("cannot read {}; make it with `cargo xtask weights {}`", path.display(), arguments.backbone)
    })?;
    let backbone = Backbone::load(&Weights::parse(&bytes)?, &Device::flex())?;
    ensure!(
        backbone.metadata().backbone == arguments.backbone,
        "{} holds {}",
        path.display(),
        backbone.metadata().backbone
    );
    Ok(match arguments.size {
        Some(size) => backbone.with_size(size)?,
        None => backbone,
    })
}

fn load_categories(arguments: &Arguments) -> Result<(Vec<Category>, usize)> {
    let names = category_names(&arguments.data, &arguments.categories)?;
    ensure!(names.len() >= arguments.way, "--way is {}, but --categories names only {}", arguments.way, names.len());
    let mut skipped = 0;
    let mut categories = Vec::with_capacity(names.len());
    for name in names {
        let (category, bad) = read_category(&arguments.data, &name, arguments.seed, arguments.skip_bad)?;
        skipped += bad;
        ensure!(
            category.train.len() >= arguments.shot && category.test.len() >= arguments.queries,
            "{name} has {} drawings to learn from and {} to recognise, but --shot is {} and --queries {}; lower them",
            category.train.len(),
            category.test.len(),
            arguments.shot,
            arguments.queries
        );
        categories.push(category);
    }
    Ok((categories, skipped))
}

/// Which drawing of which category: `test` chooses the list.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Pick {
    category: usize,
    test: bool,
    index: usize,
}

struct EpisodeClass {
    category: usize,
    support: Vec<Pick>,
    queries: Vec<Pick>,
}

fn sample_episodes(arguments: &Arguments, categories: &[Category]) -> Vec<Vec<EpisodeClass>> {
    let mut rng = Pcg64Mcg::seed_from_u64(arguments.seed);
    let all: Vec<usize> = (0..categories.len()).collect();
    let class = |category: usize, rng: &mut Pcg64Mcg| {
        let mut picks = |test, from: usize, count| {
            let indices: Vec<usize> = (0..from).collect();
            indices.sample(rng, count).map(|index| Pick { category, test, index: *index }).collect()
        };
        let support = picks(false, categories[category].train.len(), arguments.shot);
        let queries = picks(true, categories[category].test.len(), arguments.queries);
        EpisodeClass { category, support, queries }
    };
    (0..arguments.episodes)
        .map(|_| {
            let chosen: Vec<usize> = all.sample(&mut rng, arguments.way).copied().collect();
            chosen.into_iter().map(|category| class(category, &mut rng)).collect()
        })
        .collect()
}

type Extracted = Vec<(Pick, Vec<f32>)>;
type Features = HashMap<Pick, Rc<[f32]>>;

/// Features of every drawing in any episode, each computed once, on all cores; and the seconds a drawing took on one.
fn extract(backbone: &Backbone, categories: &[Category], episodes: &[Vec<EpisodeClass>]) -> Result<(Features, f64)> {
    const BATCH: usize = 8;
    let mut picks: Vec<Pick> =
        episodes.iter().flatten().flat_map(|class| class.support.iter().chain(&class.queries)).copied().collect();
    picks.sort_unstable_by_key(|pick| (pick.category, pick.test, pick.index));
    picks.dedup();
    let drawing = |pick: &Pick| -> &Doodle {
        let category = &categories[pick.category];
        if pick.test { &category.test[pick.index] } else { &category.train[pick.index] }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = |share: &[Pick]| -> Result<(Extracted, f64)> {
        let start = Instant::now();
        let mut found = Vec::with_capacity(share.len());
        for chunk in share.chunks(BATCH) {
            let pictures = chunk
                .iter()
                .map(|pick| Input::from(drawing(pick).clone()).render(backbone.input()))
                .collect::<Result<Vec<_>, _>>()?;
            let features = pollster::block_on(backbone.features(&pictures))?;
            found.extend(chunk.iter().copied().zip(features.iter().map(|features| features.to_vec())));
        }
        Ok((found, start.elapsed().as_secs_f64()))
    };
    let mut features = Features::new();
    let mut seconds = 0.0;
    std::thread::scope(|scope| {
        let shares: Vec<_> =
            picks.chunks(picks.len().div_ceil(threads)).map(|share| scope.spawn(move || work(share))).collect();
        for share in shares {
            let (found, elapsed) = share.join().expect("a worker does not panic")?;
            seconds += elapsed;
            features.extend(found.into_iter().map(|(pick, values)| (pick, Rc::from(values))));
        }
        Ok::<_, anyhow::Error>(())
    })?;
    Ok((features, seconds / picks.len() as f64))
}

fn labelled(
    categories: &[Category],
    features: &Features,
    episode: &[EpisodeClass],
    of: impl Fn(&EpisodeClass) -> &Vec<Pick>,
) -> LabelledFeatures {
    let picks =
        || episode.iter().enumerate().flat_map(|(target, class)| of(class).iter().map(move |pick| (target, pick)));
    LabelledFeatures {
        classes: episode.iter().map(|class| categories[class.category].name.clone()).collect(),
        features: picks().map(|(_, pick)| features[pick].clone()).collect(),
        targets: picks().map(|(target, _)| target).collect(),
    }
}

/// Accuracy and mean cross-entropy.
fn score(head: &Head, queries: &LabelledFeatures) -> (f64, f64) {
    let (mut right, mut loss) = (0, 0.0);
    for (features, target) in queries.features.iter().zip(&queries.targets) {
        let probabilities = head.probabilities(features);
        right += usize::from(probabilities.iter().all(|p| *p <= probabilities[*target]));
        loss -= f64::from(probabilities[*target].max(1e-9)).ln();
    }
    let count = queries.targets.len() as f64;
    (f64::from(u32::try_from(right).unwrap_or(u32::MAX)) / count, loss / count)
}

/// The mean, and the half width of its 95 % confidence interval by Student's t.
fn mean_and_ci95(values: &[f64]) -> (f64, Option<f64>) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, (values.len() > 1).then(|| t975(values.len() - 1) * (variance / count).sqrt()))
}

/// The 97.5 % quantile of Student's t: exact where it is steep, then the expansion of Abramowitz and Stegun, 26.7.5.
fn t975(degrees: usize) -> f64 {
    const STEEP: [f64; 5] = [12.706, 4.303, 3.182, 2.776, 2.571];
    let (z, n): (f64, f64) = (1.959_964, degrees as f64);
    let first = (z.powi(3) + z) / 4.0;
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    STEEP.get(degrees - 1).copied().unwrap_or(z + first / n + second / n.powi(2) + third / n.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_students() {
        for (degrees, expected) in [(1, 12.706), (4, 2.776), (9, 2.262), (19, 2.093), (1000, 1.962)] {
            assert!((t975(degrees) - expected).abs() < 0.004, "{degrees}: {}", t975(degrees));
        }
        let (mean, ci95) = mean_and_ci95(&[0.5, 0.7]);
        assert!((mean - 0.6).abs() < 1e-12 && (ci95.unwrap() - 12.706 * 0.1).abs() < 1e-9);
        assert_eq!(mean_and_ci95(&[0.5]).1, None);
    }
}
