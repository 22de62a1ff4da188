//! Strategies side by side: in each trial, all learn from the same drawings and are asked about the same others.

mod published;
mod summary;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use doodletune::backbone::Backbone;
use doodletune::finetune::{Epoch, Evaluation, Examples, Plan, Session, Signal, Situation, Source, Strategy, Trained};
use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

use crate::data::{Category, Collection, Demand, Sample};
use crate::options::{self, at_least, strategy};
use crate::parallel;
use summary::{Row, Run, rows, table};

/// What all others are compared with.
const CONTROL: &str = "from-scratch";

/// Command-line arguments of `lab compare`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Folder of <category>.ndjson or <category>.npy, each also as .gz, or of folders <category> of .png and .jpg
    #[arg(long)]
    data: PathBuf,
    /// A file with a name a line, a,b,c, or a key of splits.json such as base, novel, bench10; all by default
    #[arg(long)]
    categories: Option<String>,
    /// Name of the backbone
    #[arg(long, default_value = "doodle")]
    backbone: String,
    /// Its weight file; models/<backbone>.safetensors by default
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Side of the input in pixels; the weights' own by default
    #[arg(long)]
    size: Option<usize>,
    /// all, or names such as lp-ft,from-scratch (see docs/strategies.md). Gains are measured over from-scratch
    #[arg(long, default_value = "all", value_parser = choice, conflicts_with = "published")]
    strategies: Choice,
    /// The comparison that was published for EuroSAT, instead of the strategies
    #[arg(long)]
    published: bool,
    /// How often all is done, each time with other drawings
    #[arg(long, default_value_t = 3, value_parser = at_least::<1>)]
    trials: usize,
    /// Drawings to learn from a class, of which strategies may hold some out; 20 by default, 90 with --published
    #[arg(long, value_parser = at_least::<1>)]
    shot: Option<usize>,
    /// Drawings to recognise a class; 40 by default, with --published a ninth of --shot
    #[arg(long, value_parser = at_least::<1>)]
    test: Option<usize>,
    /// The most epochs of a phase
    #[arg(long, value_parser = at_least::<1>)]
    epochs: Option<usize>,
    /// How the teacher of distil learns
    #[arg(long, default_value = "lp-ft", value_parser = strategy)]
    teacher: Strategy,
    /// Name of its backbone; the student's by default
    #[arg(long)]
    teacher_backbone: Option<String>,
    /// The weight file of that; models/<teacher backbone>.safetensors by default
    #[arg(long, requires = "teacher_backbone")]
    teacher_weights: Option<PathBuf>,
    /// Of the first trial, and one more for each after it: decides the split where the data has none, which drawings are
    /// taken, and the training
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Leave out, and count, lines that are no drawings and files that are no images
    #[arg(long)]
    skip_bad: bool,
    /// Write the results as JSON to this file, after each strategy what there is, or to standard output for -
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Clone)]
struct Choice(Vec<Strategy>);

fn choice(text: &str) -> Result<Choice, String> {
    if text == "all" {
        return Ok(Choice(Strategy::ALL.to_vec()));
    }
    let chosen = text.split(',').map(|name| strategy(name.trim())).collect::<Result<Vec<_>, _>>()?;
    match chosen.iter().enumerate().find(|(index, strategy)| chosen[..*index].contains(strategy)) {
        Some((_, twice)) => Err(format!("“{}” is named twice", name(*twice))),
        None => Ok(Choice(chosen)),
    }
}

fn name(strategy: Strategy) -> String {
    serde_json::to_value(strategy).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A way to learn.
struct Contender {
    name: String,
    /// But for the seed, which is the trial's.
    plan: Plan,
}

/// All that decides the results, as it came to be.
#[derive(Serialize)]
struct Settings<'a> {
    data: &'a Path,
    categories: Vec<String>,
    /// Whether they are strokes rather than pictures.
    strokes: bool,
    backbone: &'a str,
    size: usize,
    published: bool,
    trials: usize,
    shot: usize,
    test: usize,
    epochs: Option<usize>,
    teacher: Option<TeacherSettings<'a>>,
    seed: u64,
    skip_bad: bool,
}

