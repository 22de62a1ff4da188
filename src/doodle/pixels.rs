//! Pictures as other papers, pens and cameras might have shown them: augmentation on pixels, after strokes have become
//! some.

use std::ops::Range;

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::Picture;
use super::augment::{check_range, either_way, normal};
use crate::error::Result;

/// How far pictures are varied. Zero everywhere leaves them as they are; unknown fields are refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct PixelAugmentation {
    /// Mirrors every second picture, left for right. Not for things that are told apart by their side, such as letters.
    pub flip: bool,
    /// Largest shift either way, across and down, as a share of the side, 0 to 0.5.
    pub shift: f32,
    /// Largest change of size either way, as a share, 0 to 1: 0.25 makes pictures 0.8 to 1.25 times as large.
    pub scale: f32,
    /// Side of a square that is erased somewhere, partly outside perhaps, as a share of the side, 0 to 0.75 (DeVries and
    /// Taylor, "Cutout", 2017, arXiv 1708.04552).
    pub cutout: f32,
    /// Standard deviation of each pixel's brightness, 0 to 0.5.
    pub noise: f32,
    /// A published mixture of operations, after shift and scale and before cutout and noise. They were made for photos:
    /// some leave little of black on white, such as outlines or a tenth of its contrast.
    pub policy: Option<Policy>,
}

/// A published mixture of operations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Policy {
    /// One of 25 pairs of operations for each picture, each with its own probability and strength: the list that was found
    /// on ImageNet and that other photos profit from too (Cubuk et al., "AutoAugment", 2019, arXiv 1805.09501, table 9
    /// and section 4.4).
    // A struct, as serde lets units pass with unknown fields.
    AutoAugment {},
    /// Any of 15 operations, one after another (Cubuk et al., "RandAugment", 2020, arXiv 1909.13719).
    RandAugment {
        /// How many, 1 to 15.
        #[serde(default = "default_operations")]
        operations: usize,
        /// How strong all of them are, 0 to 30.
        #[serde(default = "default_magnitude")]
        magnitude: f32,
    },
}

fn default_operations() -> usize {
    2
}

fn default_magnitude() -> f32 {
    9.0
}

