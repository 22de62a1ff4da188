//! What the shipped weights of `doodle` make of drawings by formula: computed natively once, compared everywhere.

use doodletune::backbone::{Backbone, Weights};
use doodletune::doodle::{Doodle, Input, Stroke};
use doodletune::head::Head;
use serde::{Deserialize, Serialize};

/// Writes the fixture anew; to be run whenever models/doodle.safetensors changes.
pub const RENEW: &str = "cargo test --release --workspace --test golden -- --ignored renew_the_fixture_of_doodle";

/// A drawing and what comes of it.
#[derive(Serialize, Deserialize)]
pub struct Case {
    pub drawing: String,
    pub features: Vec<f32>,
    /// What the ready-made head takes it for, and that logit.
    pub label: String,
    pub logit: f32,
}

/// Six drawings. Their points are whole numbers, as in Quick, Draw!, so that every platform has the very same.
fn drawings() -> [(&'static str, Vec<Stroke>); 6] {
    let whole = |[x, y]: [f64; 2]| [x.round() as f32, y.round() as f32];
    let line = |points: &[[f64; 2]]| points.iter().copied().map(whole).collect::<Stroke>();
    let arc = |[x, y]: [f64; 2], radius: f64, turns: f64| -> Stroke {
        let at = |i: i32| f64::from(i) / 32.0 * turns * std::f64::consts::TAU;
        (0..=32).map(|i| whole([x + radius * at(i).cos(), y + radius * at(i).sin()])).collect()
    };
    let spiral = (0..=96).map(|i| f64::from(i) / 96.0).map(|t| {
        let angle = 3.0 * t * std::f64::consts::TAU;
        whole([128.0 + 120.0 * t * angle.cos(), 128.0 + 120.0 * t * angle.sin()])
    });
    let rays = (0..8).map(|i| f64::from(i) / 8.0 * std::f64::consts::TAU).map(|angle| {
        let at = |radius: f64| [128.0 + radius * angle.cos(), 128.0 + radius * angle.sin()];
        line(&[at(70.0), at(120.0)])
    });
    [
        ("circle", vec![arc([128.0, 128.0], 110.0, 1.0)]),
        (
            "house",
            vec![
                line(&[[40.0, 120.0], [40.0, 240.0], [210.0, 240.0], [210.0, 120.0]]),
                line(&[[20.0, 125.0], [125.0, 20.0], [230.0, 125.0], [20.0, 125.0]]),
                line(&[[105.0, 240.0], [105.0, 180.0], [145.0, 180.0], [145.0, 240.0]]),
            ],
        ),
        ("sun", std::iter::once(arc([128.0, 128.0], 55.0, 1.0)).chain(rays).collect()),
        ("zigzag", vec![line(&[[0.0, 90.0], [50.0, 20.0], [100.0, 90.0], [150.0, 20.0], [200.0, 90.0]])]),
        ("spiral", vec![spiral.collect()]),
        (
            "face",
            vec![
                arc([128.0, 128.0], 120.0, 1.0),
                arc([85.0, 95.0], 12.0, 1.0),
                arc([170.0, 95.0], 12.0, 1.0),
                arc([128.0, 140.0], 60.0, 0.5),
            ],
        ),
    ]
}

/// The drawings as the tests give them to a tuner.
pub fn inputs() -> Vec<(&'static str, Input)> {
    let input = |strokes| Doodle::new(strokes).expect("it is a drawing").into();
    drawings().into_iter().map(|(name, strokes)| (name, input(strokes))).collect()
}

/// What `backbone` and the head in `weights` make of the drawings.
pub async fn compute(backbone: &Backbone, weights: &Weights<'_>) -> Vec<Case> {
    let inputs = inputs();
    let pictures: Vec<_> =
        inputs.iter().map(|(_, input)| input.render(backbone.input()).expect("it can be rendered")).collect();
    let features = backbone.features(&pictures).await.expect("the features can be computed");
    let labels = weights.metadata().labels.clone();
    let head = Head::pretrained(weights, labels, backbone.feature_count()).expect("there is a ready-made head");
    let case = |((name, _), features): (&(&str, Input), std::rc::Rc<[f32]>)| {
        let logits = head.logits(&features);
        let best = (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).expect("there are labels");
        let (label, logit) = (head.classes()[best].clone(), logits[best]);
        Case { drawing: (*name).to_owned(), features: features.to_vec(), label, logit }
    };
    inputs.iter().zip(features).map(case).collect()
}

/// Fails if a feature or a logit strays from the fixture by more than `tolerance`, absolutely up to 1 and relatively
/// beyond; returns by how much they do.
pub fn assert_equal_the_fixture(found: &[Case], tolerance: f32, what: &str) -> f32 {
    let expected: Vec<Case> = serde_json::from_str(include_str!("../fixtures/doodle.json")).expect("a valid fixture");
    let hint = format!("if models/doodle.safetensors has changed, renew the fixture: {RENEW}");
    assert_eq!(found.len(), expected.len(), "{hint}");
    let mut most = 0.0f32;
    for (found, expected) in found.iter().zip(&expected) {
        let drawing = &expected.drawing;
        assert_eq!((&found.drawing, &found.label), (drawing, &expected.label), "{what}; {hint}");
        assert_eq!(found.features.len(), expected.features.len(), "{what}, {drawing}; {hint}");
        let pairs = found.features.iter().zip(&expected.features).chain([(&found.logit, &expected.logit)]);
        for (found, expected) in pairs {
            let drift = (found - expected).abs() / expected.abs().max(1.0);
            // Not `>`: a NaN must fail too.
            assert!(drift <= tolerance, "{what}, {drawing}: {found} instead of {expected}; {hint}");
            most = most.max(drift);
        }
    }
    most
}
