//! Plans do what they say: what is frozen stays, what trains learns, and nothing good is lost on the way.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use burn::tensor::Device;
use common::shapes::{KINDS, shape};
use doodletune::backbone::{Backbone, Dtype, InputAdaptation, NamedTensor, Weights, write};
use doodletune::doodle::Augmentation;
use doodletune::finetune::{
    Ending, Epoch, Examples, HeadPlan, HeadStart, HiddenPlan, Loss, Mixing, NormMode, Optimizer, Phase, Plan, Report,
    Schedule, Session, Signal, Situation, Source, StartingWeights, Strategy, Trainable, Trained, Variation,
};
use doodletune::head::HiddenActivation;
use pollster::block_on;

/// Half of its own size, for speed.
const SIDE: usize = 32;

fn backbone() -> Rc<Backbone> {
    let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/doodle.safetensors")).unwrap();
    let backbone = Backbone::load(&Weights::parse(&bytes).unwrap(), &Device::flex()).unwrap();
    Rc::new(backbone.with_size(SIDE).unwrap())
}

/// `counts[i]` drawings of the i-th kind.
fn examples(backbone: &Backbone, counts: &[u64]) -> Examples {
    let inputs: Vec<_> = counts
        .iter()
        .enumerate()
        .flat_map(|(class, count)| (0..*count).map(move |seed| (class, shape(KINDS[class], seed))))
        .collect();
    let pictures: Vec<_> = inputs.iter().map(|(_, input)| input.render(backbone.input()).unwrap()).collect();
    Examples {
        classes: KINDS[..counts.len()].iter().map(|kind| kind.to_string()).collect(),
        ids: (0..).take(inputs.len()).collect(),
        sources: inputs.iter().map(|(_, input)| Source::keep(input, backbone.input()).unwrap()).collect(),
        features: block_on(backbone.features(&pictures)).unwrap(),
        targets: inputs.iter().map(|(class, _)| *class).collect(),
        teacher: None,
    }
}

struct Outcome {
    report: Report,
    trained: Trained,
    epochs: Vec<Epoch>,
}

fn session(counts: &[u64], plan: Plan) -> Session {
    let backbone = backbone();
    let examples = examples(&backbone, counts);
    block_on(Session::new(backbone, examples, plan)).unwrap()
}

fn run(counts: &[u64], plan: Plan) -> Outcome {
    let mut session = session(counts, plan);
    let mut epochs = vec![];
    let report = block_on(session.run(&Cell::new(Signal::Go), |epoch, _| epochs.push(epoch.clone()))).unwrap();
    Outcome { report, trained: session.trained().unwrap(), epochs }
}

/// The names of the tensors that differ, running statistics included.
fn changed(before: &Backbone, after: &Backbone) -> Vec<String> {
    let bits = |tensor: &NamedTensor| tensor.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    let pairs = before.tensors().into_iter().zip(after.tensors());
    pairs.filter(|(a, b)| bits(a) != bits(b)).map(|(a, _)| a.name).collect()
}

fn stages_of(names: &[String]) -> Vec<&str> {
    let mut stages: Vec<&str> = names.iter().map(|name| name.split('.').next().unwrap()).collect();
    stages.dedup();
    stages
}

fn phase(train: Trainable, epochs: usize) -> Phase {
    Phase { rate: 3e-3, batch_size: 8, ..Phase::new("fine-tune", train, epochs) }
}

fn head() -> Phase {
    Phase { optimizer: Optimizer::Logistic {}, ..Phase::new("head", Trainable::Head, 1) }
}

