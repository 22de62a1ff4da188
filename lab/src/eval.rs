//! Few-shot accuracy: episodes of N classes, K drawings to learn each from, Q drawings each to recognise.

use std::cell::Cell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use doodletune::backbone::Backbone;
use doodletune::doodle::Input;
use doodletune::finetune::{
    Examples, Phase, Plan, Session, Signal, Situation, Source, Strategy, Trainable, solve_head, solve_unfinished,
};
use doodletune::head::{Head, LabelledFeatures, is_right};
use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

use crate::data::{Category, Collection, Demand, Sample};
use crate::options::{self, at_least, strategy};
use crate::parallel;
use crate::statistics::mean_and_ci95;

/// The most classes an episode has where `--way` is not given.
const USUAL_WAY: usize = 10;

/// Command-line arguments of `lab eval`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Folder of <category>.ndjson or <category>.npy, each also as .gz, or folders <category> of .png and .jpg
    #[arg(long)]
    data: PathBuf,
    /// A file with a name a line, a,b,c, or a key of splits.json such as base, novel, bench10; all by default
    #[arg(long)]
    categories: Option<String>,
    /// Classes an episode, drawn anew for each; by default all categories, but ten at most
    #[arg(long, value_parser = at_least::<2>)]
    way: Option<usize>,
    /// Drawings to learn from a class
    #[arg(long, default_value_t = 20, value_parser = at_least::<1>)]
    shot: usize,
    /// Drawings to recognise a class
    #[arg(long, default_value_t = 10, value_parser = at_least::<1>)]
    queries: usize,
    /// Episodes
    #[arg(long, default_value_t = 20, value_parser = at_least::<1>)]
    episodes: usize,
    /// Name of the backbone
    #[arg(long, default_value = "doodle")]
    backbone: String,
    /// Its weight file; models/<backbone>.safetensors by default
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Side of the input in pixels; the weights' own by default
    #[arg(long)]
    size: Option<usize>,
    /// What sits on the features; linear is another name of logistic, the default
    #[arg(long, default_value = "logistic")]
    head: HeadName,
    /// What learns: feature-extraction, auto, full, lp-ft, … (see docs/strategies.md)
    #[arg(long, default_value = "feature-extraction", value_parser = strategy, conflicts_with = "plan")]
    strategy: Strategy,
    /// A plan as JSON, instead of a strategy
    #[arg(long)]
    plan: Option<PathBuf>,
    /// Recognise unfinished doodles: show this share of a drawing's points, above 0 to 1. The head has
    /// seen the first half of each drawing as well then, unless it is prototype
    #[arg(long, default_value_t = 1.0, value_parser = share)]
    partial: f32,
    /// Decides the split where the data has none, the episodes, and the training
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Leave out, and count, lines that are no drawings and files that are no images
    #[arg(long)]
    skip_bad: bool,
    /// Write the result as JSON to this file, or to standard output for -
    #[arg(long)]
    json: Option<PathBuf>,
}

fn share(text: &str) -> Result<f32, String> {
    let refusal = || "it must be above 0 and at most 1".to_owned();
    text.parse().ok().filter(|share| *share > 0.0 && *share <= 1.0).ok_or_else(refusal)
}

#[derive(Clone, Copy, PartialEq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum HeadName {
    /// The classes' means
    Prototype,
    /// Logistic regression
    #[value(alias = "linear")]
    Logistic,
    /// A linear layer by gradient descent
    #[value(name = "adamw")]
    AdamW,
}

/// All that decides the result, as it came to be.
#[derive(Serialize)]
struct Settings<'a> {
    data: &'a Path,
    categories: Vec<String>,
    way: usize,
    shot: usize,
    queries: usize,
    episodes: usize,
    backbone: &'a str,
    size: usize,
    head: HeadName,
    strategy: Strategy,
    plan: Option<Plan>,
    partial: f32,
    seed: u64,
    skip_bad: bool,
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
    /// Mean seconds to learn an episode's classes from the features of their drawings.
    fit_seconds: f64,
    /// Mean seconds from a drawing to its features, on one core.
    predict_seconds: f64,
    /// Lines and files that were no drawings and were left out.
    skipped: usize,
    settings: &'a Settings<'a>,
}

