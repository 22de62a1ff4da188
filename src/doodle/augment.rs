//! Drawings as other hands might have drawn them: augmentation on strokes, before there are pixels.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::{Doodle, Stroke};

/// How far drawings are varied. Zero everywhere leaves them as they are; unknown fields are refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Augmentation {
    /// Largest rotation either way, in degrees.
    pub rotation: f32,
    /// Largest shear either way: sideways shift per height.
    pub shear: f32,
    /// Largest change of the ratio of width to height either way, as a share.
    pub stretch: f32,
    /// Standard deviation of each point's displacement, as a share of the drawing's extent.
    pub jitter: f32,
    /// Amplitude of a slow wave that bends the whole drawing, as a share of its extent.
    pub bend: f32,
    /// Probability that a stroke is left out; one always stays.
    pub dropout: f32,
    /// Probability that the strokes come in another order, which matters to partial drawings.
    pub reorder: f32,
    /// Probability that a drawing is cut off, as it looks while it is being drawn.
    pub partial: f32,
    /// The least share of the points that a drawing that is cut off still has.
    pub partial_from: f32,
}

impl Augmentation {
    /// A variation of `doodle`; `doodle` itself where nothing drawable would be left.
    pub fn vary(&self, doodle: &Doodle, rng: &mut impl Rng) -> Doodle {
        let mut strokes = doodle.strokes().to_vec();
        if self.dropout > 0.0 && strokes.len() > 1 {
            let kept = rng.random_range(0..strokes.len());
            let mut index = 0..;
            strokes.retain(|_| index.next() == Some(kept) || rng.random::<f32>() >= self.dropout);
        }
        if rng.random::<f32>() < self.reorder {
            strokes.shuffle(rng);
        }
        let mut share = 1.0;
        if rng.random::<f32>() < self.partial {
            share = rng.random_range(self.partial_from.min(1.0)..=1.0);
        }
        self.distort(&mut strokes, doodle.bounds(), rng);
        Doodle::new(strokes).map_or_else(|_| doodle.clone(), |varied| varied.beginning(share))
    }

    fn distort(&self, strokes: &mut [Stroke], [left, top, right, bottom]: [f32; 4], rng: &mut impl Rng) {
        let mut either_way = |most: f32| (2.0 * rng.random::<f32>() - 1.0) * most;
        let (sin, cos) = either_way(self.rotation).to_radians().sin_cos();
        let (shear, stretch) = (either_way(self.shear), (1.0 + self.stretch).powf(either_way(1.0)));
        let extent = (right - left).max(bottom - top);
        let [bend_x, bend_y] = [either_way(self.bend) * extent, either_way(self.bend) * extent];
        let [phase_x, phase_y] = [either_way(3.2), either_way(3.2)];
        let [middle_x, middle_y] = [(left + right) / 2.0, (top + bottom) / 2.0];
        let wave = |v: f32, phase: f32| (v / extent * 5.0 + phase).sin();
        for point in strokes.iter_mut().flatten() {
            let [x, y] = [point[0] - middle_x, point[1] - middle_y];
            let [x, y] = [x + bend_x * wave(y, phase_x), y + bend_y * wave(x, phase_y)];
            let [x, y] = [(x + shear * y) * stretch, y];
            let noise = |rng: &mut _| normal(rng) * self.jitter * extent;
            *point = [cos * x - sin * y + noise(rng), sin * x + cos * y + noise(rng)];
        }
    }
}

/// A standard normal value, by Box and Muller's transform.
fn normal(rng: &mut impl Rng) -> f32 {
    let radius = (-2.0 * (1.0 - rng.random::<f32>()).ln()).sqrt();
    radius * (std::f32::consts::TAU * rng.random::<f32>()).cos()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    use super::*;

    fn doodle() -> Doodle {
        Doodle::new(vec![
            vec![[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]],
            vec![[2.0, 3.0], [4.0, 5.0]],
            vec![[7.0, 7.0], [9.0, 7.5]],
        ])
        .unwrap()
    }

    #[test]
    fn nothing_asked_is_nothing_changed_but_the_place() {
        let varied = Augmentation::default().vary(&doodle(), &mut Pcg64Mcg::seed_from_u64(1));
        let moved: Vec<Stroke> =
            doodle().strokes().iter().map(|stroke| stroke.iter().map(|[x, y]| [x - 5.0, y - 5.0]).collect()).collect();
        assert_eq!(varied.strokes(), moved);
    }

    #[test]
    fn variations_are_seeded_and_stay_drawings() {
        let strong = Augmentation {
            rotation: 30.0,
            shear: 0.3,
            stretch: 0.5,
            jitter: 0.02,
            bend: 0.05,
            dropout: 0.9,
            reorder: 0.5,
            partial: 0.9,
            partial_from: 0.0,
        };
        let vary = |seed| strong.vary(&doodle(), &mut Pcg64Mcg::seed_from_u64(seed));
        for seed in 0..200 {
            let varied = vary(seed);
            assert!(!varied.strokes().is_empty() && varied == vary(seed));
            let [left, top, right, bottom] = varied.bounds();
            assert!(left >= -15.0 && top >= -15.0 && right <= 15.0 && bottom <= 15.0, "{:?}", varied.bounds());
        }
        assert_ne!(vary(1), vary(2));
    }
}
