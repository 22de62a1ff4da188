//! Everything that reads bytes from elsewhere, as functions that must not panic whatever they are given.
//!
//! The fuzzer drives them (`cargo xtask fuzz`), and `tests/hostile.rs` shows them the seeds and all that was ever found.

use std::borrow::Cow;

use burn::tensor::Device;
use doodletune::backbone::{Backbone, InputSpec, Weights};
use doodletune::bundle::{Model, Project};
use doodletune::doodle::{Augmentation, Doodle, Image, Input, Picture, Stroke};
use doodletune::finetune::{Plan, Source, Strategy, Variation};
use doodletune::tuner::{TrainOptions, TunerOptions};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

/// The stages of `doodle`, which plans name.
const STAGES: [&str; 5] = ["stem", "stage1", "stage2", "stage3", "head_conv"];

/// The largest body that a header is given.
const LONGEST: usize = 1 << 16;

/// Weight files.
pub fn weights(data: &[u8]) {
    let file = file(data);
    let Ok(weights) = Weights::parse(&file) else { return };
    for shape in [&[][..], &[0], &[1], &[4], &[2, 2], &[4, 1, 5, 5]] {
        if let Ok(values) = weights.tensor("stem.0.conv.weight", shape) {
            assert_eq!(values.len(), shape.iter().product::<usize>());
            assert!(values.iter().all(|value| value.is_finite()));
        }
    }
    let spec = &weights.metadata().input;
    // Nothing larger than this is quick.
    if spec.size <= 64 {
        look(&doodle().into(), spec);
    }
    drop(Backbone::load(&weights, &Device::flex()));
}

/// Projects, and models by themselves.
pub fn project(data: &[u8]) {
    let file = file(data);
    drop(pollster::block_on(Model::parse(&file, &Device::flex())));
    let Ok(project) = pollster::block_on(Project::parse(&file, &Device::flex(), |_| Ok(()))) else { return };
    assert_eq!(project.sources.len(), project.dataset.examples().len());
    let again = pollster::block_on(project.to_bytes()).expect("what was read can be written");
    let again = pollster::block_on(Project::parse(&again, &Device::flex(), |_| Ok(()))).expect("and read again");
    assert_eq!(again.dataset.classes(), project.dataset.classes());
    assert_eq!(again.dataset.examples().len(), project.dataset.examples().len());
}

/// Plans and other options, as JSON.
pub fn options(data: &[u8]) {
    drop(serde_json::from_slice::<TunerOptions>(data));
    drop(serde_json::from_slice::<Strategy>(data));
    if let Ok(variation) = serde_json::from_slice::<Variation>(data) {
        vary(&variation);
    }
    let plan = match serde_json::from_slice::<TrainOptions>(data) {
        Ok(TrainOptions { plan: Some(plan), .. }) => plan,
        _ => match serde_json::from_slice::<Plan>(data) {
            Ok(plan) => plan,
            Err(_) => return,
        },
    };
    if plan.check(&STAGES).is_err() {
        return;
    }
    let json = serde_json::to_string(&plan).expect("plans serialise");
    let again: Plan = serde_json::from_str(&json).expect("what was written can be read");
    assert_eq!(again.phases.len(), plan.phases.len());
    for phase in &plan.phases {
        let steps = 1 + phase.epochs.min(3);
        for step in 0..steps {
            let factor = phase.schedule.factor(phase.warm_up, step, steps, 1);
            assert!(factor.is_finite() && factor >= 0.0, "{factor} at {step} of {steps}: {json}");
        }
        vary(&phase.augmentation);
    }
}

fn vary(variation: &Variation) {
    if variation.check().is_err() {
        return;
    }
    let spec = spec();
    let source = Source::keep(&doodle().into(), &spec).expect("it is drawn");
    let picture = source.vary(&spec, variation, &mut seeded()).expect("a variation can be seen");
    check(&picture, &spec);
}