/// Runs the episodes and prints what came of them.
pub fn run(arguments: &Arguments) -> Result<()> {
    options::check_json(arguments.json.as_deref())?;
    let (settings, categories) = prepare(arguments)?;
    let backbone = options::load_backbone(&arguments.backbone, arguments.weights.as_deref(), arguments.size)?;
    let settings = Settings { size: backbone.input().size, ..settings };
    let episodes = sample_episodes(&settings, &categories);
    let (features, predict_seconds) = extract(&backbone, &settings, &categories, &episodes, Side::Both)?;

    let backbone = Rc::new(backbone);
    let (mut accuracies, mut losses, mut fit_seconds) = (vec![], vec![], 0.0);
    for (index, episode) in episodes.iter().enumerate() {
        let support = labelled(&categories, &features, episode, |class| &class.support);
        let start = Instant::now();
        let examples = || examples(&backbone, &categories, episode, &support);
        let unfinished = settings.partial < 1.0 && settings.head != HeadName::Prototype;
        let (head, tuned) = match plan(&settings, &backbone, &categories, &support, index) {
            None if unfinished => (fit_unfinished(&settings, index, &backbone, None, &examples()?)?, None),
            None => (fit(&settings, index, &support)?, None),
            Some(plan) => {
                let (head, tuned) = fine_tune(&backbone, examples()?, plan)?;
                let head = match unfinished {
                    true => fit_unfinished(&settings, index, &backbone, tuned.as_deref(), &examples()?)?,
                    false => head,
                };
                (head, tuned)
            }
        };
        fit_seconds += start.elapsed().as_secs_f64();
        let queries = match tuned {
            Some(tuned) => {
                let (features, _) =
                    extract(&tuned, &settings, &categories, std::slice::from_ref(episode), Side::Queries)?;
                labelled(&categories, &features, episode, |class| &class.queries)
            }
            None => labelled(&categories, &features, episode, |class| &class.queries),
        };
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
        fit_seconds: fit_seconds / episodes.len() as f64,
        predict_seconds,
        skipped: categories.iter().map(|category| category.skipped).sum(),
        settings: &settings,
    };
    report(arguments, &outcome)
}

/// One line for people on standard error; JSON where it was asked for.
fn report(arguments: &Arguments, outcome: &Outcome) -> Result<()> {
    let Settings {
        way, shot, queries, backbone, size, head, strategy, ref plan, partial, seed, ref categories, ..
    } = *outcome.settings;
    let name = |value: Option<clap::builder::PossibleValue>| value.map(|value| value.get_name().to_owned());
    eprintln!(
        "{way} of {} categories an episode, {shot} drawings a class to learn from, {queries} to recognise{}; {backbone} \
         at {size} px, {}, head {}, seed {seed}",
        categories.len(),
        if partial < 1.0 { format!(" by the first {partial} of their points") } else { String::new() },
        if plan.is_some() {
            "a plan".into()
        } else {
            serde_json::to_value(strategy)?.as_str().unwrap_or_default().to_owned()
        },
        name(head.to_possible_value()).unwrap_or_default(),
    );
    eprintln!(
        "{:.1}{} % right (loss {:.3}) over {} episodes; {:.4} s a fit, {:.4} s a prediction",
        outcome.accuracy * 100.0,
        outcome.ci95.map_or(String::new(), |ci95| format!(" ± {:.1}", ci95 * 100.0)),
        outcome.loss,
        outcome.episodes,
        outcome.fit_seconds,
        outcome.predict_seconds
    );
    if outcome.skipped > 0 {
        eprintln!("{} lines or files were no drawings and were left out", outcome.skipped);
    }
    let Some(path) = arguments.json.as_deref() else { return Ok(()) };
    let json = serde_json::to_string_pretty(outcome)? + "\n";
    if path.as_os_str() == "-" {
        print!("{json}");
        return Ok(());
    }
    std::fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))
}