#[test]
fn what_is_frozen_stays_to_the_last_bit() {
    let before = backbone();
    for (train, stages) in [
        (Trainable::Last(1), vec!["head_conv"]),
        (Trainable::First(1), vec!["stem"]),
        (Trainable::Stages(vec!["stage2".into(), "head_conv".into()]), vec!["stage2", "head_conv"]),
        (Trainable::Everything, vec!["stem", "stage1", "stage2", "stage3", "head_conv"]),
    ] {
        for norm in [NormMode::Running, NormMode::Batch] {
            let phase = Phase { norm, averaging: 0.5, ..phase(train.clone(), 2) };
            let outcome = run(&[4, 4], Plan { validation: 0.0, ..Plan::new(vec![phase]) });
            let names = changed(&before, &outcome.trained.backbone.unwrap());
            assert_eq!(stages_of(&names), stages);
            let statistics = names.iter().any(|name| name.contains("running"));
            assert_eq!(statistics, norm == NormMode::Batch, "{names:?}");
        }
    }
    let outcome = run(&[4, 4], Plan::new(vec![phase(Trainable::Head, 3)]));
    assert!(outcome.trained.backbone.is_none(), "the backbone itself is not copied");
}

#[test]
fn every_strategy_overfits_twenty_drawings() {
    let backbone = backbone();
    for strategy in Strategy::ALL {
        let situation = Situation {
            examples: 20,
            classes: 5,
            fewest: 4,
            stages: backbone.stages().len(),
            side: SIDE,
            strokes: true,
            knows_drawings: false,
            seconds_a_drawing: None,
        };
        let mut plan = Plan { validation: 0.0, refit: false, ..strategy.plan(&situation) };
        for phase in &mut plan.phases {
            // What keeps a plan from learning by heart is left out.
            (phase.augmentation, phase.averaging) = (Variation::default(), 0.0);
            if !phase.loss.needs_teacher() {
                phase.loss = Loss::default();
            }
        }
        let mut examples = examples(&backbone, &[4; 5]);
        let sure = |target: &usize| (0..5).map(|class| if class == *target { 0.96 } else { 0.01 }).collect();
        examples.teacher = Some(examples.targets.iter().map(sure).collect());
        let mut session = block_on(Session::new(backbone.clone(), examples, plan)).unwrap();
        let report = block_on(session.run(&Cell::new(Signal::Go), |_, _| ())).unwrap();
        // Teachers are never quite sure, and logistic regression holds back where nothing was held out.
        let enough = match strategy {
            Strategy::Distil => 0.8,
            _ => 0.05,
        };
        assert!(report.loss.unwrap() < enough && report.accuracy == Some(1.0), "{strategy:?}: {report:?}");
    }
}

/// Two passes of a head and two phases, with averages, mixtures and a schedule that goes by what came before.
fn eventful() -> Plan {
    let fine_tune = Phase {
        norm: NormMode::Batch,
        averaging: 0.8,
        schedule: Schedule::Plateau { patience: 1, factor: 0.5 },
        keep_best: false,
        augmentation: Variation {
            strokes: Augmentation { rotation: 10.0, width: 0.3, ..Augmentation::default() },
            mixing: Some(Mixing::Mixup { alpha: 0.4 }),
            ..Variation::default()
        },
        ..phase(Trainable::Everything, 3)
    };
    let second =
        Phase { optimizer: Optimizer::Adam { weight_decay: 0.0 }, keep_best: false, ..phase(Trainable::Last(2), 2) };
    Plan { refit: true, validation: 0.2, ..Plan::new(vec![head(), fine_tune, second]) }
}

#[test]
fn a_paused_run_ends_like_an_uninterrupted_one() {
    let plan = eventful();
    let whole = run(&[6, 6, 6], plan.clone());
    let backbone = backbone();
    let mut session = block_on(Session::new(backbone.clone(), examples(&backbone, &[6, 6, 6]), plan)).unwrap();
    let (signal, mut epochs, mut pauses) = (Cell::new(Signal::Go), vec![], 0);
    let report = loop {
        signal.set(Signal::Go);
        let report = block_on(session.run(&signal, |epoch, _| {
            epochs.push(epoch.clone());
            signal.set(Signal::Pause);
        }))
        .unwrap();
        if report.reason != Ending::Paused {
            break report;
        }
        pauses += 1;
    };
    assert!(pauses >= 8, "{pauses}");
    assert_eq!(report.validation_loss, whole.report.validation_loss);
    let losses = |epochs: &[Epoch]| epochs.iter().map(|epoch| (epoch.loss, epoch.rate)).collect::<Vec<_>>();
    assert_eq!(losses(&epochs), losses(&whole.epochs));
    let trained = session.trained().unwrap();
    assert_eq!(trained.head, whole.trained.head);
    assert_eq!(changed(&whole.trained.backbone.unwrap(), &trained.backbone.unwrap()), [""; 0]);
    assert_eq!(changed(&self::backbone(), &backbone), [""; 0], "what it began with stays as it was");
}

