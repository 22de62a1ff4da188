//! The network computes what the reference computes.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use burn::tensor::Device;
use common::doodle;
use common::golden::{cases, drift};
use doodletune::backbone::{Backbone, Weights};

fn model(name: &str) -> Vec<u8> {
    let path = format!("{}/models/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path)
        .unwrap_or_else(|_| panic!("models/{name} is missing; run `cargo xtask weights efficientnet-lite0`"))
}

fn doodle_cases() -> Vec<doodle::Case> {
    let bytes = model("doodle.safetensors");
    let weights = Weights::parse(&bytes).unwrap();
    let backbone = Backbone::load(&weights, &Device::flex()).unwrap();
    pollster::block_on(doodle::compute(&backbone, &weights))
}

#[test]
fn doodle_computes_what_it_did() {
    let drift = doodle::assert_equal_the_fixture(&doodle_cases(), 1e-5, "CPU");
    println!("doodle: {drift:.1e}");
}

/// No test, but the command in [`doodle::RENEW`].
#[test]
#[ignore = "writes the fixture"]
fn renew_the_fixture_of_doodle() {
    let text = serde_json::to_string(&doodle_cases()).unwrap();
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/doodle.json"), text + "\n").unwrap();
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
