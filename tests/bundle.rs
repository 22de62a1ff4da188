//! Projects and models: what is saved is loaded, and what cannot be loaded changes nothing.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use burn::tensor::Device;
use common::shapes::{KINDS, examples, shape};
use doodletune::Tuner;
use doodletune::bundle::{Model, ModelFormat, Outcome};
use doodletune::doodle::{Image, Input};
use doodletune::finetune::{
    Answer, Evaluation, HeadPlan, HeadStart, HiddenPlan, NormMode, Optimizer, Phase, Plan, Trainable,
};
use doodletune::head::{HeadKind, HiddenActivation};
use doodletune::selection::Preference;
use doodletune::tuner::{TrainOptions, TunerOptions};
use pollster::block_on;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

const BACKBONES: [&str; 2] = ["doodle", "efficientnet-lite0"];

fn tuner_of(backbone: &str, size: usize) -> Tuner {
    let path = format!("{}/models/{backbone}.safetensors", env!("CARGO_MANIFEST_DIR"));
    let weights = std::fs::read(path).expect("the weights; run `cargo xtask weights efficientnet-lite0`");
    block_on(Tuner::create(&TunerOptions { device: Preference::Cpu, size: Some(size) }, &weights, |_| ())).unwrap()
}

fn tuner(backbone: &str) -> Tuner {
    tuner_of(backbone, 64)
}

/// A coloured square on white, as somebody would drop it on the page.
fn picture(seed: u8) -> Input {
    let pixel = |at: usize| {
        let (x, y) = (at % 40, at / 40);
        if (8..30).contains(&x) && (10..32).contains(&y) { [seed, 90, 200 - seed, 255] } else { [255; 4] }
    };
    Image::from_rgba(40, 40, &(0..1600).flat_map(pixel).collect::<Vec<u8>>()).unwrap().into()
}

/// Taught drawings and pictures.
fn taught(backbone: &str) -> Tuner {
    let tuner = tuner(backbone);
    block_on(tuner.add_examples(examples(&KINDS[..3], 4))).unwrap();
    block_on(tuner.add_examples((0..4).map(|seed| ("box".into(), picture(40 * seed))).collect())).unwrap();
    tuner
}

fn train(tuner: &Tuner, plan: Plan) {
    block_on(tuner.train(&TrainOptions { plan: Some(plan), ..TrainOptions::default() }, |_| ())).unwrap();
}

fn probabilities(tuner: &Tuner) -> Vec<f32> {
    let inputs = KINDS.map(|kind| shape(kind, 501)).into_iter().chain([picture(77)]);
    let asked = inputs.flat_map(|input| {
        let mut ranking = block_on(tuner.predict(&input)).unwrap().ranking;
        ranking.sort_by(|a, b| a.label.cmp(&b.label));
        ranking
    });
    asked.map(|guess| guess.probability).collect()
}

fn assert_close(a: &[f32], b: &[f32], what: &str) {
    let apart = common::apart(a, b);
    assert!(apart <= 1e-5, "{what}: {apart} apart");
}

/// What is known of the last training, but for numbers of twice the usual precision, which JSON rounds.
fn essence(tuner: &Tuner) -> (Plan, Option<f32>, Vec<Answer>) {
    let Outcome { plan, report } = tuner.outcome().unwrap();
    (plan, report.validation_loss, report.evaluation.unwrap().answers)
}