#[test]
fn whatever_checkpoint_a_run_goes_on_from_it_ends_the_same() {
    let backbone = backbone();
    let checkpoints = Rc::new(RefCell::new(vec![]));
    let (told, count) = (Rc::new(Cell::new(0)), [6, 6, 6]);
    let note = {
        let (checkpoints, told) = (checkpoints.clone(), told.clone());
        move |bytes| checkpoints.borrow_mut().push((told.get(), bytes))
    };
    let ahead = Optimizer::Lookahead {
        steps: 2,
        share: 0.5,
        inner: Box::new(Optimizer::Sgd { momentum: 0.9, weight_decay: 0.0 }),
    };
    let mut plan = eventful();
    plan.phases.push(Phase { optimizer: ahead, roll_back: true, interpolate: true, ..phase(Trainable::Last(1), 2) });
    // Whose first epoch is the best, on stages that the ones before have trained.
    let forgetful = Optimizer::Sgd { momentum: 0.0, weight_decay: 1.0 };
    plan.phases.push(Phase { optimizer: forgetful, rate: 0.5, ..phase(Trainable::Head, 6) });
    let session = block_on(Session::new(backbone.clone(), examples(&backbone, &count), plan)).unwrap();
    let mut session = block_on(session.with_checkpoints(Duration::ZERO, note)).unwrap();
    let mut epochs = vec![];
    let whole = block_on(session.run(&Cell::new(Signal::Go), |epoch, _| {
        told.set(told.get() + 1);
        epochs.push((epoch.loss, epoch.validation_loss, epoch.rate));
    }))
    .unwrap();
    assert!(whole.phases[4].kept_epoch < whole.phases[4].epochs, "{:?}", whole.phases[4]);
    let expected = session.trained().unwrap();
    let checkpoints = checkpoints.take();
    assert!(checkpoints.len() > 12, "{}", checkpoints.len());
    for (told, bytes) in checkpoints {
        let restore = |count: &[u64], bytes: &[u8]| {
            block_on(Session::restore(backbone.clone(), examples(&backbone, count), Rc::default(), bytes))
        };
        // It may have to move on before its first step.
        let (sender, receiver) = std::sync::mpsc::channel();
        let moving = restore(&count, &bytes).unwrap();
        drop(block_on(moving.with_checkpoints(Duration::ZERO, move |bytes| drop(sender.send(bytes)))));
        let mut session = restore(&count, &receiver.recv().unwrap()).unwrap();
        let mut rest = vec![];
        let note = |epoch: &Epoch, _: Option<&_>| rest.push((epoch.loss, epoch.validation_loss, epoch.rate));
        let report = block_on(session.run(&Cell::new(Signal::Go), note)).unwrap();
        assert_eq!(rest, epochs[told..], "after {told} epochs");
        assert_eq!((report.epochs, &report.evaluation), (whole.epochs, &whole.evaluation));
        let trained = session.trained().unwrap();
        assert_eq!(trained.head, expected.head);
        let backbones = [&expected, &trained].map(|trained| trained.backbone.clone().unwrap());
        assert_eq!(changed(&backbones[0], &backbones[1]), [""; 0]);
        let refused = restore(&[6, 6], &bytes).unwrap_err().to_string();
        assert!(refused.contains("other examples"), "{refused}");
        assert_eq!(restore(&count, &bytes[..bytes.len() / 2]).unwrap_err().code(), "bad-option");
    }
}

