//! ONNX, run by onnxruntime: the same probabilities from the same pictures.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::path::Path;
use std::process::Command;

use burn::tensor::Device;
use common::shapes::{KINDS, examples, shape};
use doodletune::Tuner;
use doodletune::backbone::{InputAdaptation, InputSpec};
use doodletune::bundle::{Model, ModelFormat};
use doodletune::doodle::{Image, Input};
use doodletune::finetune::{HeadPlan, HeadStart, HiddenPlan, NormMode, Optimizer, Phase, Plan, Trainable};
use doodletune::head::HiddenActivation;
use doodletune::selection::Preference;
use doodletune::tuner::{TrainOptions, TunerOptions};
use pollster::block_on;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// How many drawings each model is asked about.
const DRAWINGS: u64 = 100;

/// A program of Python that has what the scripts need: named by `DOODLETUNE_PYTHON`, or, if it has, the usual one.
fn python() -> Option<String> {
    let named = std::env::var("DOODLETUNE_PYTHON").ok();
    let python = named.clone().unwrap_or_else(|| "python3".into());
    let found = Command::new(&python).args(["-c", "import numpy, onnxruntime, PIL"]).output();
    let usable = found.is_ok_and(|output| output.status.success());
    assert!(usable || named.is_none(), "{python}, of DOODLETUNE_PYTHON, has no onnxruntime, numpy and pillow");
    usable.then_some(python)
}

/// A drawing in a photo of a sheet: another size, place, paper and, in half of them, colour.
fn picture(number: u64) -> (usize, usize, Vec<[u8; 3]>) {
    let mut random = Pcg64Mcg::seed_from_u64(number);
    let side = random.random_range(20..260);
    let [left, top, right, bottom] = [0; 4].map(|_: usize| random.random_range(0..90));
    let pen = InputSpec { size: side, stride: 1, ..InputSpec::dark_on_white(1, [0.0], [1.0]) };
    let drawing = shape(KINDS[number as usize % KINDS.len()], number).render(&pen).unwrap();
    // Some fill the frame; every twentieth has the first one's size, so that they can go together.
    let [left, top, right, bottom] = if number % 5 == 4 { [0; 4] } else { [left, top, right, bottom] };
    let (width, height) =
        if number.is_multiple_of(20) { (300, 200) } else { (side + left + right, side + top + bottom) };
    let paper: u8 = random.random_range(241..=255);
    let ink = if number.is_multiple_of(2) { [0; 3] } else { [random.random(), random.random_range(0..120), 10] };
    let mut pixels = vec![[paper; 3]; width * height];
    for (y, row) in drawing.pixels.chunks(side).enumerate() {
        for (x, [brightness, ..]) in row.iter().enumerate() {
            if x + left < width && y + top < height {
                let mix = |ink: u8| (f32::from(ink) + (f32::from(paper) - f32::from(ink)) * brightness).round() as u8;
                pixels[(y + top) * width + x + left] = ink.map(mix);
            }
        }
    }
    (width, height, pixels)
}

/// Writes a model, pictures for it and what is expected of them.
fn write(folder: &Path, name: &str, tuner: &Tuner, grey: bool) {
    let file = block_on(tuner.export(ModelFormat::Safetensors)).unwrap();
    let model = block_on(Model::parse(&file, &Device::flex())).unwrap();
    let mut cases = vec![];
    for number in 0..DRAWINGS {
        let (width, height, mut pixels) = picture(number);
        if grey {
            pixels.iter_mut().for_each(|pixel| *pixel = [pixel[1]; 3]);
        }
        let mut file = format!("P6 {width} {height} 255\n").into_bytes();
        file.extend(pixels.iter().flatten());
        let picture = format!("{}{number}.ppm", if grey { "grey" } else { "colour" });
        std::fs::write(folder.join(&picture), file).unwrap();
        let rgba: Vec<u8> = pixels.iter().flat_map(|[r, g, b]| [*r, *g, *b, 255]).collect();
        let input = Input::from(Image::from_rgba(width, height, &rgba).unwrap());
        cases.push((picture, block_on(model.probabilities(&input)).unwrap()));
    }
    std::fs::write(folder.join(format!("{name}.json")), serde_json::to_vec(&cases).unwrap()).unwrap();
    std::fs::write(folder.join(format!("{name}.onnx")), block_on(tuner.export(ModelFormat::Onnx)).unwrap()).unwrap();
}