/// Plans that lead to every kind of head and of network.
fn plans(backbone: &str) -> Vec<(&'static str, Plan)> {
    let brief = |name: &str, trains| Phase { batch_size: 8, ..Phase::new(name, trains, 1) };
    let solve = Phase { optimizer: Optimizer::Logistic {}, ..brief("solve", Trainable::Head) };
    let hidden = HiddenPlan { size: 9, activation: HiddenActivation::Mish };
    let raw = HeadPlan { directions: false, start: HeadStart::Random, hidden: None };
    let mut plans = vec![
        ("linear", Plan::new(vec![solve])),
        (
            "mlp",
            Plan {
                head: HeadPlan { start: HeadStart::Random, hidden: Some(hidden), ..HeadPlan::default() },
                ..Plan::new(vec![brief("mlp", Trainable::Head)])
            },
        ),
        ("raw features", Plan { head: raw, ..Plan::new(vec![brief("raw", Trainable::Head)]) }),
        ("last stage", Plan::new(vec![brief("last", Trainable::Last(1))])),
        (
            "whole, by batches",
            Plan::new(vec![Phase { norm: NormMode::Batch, ..brief("whole", Trainable::Everything) }]),
        ),
    ];
    if backbone != "doodle" {
        let input = doodletune::backbone::InputAdaptation::Sum;
        plans.push(("in grey", Plan { input, ..Plan::new(vec![brief("grey", Trainable::Last(1))]) }));
    }
    plans
}

#[test]
fn a_project_comes_back_as_it_was() {
    for backbone in BACKBONES {
        let tuner = taught(backbone);
        let again = self::tuner(backbone);
        let untrained = block_on(tuner.save()).unwrap();
        block_on(again.load(&untrained)).unwrap();
        assert_eq!(probabilities(&tuner), probabilities(&again), "{backbone}, untrained");
        assert!(untrained.len() < 100_000, "{} bytes without a network", untrained.len());
        for (what, plan) in plans(backbone) {
            train(&tuner, plan);
            let file = block_on(tuner.save()).unwrap();
            block_on(again.load(&file)).unwrap();
            assert_close(&probabilities(&tuner), &probabilities(&again), &format!("{backbone}, {what}"));
            assert_eq!(essence(&again), essence(&tuner));
            assert_eq!(again.classes(), tuner.classes());
            let model = block_on(Model::parse(&file, &Device::flex())).unwrap();
            let alone = block_on(model.probabilities(&shape("spiral", 501))).unwrap();
            let expected = block_on(tuner.predict(&shape("spiral", 501))).unwrap();
            assert!(alone.iter().any(|probability| (probability - expected.probability).abs() <= 1e-5));
        }
        for ((id, label, source), (id2, label2, source2)) in
            tuner.examples().unwrap().iter().zip(again.examples().unwrap())
        {
            let spec = tuner.input();
            assert_eq!((*id, label), (id2, &label2));
            assert_eq!(source.picture(spec).unwrap(), source2.picture(spec).unwrap(), "not a pixel differs");
        }
    }
}

#[test]
fn what_was_loaded_can_be_taught_and_trained_on() {
    let first = taught("doodle");
    first.remove_examples(&[1]).unwrap();
    let solve =
        || Plan::new(vec![Phase { optimizer: Optimizer::Logistic {}, ..Phase::new("solve", Trainable::Head, 1) }]);
    train(&first, solve());
    let second = tuner("doodle");
    block_on(second.add_examples(examples(&KINDS[3..], 2))).unwrap();
    block_on(second.load(&block_on(first.save()).unwrap())).unwrap();
    assert_eq!(second.classes(), first.classes(), "what there was is replaced");
    second.rename_class("box", "crate").unwrap();
    let held_out = essence(&second).2[0].id;
    second.remove_examples(&[held_out]).unwrap();
    let moved = essence(&second).2[0].id;
    second.move_example(moved, "crate").unwrap();
    let Evaluation { classes, answers, .. } = second.outcome().unwrap().report.evaluation.unwrap();
    let names = classes.iter().map(|class| &class.label).chain(answers.iter().map(|answer| &answer.label));
    let names = names.chain(answers.iter().flat_map(|answer| answer.ranking.iter().map(|guess| &guess.label)));
    assert!(names.clone().any(|name| name == "crate") && !names.clone().any(|name| name == "box"));
    assert!(!answers.iter().any(|answer| answer.id == held_out), "its number may be another's");
    assert!(!answers.iter().any(|answer| answer.id == moved), "it was another class's");
    assert_eq!(block_on(second.predict(&picture(3))).unwrap().head, HeadKind::Linear, "what was learned stays");
    let new = block_on(second.add_examples(vec![("zigzag".into(), shape("zigzag", 5))])).unwrap();
    assert!(!first.examples().unwrap().iter().any(|(id, _, _)| new.contains(id)), "its number is new");
    assert_eq!(block_on(second.predict(&picture(3))).unwrap().head, HeadKind::Prototype);
    assert_eq!(second.outcome(), None);
    train(&second, solve());
    assert_eq!(second.outcome().unwrap().report.training_examples, 15, "one class alone can spare any");
}

