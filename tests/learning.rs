//! A tuner learns shapes from a few drawings, recognises new ones, and loses nothing whatever happens.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use common::shapes::{KINDS, examples, shape};
use doodletune::Tuner;
use doodletune::finetune::{Ending, Epoch, Phase, Plan, Signal, Strategy, Trainable, solve_head};
use doodletune::head::{HeadKind, LabelledFeatures};
use doodletune::selection::Preference;
use doodletune::tuner::{TrainOptions, TunerOptions};
use pollster::block_on;

fn tuner() -> Tuner {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/models/efficientnet-lite0.safetensors");
    let weights = std::fs::read(path)
        .expect("models/efficientnet-lite0.safetensors; run `cargo xtask weights efficientnet-lite0`");
    block_on(Tuner::create(&TunerOptions { device: Preference::Cpu, size: Some(64) }, &weights, |_| ())).unwrap()
}

fn code<T: std::fmt::Debug>(result: doodletune::Result<T>) -> &'static str {
    result.unwrap_err().code()
}

/// How many of `count` new drawings a kind are recognised.
fn recognised(tuner: &Tuner, count: u64) -> usize {
    let right = |kind: &str, seed| block_on(tuner.predict(&shape(kind, 1000 + seed))).unwrap().label == kind;
    KINDS.iter().map(|kind| (0..count).filter(|seed| right(kind, *seed)).count()).sum()
}

/// The head alone, by gradient descent.
fn head_by_descent(epochs: usize) -> TrainOptions {
    let head = Phase { rate: 2e-3, batch_size: 32, ..Phase::new("head", Trainable::Head, epochs) };
    TrainOptions { plan: Some(Plan { refit: true, ..Plan::new(vec![head]) }), ..TrainOptions::default() }
}

fn by(strategy: Strategy) -> TrainOptions {
    TrainOptions { strategy: Some(strategy), ..TrainOptions::default() }
}

#[test]
fn learns_shapes_from_six_drawings_each() {
    let tuner = tuner();
    let ids = block_on(tuner.add_examples(examples(&KINDS, 6))).unwrap();
    assert_eq!(ids.len(), 30);
    let before = block_on(tuner.predict(&shape("spiral", 77))).unwrap();
    assert_eq!((before.head, before.ranking.len()), (HeadKind::Prototype, 5));
    assert!((before.ranking.iter().map(|guess| guess.probability).sum::<f32>() - 1.0).abs() < 1e-5);

    let epochs = RefCell::new(Vec::new());
    let tell = |epoch: &_| epochs.borrow_mut().push(Clone::clone(epoch));
    let report = block_on(tuner.train(&by(Strategy::FeatureExtraction), tell)).unwrap();
    let solved: Vec<Epoch> = epochs.take();
    assert_eq!((report.validation_examples, report.training_examples), (30, 30), "each is held out once");
    let (candidates, iterations): (Vec<_>, Vec<_>) = solved.iter().partition(|epoch| epoch.phase == "strength");
    let losses = || candidates.iter().filter_map(|epoch| epoch.validation_loss);
    assert_eq!(report.validation_loss, losses().min_by(f32::total_cmp), "the best strength is taken");
    assert!(candidates.iter().any(|epoch| epoch.strength == report.strength && !epoch.best));
    assert!(report.validation_accuracy.unwrap() > 0.7, "{report:?}");
    assert!(iterations.iter().all(|epoch| epoch.phase == "solve" && epoch.validation_loss == report.validation_loss));
    assert_eq!(iterations.iter().position(|epoch| epoch.best), Some(iterations.len() - 1), "one answer");
    assert!(recognised(&tuner, 2) >= 9, "{} of 10", recognised(&tuner, 2));
    assert_eq!(block_on(tuner.predict(&shape("spiral", 77))).unwrap().head, HeadKind::Linear);

    let report = block_on(tuner.train(&head_by_descent(60), tell)).unwrap();
    let descended: Vec<Epoch> = epochs.take();
    assert_eq!((report.epochs, report.validation_examples, report.training_examples), (descended.len(), 5, 25));
    let lowest = descended.iter().filter_map(|epoch| epoch.validation_loss).fold(f32::INFINITY, f32::min);
    assert_eq!(report.validation_loss, Some(lowest), "the best weights are kept");
    let refit: Vec<_> = descended.iter().filter(|epoch| epoch.refit).collect();
    assert!(refit.len() == report.phases[0].kept_epoch && refit.iter().all(|epoch| epoch.validation_loss.is_none()));
    assert_eq!(
        refit.iter().position(|epoch| epoch.best),
        Some(refit.len() - 1),
        "only a whole refit replaces the head"
    );
    assert!(recognised(&tuner, 2) >= 9, "{} of 10", recognised(&tuner, 2));

    let evaluation = block_on(tuner.evaluate()).unwrap();
    assert!(evaluation.examples == 30 && evaluation.accuracy > 0.7, "{evaluation:?}");

    // Everything, first the head, then all stages: never worse than the head alone.
    let report = block_on(tuner.train(&TrainOptions { epochs: Some(4), ..by(Strategy::Auto) }, tell)).unwrap();
    let evaluation = report.evaluation.as_ref().unwrap();
    assert_eq!((evaluation.examples, evaluation.accuracy as f32), (5, report.validation_accuracy.unwrap()));
    let [head, everything] = &report.phases[..] else { panic!("{report:?}") };
    assert!(everything.rolled_back || everything.validation_loss < head.validation_loss, "{report:?}");
    assert!(recognised(&tuner, 2) >= 9, "{} of 10", recognised(&tuner, 2));

    // A class that gets another name while it is learned has that in the report.
    let rename = |_: &Epoch| drop(tuner.rename_class("circle", "ring"));
    let report = block_on(tuner.train(&TrainOptions { epochs: Some(1), ..by(Strategy::LpFt) }, rename)).unwrap();
    let evaluation = report.evaluation.unwrap();
    assert!(evaluation.classes.iter().any(|class| class.label == "ring"), "{evaluation:?}");
    assert!(evaluation.answers.iter().all(|answer| answer.ranking.iter().all(|guess| guess.label != "circle")));
    tuner.rename_class("ring", "circle").unwrap();

    // What was learned survives a new name and one more drawing, not another set of classes.
    tuner.rename_class("spiral", "snail").unwrap();
    block_on(tuner.add_examples(vec![("snail".into(), shape("spiral", 50))])).unwrap();
    let snail = block_on(tuner.predict(&shape("spiral", 77))).unwrap();
    assert_eq!((snail.label.as_str(), snail.head), ("snail", HeadKind::Linear));
    tuner.remove_class("snail").unwrap();
    assert_eq!(block_on(tuner.predict(&shape("circle", 77))).unwrap().head, HeadKind::Prototype);
    assert_eq!(tuner.classes().len(), 4);
}