#[derive(Serialize)]
struct TeacherSettings<'a> {
    strategy: Strategy,
    backbone: &'a str,
    size: usize,
}

#[derive(Serialize)]
struct Outcome<'a> {
    settings: &'a Settings<'a>,
    /// Lines and files that were no drawings and were left out.
    skipped: usize,
    /// The strategy that the gains are over.
    control: &'static str,
    strategies: Vec<Row<'a>>,
}

/// Has each strategy learn in every trial, and prints what came of it.
pub fn run(arguments: &Arguments) -> Result<()> {
    options::check_json(arguments.json.as_deref())?;
    let (mut settings, drawn, skipped) = prepare(arguments)?;
    let backbone = Rc::new(options::load_backbone(&arguments.backbone, arguments.weights.as_deref(), arguments.size)?);
    settings.size = backbone.input().size;
    let contenders = contenders(arguments, &situation(&settings, &backbone));
    let teacher = teacher(arguments, &backbone, &contenders)?;
    settings.teacher = teacher.as_ref().map(|backbone| TeacherSettings {
        strategy: arguments.teacher,
        backbone: arguments.teacher_backbone.as_deref().unwrap_or(&arguments.backbone),
        size: backbone.input().size,
    });
    let bench = Bench { settings, backbone, teacher };
    bench.announce(&contenders, skipped);
    let trials = drawn.into_iter().map(|drawn| bench.trial(drawn)).collect::<Result<Vec<_>>>()?;
    let mut tried: Vec<(Contender, Vec<Run>)> = Vec::with_capacity(contenders.len());
    for contender in contenders {
        let mut runs = Vec::with_capacity(trials.len());
        for (index, trial) in trials.iter().enumerate() {
            let run = bench.attempt(&contender, trial)?;
            eprintln!(
                "{}, trial {} of {}: {:.1} % right; {:.1} s, epochs: {}{}",
                contender.name,
                index + 1,
                trials.len(),
                run.accuracy * 100.0,
                run.seconds,
                run.epochs,
                run.diverged.as_ref().map_or_else(String::new, |why| format!("; {why}"))
            );
            runs.push(run);
        }
        tried.push((contender, runs));
        if let Some(path) = arguments.json.as_deref().filter(|path| path.as_os_str() != "-") {
            write_whole(path, &bench.outcome(skipped, &tried))?;
        }
    }
    let outcome = bench.outcome(skipped, &tried);
    let table = table(&outcome.strategies);
    if arguments.json.as_ref().is_some_and(|path| path.as_os_str() == "-") {
        eprint!("\n{table}");
        println!("{}", serde_json::to_string_pretty(&outcome)?);
    } else {
        print!("{table}");
    }
    Ok(())
}

