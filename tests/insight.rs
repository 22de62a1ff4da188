//! What a tuner says of its own answers: which examples it gets wrong, what it makes of them, and where it looks.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::collections::HashSet;

use common::shapes::{KINDS, examples, shape};
use doodletune::Tuner;
use doodletune::doodle::{Augmentation, Doodle, Input};
use doodletune::finetune::{Phase, Plan, Strategy, Trainable, Variation};
use doodletune::selection::Preference;
use doodletune::tuner::{Prediction, TrainOptions, TunerOptions};
use pollster::block_on;

/// Taught three kinds, and numbered with a gap.
fn tuner() -> (Tuner, Vec<u32>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/models/doodle.safetensors");
    let options = TunerOptions { device: Preference::Cpu, ..TunerOptions::default() };
    let tuner = block_on(Tuner::create(&options, &std::fs::read(path).unwrap(), |_| ())).unwrap();
    let mut ids = block_on(tuner.add_examples(examples(&KINDS[..3], 5))).unwrap();
    tuner.remove_examples(&[ids.remove(0)]).unwrap();
    (tuner, ids)
}

/// Everything trains for an epoch.
fn briefly() -> TrainOptions {
    let plan = Plan { validation: 0.25, ..Plan::new(vec![Phase::new("all", Trainable::Everything, 1)]) };
    TrainOptions { plan: Some(plan), ..TrainOptions::default() }
}

#[test]
fn every_answer_names_its_example() {
    let (tuner, ids) = tuner();
    let features = block_on(tuner.features(false)).unwrap();
    let label_of = |id: u32| &features.labels[features.ids.iter().position(|other| *other == id).unwrap()];

    let cross_validated = block_on(tuner.evaluate()).unwrap();
    let asked: HashSet<u32> = cross_validated.answers.iter().map(|answer| answer.id).collect();
    assert_eq!(asked, ids.iter().copied().collect(), "each is held out once");
    let held_out = block_on(tuner.train(&briefly(), |_| ())).unwrap().evaluation.unwrap();
    assert!(held_out.answers.iter().all(|answer| ids.contains(&answer.id)));
    for evaluation in [cross_validated, held_out] {
        assert_eq!(evaluation.answers.len(), evaluation.examples);
        assert!(evaluation.answers.iter().all(|answer| answer.label == *label_of(answer.id)));
        let right = evaluation.answers.iter().filter(|answer| answer.ranking[0].label == answer.label).count();
        assert_eq!(right as f64 / evaluation.examples as f64, evaluation.accuracy);
    }
}

#[test]
fn features_are_those_before_and_after_fine_tuning() {
    let (tuner, ids) = tuner();
    let before = block_on(tuner.features(false)).unwrap();
    assert_eq!((&before.ids, before.values.len()), (&ids, ids.len() * before.length));
    assert_eq!(block_on(tuner.features(true)).unwrap(), before);
    block_on(tuner.train(&TrainOptions { epochs: Some(3), ..briefly() }, |_| ())).unwrap();
    assert_eq!(block_on(tuner.features(true)).unwrap(), before);
    assert_ne!(block_on(tuner.features(false)).unwrap().values, before.values);
}

#[test]
fn an_answer_is_found_where_the_drawing_is() {
    let (tuner, _) = tuner();
    for seed in 0..3 {
        let drawing = shape(KINDS[1], 100 + seed);
        let explanation = block_on(tuner.explain(&drawing)).unwrap();
        let prediction = block_on(tuner.predict(&drawing)).unwrap();
        assert_eq!(
            (&explanation.guess.label, explanation.guess.probability),
            (&prediction.label, prediction.probability)
        );
        let hottest = explanation.heat.iter().copied().fold(f32::MIN, f32::max);
        assert!(hottest > 0.02 && explanation.heat.iter().all(|heat| *heat <= explanation.guess.probability));
    }
    // A level line in the middle leaves the lower quarter of the sheet empty, and what is empty explains nothing.
    let line = Doodle::new(vec![vec![[0.0, 0.0], [100.0, 1.0]]]).unwrap();
    let explanation = block_on(tuner.explain(&line.into())).unwrap();
    let bottom = &explanation.heat[explanation.side * explanation.side * 3 / 4..];
    assert!(bottom.iter().all(|heat| *heat == 0.0) && explanation.heat.iter().any(|heat| *heat != 0.0));
}

#[test]
fn variations_follow_from_their_seed() {
    let (tuner, _) = tuner();
    let drawing = shape("spiral", 7);
    let turned = Variation { strokes: Augmentation { rotation: 40.0, ..Default::default() }, ..Default::default() };
    let views = tuner.vary(&drawing, &turned, 4, 1).unwrap();
    assert_eq!(views, tuner.vary(&drawing, &turned, 4, 1).unwrap());
    assert_ne!(views, tuner.vary(&drawing, &turned, 4, 2).unwrap());
    assert!((1..4).all(|other| views[0] != views[other]));
    assert_eq!(tuner.vary(&drawing, &Variation::default(), 1, 1).unwrap()[0], tuner.preview(&drawing).unwrap());

    let impossible = Variation { strokes: Augmentation { rotation: 400.0, ..Default::default() }, ..turned.clone() };
    for refused in [tuner.vary(&drawing, &impossible, 1, 1), tuner.vary(&drawing, &turned, 65, 1)] {
        assert_eq!(refused.unwrap_err().code(), "bad-option");
    }
}

#[test]
fn a_third_of_a_drawing_is_known_better_by_a_head_that_has_seen_halves() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/models/doodle.safetensors");
    let options = TunerOptions { device: Preference::Cpu, ..TunerOptions::default() };
    let tuner = block_on(Tuner::create(&options, &std::fs::read(path).unwrap(), |_| ())).unwrap();
    block_on(tuner.add_examples(examples(&KINDS, 6))).unwrap();
    let begun = |kind: &str, seed: u64| match shape(kind, 1000 + seed) {
        Input::Doodle(doodle) => Input::Doodle(doodle.beginning(0.35)),
        image => image,
    };
    let asked = || KINDS.iter().flat_map(|kind| (0..8).map(move |seed| (*kind, begun(kind, seed))));
    let plain = |input: &Input| block_on(tuner.predict(input)).unwrap();
    let unfinished = |input: &Input| block_on(tuner.predict_unfinished(input)).unwrap();
    assert!(asked().all(|(_, input)| unfinished(&input).ranking == plain(&input).ranking), "before any training");

    let solve = TrainOptions { strategy: Some(Strategy::FeatureExtraction), ..TrainOptions::default() };
    block_on(tuner.train(&solve, |_| ())).unwrap();
    let right =
        |answer: &dyn Fn(&Input) -> Prediction| asked().filter(|(kind, input)| answer(input).label == *kind).count();
    let (whole, halves) = (right(&plain), right(&unfinished));
    assert!(halves >= whole + 4 && halves >= 30, "{whole} and {halves} of 40");
    // It follows the names of the classes, and a training that goes on.
    tuner.rename_class("circle", "ring").unwrap();
    assert!(unfinished(&begun("circle", 1)).ranking.iter().any(|guess| guess.label == "ring"));
}