#[test]
fn a_phase_that_makes_things_worse_is_undone() {
    let harmful = Phase { rate: 0.5, roll_back: true, keep_best: false, ..phase(Trainable::Everything, 3) };
    let plan = |phases| Plan { validation: 0.25, ..Plan::new(phases) };
    let probe = run(&[8, 8, 8], plan(vec![head()]));
    let outcome = run(&[8, 8, 8], plan(vec![head(), harmful]));
    let undone = &outcome.report.phases[1];
    assert!(undone.rolled_back && undone.kept_epoch == 0, "{undone:?}");
    assert!(outcome.epochs.last().unwrap().notice.as_ref().unwrap().contains("undone"));
    assert_eq!(outcome.report.validation_loss, probe.report.validation_loss);
    assert_eq!(outcome.trained.head, probe.trained.head);
    assert!(outcome.trained.backbone.is_none());
}

#[test]
fn a_phase_goes_part_of_its_way_back_if_that_helps() {
    let hasty = Phase { rate: 2e-2, keep_best: false, ..phase(Trainable::Last(2), 3) };
    let plan = |interpolate| {
        let phases = vec![head(), Phase { interpolate, ..hasty.clone() }];
        Plan { validation: 0.25, refit: true, ..Plan::new(phases) }
    };
    let [whole, part] = [false, true].map(|interpolate| run(&[8, 8, 8], plan(interpolate)));
    let [all, some] = [&whole, &part].map(|outcome| &outcome.report.phases[1]);
    assert!(all.kept_share == 1.0 && [0.25, 0.5, 0.75].contains(&some.kept_share), "{all:?}, {some:?}");
    assert!(some.validation_loss < all.validation_loss, "{all:?}, {some:?}");
    let told = part.epochs.iter().filter_map(|epoch| epoch.notice.as_ref()).filter(|told| told.contains("of the way"));
    assert_eq!(told.count(), 1);
    // Where another epoch than the last was the best, the last is reported all the same.
    let phases = vec![head(), Phase { interpolate: true, keep_best: true, ..hasty.clone() }];
    let best = run(&[8, 8, 8], Plan { validation: 0.25, ..Plan::new(phases) });
    let numbers: Vec<usize> =
        best.epochs.iter().filter(|epoch| epoch.phase == hasty.name).map(|epoch| epoch.epoch).collect();
    assert_eq!(numbers, [1, 2, 3]);
    // In the second pass as well, which ends with the weights that there are.
    let [after, between] = [&whole, &part].map(|outcome| outcome.trained.backbone.as_ref().unwrap().tensors());
    let before = backbone().tensors();
    for ((before, after), between) in before.iter().zip(&after).zip(&between) {
        for ((before, after), between) in before.values.iter().zip(&after.values).zip(&between.values) {
            let expected = before + some.kept_share * (after - before);
            assert!((between - expected).abs() <= 1e-6 * (1.0 + expected.abs()), "{between}, {expected}");
        }
    }
}

#[test]
fn a_divergence_goes_back_halves_the_rate_once_and_then_gives_up_with_what_was_learned() {
    let wild = Phase {
        optimizer: Optimizer::Sgd { momentum: 0.9, weight_decay: 0.0 },
        rate: 10.0,
        // Whoever is surer than he may be pays for it, right or wrong.
        loss: Loss::CrossEntropy { smoothing: 0.3 },
        ..phase(Trainable::Everything, 20)
    };
    let mut session = session(&[6, 6], Plan::new(vec![head(), wild.clone()]));
    let notices = RefCell::new(vec![]);
    let outcome =
        block_on(session.run(&Cell::new(Signal::Go), |epoch, _| notices.borrow_mut().extend(epoch.notice.clone())));
    let error = outcome.unwrap_err();
    assert!(error.code() == "diverged" && error.to_string().contains("5e0"), "{error}");
    let trained = session.trained().unwrap();
    assert!(trained.backbone.is_none(), "the head of the phase before");

    // An epoch of one step has blown up before its loss says so, and nothing is held out that would tell.
    let wild = Phase { batch_size: 16, ..wild };
    let mut session = self::session(&[3, 3], Plan { validation: 0.0, ..Plan::new(vec![head(), wild.clone()]) });
    let mut solved = None;
    let tell = |_: &Epoch, best: Option<&Trained>| solved = solved.take().or(best.cloned());
    assert_eq!(block_on(session.run(&Cell::new(Signal::Go), tell)).unwrap_err().code(), "diverged");
    let trained = session.trained().unwrap();
    assert!(trained.backbone.is_none() && trained.head == solved.unwrap().head);

    // At a rate that half of is bearable, it goes on.
    let bearable = (0..=40).map(|times| 10.0 * 0.8f64.powi(times)).find_map(|rate| {
        let wild = Phase { rate, epochs: 4, batch_size: 8, ..wild.clone() };
        let mut session = self::session(&[6, 6], Plan { validation: 0.0, ..Plan::new(vec![head(), wild]) });
        let mut notices = vec![];
        let outcome = block_on(session.run(&Cell::new(Signal::Go), |epoch, _| notices.extend(epoch.notice.clone())));
        outcome.ok().map(|report| (report, notices)).filter(|(_, notices)| !notices.is_empty())
    });
    let (report, notices) = bearable.unwrap();
    assert_eq!(report.reason, Ending::Finished);
    assert!(!notices.is_empty() && notices.iter().all(|notice| notice.contains("half the rate")), "{notices:?}");
}