#[test]
fn runs_repeat_and_the_prototypes_keep_the_backbone_as_it_came() {
    let run = |options: &TrainOptions| {
        let tuner = tuner();
        block_on(tuner.add_examples(examples(&KINDS[..3], 5))).unwrap();
        let ranking = |tuner: &Tuner| block_on(tuner.predict(&shape("circle", 3))).unwrap().ranking;
        let before = ranking(&tuner);
        let losses = RefCell::new(Vec::new());
        block_on(tuner.train(options, |epoch| losses.borrow_mut().push(epoch.loss))).unwrap();
        let after = ranking(&tuner);
        // The same classes again bring the prototypes back: from untouched features they answer as before.
        let extra = block_on(tuner.add_examples(vec![("other".into(), shape("spiral", 1))])).unwrap();
        tuner.remove_examples(&extra).unwrap();
        assert_eq!(ranking(&tuner), before);
        assert_ne!(after, before);
        (losses.into_inner(), after)
    };
    let fine_tune = TrainOptions { epochs: Some(2), ..by(Strategy::LpFt) };
    for options in [by(Strategy::FeatureExtraction), head_by_descent(8), fine_tune] {
        assert_eq!(run(&options), run(&options));
    }
}

#[test]
fn stopping_and_pausing_keep_the_best_so_far() {
    let tuner = tuner();
    block_on(tuner.add_examples(examples(&KINDS[..2], 6))).unwrap();
    // Before a logistic regression is solved there is nothing to keep.
    let report = block_on(tuner.train(&by(Strategy::FeatureExtraction), |_| tuner.stop())).unwrap();
    assert_eq!((report.reason, report.phases.len()), (Ending::Stopped, 0));
    assert_eq!((report.accuracy, report.validation_accuracy, report.strength), (None, None, None));
    assert_eq!(block_on(tuner.predict(&shape("circle", 9))).unwrap().head, HeadKind::Prototype);

    let at = |seventh: &dyn Fn()| {
        let options = head_by_descent(10_000);
        let mut epochs = 0;
        block_on(tuner.train(&options, |_| {
            epochs += 1;
            if epochs == 7 {
                seventh();
            }
        }))
        .unwrap()
    };
    let report = at(&|| tuner.stop());
    assert_eq!((report.reason, report.epochs), (Ending::Stopped, 7));
    assert_eq!(block_on(tuner.predict(&shape("circle", 9))).unwrap().head, HeadKind::Linear);
    assert_eq!(code(block_on(tuner.resume(|_| ()))), "nothing-paused");

    let report = at(&|| tuner.pause());
    assert_eq!((report.reason, report.epochs), (Ending::Paused, 7));
    assert_eq!(block_on(tuner.predict(&shape("circle", 9))).unwrap().head, HeadKind::Linear);
    let report = block_on(tuner.resume(|_| tuner.stop())).unwrap();
    assert_eq!((report.reason, report.epochs), (Ending::Stopped, 8));
}