/// What was asked for, checked against the data. Knows the size only after the backbone is loaded.
fn prepare(arguments: &Arguments) -> Result<(Settings<'_>, Vec<Category>)> {
    let collection = Collection::open(&arguments.data)?;
    let names = collection.select(arguments.categories.as_deref())?;
    let way = arguments.way.unwrap_or(names.len().min(USUAL_WAY));
    ensure!(
        (2..=names.len()).contains(&way),
        "an episode of {} classes needs as many categories, but there {}: lower --way, or name more with --categories",
        way.max(2),
        if names.len() == 1 { "is only 1".into() } else { format!("are only {}", names.len()) },
    );
    let &Arguments { shot, queries, episodes, head, strategy, partial, seed, skip_bad, .. } = arguments;
    let categories = collection.read(&names, &Demand { train: shot, test: queries, skip_bad, seed })?;
    if partial < 1.0 {
        let image = categories.iter().find(|category| category.test.iter().any(|s| matches!(s, Sample::Image(_))));
        if let Some(category) = image {
            anyhow::bail!("--partial is for strokes, but “{}” is images, which have no points", category.name);
        }
    }
    let plan = match &arguments.plan {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            Some(serde_json::from_str(&text).with_context(|| format!("{} is no plan", path.display()))?)
        }
        None => None,
    };
    ensure!(
        head == HeadName::Logistic || (strategy == Strategy::FeatureExtraction && plan.is_none()),
        "--head is for features that stay as they are; a plan, and every other strategy, trains a head of its own"
    );
    ensure!(
        partial == 1.0 || head != HeadName::AdamW,
        "--partial asks a head that has seen halves, which is solved for: it does not go with --head adamw"
    );
    let (data, backbone, size) = (arguments.data.as_path(), arguments.backbone.as_str(), 0);
    let settings = Settings {
        data,
        categories: names,
        way,
        shot,
        queries,
        episodes,
        backbone,
        size,
        head,
        strategy,
        plan,
        partial,
        seed,
        skip_bad,
    };
    Ok((settings, categories))
}

/// What an episode is trained with; `None` for a head alone that needs no plan.
fn plan(
    settings: &Settings,
    backbone: &Backbone,
    categories: &[Category],
    support: &LabelledFeatures,
    episode: usize,
) -> Option<Plan> {
    let seed = settings.seed.wrapping_add(episode as u64);
    if let Some(plan) = &settings.plan {
        return Some(Plan { seed, ..plan.clone() });
    }
    if settings.strategy == Strategy::FeatureExtraction {
        let head = || Plan {
            refit: true,
            ..Plan::new(vec![Phase { batch_size: 32, ..Phase::new("head", Trainable::Head, 60) }])
        };
        return (settings.head == HeadName::AdamW).then(|| Plan { seed, ..head() });
    }
    let situation = Situation {
        examples: support.targets.len(),
        classes: support.classes.len(),
        fewest: settings.shot,
        stages: backbone.stages().len(),
        side: backbone.input().size,
        strokes: categories.iter().flat_map(|category| &category.train).any(|s| matches!(s, Sample::Doodle(_))),
        knows_drawings: backbone.metadata().knows_drawings(),
        // Results must not depend on how busy the machine is.
        seconds_a_drawing: None,
    };
    Some(Plan { seed, ..settings.strategy.plan(&situation) })
}

/// A head on features.
fn fit(settings: &Settings, episode: usize, support: &LabelledFeatures) -> Result<Head> {
    if settings.head == HeadName::Prototype {
        return Ok(Head::prototype(support)?);
    }
    let seed = settings.seed.wrapping_add(episode as u64);
    let (head, _) = pollster::block_on(solve_head(support, seed, &Cell::new(Signal::Go), |_, _| ()))?;
    head.context("nobody stopped it")
}

/// Carries a plan out: the head, and the backbone if it was trained.
fn fine_tune(backbone: &Rc<Backbone>, examples: Examples, plan: Plan) -> Result<(Head, Option<Rc<Backbone>>)> {
    let trained = pollster::block_on(async {
        let mut session = Session::new(backbone.clone(), examples, plan).await?;
        match session.run(&Cell::new(Signal::Go), |_, _| ()).await {
            // The best before stays, as on the page.
            Ok(_) | Err(doodletune::Error::Diverged { .. }) => Ok(session.trained()),
            Err(error) => Err(error),
        }
    })?;
    let trained = trained.context("nothing was learned")?;
    Ok((Rc::unwrap_or_clone(trained.head), trained.backbone))
}

