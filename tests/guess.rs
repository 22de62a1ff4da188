//! The ready-made head guesses before anybody has taught anything.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::doodle;
use common::shapes::{examples, shape};
use doodletune::Tuner;
use doodletune::backbone::{Dtype, InputSpec, Metadata, NamedTensor, tensor_shapes, write};
use doodletune::head::HeadKind;
use doodletune::selection::Preference;
use doodletune::tuner::TunerOptions;
use pollster::block_on;

fn shipped() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/doodle.safetensors")).expect("it is in the repository")
}

fn tuner(weights: &[u8]) -> doodletune::Result<Tuner> {
    block_on(Tuner::create(&TunerOptions { device: Preference::Cpu, size: None }, weights, |_| ()))
}

/// Weights of `doodle` with a head for `labels`, and a classifier of `rows` rows.
fn made_up(labels: &[&str], rows: usize) -> Vec<u8> {
    let metadata = Metadata {
        backbone: "doodle".into(),
        input: InputSpec { size: 64, stride: 16, ..InputSpec::dark_on_white(1, [0.5], [0.5]) },
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        license: "CC0-1.0".into(),
        source: "made up".into(),
    };
    let classifier = [("classifier.weight".to_owned(), vec![rows, 320]), ("classifier.bias".to_owned(), vec![rows])];
    let constant =
        |(name, shape): (String, Vec<usize>)| NamedTensor { values: vec![0.1; shape.iter().product()], name, shape };
    let tensors: Vec<_> = tensor_shapes("doodle").unwrap().into_iter().chain(classifier).map(constant).collect();
    write(&metadata, &tensors, Dtype::F32).unwrap()
}

#[test]
fn common_things_are_guessed_without_an_example() {
    let tuner = tuner(&shipped()).unwrap();
    let labels = tuner.backbone().labels;
    assert!(labels.len() >= 2);
    let mut right = 0;
    for (name, input) in doodle::inputs() {
        let guess = block_on(tuner.guess(&input)).unwrap();
        println!("{name}: {:?}", &guess.ranking[..3]);
        assert_eq!((guess.head, guess.ranking.len()), (HeadKind::Pretrained, labels.len()));
        assert!((guess.ranking.iter().map(|one| one.probability).sum::<f32>() - 1.0).abs() < 1e-4);
        right += usize::from(guess.ranking[..5].iter().any(|one| one.label == name));
    }
    assert!(right >= 3, "{right} of 6 are among the first five");
}

#[test]
fn teaching_changes_predictions_and_not_guesses() {
    let tuner = tuner(&shipped()).unwrap();
    let before = block_on(tuner.guess(&shape("circle", 7))).unwrap();
    assert_eq!(block_on(tuner.predict(&shape("circle", 7))).unwrap_err().code(), "too-few-classes");
    block_on(tuner.add_examples(examples(&["circle", "zigzag"], 3))).unwrap();
    let prediction = block_on(tuner.predict(&shape("circle", 7))).unwrap();
    assert_eq!((prediction.label.as_str(), prediction.head), ("circle", HeadKind::Prototype));
    assert_eq!(block_on(tuner.guess(&shape("circle", 7))).unwrap().ranking, before.ranking);
}

#[test]
fn without_a_ready_made_head_guessing_is_refused_with_a_way_out() {
    let tuner = tuner(&made_up(&[], 2)).unwrap();
    assert!(tuner.backbone().labels.is_empty());
    let error = block_on(tuner.guess(&shape("circle", 7))).unwrap_err();
    assert_eq!(error.code(), "no-pretrained-head");
    assert!(error.to_string().contains("teach two classes"), "{error}");
}

#[test]
fn a_head_that_does_not_fit_its_labels_is_refused() {
    let error = tuner(&made_up(&["cat", "dog", "cow"], 2)).unwrap_err();
    assert!(error.code() == "bad-weights" && error.to_string().contains("classifier.weight"), "{error}");
}