#[test]
fn features_that_are_no_numbers_are_refused() {
    let features = |v: f32| Rc::from([v, 1.0, 0.5].as_slice());
    let mut examples = LabelledFeatures {
        classes: vec!["a".into(), "b".into()],
        features: [0.0, 0.1, 5.0, 5.1].map(features).to_vec(),
        targets: vec![0, 0, 1, 1],
    };
    let solve = |examples: &_| block_on(solve_head(examples, 0, &Cell::new(Signal::Go), |_, _| ()));
    let (head, held_out) = solve(&examples).unwrap();
    assert!(head.unwrap().probabilities(&examples.features[0])[0] > 0.5 && held_out == 4);
    examples.features[3] = features(f32::NAN);
    assert_eq!(code(solve(&examples)), "bad-input");
}

#[test]
fn refuses_kindly_and_keeps_everything() {
    let tuner = tuner();
    let circle = || shape("circle", 1);
    assert_eq!(code(block_on(tuner.predict(&circle()))), "too-few-classes");
    block_on(tuner.add_examples(vec![("circle".into(), circle())])).unwrap();
    assert_eq!(code(block_on(tuner.predict(&circle()))), "too-few-classes");
    assert_eq!(code(block_on(tuner.train(&TrainOptions::default(), |_| ()))), "too-few-classes");
    assert_eq!(code(block_on(tuner.add_examples(vec![("a".into(), circle()), (" ".into(), circle())]))), "bad-label");
    assert_eq!(tuner.classes().len(), 1, "all or none");
    block_on(tuner.add_examples(vec![("square".into(), shape("square", 1))])).unwrap();
    assert_eq!(block_on(tuner.predict(&circle())).unwrap().label, "circle", "one example of two classes is enough");
    let report = block_on(tuner.train(&TrainOptions::default(), |_| ())).unwrap();
    assert_eq!((report.accuracy, report.validation_examples), (Some(1.0), 0), "one of each is enough to solve");
    let both = TrainOptions { plan: Some(tuner.plan(Strategy::Auto)), ..by(Strategy::Auto) };
    assert_eq!(code(block_on(tuner.train(&both, |_| ()))), "bad-option");
    assert_eq!(
        code(block_on(tuner.train(&TrainOptions { epochs: Some(0), ..by(Strategy::LpFt) }, |_| ()))),
        "bad-option"
    );
    assert_eq!(code(block_on(tuner.train(&by(Strategy::Distil), |_| ()))), "bad-option");
    assert_eq!(block_on(tuner.predict(&circle())).unwrap().head, HeadKind::Linear, "what was learned before stays");
    assert_eq!(code(tuner.remove_examples(&[0, 42])), "unknown-example");
    assert_eq!(code(tuner.rename_class("circle", "square")), "bad-label");
    assert_eq!(code(tuner.remove_class("nobody")), "unknown-class");
    assert_eq!(tuner.classes().iter().map(|class| class.examples).collect::<Vec<_>>(), [1, 1]);
    let options = TunerOptions { size: Some(100), ..TunerOptions::default() };
    assert_eq!(code(block_on(Tuner::create(&options, &[], |_| ()))), "bad-weights");
}

#[test]
fn a_second_training_is_refused_while_one_runs() {
    let tuner = tuner();
    block_on(tuner.add_examples(examples(&KINDS[..2], 3))).unwrap();
    let second = RefCell::new(None);
    let options = TrainOptions::default();
    block_on(tuner.train(&options, |_| *second.borrow_mut() = Some(block_on(tuner.train(&options, |_| ()))))).unwrap();
    assert_eq!(code(second.into_inner().unwrap()), "busy");
    block_on(tuner.train(&options, |_| ())).unwrap();
}
