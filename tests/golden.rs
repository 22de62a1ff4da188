//! The network computes what the reference computes.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use burn::tensor::Device;
use common::golden::{cases, drift};
use doodletune::backbone::{Backbone, Weights};

fn model(name: &str) -> Vec<u8> {
    let path = format!("{}/models/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path)
        .unwrap_or_else(|_| panic!("models/{name} is missing; run `cargo xtask weights efficientnet-lite0`"))
}

#[test]
fn features_and_logits_equal_the_reference() {
    let bytes = model("efficientnet-lite0.f32.safetensors");
    let weights = Weights::parse(&bytes).unwrap();
    let backbone = Backbone::load(&weights, &Device::flex()).unwrap();
    for case in cases() {
        let drift = pollster::block_on(drift(&backbone, &weights, &case));
        println!("{} px, f32 weights: features {:.1e}, logits {:.1e}", case.size, drift.features, drift.logits);
        drift.assert_within(1e-4, &format!("CPU, {} px", case.size));
    }
}

/// What storing weights in half precision costs: up to 3.7e-2 of features that reach 6, and 5.2e-2 of logits that reach 10.
#[test]
fn half_precision_weights_cost_little() {
    let bytes = model("efficientnet-lite0.safetensors");
    let weights = Weights::parse(&bytes).unwrap();
    let backbone = Backbone::load(&weights, &Device::flex()).unwrap();
    for case in cases() {
        let drift = pollster::block_on(drift(&backbone, &weights, &case));
        println!("{} px, f16 weights: features {:.1e}, logits {:.1e}", case.size, drift.features, drift.logits);
        assert!(drift.features < 0.05 && drift.logits < 0.07, "{drift:?}");
    }
}