#[test]
fn a_drawing_in_the_wrong_class_is_no_divergence() {
    let backbone = backbone();
    for seed in 0..3 {
        let mut examples = examples(&backbone, &[20, 20]);
        examples.targets[7] = 1;
        let single = Phase { rate: 1e-2, batch_size: 1, ..phase(Trainable::Head, 20) };
        let plan = Plan { validation: 0.0, seed, ..Plan::new(vec![single]) };
        let mut session = block_on(Session::new(backbone.clone(), examples, plan)).unwrap();
        let told = |epoch: &Epoch, _: Option<&_>| assert_eq!(epoch.notice, None, "seed {seed}");
        assert_eq!(block_on(session.run(&Cell::new(Signal::Go), told)).unwrap().reason, Ending::Finished);
    }
}

#[test]
fn whoever_stops_keeps_the_best_so_far() {
    let harmful = Phase { rate: 0.5, keep_best: false, ..phase(Trainable::Everything, 3) };
    for first in [Signal::Stop, Signal::Pause] {
        let plan = Plan { validation: 0.25, ..Plan::new(vec![head(), harmful.clone()]) };
        let (mut session, mut solved) = (session(&[8, 8, 8], plan), None);
        let signal = Cell::new(Signal::Go);
        let mut told = |epoch: &Epoch, best: Option<&Trained>| {
            solved = solved.take().or(best.cloned());
            if epoch.phase == "fine-tune" {
                signal.set(first);
            }
        };
        let report = block_on(session.run(&signal, &mut told)).unwrap();
        assert_eq!(report.reason, if first == Signal::Stop { Ending::Stopped } else { Ending::Paused });
        if first == Signal::Pause {
            signal.set(Signal::Stop);
            assert_eq!(block_on(session.run(&signal, &mut told)).unwrap().reason, Ending::Stopped);
        }
        let trained = session.trained().unwrap();
        assert!(trained.backbone.is_none() && trained.head == solved.unwrap().head, "after {first:?}");
    }
}

