//! Weight files: a round trip, and everything that must be refused with a reason.
#![cfg(not(target_arch = "wasm32"))]

use burn::tensor::Device;
use doodletune::backbone::{Backbone, Dtype, InputSpec, Metadata, NamedTensor, Weights, tensor_shapes, write};
use doodletune::{Error, Result};

fn metadata() -> Metadata {
    Metadata {
        backbone: "efficientnet-lite0".into(),
        input: InputSpec::dark_on_white(3, [0.5; 3], [0.5; 3]),
        labels: vec!["cat".into(), "dog".into()],
        license: "CC0-1.0".into(),
        source: "made up".into(),
    }
}

fn tensors() -> Vec<NamedTensor> {
    let constant =
        |(name, shape): (String, Vec<usize>)| NamedTensor { values: vec![0.25; shape.iter().product()], name, shape };
    tensor_shapes("efficientnet-lite0").unwrap().into_iter().map(constant).collect()
}

fn file(change: impl FnOnce(&mut Vec<NamedTensor>)) -> Vec<u8> {
    let mut tensors = tensors();
    change(&mut tensors);
    write(&metadata(), &tensors, Dtype::F16).unwrap()
}

fn load(bytes: &[u8]) -> Result<Backbone> {
    Backbone::load(&Weights::parse(bytes)?, &Device::flex())
}

fn assert_refused(bytes: &[u8], words: &[&str]) {
    let error = load(bytes).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::BadWeights(_)) && words.iter().all(|word| text.contains(word)), "{words:?}: {text}");
}

#[test]
fn what_is_written_is_read() {
    let bytes = file(|tensors| tensors[3].values[1] = 0.5);
    let weights = Weights::parse(&bytes).unwrap();
    assert_eq!(*weights.metadata(), metadata());
    assert_eq!(weights.tensor("stem.0.norm.running_mean", &[32]).unwrap()[..3], [0.25, 0.5, 0.25]);
    let backbone = load(&bytes).unwrap();
    assert_eq!((backbone.parameters(), backbone.feature_count()), (3_413_024, 1280));
    let names: Vec<&str> = backbone.stages().iter().map(|stage| stage.name()).collect();
    assert_eq!(names, ["stem", "stage1", "stage2", "stage3", "stage4", "stage5", "stage6", "stage7", "head_conv"]);
}

#[test]
fn a_wrong_tensor_is_named() {
    let at = |tensors: &[NamedTensor], name: &str| tensors.iter().position(|tensor| tensor.name == name).unwrap();
    let name = "stage3.1.depthwise.conv.weight";
    assert_refused(&file(|t| drop(t.remove(at(t, name)))), &[name, "missing", "[240, 1, 5, 5]"]);
    let wrong_shape = file(|t| {
        let index = at(t, name);
        t[index].shape = vec![240, 1, 25, 1];
    });
    assert_refused(&wrong_shape, &[name, "[240, 1, 25, 1]", "[240, 1, 5, 5]"]);
    let superfluous = file(|t| t.push(NamedTensor { name: "stage9.0.x".into(), shape: vec![1], values: vec![0.0] }));
    assert_refused(&superfluous, &["stage9.0.x", "no place"]);
    // The first value of the first tensor in the file becomes a half-precision NaN.
    let mut nan = file(|_| ());
    let header = u64::from_le_bytes(*nan.first_chunk().unwrap()) as usize;
    nan[8 + header..8 + header + 2].copy_from_slice(&0x7e00u16.to_le_bytes());
    assert_refused(&nan, &["NaN", "position 0"]);
    let huge = NamedTensor { name: "x".into(), shape: vec![1], values: vec![1e6] };
    assert!(write(&metadata(), &[huge], Dtype::F16).unwrap_err().to_string().contains("“x”"));
}

#[test]
fn no_truncation_or_damage_panics() {
    let whole = file(|_| ());
    let header = u64::from_le_bytes(*whole.first_chunk().unwrap()) as usize;
    for length in [0, 1, 7, 8, 9, header / 2, header + 7, header + 8, whole.len() - 1] {
        assert_refused(&whole[..length], &["download the weights again"]);
    }
    assert_refused(b"<!doctype html><title>404</title>", &["no safetensors file"]);
    let mut huge_header = whole.clone();
    huge_header[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_refused(&huge_header, &["truncated or no safetensors file"]);
    // Damage anywhere in the header is refused or harmless, never a panic.
    for index in (0..header).step_by(97) {
        let mut damaged = whole.clone();
        damaged[8 + index] ^= 0x15;
        drop(load(&damaged));
    }
}

#[test]
fn foreign_files_are_refused() {
    let other = Metadata { backbone: "resnet50".into(), ..metadata() };
    assert_refused(&write(&other, &tensors(), Dtype::F16).unwrap(), &["resnet50"]);
    let bad_input = Metadata { input: InputSpec { margin: 0.6, ..metadata().input }, ..metadata() };
    assert_refused(&write(&bad_input, &tensors(), Dtype::F16).unwrap(), &["margin 0.6"]);
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1], &[0; 4]).unwrap();
    let plain = safetensors::serialize([("x", view)], None).unwrap();
    assert_refused(&plain, &["format"]);
}