#[test]
fn a_model_alone_answers() {
    for backbone in BACKBONES {
        let tuner = taught(backbone);
        let prototypes = block_on(tuner.export(ModelFormat::Safetensors)).unwrap();
        let shipped = std::fs::metadata(format!("{}/models/{backbone}.safetensors", env!("CARGO_MANIFEST_DIR")));
        let (size, shipped) = (prototypes.len() as u64, shipped.unwrap().len());
        assert!(size < shipped + 20_000, "{backbone}: {size} bytes, though the weights have {shipped}");
        let empty = self::tuner(backbone);
        block_on(empty.load(&prototypes)).unwrap();
        assert_close(&probabilities(&tuner), &probabilities(&empty), backbone);
        assert!(empty.classes().is_empty());
        // Nothing was added, nothing was removed.
        block_on(empty.add_examples(vec![])).unwrap();
        empty.remove_examples(&[]).unwrap();
        assert_close(&probabilities(&tuner), &probabilities(&empty), backbone);
        let project = block_on(empty.save()).unwrap();
        block_on(self::tuner(backbone).load(&project)).unwrap();
        let model = block_on(Model::parse(&prototypes, &Device::flex())).unwrap();
        assert_eq!(model.head.kind(), HeadKind::Prototype);
    }
    let untrained = block_on(taught("doodle").save()).unwrap();
    assert_eq!(block_on(Model::parse(&untrained, &Device::flex())).unwrap_err().code(), "unknown-file");
}

/// A small project, trained or not, and the tuner that it is to be loaded into.
fn victim(trained: bool) -> (Vec<u8>, Tuner) {
    let tuner = taught("doodle");
    if trained {
        let solve = Phase { optimizer: Optimizer::Logistic {}, ..Phase::new("solve", Trainable::Head, 1) };
        train(&tuner, Plan::new(vec![solve]));
    }
    let file = block_on(tuner.save()).unwrap();
    block_on(tuner.add_examples(examples(&KINDS[3..4], 1))).unwrap();
    (file, tuner)
}

/// The file with its header changed in place of `from`.
fn edited(file: &[u8], from: &str, to: &str) -> Vec<u8> {
    let length = u64::from_le_bytes(*file.first_chunk().unwrap()) as usize;
    let header = std::str::from_utf8(&file[8..8 + length]).unwrap();
    assert!(header.contains(from), "{from} is not in {header}");
    let mut header = header.replace(from, to).into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes(), header.as_slice(), &file[8 + length..]].concat()
}