#[test]
fn what_serves_stays_however_the_phase_ends() {
    // The rate rises until it is too much.
    let rising = Phase { rate: 3.0, warm_up: 1.0, keep_best: false, batch_size: 4, ..phase(Trainable::Everything, 12) };
    let rising = Phase { optimizer: Optimizer::Sgd { momentum: 0.9, weight_decay: 0.0 }, ..rising };
    let plan = Plan { validation: 0.25, ..Plan::new(vec![rising]) };
    for first in [Signal::Stop, Signal::Pause] {
        let checkpoint = Rc::new(RefCell::new(vec![]));
        let kept = checkpoint.clone();
        let session = session(&[8, 8, 8], plan.clone());
        let mut session =
            block_on(session.with_checkpoints(Duration::ZERO, move |bytes| *kept.borrow_mut() = bytes)).unwrap();
        let (signal, served) = (Cell::new(Signal::Go), RefCell::new(None));
        let told = |_: &Epoch, best: Option<&Trained>| match best {
            Some(best) => drop(served.replace(Some(best.clone()))),
            None if served.borrow().is_some() => signal.set(first),
            None => (),
        };
        let report = block_on(session.run(&signal, told)).unwrap();
        assert!(report.epochs < 12, "it grew worse");
        let served = served.into_inner().unwrap();
        assert_eq!(session.trained().unwrap().head, served.head, "after {first:?}");
        let backbone = backbone();
        let examples = examples(&backbone, &[8, 8, 8]);
        let again = block_on(Session::restore(backbone, examples, Rc::default(), &checkpoint.take())).unwrap();
        assert_eq!(again.trained().unwrap().head, served.head, "from a checkpoint");
    }
}

#[test]
fn a_loss_that_explodes_in_the_first_epoch_is_noticed() {
    let wild = Phase { rate: 1.0, ..phase(Trainable::Everything, 2) };
    let mut session = session(&[16, 16, 16], Plan { validation: 0.0, ..Plan::new(vec![head(), wild]) });
    let mut notices = vec![];
    let outcome = block_on(session.run(&Cell::new(Signal::Go), |epoch, _| notices.extend(epoch.notice.clone())));
    assert!(!notices.is_empty() || outcome.is_err_and(|error| error.code() == "diverged"));
}

#[test]
fn patience_ends_where_nothing_changes_any_more() {
    let still =
        Phase { schedule: Schedule::Step { every: 1, factor: 0.5 }, patience: Some(5), ..phase(Trainable::Head, 300) };
    let report = run(&[8, 8], Plan { validation: 0.25, ..Plan::new(vec![still]) }).report;
    assert!(report.epochs < 150, "{}", report.epochs);
}

#[test]
fn where_nothing_is_frozen_every_epoch_sees_new_views() {
    let strokes = Augmentation { rotation: 60.0, ..Augmentation::default() };
    let losses = |strokes: Augmentation, views| {
        let augmentation = Variation { strokes, views, ..Variation::default() };
        let plan = Plan::new(vec![Phase { augmentation, ..phase(Trainable::Everything, 2) }]);
        run(&[4, 4], Plan { validation: 0.0, ..plan }).epochs.iter().map(|epoch| epoch.loss).collect::<Vec<_>>()
    };
    assert_eq!(losses(strokes.clone(), 1), losses(strokes.clone(), 4));
    assert_ne!(losses(strokes, 1)[0], losses(Augmentation::default(), 1)[0]);
}

#[test]
fn a_frozen_stage_sees_each_example_and_view_once() {
    let strokes = Augmentation { rotation: 10.0, ..Augmentation::default() };
    let augmentation = Variation { strokes, views: 3, ..Variation::default() };
    let cached = Phase { augmentation, ..phase(Trainable::Last(1), 5) };
    let plan = Plan { validation: 0.25, ..Plan::new(vec![cached.clone()]) };
    let report = run(&[8, 8], plan.clone()).report;
    assert_eq!((report.training_examples, report.validation_examples), (12, 4));
    assert_eq!(report.phases[0].frozen_forwards, 12 * 3 + 4);
    // Without memory for them, they are computed in each of the five epochs.
    let report = run(&[8, 8], Plan { cache_megabytes: 0, ..plan }).report;
    assert!(report.phases[0].frozen_forwards >= 5 * (12 + 4), "{report:?}");
    // What is known already is not computed again, and where nothing is frozen there is nothing to compute.
    assert_eq!(run(&[8, 8], Plan::new(vec![phase(Trainable::Head, 5)])).report.phases[0].frozen_forwards, 0);
    assert_eq!(run(&[8, 8], Plan::new(vec![phase(Trainable::Everything, 1)])).report.phases[0].frozen_forwards, 0);
}

