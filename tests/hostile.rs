//! What was made to do harm, and what the fuzzer once found: nothing of it does any.
#![cfg(not(target_arch = "wasm32"))]

mod common;
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::PathBuf;

use common::shapes::{KINDS, examples};
use doodletune::Tuner;
use doodletune::backbone::{Dtype, NamedTensor, Weights, write};
use doodletune::bundle::ModelFormat;
use doodletune::doodle::Image;
use doodletune::finetune::Strategy;
use doodletune::selection::Preference;
use doodletune::tuner::TunerOptions;
use pollster::block_on;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// What it is called in `fuzz/`, where what the fuzzer begins with and what it has found lie by that name, and what reads it.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 5] = [
    ("weights", targets::weights),
    ("project", targets::project),
    ("options", targets::options),
    ("strokes", targets::strokes),
    ("picture", targets::picture),
];

fn seeds(target: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "fuzz", "seeds", target].iter().collect()
}

#[test]
fn seeds_and_findings_do_no_harm() {
    for (name, target) in TARGETS {
        let files: Vec<_> = fs::read_dir(seeds(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(!files.is_empty(), "{name} has no seed");
        for path in files {
            let data = fs::read(&path).unwrap();
            println!("{}", path.display());
            target(&data);
            // Nor does what was cut off, or follows.
            for length in [0, 1, 7, 8, 9, data.len() / 2, data.len().saturating_sub(1)] {
                target(&data[..length.min(data.len())]);
            }
            target(&[&data[..], &data[..]].concat());
        }
    }
}

/// A few bytes changed, cut out, doubled, or put in the place of others.
fn damaged(seed: &[u8], random: &mut Pcg64Mcg) -> Vec<u8> {
    const WORDS: [&[u8]; 8] = [b"\0", b"[", b"\"", b"-1", b"1e400", b"4294967296", b"null", b"\xff\xff\xff\x7f"];
    let mut data = seed.to_vec();
    for _ in 0..random.random_range(1..5) {
        let at = random.random_range(0..=data.len());
        let end = random.random_range(at..=data.len().min(at + 9));
        match random.random_range(0..4) {
            0 if at < data.len() => data[at] ^= 1 << random.random_range(0..8),
            1 => drop(data.drain(at..end)),
            2 => drop(data.splice(at..at, data[at..end].to_vec())),
            _ => drop(data.splice(at..end, WORDS[random.random_range(0..WORDS.len())].iter().copied())),
        }
    }
    data
}

/// What the fuzzer does for longer, and better: it looks where the damage leads.
#[test]
fn damage_does_no_harm() {
    let rounds = std::env::var("ROUNDS").map_or(3000, |rounds| rounds.parse().unwrap());
    let mut random = Pcg64Mcg::seed_from_u64(7);
    for (name, target) in TARGETS {
        let files = fs::read_dir(seeds(name)).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
        let files: Vec<_> = files.collect();
        for _ in 0..rounds {
            let data = damaged(&files[random.random_range(0..files.len())], &mut random);
            if std::panic::catch_unwind(|| target(&data)).is_err() {
                let kept = std::env::temp_dir().join(format!("hostile-{name}"));
                fs::write(&kept, &data).unwrap();
                panic!("{name} panics at {}: mend it, and keep that file in fuzz/seeds/{name}", kept.display());
            }
        }
    }
}

fn tuner() -> (Tuner, Vec<u8>) {
    let weights = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/doodle.safetensors")).unwrap();
    let options = TunerOptions { device: Preference::Cpu, size: None };
    (block_on(Tuner::create(&options, &weights, |_| ())).unwrap(), weights)
}

/// A file in the form that the fuzzer changes best: see `targets::file`.
fn framed(file: &[u8]) -> Vec<u8> {
    let length = 8 + u64::from_le_bytes(*file.first_chunk().unwrap()) as usize;
    [file[8..length].trim_ascii_end(), &[0], &file[length..]].concat()
}

/// The file with those of its tensors alone whose names begin with `prefix`.
fn only(file: &[u8], prefix: &str) -> Vec<u8> {
    let (_, index) = safetensors::SafeTensors::read_metadata(file).unwrap();
    let archive = safetensors::SafeTensors::deserialize(file).unwrap();
    let kept = archive.tensors().into_iter().filter(|(name, _)| name.starts_with(prefix));
    safetensors::serialize(kept, index.metadata().clone()).unwrap()
}

#[test]
#[ignore = "writes what the fuzzer begins with: fuzz/seeds"]
fn renew_the_seeds() {
    let keep = |target: &str, name: &str, data: &[u8]| {
        fs::create_dir_all(seeds(target)).unwrap();
        fs::write(seeds(target).join(name), data).unwrap();
    };
    let (tuner, weights) = tuner();
    let mut metadata = Weights::parse(&weights).unwrap().metadata().clone();
    metadata.labels.truncate(2);
    for (name, dtype) in [("f32", Dtype::F32), ("f16", Dtype::F16), ("i8", Dtype::I8)] {
        let values = vec![0.5, -1.0, 0.25, 1.0];
        let tensor = NamedTensor { name: "stem.0.conv.weight".into(), shape: vec![2, 2], values };
        keep("weights", name, &framed(&write(&metadata, &[tensor], dtype).unwrap()));
    }

    block_on(tuner.add_examples(examples(&KINDS[..2], 2))).unwrap();
    keep("project", "strokes", &framed(&block_on(tuner.save()).unwrap()));
    let model = block_on(tuner.export(ModelFormat::Safetensors)).unwrap();
    keep("project", "head", &framed(&only(&model, "head.")));
    for (name, strategy) in
        [("frozen", Strategy::FeatureExtraction), ("lp-ft", Strategy::LpFt), ("distil", Strategy::Distil)]
    {
        keep("options", name, &serde_json::to_vec(&tuner.plan(strategy)).unwrap());
    }
    let variation = &tuner.plan(Strategy::LpFt).phases[1].augmentation;
    keep("options", "variation", &serde_json::to_vec(variation).unwrap());

    keep("strokes", "columns", b"[[[1,2.5,30],[4,5,6]],[[1e3,-7],[8,9],[0,16]],[[5],[5]]]");
    let points = [(0u8, 1.0f32, 2.0f32), (1, 30.0, 4.0), (1, 5.0, 60.0), (0, 1.0, 1.0), (1, -1e6, 1e6)];
    let bytes = points.iter().flat_map(|(pen, x, y)| [&[*pen][..], &x.to_le_bytes(), &y.to_le_bytes()].concat());
    keep("strokes", "points", &bytes.collect::<Vec<u8>>());
    let pixels: Vec<u8> = (0..6 * 5 * 4).map(|at| if at % 7 < 3 { 255 } else { at as u8 }).collect();
    Image::from_rgba(6, 5, &pixels).unwrap();
    keep("picture", "whole", &[&[6, 0, 5, 0][..], &pixels].concat());
    keep("picture", "open", &[&[6, 0, 0, 0][..], &pixels].concat());
}