/// Drawings: Quick, Draw!'s form as JSON where it begins with a bracket; otherwise points of nine bytes, one that says whether
/// the pen was lifted before, and two coordinates.
pub fn strokes(data: &[u8]) {
    let doodle = if data.first() == Some(&b'[') {
        let Ok(columns) = serde_json::from_slice::<Vec<Vec<Vec<f32>>>>(data) else { return };
        Doodle::from_columns(&columns)
    } else {
        let mut strokes: Vec<Stroke> = vec![vec![]];
        for [lifted, a, b, c, d, e, f, g, h] in data.as_chunks::<9>().0 {
            if lifted % 4 == 0 {
                strokes.push(vec![]);
            }
            let point = [f32::from_le_bytes([*a, *b, *c, *d]), f32::from_le_bytes([*e, *f, *g, *h])];
            strokes.last_mut().expect("there is a first one").push(point);
        }
        Doodle::new(strokes)
    };
    let Ok(doodle) = doodle else { return };
    let spec = spec();
    let columns: Vec<Vec<Vec<f32>>> = doodle.to_columns().into_iter().map(Vec::from).collect();
    assert_eq!(Doodle::from_columns(&columns).as_ref(), Ok(&doodle));
    look(&doodle.beginning(0.5).into(), &spec);
    let augmentation = Augmentation { rotation: 20.0, jitter: 0.1, bend: 0.2, dropout: 0.5, ..Default::default() };
    look(&augmentation.vary(&doodle, &mut seeded()).into(), &spec);
    look(&doodle.into(), &spec);
}

/// Pixels: a width and a height of two bytes each, then RGBA; a height of nought is what the bytes suffice for.
pub fn picture(data: &[u8]) {
    let Some(([a, b, c, d], rgba)) = data.split_first_chunk() else { return };
    let [width, height] = [[*a, *b], [*c, *d]].map(|side| usize::from(u16::from_le_bytes(side)));
    let (height, rgba) = match (width, height) {
        (1.., 0) => (rgba.len() / 4 / width, &rgba[..rgba.len() / 4 / width * width * 4]),
        _ => (height, rgba),
    };
    if let Ok(image) = Image::from_rgba(width, height, rgba) {
        look(&image.into(), &spec());
    }
}

/// A file in the form that fuzzers change best: a header of JSON, a nought, and a body, which is made as long as the header
/// says. What does not begin with a brace is a file as it is.
fn file(data: &[u8]) -> Cow<'_, [u8]> {
    if data.first() != Some(&b'{') {
        return data.into();
    }
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (header, body) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    let index: serde_json::Value = serde_json::from_slice(header).unwrap_or_default();
    let ends = index.as_object().into_iter().flatten().filter_map(|(_, tensor)| tensor["data_offsets"][1].as_u64());
    let length = ends.max().unwrap_or(body.len() as u64).min(LONGEST as u64) as usize;
    let mut file = [&(header.len() as u64).to_le_bytes(), header, &body[..body.len().min(length)]].concat();
    file.resize(8 + header.len() + length, 1);
    file.into()
}

/// What is drawn can be seen, or is refused.
fn look(input: &Input, spec: &InputSpec) {
    if let Ok(picture) = input.render(spec) {
        check(&picture, spec);
    }
}

fn check(picture: &Picture, spec: &InputSpec) {
    assert_eq!((picture.side, picture.pixels.len()), (spec.size, spec.size * spec.size));
    let range = -1e-3..=1.001;
    assert!(picture.pixels.iter().flatten().all(|value| range.contains(value)), "a pixel is out of range");
}

fn spec() -> InputSpec {
    InputSpec { size: 32, ..InputSpec::dark_on_white(1, [0.5], [0.5]) }
}

fn doodle() -> Doodle {
    Doodle::new(vec![vec![[0.0, 0.0], [9.0, 5.0], [4.0, 9.0]], vec![[2.0, 2.0], [5.0, 1.0]]]).expect("it is drawn")
}

fn seeded() -> Pcg64Mcg {
    Pcg64Mcg::seed_from_u64(1)
}
