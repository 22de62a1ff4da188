//! Doodles drawn by the tests: five kinds of shapes with a shaky hand.

use doodletune::doodle::{Doodle, Input};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// The kinds of shapes.
pub const KINDS: [&str; 5] = ["circle", "square", "triangle", "zigzag", "spiral"];

/// A shape of the given kind; another one for every seed.
pub fn shape(kind: &str, seed: u64) -> Input {
    let mut rng = Pcg64Mcg::seed_from_u64(seed.wrapping_mul(31) + kind.len() as u64);
    let turn = |t: f32| [(t * std::f32::consts::TAU).cos(), (t * std::f32::consts::TAU).sin()];
    let line = |corners: &[[f32; 2]]| -> Vec<[f32; 2]> {
        let between = |w: &[[f32; 2]]| {
            let [[ax, ay], [bx, by]] = [w[0], w[1]];
            (0..=10)
                .map(move |i| i as f32 / 10.0)
                .map(move |t| [ax + (bx - ax) * t, ay + (by - ay) * t])
                .collect::<Vec<_>>()
        };
        corners.windows(2).flat_map(between).collect()
    };
    let points: Vec<[f32; 2]> = match kind {
        "circle" => (0..=40).map(|i| turn(i as f32 / 40.0)).collect(),
        "square" => line(&[[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0]]),
        "triangle" => line(&[[0.0, -1.0], [1.0, 0.8], [-1.0, 0.8], [0.0, -1.0]]),
        "zigzag" => line(&[[-1.0, 0.3], [-0.6, -0.3], [-0.2, 0.3], [0.2, -0.3], [0.6, 0.3], [1.0, -0.3]]),
        "spiral" => (0..=80).map(|i| i as f32 / 80.0).map(|t| turn(3.0 * t).map(|v| v * t)).collect(),
        other => panic!("no shape {other}"),
    };
    let (lean, squeeze, shake) = (rng.random_range(-0.25..0.25f32), rng.random_range(0.75..1.3f32), 0.04);
    let mut wobble = || rng.random_range(-shake..shake);
    let drawn = points
        .into_iter()
        .map(|[x, y]| {
            [
                100.0 * squeeze * (x * lean.cos() - y * lean.sin() + wobble()),
                100.0 * (x * lean.sin() + y * lean.cos() + wobble()),
            ]
        })
        .collect();
    Doodle::new(vec![drawn]).expect("a shape is a drawing").into()
}

/// `count` labelled examples of each of `kinds`.
pub fn examples(kinds: &[&str], count: u64) -> Vec<(String, Input)> {
    kinds.iter().flat_map(|kind| (0..count).map(|seed| ((*kind).to_owned(), shape(kind, seed)))).collect()
}