#[test]
fn what_is_no_file_of_ours_is_refused_in_words() {
    let (file, tuner) = victim(true);
    let before = (tuner.classes(), probabilities(&tuner));
    let weights = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/doodle.safetensors")).unwrap();
    let refuse = |bytes: &[u8], code: &str, words: &str| {
        let error = block_on(tuner.load(bytes)).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(words), "{words}: {error}");
        assert_eq!(before.0, tuner.classes());
    };
    refuse(b"", "unknown-file", "choose a file");
    refuse(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR, and so on", "unknown-file", "choose a file");
    refuse(&weights, "unknown-file", "option “weights”");
    refuse(&edited(&file, "doodletune-project", "dribbletune-project"), "unknown-file", "another program");
    refuse(&edited(&file, r#""version":"1""#, r#""version":"7""#), "newer-file", "version 7");
    refuse(&edited(&file, r#""version":"1""#, r#""version":"one""#), "damaged-file", "version");
    refuse(&edited(&file, r#""backbone":"doodle""#, r#""backbone":"resnet""#), "other-backbone", "resnet at 64");
    refuse(&edited(&file, r#"\"size\":64"#, r#"\"size\":96"#), "other-backbone", "at 96 pixels");
    refuse(&edited(&file, "examples.ids", "examples.odd"), "damaged-file", "examples.ids");
    refuse(&edited(&file, "head.centre", "head.center"), "damaged-file", "more tensors");
    refuse(&edited(&file, r#"\"box\""#, r#"\"circle\""#), "damaged-file", "there twice");
    let ranking = r#""ranking":[{"#;
    let at = file.windows(ranking.len()).position(|window| window == ranking.as_bytes()).unwrap();
    let end = at + file[at..].iter().position(|byte| *byte == b']').unwrap();
    let mut unranked = file.clone();
    unranked[at + ranking.len() - 1..end].fill(b' ');
    refuse(&unranked, "damaged-file", "does not rank");
    refuse(&vec![0; 257 << 20], "file-too-large", "257 MiB");
    let other = taught("efficientnet-lite0");
    refuse(&block_on(other.save()).unwrap(), "other-backbone", "efficientnet-lite0 at 64");
    refuse(&block_on(tuner_of("doodle", 96).save()).unwrap(), "other-backbone", "doodle at 96");
    assert_eq!(before.1, probabilities(&tuner));
}

#[test]
fn a_project_of_an_earlier_version_is_read() {
    let (mut file, tuner) = victim(true);
    // Its report did not know of shares yet.
    let share = r#""keptShare":1.0,"#;
    let at = file.windows(share.len()).position(|window| window == share.as_bytes()).unwrap();
    file[at..at + share.len()].fill(b' ');
    block_on(tuner.load(&file)).unwrap();
    assert_eq!(tuner.outcome().unwrap().report.phases[0].kept_share, 1.0);
}

#[test]
fn truncated_and_damaged_files_change_nothing() {
    // Without a network, most of the file is structure, and rounds are quick.
    for (trained, rounds) in [(false, 400), (true, 40)] {
        let (file, tuner) = victim(trained);
        let before = (tuner.classes(), probabilities(&tuner));
        let header = 8 + u64::from_le_bytes(*file.first_chunk().unwrap()) as usize;
        let body = (header..file.len()).step_by(if trained { 97 * 101 } else { 97 });
        for length in (0..header).step_by(97).chain(body).chain([file.len() - 1]) {
            let error = block_on(tuner.load(&file[..length])).unwrap_err();
            let code = if length < 8 { "unknown-file" } else { "damaged-file" };
            assert_eq!(error.code(), code, "{length} bytes: {error}");
        }
        // Damage is refused, or it is in a value, where it cannot be seen; it never panics and never halves a tuner.
        let mut random = Pcg64Mcg::seed_from_u64(1);
        let mut taken = 0;
        for round in 0..rounds {
            let mut damaged = file.clone();
            let within = if round % 4 < 3 { header } else { file.len() };
            for _ in 0..random.random_range(1..4) {
                damaged[random.random_range(0..within)] ^= 1 << random.random_range(0..8);
            }
            match block_on(tuner.load(&damaged)) {
                Err(error) => {
                    assert_eq!(tuner.classes(), before.0, "{error}");
                    assert_ne!(error.code(), "internal", "{error}");
                }
                Ok(()) => {
                    taken += 1;
                    block_on(tuner.load(&file)).unwrap();
                    block_on(tuner.add_examples(examples(&KINDS[3..4], 1))).unwrap();
                }
            }
        }
        assert!((1..rounds / 2).contains(&taken), "{taken} of {rounds} were taken");
        assert_eq!(before, (tuner.classes(), probabilities(&tuner)));
    }
}