/// A head that has seen drawings by halves too.
fn fit_unfinished(
    settings: &Settings,
    episode: usize,
    backbone: &Backbone,
    tuned: Option<&Backbone>,
    examples: &Examples,
) -> Result<Head> {
    let seed = settings.seed.wrapping_add(episode as u64);
    let head = pollster::block_on(solve_unfinished(backbone, tuned, examples, seed, &Cell::new(Signal::Go)))?;
    head.context("nobody stopped it")
}

/// The drawings of an episode to learn from, in the order of [`labelled`].
fn examples(
    backbone: &Backbone,
    categories: &[Category],
    episode: &[EpisodeClass],
    support: &LabelledFeatures,
) -> Result<Examples> {
    let LabelledFeatures { classes, features, targets } = support.clone();
    let picks = episode.iter().flat_map(|class| &class.support);
    let source =
        |pick: &Pick| Ok(Source::keep(&categories[pick.category].train[pick.index].input()?, backbone.input())?);
    let sources = picks.map(source).collect::<Result<_>>()?;
    Ok(Examples { classes, ids: (0..).take(targets.len()).collect(), sources, features, targets, teacher: None })
}

/// Which drawing of which category: `test` chooses the list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

fn sample_episodes(settings: &Settings, categories: &[Category]) -> Vec<Vec<EpisodeClass>> {
    let mut rng = Pcg64Mcg::seed_from_u64(settings.seed);
    let all: Vec<usize> = (0..categories.len()).collect();
    let class = |category: usize, rng: &mut Pcg64Mcg| {
        let mut picks = |test, from: usize, count| {
            let indices: Vec<usize> = (0..from).collect();
            indices.sample(rng, count).map(|index| Pick { category, test, index: *index }).collect()
        };
        let support = picks(false, categories[category].train.len(), settings.shot);
        let queries = picks(true, categories[category].test.len(), settings.queries);
        EpisodeClass { category, support, queries }
    };
    (0..settings.episodes)
        .map(|_| {
            let chosen: Vec<usize> = all.sample(&mut rng, settings.way).copied().collect();
            chosen.into_iter().map(|category| class(category, &mut rng)).collect()
        })
        .collect()
}

/// Which drawings of an episode.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Both,
    Queries,
}

type Features = HashMap<Pick, Rc<[f32]>>;