fn plans(backbone: &str) -> Vec<(String, Plan)> {
    let brief = |trains| Phase { batch_size: 8, ..Phase::new("brief", trains, 1) };
    // Long enough to be sure of something.
    let long = || Phase { rate: 1e-2, epochs: 30, ..brief(Trainable::Head) };
    let hidden = |activation| HeadPlan {
        start: HeadStart::Random,
        hidden: Some(HiddenPlan { size: 7, activation }),
        ..HeadPlan::default()
    };
    let mut plans = vec![
        ("linear", Plan::new(vec![Phase { optimizer: Optimizer::Logistic {}, ..brief(Trainable::Head) }])),
        ("whole", Plan::new(vec![Phase { norm: NormMode::Batch, ..brief(Trainable::Everything) }])),
    ];
    if backbone == "doodle" {
        let raw = HeadPlan { directions: false, start: HeadStart::Random, hidden: None };
        plans.push(("raw", Plan { head: raw, ..Plan::new(vec![long()]) }));
        for (name, activation) in [
            ("relu", HiddenActivation::Relu),
            ("leaky", HiddenActivation::LeakyRelu),
            ("silu", HiddenActivation::Silu),
            ("mish", HiddenActivation::Mish),
        ] {
            plans.push((name, Plan { head: hidden(activation), ..Plan::new(vec![long()]) }));
        }
    } else {
        plans.push(("grey", Plan { input: InputAdaptation::Sum, ..Plan::new(vec![brief(Trainable::Last(1))]) }));
    }
    plans.into_iter().map(|(name, plan)| (format!("{backbone}-{name}"), plan)).collect()
}

#[test]
fn onnxruntime_says_the_same() {
    let Some(python) = python() else {
        eprintln!("skipped: needs Python with onnxruntime, numpy and pillow; say which in DOODLETUNE_PYTHON");
        return;
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("onnx");
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).unwrap();
    for (backbone, size) in [("doodle", 64), ("efficientnet-lite0", 96)] {
        let path = format!("{}/models/{backbone}.safetensors", env!("CARGO_MANIFEST_DIR"));
        let weights = std::fs::read(path).expect("the weights; run `cargo xtask weights efficientnet-lite0`");
        let options = TunerOptions { device: Preference::Cpu, size: Some(size) };
        let tuner = block_on(Tuner::create(&options, &weights, |_| ())).unwrap();
        block_on(tuner.add_examples(examples(&KINDS, 3))).unwrap();
        let by_channels = |name: &str| backbone == "doodle" || name.ends_with("grey");
        write(&folder, &format!("{backbone}-prototype"), &tuner, by_channels(""));
        for (name, plan) in plans(backbone) {
            block_on(tuner.train(&TrainOptions { plan: Some(plan), ..TrainOptions::default() }, |_| ())).unwrap();
            write(&folder, &name, &tuner, by_channels(&name));
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = |script: &str, arguments: &[&Path]| {
        let output = Command::new(&python).arg(root.join(script)).args(arguments).output().unwrap();
        let [told, errors] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(output.status.success(), "{script}: {told}{errors}");
        told
    };
    println!("{}", run("tests/onnx.py", &[&folder]));
    // The example in the documentation, on a circle.
    let told = run("docs/recognise.py", &[&folder.join("doodle-linear.onnx"), &folder.join("grey0.ppm")]);
    assert!(told.starts_with("circle: "), "{told}");
}