/// So that an interruption leaves the file as it was.
fn write_whole(path: &Path, outcome: &Outcome) -> Result<()> {
    let partial = path.with_added_extension("part");
    let json = serde_json::to_string_pretty(outcome)? + "\n";
    std::fs::write(&partial, json)
        .and_then(|()| std::fs::rename(&partial, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// What was asked for, checked against the data, and the drawings of each trial; how many lines and files were left out.
/// Knows nothing of backbones.
fn prepare(arguments: &Arguments) -> Result<(Settings<'_>, Vec<Drawn>, usize)> {
    let &Arguments { published, trials, epochs, seed, skip_bad, .. } = arguments;
    let collection = Collection::open(&arguments.data)?;
    let categories = collection.select(arguments.categories.as_deref())?;
    ensure!(
        categories.len() > 1,
        "a comparison needs two categories, but there is only “{}”: name more with --categories",
        categories[0]
    );
    let shot = arguments.shot.unwrap_or(if published { 90 } else { 20 });
    let test = arguments.test.unwrap_or(if published { shot.div_ceil(9) } else { 40 });
    let (mut drawn, mut skipped, mut strokes) = (Vec::with_capacity(trials), 0, false);
    for trial in 0..trials {
        let seed = seed.wrapping_add(trial as u64);
        let read = collection.read(&categories, &Demand { train: shot, test, skip_bad, seed })?;
        skipped = read.iter().map(|category| category.skipped).sum();
        strokes = read.iter().flat_map(|category| &category.train).any(|sample| matches!(sample, Sample::Doodle(_)));
        drawn.push(Drawn::new(&read, shot, test, seed));
    }
    let (data, backbone, size, teacher) = (arguments.data.as_path(), arguments.backbone.as_str(), 0, None);
    let settings = Settings {
        data,
        categories,
        strokes,
        backbone,
        size,
        published,
        trials,
        shot,
        test,
        epochs,
        teacher,
        seed,
        skip_bad,
    };
    Ok((settings, drawn, skipped))
}

fn situation(settings: &Settings, backbone: &Backbone) -> Situation {
    Situation {
        examples: settings.shot * settings.categories.len(),
        classes: settings.categories.len(),
        fewest: settings.shot,
        stages: backbone.stages().len(),
        side: backbone.input().size,
        strokes: settings.strokes,
        knows_drawings: backbone.metadata().knows_drawings(),
        // Results must not depend on how busy the machine is.
        seconds_a_drawing: None,
    }
}

fn contenders(arguments: &Arguments, situation: &Situation) -> Vec<Contender> {
    if arguments.published {
        return published::contenders(arguments.epochs);
    }
    let contender = |strategy: &Strategy| Contender {
        name: name(*strategy),
        plan: capped(strategy.plan(situation), arguments.epochs),
    };
    arguments.strategies.0.iter().map(contender).collect()
}

fn capped(mut plan: Plan, epochs: Option<usize>) -> Plan {
    plan.phases.iter_mut().for_each(|phase| phase.epochs = phase.epochs.min(epochs.unwrap_or(usize::MAX)));
    plan
}

fn needs_teacher(plan: &Plan) -> bool {
    plan.phases.iter().any(|phase| phase.loss.needs_teacher())
}

/// The teacher's backbone, if a contender is a student.
fn teacher(arguments: &Arguments, backbone: &Rc<Backbone>, contenders: &[Contender]) -> Result<Option<Rc<Backbone>>> {
    let wanted = contenders.iter().any(|contender| needs_teacher(&contender.plan));
    if wanted && arguments.teacher == Strategy::Distil {
        bail!("a teacher that learns by distil would need a teacher: choose another --teacher");
    }
    match &arguments.teacher_backbone {
        Some(name) if wanted => {
            Ok(Some(Rc::new(options::load_backbone(name, arguments.teacher_weights.as_deref(), None)?)))
        }
        Some(_) => bail!("--teacher-backbone is for distil, which is not compared: add it to --strategies"),
        None => Ok(wanted.then(|| backbone.clone())),
    }
}

/// Drawings with the class of each.
struct Drawings {
    samples: Vec<Sample>,
    targets: Vec<usize>,
}

/// The drawings of a trial.
struct Drawn {
    seed: u64,
    learn: Drawings,
    test: Drawings,
}

impl Drawn {
    fn new(categories: &[Category], shot: usize, test: usize, seed: u64) -> Self {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let mut draw = |from: fn(&Category) -> &Vec<Sample>, count: usize| Drawings {
            samples: categories
                .iter()
                .flat_map(|c| from(c).sample(&mut rng, count).cloned().collect::<Vec<_>>())
                .collect(),
            targets: (0..categories.len()).flat_map(|target| std::iter::repeat_n(target, count)).collect(),
        };
        let learn = draw(|category| &category.train, shot);
        Self { seed, learn, test: draw(|category| &category.test, test) }
    }
}

/// A trial, ready to start.
struct Trial {
    drawn: Drawn,
    /// To learn from.
    examples: Examples,
    /// Of the drawings to recognise, by the backbone as it came.
    features: Vec<Rc<[f32]>>,
}

/// What a training led to.
struct Learned {
    trained: Option<Trained>,
    epochs: usize,
    /// See [`Run::curve`].
    curve: Vec<f32>,
    diverged: Option<String>,
}

/// What is the same for all.
struct Bench<'a> {
    settings: Settings<'a>,
    backbone: Rc<Backbone>,
    teacher: Option<Rc<Backbone>>,
}

impl Bench<'_> {
    fn announce(&self, contenders: &[Contender], skipped: usize) {
        let Settings { backbone, size, trials, shot, test, seed, ref categories, .. } = self.settings;
        eprintln!(
            "{} strategies in {trials} trials: {} categories, {shot} drawings of each to learn from, {test} to recognise; \
             {backbone} at {size} px, seed {seed}",
            contenders.len(),
            categories.len()
        );
        if skipped > 0 {
            eprintln!("{skipped} lines or files were no drawings and were left out");
        }
        if contenders.iter().all(|contender| contender.name != CONTROL) {
            eprintln!("there will be no gains: they are measured over {CONTROL}, which is not compared");
        }
    }

    fn outcome<'b>(&'b self, skipped: usize, tried: &'b [(Contender, Vec<Run>)]) -> Outcome<'b> {
        Outcome { settings: &self.settings, skipped, control: CONTROL, strategies: rows(tried) }
    }

    fn trial(&self, drawn: Drawn) -> Result<Trial> {
        let examples = self.examples(&self.backbone, &drawn)?;
        let features = features(&self.backbone, &drawn.test.samples)?;
        Ok(Trial { drawn, examples, features })
    }

    /// A trial's drawings to learn from, for a backbone.
    fn examples(&self, backbone: &Backbone, Drawn { learn, .. }: &Drawn) -> Result<Examples> {
        let keep = |sample: &Sample| Ok(Source::keep(&sample.input()?, backbone.input())?);
        Ok(Examples {
            classes: self.settings.categories.clone(),
            ids: (0..).take(learn.samples.len()).collect(),
            sources: learn.samples.iter().map(keep).collect::<Result<_>>()?,
            features: features(backbone, &learn.samples)?,
            targets: learn.targets.clone(),
            teacher: None,
        })
    }

    /// Has a contender learn in a trial, and tests it.
    fn attempt(&self, contender: &Contender, trial: &Trial) -> Result<Run> {
        let (seed, targets) = (trial.drawn.seed, &trial.drawn.test.targets);
        let start = Instant::now();
        let mut examples = trial.examples.clone();
        if let Some(teacher) = self.teacher.as_ref().filter(|_| needs_teacher(&contender.plan)) {
            examples.teacher = Some(self.teach(teacher, trial)?);
        }
        let Learned { trained, epochs, curve, diverged } =
            learn(&self.backbone, examples, Plan { seed, ..contender.plan.clone() })?;
        let seconds = start.elapsed().as_secs_f64();
        let Some(Trained { backbone, head }) = trained else {
            let accuracy = 1.0 / self.settings.categories.len() as f64;
            return Ok(Run { seed, accuracy, loss: None, seconds, epochs, curve, diverged });
        };
        let features = match backbone {
            Some(backbone) => features(&backbone, &trial.drawn.test.samples)?,
            None => trial.features.clone(),
        };
        let logits: Vec<Vec<f32>> = features.iter().map(|features| head.logits(features)).collect();
        let Evaluation { accuracy, loss, .. } = Evaluation::new(&self.settings.categories, &logits, targets)?;
        Ok(Run { seed, accuracy, loss: Some(loss), seconds, epochs, curve, diverged })
    }

    /// A teacher's probabilities of the classes for a trial's drawings to learn from, which it learned from as well.
    fn teach(&self, teacher: &Rc<Backbone>, trial: &Trial) -> Result<Vec<Vec<f32>>> {
        let itself = Rc::ptr_eq(teacher, &self.backbone);
        let examples = if itself { trial.examples.clone() } else { self.examples(teacher, &trial.drawn)? };
        let as_it_came = examples.features.clone();
        let strategy = self.settings.teacher.as_ref().map_or(Strategy::LpFt, |teacher| teacher.strategy);
        let plan = capped(strategy.plan(&situation(&self.settings, teacher)), self.settings.epochs);
        let learned = learn(teacher, examples, Plan { seed: trial.drawn.seed, ..plan })?;
        let Trained { backbone, head } = learned.trained.context("the teacher learned nothing")?;
        let features = match backbone {
            Some(backbone) => features(&backbone, &trial.drawn.learn.samples)?,
            None => as_it_came,
        };
        Ok(features.iter().map(|features| head.probabilities(features)).collect())
    }
}

/// Carries a plan out. One that diverges leaves the best that it had.
fn learn(backbone: &Rc<Backbone>, examples: Examples, plan: Plan) -> Result<Learned> {
    let (mut epochs, mut points): (usize, Vec<(String, f32)>) = (0, vec![]);
    pollster::block_on(async {
        let mut session = Session::new(backbone.clone(), examples, plan).await?;
        let on_epoch = |epoch: &Epoch, trained: Option<&Trained>| {
            // On the way to a solved head there are no epochs, and no rates: only where it ends is it judged.
            let whole = !epoch.refit && (epoch.rate.is_some() || trained.is_some());
            epochs += usize::from(whole);
            if let Some(accuracy) = epoch.validation_accuracy.filter(|_| whole) {
                points.push((epoch.phase.clone(), accuracy));
            }
        };
        let (trained, phases, diverged) = match session.run(&Cell::new(Signal::Go), on_epoch).await {
            Ok(report) => (session.trained(), report.phases, None),
            Err(error @ doodletune::Error::Diverged { .. }) => (session.trained(), vec![], Some(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        let undone = |name: &str| phases.iter().any(|phase| phase.rolled_back && phase.phase == name);
        let curve = points.into_iter().filter(|(phase, _)| !undone(phase)).map(|(_, accuracy)| accuracy).collect();
        Ok(Learned { trained, epochs, curve, diverged })
    })
}

/// Features of drawings, on all cores; in the same batches however many those are, as kernels may round differently in
/// others.
fn features(backbone: &Backbone, samples: &[Sample]) -> Result<Vec<Rc<[f32]>>> {
    const BATCH: usize = 8;
    let batches: Vec<&[Sample]> = samples.chunks(BATCH).collect();
    let computed = parallel::map(&batches, |batch| -> Result<Vec<Vec<f32>>> {
        let picture = |sample: &Sample| Ok(sample.input()?.render(backbone.input())?);
        let pictures = batch.iter().map(picture).collect::<Result<Vec<_>>>()?;
        Ok(pollster::block_on(backbone.features(&pictures))?.iter().map(|features| features.to_vec()).collect())
    });
    let mut features = Vec::with_capacity(samples.len());
    for batch in computed {
        features.extend(batch?.into_iter().map(Rc::from));
    }
    Ok(features)
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use doodletune::backbone::{Dtype, InputSpec, Metadata, write};

    use super::*;
    use crate::data::tests::Folder;

    /// Random weights of the smallest network, for the smallest input.
    fn weights(folder: &Folder) -> String {
        let metadata = Metadata {
            backbone: "doodle".into(),
            input: InputSpec { size: 32, ..InputSpec::dark_on_white(1, [0.0], [1.0]) },
            labels: vec![],
            license: "CC0-1.0".into(),
            source: "chance".into(),
        };
        let backbone = Backbone::random(metadata.clone(), 0, &Device::flex()).unwrap();
        folder.file("../weights", write(&metadata, &backbone.tensors(), Dtype::F32).unwrap());
        folder.path().join("../weights").display().to_string()
    }

    #[test]
    fn impossible_options_are_refused_with_what_is_possible() {
        let folder = Folder::new();
        for (line, remedy) in [
            ("--strategies naive", "feature-extraction"),
            ("--strategies full,,lp-ft", "feature-extraction"),
            ("--strategies lp-ft,full,lp-ft", "“lp-ft” is named twice"),
            ("--strategies full --published", "cannot be used with"),
            ("--trials 0", "from 1"),
            ("--shot 0", "from 1"),
            ("--test x", "from 1"),
            ("--epochs 0", "from 1"),
            ("--teacher oak", "lp-ft"),
            ("--teacher-weights x", "--teacher-backbone"),
            ("--shots 3", "--shot"),
        ] {
            let refusal = folder.parsed::<Arguments>(line).err().unwrap();
            assert!(refusal.contains(remedy), "{line}: {refusal}");
        }
        assert_eq!(folder.parsed::<Arguments>("").unwrap().strategies.0, Strategy::ALL);
        let some = folder.parsed::<Arguments>("--strategies lp-ft,full").unwrap().strategies.0;
        assert_eq!(some, [Strategy::LpFt, Strategy::Full]);
    }

    #[test]
    fn the_data_and_the_teacher_must_be_there() {
        let folder = Folder::new();
        folder.category("a", 12, "").category("b", 12, "");
        let weights = weights(&folder);
        let refusal = |line: &str| format!("{:#}", run(&folder.parsed::<Arguments>(line).unwrap()).unwrap_err());
        let few = format!("--shot 2 --test 2 --weights {weights}");
        for (line, parts) in [
            ("--json nowhere/x.json", ["there is no folder for", "nowhere/x.json"]),
            ("--categories a", ["only “a”", "--categories"]),
            ("--shot 9 --test 4", ["a.ndjson has 9", "--shot is 9 and 4"]),
            ("--published", ["a.ndjson has", "--shot is 90 and 10"]),
            ("--shot 2 --test 2 --weights nowhere", ["cannot read nowhere", "make it with"]),
            (&format!("{few} --strategies full --teacher-backbone doodle"), ["for distil", "--strategies"]),
            (&format!("{few} --teacher distil"), ["would need a teacher", "--teacher"]),
            (&format!("{few} --teacher-backbone oak"), ["models/oak.safetensors", "make it with"]),
        ] {
            let refusal = refusal(line);
            assert!(parts.iter().all(|part| refusal.contains(part)), "{line}: {refusal}");
        }
    }

    #[test]
    fn trials_are_seeded_and_keep_what_is_asked_apart() {
        let folder = Folder::new();
        folder.category("a", 12, "").category("b", 12, "");
        let drawn = |seed: usize| {
            let arguments = folder.parsed::<Arguments>(&format!("--shot 4 --test 3 --trials 2 --seed {seed}")).unwrap();
            let (_, drawn, _) = prepare(&arguments).unwrap();
            for Drawn { learn, test, .. } in &drawn {
                assert_eq!(
                    (&learn.targets[..], &test.targets[..]),
                    (&[0, 0, 0, 0, 1, 1, 1, 1][..], &[0, 0, 0, 1, 1, 1][..])
                );
                assert!(test.samples[..3].iter().all(|sample| !learn.samples[..4].contains(sample)));
            }
            drawn.into_iter().map(|drawn| (drawn.seed, drawn.learn.samples, drawn.test.samples)).collect::<Vec<_>>()
        };
        let [one, two] = [drawn(1), drawn(2)];
        assert!(one == drawn(1) && one[0].1 != one[1].1, "each trial draws its own");
        assert!(one[1] == two[0], "the second trial of a seed is the first of the next");
    }

    #[test]
    fn a_few_drawings_go_all_the_way() {
        let folder = Folder::new();
        folder.category("a", 8, "").category("b", 8, "").category("c", 8, "");
        let weights = weights(&folder);
        let json = folder.path().join("../out.json").display().to_string();
        let compared = |more: &str| -> serde_json::Value {
            let line = format!("--weights {weights} --shot 5 --test 2 --epochs 2 --json {json} {more}");
            run(&folder.parsed::<Arguments>(&line).unwrap()).unwrap();
            serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap()
        };
        let named = compared("--trials 2 --strategies feature-extraction,lp-ft,from-scratch,distil");
        assert_eq!(named["settings"]["teacher"]["strategy"], "lp-ft");
        let rows = named["strategies"].as_array().unwrap();
        let lengths = |row: &serde_json::Value| row["trials"][1]["curve"].as_array().unwrap().len();
        assert_eq!(rows.iter().map(lengths).collect::<Vec<_>>(), [1, 3, 2, 2]);
        for row in rows {
            assert!(row["accuracy"].as_f64().unwrap() <= row["best"].as_f64().unwrap(), "{row}");
            assert_eq!(row["gain"].is_null(), row["strategy"] == CONTROL, "{row}");
            assert_eq!(row["trials"].as_array().unwrap().len(), 2);
        }
        let published = compared("--trials 1 --published");
        assert_eq!(published["strategies"].as_array().unwrap().len(), 10);
        assert!(published["strategies"][0]["ci95"].is_null() && published["settings"]["teacher"].is_null());
    }
}
