//! Drawings of ten kinds, the same on every machine.

use std::f32::consts::TAU;
use std::rc::Rc;

use doodletune::Result;
use doodletune::doodle::Doodle;
use doodletune::finetune::{Examples, Source};

/// How often the pen goes across and down in each kind: Lissajous curves, which a network can tell apart.
const KINDS: [[f32; 2]; 10] = [
    [1.0, 1.0],
    [1.0, 2.0],
    [2.0, 1.0],
    [1.0, 3.0],
    [3.0, 1.0],
    [2.0, 3.0],
    [3.0, 2.0],
    [3.0, 4.0],
    [4.0, 3.0],
    [1.0, 5.0],
];

/// As many points as a careful drawing has.
const POINTS: usize = 96;

/// So many drawings of the ten kinds in turn, without features.
pub fn examples(count: usize) -> Result<Examples> {
    let source = |index| Ok(Source::Doodle(Rc::new(drawing(index)?)));
    Ok(Examples {
        classes: (0..KINDS.len()).map(|kind| kind.to_string()).collect(),
        ids: (0..count as u32).collect(),
        sources: (0..count).map(source).collect::<Result<_>>()?,
        features: vec![],
        targets: (0..count).map(|index| index % KINDS.len()).collect(),
        teacher: None,
    })
}

/// A drawing, each of another hand.
fn drawing(index: usize) -> Result<Doodle> {
    let [across, down] = KINDS[index % KINDS.len()];
    // Multiples of irrational numbers: as good as chance, and nothing to seed.
    let chance = |factor: f32| (index as f32 * factor).fract() - 0.5;
    let [lean, squeeze, delay] = [0.5 * chance(0.618), 1.0 + 0.5 * chance(0.414), 0.8 * chance(0.732)];
    let shake = |t: f32, phase: f32| 0.04 * (17.0 * t + phase + index as f32).sin();
    let point = |step: usize| {
        let t = TAU * step as f32 / POINTS as f32;
        let (x, y) = ((across * t + delay + 0.7).sin() + shake(t, 0.0), (down * t).sin() + shake(t, 1.6));
        [100.0 * squeeze * (x * lean.cos() - y * lean.sin()), 100.0 * (x * lean.sin() + y * lean.cos())]
    };
    Doodle::new(vec![(0..=POINTS).map(point).collect()])
}
