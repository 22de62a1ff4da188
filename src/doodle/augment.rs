//! Drawings as other hands might have drawn them: augmentation on strokes, before there are pixels.

use std::fmt::Display;
use std::ops::RangeInclusive;

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::{Doodle, Stroke};
use crate::error::{Error, Result};

/// How far drawings are varied. Zero everywhere leaves them as they are; unknown fields are refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Augmentation {
    /// Largest rotation either way, in degrees, 0 to 180.
    pub rotation: f32,
    /// Largest shear either way: sideways shift per height, 0 to 1.
    pub shear: f32,
    /// Largest change of the ratio of width to height either way, as a share, 0 to 1.
    pub stretch: f32,
    /// Standard deviation of each point's displacement, as a share of the drawing's extent, 0 to 0.2.
    pub jitter: f32,
    /// Amplitude of a slow wave that bends the whole drawing, as a share of its extent, 0 to 0.5.
    pub bend: f32,
    /// Probability that a stroke is left out; one always stays.
    pub dropout: f32,
    /// Probability that the strokes come in another order, which matters to partial drawings.
    pub reorder: f32,
    /// Probability that a drawing is cut off, as it looks while it is being drawn.
    pub partial: f32,
    /// The least share of the points that a drawing that is cut off still has, 0 to 1.
    pub partial_from: f32,
    /// Largest change of the line's width either way, as a share, 0 to 3: 0.5 makes lines 1/1.5 to 1.5 times as wide. See
    /// [`Augmentation::vary_width`].
    pub width: f32,
}

impl Augmentation {
    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::BadOption`] naming the option and what it may be.
    pub fn check(&self) -> Result<()> {
        check_range("rotation", self.rotation, 0.0..=180.0)?;
        check_range("shear", self.shear, 0.0..=1.0)?;
        check_range("stretch", self.stretch, 0.0..=1.0)?;
        check_range("jitter", self.jitter, 0.0..=0.2)?;
        check_range("bend", self.bend, 0.0..=0.5)?;
        check_range("dropout", self.dropout, 0.0..=1.0)?;
        check_range("reorder", self.reorder, 0.0..=1.0)?;
        check_range("partial", self.partial, 0.0..=1.0)?;
        check_range("partialFrom", self.partial_from, 0.0..=1.0)?;
        check_range("width", self.width, 0.0..=3.0)
    }

    /// `line_width` of another pen: thinner as often as thicker by the same factor. It belongs to what draws, so that
    /// whoever renders asks for it.
    pub fn vary_width(&self, line_width: f32, rng: &mut impl Rng) -> f32 {
        // Nothing is drawn for nothing: a run without it stays what it was, number for number.
        if self.width == 0.0 { line_width } else { line_width * either_way((1.0 + self.width).ln(), rng).exp() }
    }

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
        let mut either_way = |most: f32| either_way(most, rng);
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

/// Refuses a value outside of what is allowed, by name.
pub(super) fn check_range<T: PartialOrd + Display>(name: &str, value: T, allowed: RangeInclusive<T>) -> Result<()> {
    if allowed.contains(&value) {
        return Ok(());
    }
    Err(Error::BadOption(format!("{name} is {value}, but must be {} to {}", allowed.start(), allowed.end())))
}

/// Anything from `-most` to `most`.
pub(super) fn either_way(most: f32, rng: &mut impl Rng) -> f32 {
    (2.0 * rng.random::<f32>() - 1.0) * most
}

/// A standard normal value, by Box and Muller's transform.
pub(crate) fn normal(rng: &mut impl Rng) -> f32 {
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
            width: 0.0,
        };
        strong.check().unwrap();
        let vary = |seed| strong.vary(&doodle(), &mut Pcg64Mcg::seed_from_u64(seed));
        for seed in 0..200 {
            let varied = vary(seed);
            assert!(!varied.strokes().is_empty() && varied == vary(seed));
            let [left, top, right, bottom] = varied.bounds();
            assert!(left >= -15.0 && top >= -15.0 && right <= 15.0 && bottom <= 15.0, "{:?}", varied.bounds());
        }
        assert_ne!(vary(1), vary(2));
    }

    #[test]
    fn lines_get_thinner_as_often_as_thicker() {
        let mut rng = Pcg64Mcg::seed_from_u64(1);
        assert_eq!(Augmentation::default().vary_width(0.03, &mut rng), 0.03);
        assert_eq!(rng, Pcg64Mcg::seed_from_u64(1), "nothing was drawn");
        let pens = Augmentation { width: 0.5, ..Augmentation::default() };
        let widths: Vec<f32> = (0..1000).map(|_| pens.vary_width(1.0, &mut rng)).collect();
        assert!(widths.iter().all(|width| (0.666..1.501).contains(width)));
        assert!((400..600).contains(&widths.iter().filter(|width| **width < 1.0).count()));
    }

    #[test]
    fn refuses_by_name() {
        for (json, name) in [
            (r#"{"rotation": 200}"#, "rotation"),
            (r#"{"stretch": -0.1}"#, "stretch"),
            (r#"{"partialFrom": 1.5}"#, "partialFrom"),
            (r#"{"width": 4}"#, "width"),
        ] {
            let error = serde_json::from_str::<Augmentation>(json).unwrap().check().unwrap_err();
            assert!(error.code() == "bad-option" && error.to_string().starts_with(name), "{error}");
        }
        Augmentation { bend: f32::NAN, ..Augmentation::default() }.check().unwrap_err();
    }
}