/// One step of plain gradient descent at rate 1 on one batch of everything, from a random head: the loss before it, and the
/// backbone after it.
fn one_step(backbone: &Rc<Backbone>) -> (f64, Rc<Backbone>) {
    let step = Phase {
        optimizer: Optimizer::Sgd { momentum: 0.0, weight_decay: 0.0 },
        rate: 1.0,
        batch_size: 4096,
        ..Phase::new("step", Trainable::Everything, 1)
    };
    let head = HeadPlan { directions: false, start: HeadStart::Random, hidden: None };
    let plan = Plan { validation: 0.0, head, ..Plan::new(vec![step]) };
    let mut session = block_on(Session::new(backbone.clone(), examples(backbone, &[3, 3]), plan)).unwrap();
    let mut loss = 0.0;
    block_on(session.run(&Cell::new(Signal::Go), |epoch, _| loss = f64::from(epoch.loss))).unwrap();
    (loss, session.trained().unwrap().backbone.unwrap())
}

#[test]
fn gradients_are_finite_differences() {
    let start = backbone();
    let (_, after) = one_step(&start);
    let [before, after] = [start.tensors(), after.tensors()];
    for stage in ["stem", "stage1", "stage2", "stage3", "head_conv"] {
        // Along the stage's own gradient, the loss changes by the gradient's square.
        let gradient: Vec<Vec<f32>> = before
            .iter()
            .zip(&after)
            .map(|(a, b)| {
                let here = a.name.split('.').next() == Some(stage);
                a.values.iter().zip(&b.values).map(|(a, b)| if here { a - b } else { 0.0 }).collect()
            })
            .collect();
        let square: f64 = gradient.iter().flatten().map(|v| f64::from(*v).powi(2)).sum();
        // Not so far that many units switch off on the way.
        let reach = 4e-3 / square.sqrt();
        let loss_at = |reach: f64| {
            let moved = before.iter().zip(&gradient).map(|(tensor, gradient)| {
                let values = tensor.values.iter().zip(gradient).map(|(v, g)| v + reach as f32 * g).collect();
                NamedTensor { values, ..tensor.clone() }
            });
            let bytes = write(start.metadata(), &moved.collect::<Vec<_>>(), Dtype::F32).unwrap();
            let moved = Backbone::load(&Weights::parse(&bytes).unwrap(), &Device::flex()).unwrap();
            one_step(&Rc::new(moved)).0
        };
        let difference = (loss_at(reach) - loss_at(-reach)) / (2.0 * reach);
        assert!(
            (difference / square - 1.0).abs() < 2e-2,
            "{stage}: {difference} by differences, {square} by gradients"
        );
    }
}