/// Features of every drawing in any episode, each computed once, on all cores; and the seconds a drawing took on one.
fn extract(
    backbone: &Backbone,
    settings: &Settings,
    categories: &[Category],
    episodes: &[Vec<EpisodeClass>],
    side: Side,
) -> Result<(Features, f64)> {
    const BATCH: usize = 8;
    let support = |class: &EpisodeClass| if side == Side::Both { class.support.clone() } else { vec![] };
    let mut picks: Vec<Pick> =
        episodes.iter().flatten().flat_map(|class| [support(class), class.queries.clone()].concat()).collect();
    picks.sort_unstable();
    picks.dedup();
    let input = |pick: &Pick| -> Result<Input> {
        let category = &categories[pick.category];
        match if pick.test { &category.test[pick.index] } else { &category.train[pick.index] } {
            Sample::Doodle(doodle) if pick.test => Ok(doodle.beginning(settings.partial).into()),
            sample => sample.input(),
        }
    };
    // The same batches whatever the number of threads: kernels may round differently in another.
    let batches: Vec<&[Pick]> = picks.chunks(BATCH).collect();
    let computed = parallel::map(&batches, |batch| -> Result<(Vec<Vec<f32>>, f64)> {
        let inputs = batch.iter().map(input).collect::<Result<Vec<_>>>()?;
        let start = Instant::now();
        let pictures = inputs.iter().map(|input| input.render(backbone.input())).collect::<Result<Vec<_>, _>>()?;
        let features = pollster::block_on(backbone.features(&pictures))?;
        Ok((features.iter().map(|features| features.to_vec()).collect(), start.elapsed().as_secs_f64()))
    });
    let (mut features, mut seconds) = (Features::new(), 0.0);
    for (batch, computed) in batches.iter().zip(computed) {
        let (values, elapsed) = computed?;
        seconds += elapsed;
        features.extend(batch.iter().copied().zip(values.into_iter().map(Rc::from)));
    }
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
        right += usize::from(is_right(&probabilities, *target));
        loss -= f64::from(probabilities[*target].max(1e-9)).ln();
    }
    let count = queries.targets.len() as f64;
    (f64::from(u32::try_from(right).unwrap_or(u32::MAX)) / count, loss / count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::Folder;

    #[test]
    fn impossible_options_are_refused_with_what_is_possible() {
        let folder = Folder::new();
        for (line, remedy) in [
            ("--way 1", "from 2"),
            ("--shot 0", "from 1"),
            ("--queries x", "from 1"),
            ("--episodes 0", "from 1"),
            ("--partial 0", "above 0"),
            ("--partial nan", "above 0"),
            ("--head oak", "prototype, logistic, adamw"),
            ("--strategy naive", "feature-extraction"),
            ("--shots 3", "--shot"),
        ] {
            let refusal = folder.parsed::<Arguments>(line).err().unwrap();
            assert!(refusal.contains(remedy), "{line}: {refusal}");
        }
        assert!(folder.parsed::<Arguments>("--head linear").unwrap().head == HeadName::Logistic);
    }

    #[test]
    fn the_data_must_have_what_is_asked_for() {
        let folder = Folder::new();
        folder.category("a", 12, "").category("b", 12, "").category("c", 12, "");
        let arguments = |line| folder.parsed::<Arguments>(line).unwrap();
        let prepared = |line| prepare(&arguments(line)).map(|(settings, _)| settings.way).map_err(|e| format!("{e:#}"));
        assert_eq!(prepared("--shot 8 --queries 4"), Ok(3), "all categories, by default");
        assert_eq!(prepared("--shot 1 --queries 1 --way 2"), Ok(2));
        for (line, parts) in [
            ("--way 4", ["an episode of 4 classes", "only 3"]),
            ("--categories a --shot 1", ["is only 1", "--categories"]),
            ("--shot 9 --queries 4", ["a.ndjson has 9", "--shot is 9"]),
            ("--categories a,x", ["“x”", "a, b, c"]),
            ("--shot 2 --queries 2 --strategy full --head prototype", ["--head", "a head of its own"]),
        ] {
            let refusal = prepared(line).unwrap_err();
            assert!(parts.iter().all(|part| refusal.contains(part)), "{line}: {refusal}");
        }
        let refusal = run(&arguments("--json nowhere/x.json")).unwrap_err().to_string();
        assert!(refusal.contains("there is no folder for nowhere/x.json"), "{refusal}");
        let refusal = run(&arguments("--shot 2 --queries 2 --weights nowhere")).unwrap_err().to_string();
        assert!(refusal.contains("cannot read nowhere; make it with"), "{refusal}");
    }

    #[test]
    fn episodes_are_seeded_and_keep_what_is_asked_apart() {
        let folder = Folder::new();
        for name in 0..12 {
            folder.category(&name.to_string(), 9, "");
        }
        let sampled = |seed: usize| {
            let arguments =
                folder.parsed::<Arguments>(&format!("--shot 4 --queries 5 --episodes 3 --seed {seed}")).unwrap();
            let (settings, categories) = prepare(&arguments).unwrap();
            let episodes = sample_episodes(&settings, &categories);
            assert!(episodes.iter().all(|episode| episode.len() == 10), "ten at most, by default");
            let classes = episodes.iter().flatten();
            classes.map(|class| (class.category, class.support.clone(), class.queries.clone())).collect::<Vec<_>>()
        };
        assert!(sampled(1) == sampled(1) && sampled(1) != sampled(2));
        for (_, support, queries) in sampled(1) {
            assert!(support.len() == 4 && queries.len() == 5);
            assert!(support.iter().all(|pick| !pick.test) && queries.iter().all(|pick| pick.test));
        }
    }
}