impl PixelAugmentation {
    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::BadOption`](crate::Error::BadOption) naming the option and what it may be.
    pub fn check(&self) -> Result<()> {
        check_range("shift", self.shift, 0.0..=0.5)?;
        check_range("scale", self.scale, 0.0..=1.0)?;
        check_range("cutout", self.cutout, 0.0..=0.75)?;
        check_range("noise", self.noise, 0.0..=0.5)?;
        if let Some(Policy::RandAugment { operations, magnitude }) = self.policy {
            check_range("operations", operations, 1..=RAND_AUGMENT.len())?;
            check_range("magnitude", magnitude, 0.0..=MAGNITUDES)?;
        }
        Ok(())
    }

    /// A variation of `picture`, of the same size and within 0..=1. What comes in from outside is `paper`, the brightness
    /// of blank paper.
    pub fn vary(&self, picture: &Picture, paper: f32, rng: &mut impl Rng) -> Picture {
        let mut varied = self.place(picture, paper, rng);
        let mut paper = paper;
        if let Some(policy) = self.policy {
            policy.apply(&mut varied, &mut paper, rng);
        }
        if self.cutout > 0.0 {
            erase(&mut varied, self.cutout, paper, rng);
        }
        if self.noise > 0.0 {
            for pixel in &mut varied.pixels {
                // Of no colour, as drawings have none.
                let noise = normal(rng) * self.noise;
                *pixel = pixel.map(|v| (v + noise).clamp(0.0, 1.0));
            }
        }
        varied
    }

    /// Flip, shift and scale, at once lest the picture be blurred three times.
    fn place(&self, picture: &Picture, paper: f32, rng: &mut impl Rng) -> Picture {
        if !self.flip && self.shift == 0.0 && self.scale == 0.0 {
            return picture.clone();
        }
        let mirror = if self.flip && rng.random() { -1.0 } else { 1.0 };
        let step = either_way((1.0 + self.scale).ln(), rng).exp();
        let [across, down] = [(); 2].map(|()| either_way(self.shift, rng) * picture.side as f32);
        resample(picture, paper, [[mirror * step, 0.0, across], [0.0, step, down]])
    }
}

/// RandAugment's magnitude at which operations are at their strongest.
const MAGNITUDES: f32 = 30.0;

/// The same of AutoAugment, whose magnitudes are 0 to 9.
const LEVELS: f32 = 9.0;

impl Policy {
    fn apply(self, picture: &mut Picture, paper: &mut f32, rng: &mut impl Rng) {
        match self {
            Self::AutoAugment {} => {
                for (operation, probability, level) in AUTO_AUGMENT[rng.random_range(0..AUTO_AUGMENT.len())] {
                    if rng.random::<f32>() < probability {
                        operation.apply(picture, f32::from(level) / LEVELS, paper, rng);
                    }
                }
            }
            Self::RandAugment { operations, magnitude } => {
                for _ in 0..operations {
                    let operation = RAND_AUGMENT[rng.random_range(0..RAND_AUGMENT.len())];
                    operation.apply(picture, magnitude / MAGNITUDES, paper, rng);
                }
            }
        }
    }
}

/// What policies are made of. Those with a strength are listed with what it reaches to (AutoAugment, table 6).
#[derive(Debug, Clone, Copy, PartialEq)]
enum Operation {
    Identity,
    ShearX,
    ShearY,
    TranslateX,
    TranslateY,
    Rotate,
    /// Stretches each channel to the full range.
    AutoContrast,
    Invert,
    /// Makes all brightnesses of a channel equally frequent.
    Equalise,
    /// Inverts what is brighter than a threshold.
    Solarise,
    /// Keeps but a few bits.
    Posterise,
    /// Away from the mean brightness, or towards it; as the following three in their ways.
    Contrast,
    Colour,
    Brightness,
    Sharpness,
    Cutout,
}

/// Sideways shift per height.
const SHEAR: f32 = 0.3;
/// As a share of the side: 150 of 331 pixels.
const TRANSLATION: f32 = 150.0 / 331.0;
/// In degrees.
const ROTATION: f32 = 30.0;
/// The threshold falls from just above white by this.
const SOLARISATION: f32 = 256.0 / 255.0;
/// Bits that are dropped of eight.
const POSTERISATION: f32 = 4.0;
/// How much factors differ from one.
const ENHANCEMENT: f32 = 0.9;
/// As a share of the side: 60 of 331 pixels.
const CUTOUT: f32 = 60.0 / 331.0;

impl Operation {
    /// With a strength of 0 to 1; the direction of what has two is drawn. Paper takes part in what happens to the picture,
    /// so that what comes in from outside next goes with it.
    fn apply(self, picture: &mut Picture, strength: f32, paper: &mut f32, rng: &mut impl Rng) {
        let mut signed = |most: f32| if rng.random() { strength * most } else { -strength * most };
        let side = picture.side as f32;
        match self {
            Self::Identity => (),
            Self::ShearX => *picture = resample(picture, *paper, [[1.0, signed(SHEAR), 0.0], [0.0, 1.0, 0.0]]),
            Self::ShearY => *picture = resample(picture, *paper, [[1.0, 0.0, 0.0], [signed(SHEAR), 1.0, 0.0]]),
            Self::TranslateX => {
                *picture = resample(picture, *paper, [[1.0, 0.0, signed(TRANSLATION) * side], [0.0, 1.0, 0.0]]);
            }
            Self::TranslateY => {
                *picture = resample(picture, *paper, [[1.0, 0.0, 0.0], [0.0, 1.0, signed(TRANSLATION) * side]]);
            }
            Self::Rotate => {
                let (sin, cos) = signed(ROTATION).to_radians().sin_cos();
                *picture = resample(picture, *paper, [[cos, -sin, 0.0], [sin, cos, 0.0]]);
            }
            Self::AutoContrast => auto_contrast(picture, paper),
            Self::Invert => each_value(picture, paper, |v| 1.0 - v),
            Self::Equalise => equalise(picture, paper),
            Self::Solarise => {
                let threshold = (1.0 - strength) * SOLARISATION;
                each_value(picture, paper, |v| if v < threshold { v } else { 1.0 - v });
            }
            Self::Posterise => {
                let mask = u8::MAX << (strength * POSTERISATION).round() as u32;
                each_value(picture, paper, |v| f32::from((v * 255.0).round() as u8 & mask) / 255.0);
            }
            Self::Contrast => {
                let mean = picture.pixels.iter().map(grey).sum::<f32>() / picture.pixels.len() as f32;
                let factor = 1.0 + signed(ENHANCEMENT);
                each_value(picture, paper, |v| mean + factor * (v - mean));
            }
            Self::Colour => exaggerate(picture, 1.0 + signed(ENHANCEMENT), |_, pixel| [grey(pixel); 3]),
            Self::Brightness => {
                let factor = 1.0 + signed(ENHANCEMENT);
                each_value(picture, paper, |v| factor * v);
            }
            Self::Sharpness => {
                let smooth = smoothed(picture);
                exaggerate(picture, 1.0 + signed(ENHANCEMENT), |index, _| smooth[index]);
            }
            Self::Cutout => erase(picture, strength * CUTOUT, *paper, rng),
        }
    }
}

use Operation::*;

/// Table 9 of the paper: operation, probability and level. Where an operation has no strength, its level is 0.
const AUTO_AUGMENT: [[(Operation, f32, u8); 2]; 25] = [
    [(Posterise, 0.4, 8), (Rotate, 0.6, 9)],
    [(Solarise, 0.6, 5), (AutoContrast, 0.6, 0)],
    [(Equalise, 0.8, 0), (Equalise, 0.6, 0)],
    [(Posterise, 0.6, 7), (Posterise, 0.6, 6)],
    [(Equalise, 0.4, 0), (Solarise, 0.2, 4)],
    [(Equalise, 0.4, 0), (Rotate, 0.8, 8)],
    [(Solarise, 0.6, 3), (Equalise, 0.6, 0)],
    [(Posterise, 0.8, 5), (Equalise, 1.0, 0)],
    [(Rotate, 0.2, 3), (Solarise, 0.6, 8)],
    [(Equalise, 0.6, 0), (Posterise, 0.4, 6)],
    [(Rotate, 0.8, 8), (Colour, 0.4, 0)],
    [(Rotate, 0.4, 9), (Equalise, 0.6, 0)],
    [(Equalise, 0.0, 0), (Equalise, 0.8, 0)],
    [(Invert, 0.6, 0), (Equalise, 1.0, 0)],
    [(Colour, 0.6, 4), (Contrast, 1.0, 8)],
    [(Rotate, 0.8, 8), (Colour, 1.0, 2)],
    [(Colour, 0.8, 8), (Solarise, 0.8, 7)],
    [(Sharpness, 0.4, 7), (Invert, 0.6, 0)],
    [(ShearX, 0.6, 5), (Equalise, 1.0, 0)],
    [(Colour, 0.4, 0), (Equalise, 0.6, 0)],
    [(Equalise, 0.4, 0), (Solarise, 0.2, 4)],
    [(Solarise, 0.6, 5), (AutoContrast, 0.6, 0)],
    [(Invert, 0.6, 0), (Equalise, 1.0, 0)],
    [(Colour, 0.6, 4), (Contrast, 1.0, 8)],
    [(Equalise, 0.8, 0), (Equalise, 0.6, 0)],
];

/// The paper's fourteen and, as in its authors' code, cutout.
const RAND_AUGMENT: [Operation; 15] = [
    Identity,
    AutoContrast,
    Equalise,
    Rotate,
    Solarise,
    Colour,
    Posterise,
    Contrast,
    Brightness,
    Sharpness,
    ShearX,
    ShearY,
    TranslateX,
    TranslateY,
    Cutout,
];

/// The picture through an affine map, bilinear: its rows give, from an output pixel's place relative to the middle, in
/// pixels, and a constant 1, that of its source.
fn resample(picture: &Picture, paper: f32, [across, down]: [[f32; 3]; 2]) -> Picture {
    let side = picture.side;
    let middle = (side as f32 - 1.0) / 2.0;
    let pixel = |x: f32, y: f32| {
        let inside = |v: f32| (0.0..side as f32).contains(&v);
        if inside(x) && inside(y) { picture.pixels[y as usize * side + x as usize] } else { [paper; 3] }
    };
    let mix = |a: [f32; 3], b: [f32; 3], share: f32| -> [f32; 3] {
        std::array::from_fn(|channel| a[channel] * (1.0 - share) + b[channel] * share)
    };
    let mut pixels = Vec::with_capacity(picture.pixels.len());
    for row in 0..side {
        for column in 0..side {
            let [x, y] = [column as f32 - middle, row as f32 - middle];
            let [x, y] = [across, down].map(|map| map[0] * x + map[1] * y + map[2] + middle);
            let (left, top) = (x.floor(), y.floor());
            let upper = mix(pixel(left, top), pixel(left + 1.0, top), x - left);
            let lower = mix(pixel(left, top + 1.0), pixel(left + 1.0, top + 1.0), x - left);
            pixels.push(mix(upper, lower, y - top));
        }
    }
    Picture { side, pixels }
}

/// Covers a square with paper, whose side is a share of the picture's and whose middle is anywhere in it.
fn erase(picture: &mut Picture, share: f32, paper: f32, rng: &mut impl Rng) {
    let [columns, rows] = [(); 2].map(|()| window(picture.side, share, rng));
    for row in rows {
        picture.pixels[row * picture.side..][columns.clone()].fill([paper; 3]);
    }
}

/// What lies within `0..length` of a range that has a share of that length, and its middle anywhere within.
pub(crate) fn window(length: usize, share: f32, rng: &mut impl Rng) -> Range<usize> {
    let (middle, half) = (rng.random::<f32>() * length as f32, share * length as f32 / 2.0);
    // Converting stops at zero.
    (middle - half).round() as usize..((middle + half).round() as usize).min(length)
}

fn each_value(picture: &mut Picture, paper: &mut f32, change: impl Fn(f32) -> f32) {
    picture.pixels.iter_mut().flatten().chain([paper]).for_each(|v| *v = change(*v).clamp(0.0, 1.0));
}

/// Brightness of a pixel, in the weights of Pillow, with which the policies were found (ITU-R BT.601).
fn grey([r, g, b]: &[f32; 3]) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

/// Multiplies how much each pixel differs from what `base` gives for its index and itself.
fn exaggerate(picture: &mut Picture, factor: f32, base: impl Fn(usize, &[f32; 3]) -> [f32; 3]) {
    for (index, pixel) in picture.pixels.iter_mut().enumerate() {
        let base = base(index, pixel);
        *pixel =
            std::array::from_fn(|channel| (base[channel] + factor * (pixel[channel] - base[channel])).clamp(0.0, 1.0));
    }
}

fn auto_contrast(picture: &mut Picture, paper: &mut f32) {
    for channel in 0..3 {
        let values = picture.pixels.iter().map(|pixel| pixel[channel]);
        let (low, high) = values.fold((1.0f32, 0.0f32), |(low, high), v| (low.min(v), high.max(v)));
        if low < high {
            each_of_channel(picture, channel, paper, |v| (v - low) / (high - low));
        }
    }
}

/// Paper, which is grey, goes with the first channel.
fn each_of_channel(picture: &mut Picture, channel: usize, paper: &mut f32, change: impl Fn(f32) -> f32) {
    let values = picture.pixels.iter_mut().map(|pixel| &mut pixel[channel]);
    values.chain((channel == 0).then_some(paper)).for_each(|v| *v = change(*v).clamp(0.0, 1.0));
}

/// A value's rank takes its place: the darkest become black, the brightest white.
fn equalise(picture: &mut Picture, paper: &mut f32) {
    let level = |v: f32| (v * 255.0).round() as usize;
    for channel in 0..3 {
        let mut counts = [0; 256];
        picture.pixels.iter().for_each(|pixel| counts[level(pixel[channel])] += 1);
        let brightest = counts.iter().rfind(|count| **count > 0).unwrap_or(&0);
        let others = picture.pixels.len() - brightest;
        if others > 0 {
            let mut darker = 0;
            let ranks = counts.map(|count| {
                let rank = darker as f32 / others as f32;
                darker += count;
                rank
            });
            each_of_channel(picture, channel, paper, |v| ranks[level(v)]);
        }
    }
}

/// Each pixel's mean with its neighbours, itself counting five times, as in Pillow; the border as it is.
fn smoothed(picture: &Picture) -> Vec<[f32; 3]> {
    let side = picture.side;
    let inner = 1..side.saturating_sub(1);
    let mut smooth = picture.pixels.clone();
    for index in inner.clone().flat_map(|row| inner.clone().map(move |column| row * side + column)) {
        smooth[index] = std::array::from_fn(|channel| {
            let value = |index: usize| picture.pixels[index][channel];
            let three = |index: usize| value(index - 1) + value(index) + value(index + 1);
            (three(index - side) + three(index) + three(index + side) + 4.0 * value(index)) / 13.0
        });
    }
    smooth
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    use super::*;

    const SIDE: usize = 32;

    fn rng(seed: u64) -> Pcg64Mcg {
        Pcg64Mcg::seed_from_u64(seed)
    }

    /// A photo, as it were: every value is a multiple of 1/255.
    fn photo() -> Picture {
        let mut rng = rng(3);
        let pixel =
            |index: usize| [index % SIDE * 8, index / SIDE * 8, rng.random_range(40..200)].map(|v| v as f32 / 255.0);
        Picture { side: SIDE, pixels: (0..SIDE * SIDE).map(pixel).collect() }
    }

    fn apart(a: &Picture, b: &Picture) -> f32 {
        assert_eq!((a.side, a.pixels.len()), (b.side, b.pixels.len()));
        a.pixels.iter().flatten().zip(b.pixels.iter().flatten()).fold(0.0, |most, (a, b)| most.max((a - b).abs()))
    }

    #[test]
    fn nothing_asked_is_nothing_changed_and_nothing_drawn() {
        let mut used = rng(1);
        assert_eq!(PixelAugmentation::default().vary(&photo(), 1.0, &mut used), photo());
        assert_eq!(used.random::<u64>(), rng(1).random::<u64>());
    }

    #[test]
    fn variations_are_seeded_and_stay_pictures() {
        let none = PixelAugmentation::default();
        for varied in [
            PixelAugmentation { flip: true, ..none },
            PixelAugmentation { shift: 0.1, scale: 0.3, ..none },
            PixelAugmentation { cutout: 0.5, noise: 0.2, ..none },
            PixelAugmentation { policy: Some(Policy::AutoAugment {}), ..none },
            PixelAugmentation { policy: Some(Policy::RandAugment { operations: 3, magnitude: 30.0 }), ..none },
        ] {
            varied.check().unwrap();
            let vary = |seed| varied.vary(&photo(), 1.0, &mut rng(seed));
            let pictures: Vec<Picture> = (0..60).map(vary).collect();
            for (seed, picture) in pictures.iter().enumerate() {
                assert_eq!(*picture, vary(seed as u64));
                assert!(picture.pixels.iter().flatten().all(|v| (0.0..=1.0).contains(v)), "{varied:?}");
            }
            assert!(pictures[1..].iter().any(|picture| *picture != pictures[0]), "{varied:?}");
        }
    }

    #[test]
    fn a_flip_mirrors_every_second_picture() {
        let mut mirrored = photo();
        mirrored.pixels.chunks_exact_mut(SIDE).for_each(<[_]>::reverse);
        let mut rng = rng(5);
        let flips = PixelAugmentation { flip: true, ..PixelAugmentation::default() };
        let flipped = |_: &usize| {
            let picture = flips.vary(&photo(), 1.0, &mut rng);
            assert!(picture == photo() || picture == mirrored);
            picture == mirrored
        };
        assert!((70..130).contains(&(0..200).filter(flipped).count()));
    }

    #[test]
    fn without_strength_operations_change_nothing_and_with_it_what_they_should() {
        let strong = |operation: Operation, strength: f32| {
            let mut picture = photo();
            operation.apply(&mut picture, strength, &mut 0.25, &mut rng(2));
            picture
        };
        for operation in RAND_AUGMENT {
            if ![AutoContrast, Equalise].contains(&operation) {
                assert!(apart(&strong(operation, 0.0), &photo()) < 1e-5, "{operation:?}");
            }
            assert!(operation == Identity || apart(&strong(operation, 1.0), &photo()) > 0.05, "{operation:?}");
        }
        for operation in [ShearX, ShearY, TranslateX, TranslateY, Rotate] {
            let paper = strong(operation, 1.0).pixels.iter().filter(|pixel| **pixel == [0.25; 3]).count();
            assert!((SIDE..SIDE * SIDE / 2).contains(&paper), "{operation:?} lets in {paper} pixels of paper");
        }
        let inverted = strong(Invert, 0.0);
        assert!(apart(&inverted, &strong(Solarise, 1.0)) == 0.0 && inverted.pixels[0][0] == 1.0);
        let mut levels: Vec<u8> = strong(Posterise, 1.0).to_rgba();
        levels.sort_unstable();
        levels.dedup();
        assert!(levels.len() <= 17 && levels.iter().all(|v| *v == 255 || v % 16 == 0), "{levels:?}");
        for operation in [AutoContrast, Equalise] {
            let blue = strong(operation, 0.0)
                .pixels
                .iter()
                .map(|p| p[2])
                .fold((1.0f32, 0.0f32), |(l, h), v| (l.min(v), h.max(v)));
            assert_eq!(blue, (0.0, 1.0), "{operation:?}");
        }
    }

    #[test]
    fn paper_takes_part_in_what_happens_to_the_picture() {
        let (mut sheet, mut paper) = (Picture::filled(SIDE, 1.0), 1.0);
        for operation in [Invert, TranslateX, Brightness, Rotate, Posterise, Cutout] {
            operation.apply(&mut sheet, 0.5, &mut paper, &mut rng(4));
            assert!(apart(&sheet, &Picture::filled(SIDE, paper)) < 1e-6, "{operation:?}");
        }
        for operation in [AutoContrast, Equalise, Solarise] {
            let (mut inked, mut paper) = (Picture::filled(SIDE, 0.6), 0.6);
            inked.pixels[..SIDE].fill([0.2; 3]);
            operation.apply(&mut inked, 0.5, &mut paper, &mut rng(4));
            assert!(inked.pixels[SIDE..].iter().all(|pixel| *pixel == [paper; 3]) && paper != 0.6, "{operation:?}");
        }
    }

    #[test]
    fn a_policy_is_data_and_refused_by_name() {
        let parse = |json: &str| serde_json::from_str::<PixelAugmentation>(json).map_err(|error| error.to_string());
        assert_eq!(parse("{}").unwrap(), PixelAugmentation::default());
        let policy = parse(r#"{"policy": {"name": "rand-augment"}}"#).unwrap().policy;
        assert_eq!(policy, Some(Policy::RandAugment { operations: 2, magnitude: 9.0 }));
        parse(r#"{"policy": {"name": "auto-augment"}}"#).unwrap().check().unwrap();
        for (json, name) in [
            (r#"{"rotate": 1}"#, "rotate"),
            (r#"{"policy": {"name": "auto-augment", "magnitude": 3}}"#, "magnitude"),
            (r#"{"policy": {"name": "rand-augment", "operation": 3}}"#, "operation"),
            (r#"{"policy": {"name": "best"}}"#, "rand-augment"),
        ] {
            let error = parse(json).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
        for (json, name) in [
            (r#"{"shift": 0.6}"#, "shift"),
            (r#"{"scale": -0.1}"#, "scale"),
            (r#"{"cutout": 1}"#, "cutout"),
            (r#"{"noise": 2}"#, "noise"),
            (r#"{"policy": {"name": "rand-augment", "magnitude": 31}}"#, "magnitude"),
            (r#"{"policy": {"name": "rand-augment", "operations": 0}}"#, "operations"),
        ] {
            let error = parse(json).unwrap().check().unwrap_err();
            assert!(error.code() == "bad-option" && error.to_string().contains(name), "{error}");
        }
    }
}