#[test]
fn all_parts_work_together() {
    let everything = || phase(Trainable::Everything, 2);
    let strokes = Augmentation { rotation: 15.0, partial: 0.5, partial_from: 0.5, ..Augmentation::default() };
    let varied = Variation { strokes, ..Variation::default() };
    let mlp = |activation| HeadPlan {
        directions: true,
        start: HeadStart::Random,
        hidden: Some(HiddenPlan { size: 16, activation }),
    };
    let plans = [
        Plan::new(vec![Phase {
            optimizer: serde_json::from_str(r#"{"name": "lookahead"}"#).unwrap(),
            clip: Some(1.0),
            ..everything()
        }]),
        Plan::new(vec![Phase { optimizer: Optimizer::Lion { weight_decay: 0.1 }, rate: 1e-4, ..everything() }]),
        Plan::new(vec![Phase {
            loss: Loss::Focal { gamma: 2.0, smoothing: 0.0 },
            schedule: Schedule::OneCycle { rise: 0.3, start: 0.04, end: 1e-4 },
            ..everything()
        }]),
        Plan::new(vec![Phase {
            augmentation: Variation { mixing: Some(Mixing::Cutmix { alpha: 1.0 }), ..varied.clone() },
            ..everything()
        }]),
        Plan::new(vec![Phase { loss: Loss::Contrastive { temperature: 0.1 }, augmentation: varied, ..everything() }]),
        Plan::new(vec![Phase { loss: Loss::Triplet { margin: 0.2 }, ..phase(Trainable::Last(2), 2) }]),
        Plan { head: mlp(HiddenActivation::Mish), ..Plan::new(vec![phase(Trainable::Head, 40), everything()]) },
        Plan {
            weights: StartingWeights::Random,
            ..Plan::new(vec![Phase { norm: NormMode::Batch, ..phase(Trainable::Everything, 20) }])
        },
        Plan {
            input: InputAdaptation::Random,
            ..Plan::new(vec![
                Phase { norm: NormMode::Batch, ..phase(Trainable::First(1), 30) },
                Phase { norm: NormMode::Batch, ..phase(Trainable::Everything, 10) },
            ])
        },
    ];
    for plan in plans {
        let json = serde_json::to_string(&plan).unwrap();
        let outcome = run(&[8, 8, 8], Plan { validation: 0.25, ..plan });
        // The same features and head that served the judgement.
        let backbone = outcome.trained.backbone.unwrap();
        let right = (0..3).flat_map(|class| (0..4).map(move |seed| (class, 700 + seed))).filter(|(class, seed)| {
            let picture = shape(KINDS[*class], *seed).render(backbone.input()).unwrap();
            let features = block_on(backbone.features(&[picture])).unwrap();
            let logits = outcome.trained.head.logits(&features[0]);
            logits.iter().all(|logit| *logit <= logits[*class])
        });
        assert!(right.count() >= 9, "{json}: {:?}", outcome.report);
    }
}

#[test]
fn few_and_uneven_examples_are_handled_and_what_cannot_be_is_refused() {
    let fine_tune = || Plan::new(vec![head(), phase(Trainable::Everything, 2)]);
    assert_eq!(run(&[1, 1, 1], fine_tune()).report.validation_examples, 0);
    assert_eq!(run(&[1, 8, 30], fine_tune()).report.validation_examples, 6);
    let uneven = run(&[1, 30], fine_tune()).report;
    assert_eq!((uneven.training_examples, uneven.evaluation), (31, None), "always the same answer would seem right");
    // One example that weighs as much as forty is no explosion.
    let lonely = Phase { rate: 1e-6, batch_size: 1, ..phase(Trainable::Head, 20) };
    let random = HeadPlan { directions: true, start: HeadStart::Random, hidden: None };
    let report = run(&[40, 1], Plan { validation: 0.0, head: random, ..Plan::new(vec![lonely]) }).report;
    assert_eq!((report.reason, report.epochs), (Ending::Finished, 20));
    // A batch larger than all examples is all of them.
    let large = Phase { batch_size: 4096, ..phase(Trainable::Last(1), 2) };
    assert_eq!(run(&[3, 3], Plan::new(vec![large])).epochs[0].steps, 2);

    let refusal = |counts: &[u64], plan: Plan| {
        let backbone = backbone();
        let examples = examples(&backbone, counts);
        block_on(Session::new(backbone, examples, plan)).unwrap_err()
    };
    assert_eq!(refusal(&[3], fine_tune()).code(), "too-few-classes");
    assert_eq!(refusal(&[3, 0], fine_tune()).code(), "too-few-examples");
    let student =
        Phase { loss: Loss::Distillation { temperature: 4.0, share: 0.9 }, ..phase(Trainable::Everything, 1) };
    assert!(refusal(&[3, 3], Plan::new(vec![student])).to_string().contains("teacher"));
    let metric = Phase { loss: Loss::Contrastive { temperature: 0.1 }, ..phase(Trainable::Everything, 1) };
    assert_eq!(refusal(&[1, 1, 1], Plan::new(vec![metric.clone()])).code(), "too-few-examples");
    let alone = Phase { batch_size: 1, ..metric };
    assert!(refusal(&[3, 3], Plan::new(vec![alone])).to_string().contains("batchSize"));
    let unknown = phase(Trainable::Stages(vec!["neck".into()]), 1);
    assert!(refusal(&[3, 3], Plan::new(vec![unknown])).to_string().contains("neck"));
    let narrow = Plan { input: InputAdaptation::Sum, ..fine_tune() };
    assert_eq!(refusal(&[3, 3], narrow).code(), "bad-option");
}
