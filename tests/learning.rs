//! A tuner learns shapes from a few drawings, recognises new ones, and loses nothing whatever happens.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use common::shapes::{KINDS, examples, shape};
use doodletune::Tuner;
use doodletune::finetune::{Ending, Plan, Solver, train_head};
use doodletune::head::{HeadKind, LabelledFeatures};
use doodletune::selection::Preference;
use doodletune::tuner::TunerOptions;
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

#[test]
fn learns_shapes_from_six_drawings_each() {
    let tuner = tuner();
    let ids = block_on(tuner.add_examples(examples(&KINDS, 6))).unwrap();
    assert_eq!(ids.len(), 30);
    let before = block_on(tuner.predict(&shape("spiral", 77))).unwrap();
    assert_eq!((before.head, before.ranking.len()), (HeadKind::Prototype, 5));
    assert!((before.ranking.iter().map(|guess| guess.probability).sum::<f32>() - 1.0).abs() < 1e-5);

    let epochs = RefCell::new(Vec::new());
    let report = block_on(tuner.train(&Plan::default(), |epoch| epochs.borrow_mut().push(epoch.clone()))).unwrap();
    let epochs = epochs.into_inner();
    assert_eq!((report.epochs, report.best_epoch), (epochs.len(), epochs.len()));
    assert_eq!((report.validation_examples, report.training_examples), (30, 30), "each is held out once");
    let (candidates, iterations): (Vec<_>, Vec<_>) = epochs.iter().partition(|epoch| epoch.phase == "strength");
    let losses = || candidates.iter().filter_map(|epoch| epoch.validation_loss);
    assert_eq!(report.validation_loss, losses().min_by(f32::total_cmp), "the best strength is taken");
    assert!(candidates.iter().any(|epoch| epoch.strength == report.strength && !epoch.best));
    assert!(report.validation_accuracy.unwrap() > 0.7, "{report:?}");
    assert!(iterations.iter().all(|epoch| epoch.phase == "solve" && epoch.validation_loss == report.validation_loss));
    assert_eq!(iterations.iter().position(|epoch| epoch.best), Some(iterations.len() - 1), "one answer");
    assert!(recognised(&tuner, 2) >= 9, "{} of 10", recognised(&tuner, 2));
    assert_eq!(block_on(tuner.predict(&shape("spiral", 77))).unwrap().head, HeadKind::Linear);

    let epochs = RefCell::new(Vec::new());
    let plan = Plan { solver: Solver::AdamW, ..Plan::default() };
    let report = block_on(tuner.train(&plan, |epoch| epochs.borrow_mut().push(epoch.clone()))).unwrap();
    let epochs = epochs.into_inner();
    assert_eq!((report.epochs, report.validation_examples, report.training_examples), (epochs.len(), 5, 25));
    assert!(epochs.last().unwrap().loss < epochs[0].loss, "{epochs:?}");
    let lowest = epochs.iter().filter_map(|epoch| epoch.validation_loss).fold(f32::INFINITY, f32::min);
    assert_eq!(report.validation_loss, Some(lowest), "the best weights are kept");
    let refit: Vec<_> = epochs.iter().filter(|epoch| epoch.phase == "refit").collect();
    assert!(refit.len() >= 20 && refit.iter().all(|epoch| epoch.validation_loss.is_none()));
    assert_eq!(
        refit.iter().position(|epoch| epoch.best),
        Some(refit.len() - 1),
        "only a whole refit replaces the head"
    );
    assert!(recognised(&tuner, 2) >= 9, "{} of 10", recognised(&tuner, 2));
    assert_eq!(block_on(tuner.predict(&shape("spiral", 77))).unwrap().head, HeadKind::Linear);

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
fn runs_repeat_and_the_backbone_stays_frozen() {
    let run = |plan: Plan| {
        let tuner = tuner();
        block_on(tuner.add_examples(examples(&KINDS[..3], 5))).unwrap();
        let features = |tuner: &Tuner| block_on(tuner.predict(&shape("circle", 3))).unwrap().ranking;
        let before = features(&tuner);
        let losses = RefCell::new(Vec::new());
        block_on(tuner.train(&plan, |epoch| losses.borrow_mut().push(epoch.loss))).unwrap();
        let after = features(&tuner);
        // The same classes again bring the prototypes back: from untouched features they answer as before.
        let extra = block_on(tuner.add_examples(vec![("other".into(), shape("spiral", 1))])).unwrap();
        tuner.remove_examples(&extra).unwrap();
        assert_eq!(features(&tuner), before);
        assert_ne!(after, before);
        (losses.into_inner(), after)
    };
    for plan in [Plan::default(), Plan { solver: Solver::AdamW, epochs: 8, ..Plan::default() }] {
        assert_eq!(run(plan.clone()), run(plan));
    }
}

#[test]
fn stopping_keeps_the_best_so_far() {
    let tuner = tuner();
    block_on(tuner.add_examples(examples(&KINDS[..2], 6))).unwrap();
    // Before a logistic regression is solved there is nothing to keep.
    let report = block_on(tuner.train(&Plan::default(), |_| tuner.stop())).unwrap();
    assert_eq!((report.reason, report.epochs, report.best_epoch), (Ending::Stopped, 1, 0));
    assert_eq!((report.accuracy, report.validation_accuracy, report.strength), (None, None, None));
    assert_eq!(block_on(tuner.predict(&shape("circle", 9))).unwrap().head, HeadKind::Prototype);

    let plan = Plan { solver: Solver::AdamW, epochs: 10_000, patience: 10_000, ..Plan::default() };
    let report = block_on(tuner.train(&plan, |epoch| {
        if epoch.epoch == 7 {
            tuner.stop();
        }
    }))
    .unwrap();
    assert_eq!((report.reason, report.epochs), (Ending::Stopped, 7));
    assert_eq!(block_on(tuner.predict(&shape("circle", 9))).unwrap().head, HeadKind::Linear);
}

#[test]
fn a_loss_that_is_no_number_ends_the_run_with_advice() {
    let features = |v: f32| Rc::from([v, 1.0, 0.5].as_slice());
    let mut examples = LabelledFeatures {
        classes: vec!["a".into(), "b".into()],
        features: [0.0, 0.1, 5.0, 5.1].map(features).to_vec(),
        targets: vec![0, 0, 1, 1],
    };
    let train = |solver, examples: &_| {
        let plan = Plan { solver, ..Plan::default() };
        block_on(train_head(examples, &plan, &Cell::new(false), |_, _| ()))
    };
    for solver in [Solver::Logistic, Solver::AdamW] {
        let (head, _) = train(solver, &examples).unwrap();
        assert!(head.probabilities(&examples.features[0])[0] > 0.5);
    }
    examples.features[3] = features(f32::NAN);
    assert_eq!(code(train(Solver::Logistic, &examples)), "bad-input");
    let error = train(Solver::AdamW, &examples).unwrap_err();
    assert!(error.code() == "diverged" && error.to_string().contains("lower the learning rate"), "{error}");
}

#[test]
fn refuses_kindly_and_keeps_everything() {
    let tuner = tuner();
    let circle = || shape("circle", 1);
    assert_eq!(code(block_on(tuner.predict(&circle()))), "too-few-classes");
    block_on(tuner.add_examples(vec![("circle".into(), circle())])).unwrap();
    assert_eq!(code(block_on(tuner.predict(&circle()))), "too-few-classes");
    assert_eq!(code(block_on(tuner.train(&Plan::default(), |_| ()))), "too-few-classes");
    assert_eq!(code(block_on(tuner.add_examples(vec![("a".into(), circle()), (" ".into(), circle())]))), "bad-label");
    assert_eq!(tuner.classes().len(), 1, "all or none");
    block_on(tuner.add_examples(vec![("square".into(), shape("square", 1))])).unwrap();
    assert_eq!(block_on(tuner.predict(&circle())).unwrap().label, "circle", "one example of two classes is enough");
    let adamw = Plan { solver: Solver::AdamW, ..Plan::default() };
    assert_eq!(code(block_on(tuner.train(&adamw, |_| ()))), "too-few-examples");
    let report = block_on(tuner.train(&Plan::default(), |_| ())).unwrap();
    assert_eq!((report.accuracy, report.validation_examples), (Some(1.0), 0), "one of each is enough to solve");
    assert_eq!(code(block_on(tuner.train(&Plan { epochs: 0, ..Plan::default() }, |_| ()))), "bad-option");
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
    let plan = Plan::default();
    block_on(tuner.train(&plan, |_| *second.borrow_mut() = Some(block_on(tuner.train(&plan, |_| ()))))).unwrap();
    assert_eq!(code(second.into_inner().unwrap()), "busy");
    block_on(tuner.train(&plan, |_| ())).unwrap();
}
