//! Pixel inputs: composited on paper, cropped to what is on it, resampled.

use super::Picture;
use crate::backbone::InputSpec;
use crate::error::{Error, Result};

/// The largest width or height taken.
const MAX_SIDE: usize = 8192;
/// Pixels closer than this to white, in every channel, are paper. Wide enough for the noise of a scan or of JPEG.
pub(crate) const PAPER_TOLERANCE: f32 = 0.06;

/// An RGB image on white paper, each channel in 0..=1.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 3]>,
}

impl Image {
    /// Takes 8-bit RGBA with straight alpha, row by row (the browser's `ImageData`), and composites it on white.
    ///
    /// # Errors
    /// [`Error::BadInput`] if a side is zero or over 8192, or if `rgba` has not `width * height * 4` bytes.
    pub fn from_rgba(width: usize, height: usize, rgba: &[u8]) -> Result<Self> {
        if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
            return Err(Error::BadInput(format!(
                "an image of {width} x {height} pixels is not usable; each side must be 1 to {MAX_SIDE}"
            )));
        }
        if rgba.len() != width * height * 4 {
            return Err(Error::BadInput(format!(
                "an image of {width} x {height} pixels needs {} bytes of RGBA, not {}",
                width * height * 4,
                rgba.len()
            )));
        }
        let on_white = |p: &[u8]| {
            let alpha = f32::from(p[3]) / 255.0;
            [p[0], p[1], p[2]].map(|v| f32::from(v) / 255.0 * alpha + 1.0 - alpha)
        };
        Ok(Self { width, height, pixels: rgba.chunks_exact(4).map(on_white).collect() })
    }

    /// The box around everything that is not paper, as columns and rows.
    fn content(&self) -> Option<[std::ops::Range<usize>; 2]> {
        let (mut left, mut right, mut top, mut bottom) = (self.width, 0, self.height, 0);
        for (index, pixel) in self.pixels.iter().enumerate() {
            if pixel.iter().any(|v| 1.0 - v > PAPER_TOLERANCE) {
                let (x, y) = (index % self.width, index / self.width);
                (left, right, top, bottom) = (left.min(x), right.max(x + 1), top.min(y), bottom.max(y + 1));
            }
        }
        (left < right).then_some([left..right, top..bottom])
    }

    /// Fits the content between the margins, on paper. A picture without paper around it, such as a photo, fills the
    /// whole side instead: a margin would only shrink it.
    pub(super) fn render(&self, spec: &InputSpec) -> Result<Picture> {
        let [columns, rows] = self
            .content()
            .ok_or(Error::EmptyDrawing("the image is blank; draw something first, or choose another image"))?;
        let full = columns.len() == self.width && rows.len() == self.height;
        let extent = columns.len().max(rows.len()) as f32;
        let inner = spec.size as f32 * if full { 1.0 } else { 1.0 - 2.0 * spec.margin };
        let scale = extent / inner;
        let window = |range: &std::ops::Range<usize>, length| {
            let centre = (range.start + range.end) as f32 / 2.0;
            taps(centre - spec.size as f32 * scale / 2.0, scale, spec.size, length)
        };
        let (across, down) = (window(&columns, self.width), window(&rows, self.height));
        let mut narrow = vec![[0.0f32; 3]; self.height * spec.size];
        for y in 0..self.height {
            for (x, taps) in across.iter().enumerate() {
                narrow[y * spec.size + x] = mix(taps, |column| self.pixels[y * self.width + column]);
            }
        }
        let mut pixels = Vec::with_capacity(spec.size * spec.size);
        for taps in &down {
            for x in 0..spec.size {
                pixels.push(mix(taps, |row| narrow[row * spec.size + x]));
            }
        }
        // White becomes the specification's paper and black its ink, as they do for strokes.
        for pixel in &mut pixels {
            *pixel = pixel.map(|v| spec.ink + (spec.paper - spec.ink) * v);
        }
        Ok(Picture { side: spec.size, pixels })
    }
}

/// Source positions and weights, summing to 1, of one output pixel; none if it lies outside the image, on white.
type Taps = Vec<(usize, f32)>;

/// Triangle-filter weights of `count` output pixels, the first at source coordinate `start`, `scale` source pixels
/// each: bilinear when enlarging, antialiased when reducing.
fn taps(start: f32, scale: f32, count: usize, length: usize) -> Vec<Taps> {
    let reach = scale.max(1.0);
    let centre = |index: usize| start + (index as f32 + 0.5) * scale;
    let within = |centre: f32| centre.clamp(0.0, length as f32);
    let at = |centre: f32| -> Taps {
        // At the border only what is inside counts, so that a photo has no white rim.
        let sources = (centre - reach).floor().max(0.0) as usize..((centre + reach).ceil() as usize).min(length);
        let weight = |source: usize| (1.0 - ((source as f32 + 0.5 - centre) / reach).abs()).max(0.0);
        let total: f32 = sources.clone().map(weight).sum();
        sources.map(|source| (source, weight(source) / total)).collect()
    };
    let inside = |centre: f32| centre == within(centre);
    let mut taps: Vec<Taps> =
        (0..count).map(centre).map(|centre| if inside(centre) { at(centre) } else { Taps::new() }).collect();
    // What is thinner than an output pixel may lie between the centres of two.
    if taps.iter().all(Taps::is_empty) {
        let beside = |index: &usize| (centre(*index) - within(centre(*index))).abs();
        let nearest = (0..count).min_by(|a, b| beside(a).total_cmp(&beside(b)));
        nearest.into_iter().for_each(|index| taps[index] = at(within(centre(index))));
    }
    taps
}

fn mix(taps: &Taps, pixel: impl Fn(usize) -> [f32; 3]) -> [f32; 3] {
    if taps.is_empty() {
        return [1.0; 3];
    }
    let mut sum = [0.0; 3];
    for (source, weight) in taps {
        let value = pixel(*source);
        for channel in 0..3 {
            sum[channel] += weight * value[channel];
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doodle::Doodle;

    fn spec() -> InputSpec {
        InputSpec { size: 32, ..InputSpec::dark_on_white(3, [0.0; 3], [1.0; 3]) }
    }

    #[test]
    fn refuses_blank_and_malformed() {
        let transparent_black = Image::from_rgba(4, 4, &[0; 64]).unwrap();
        assert_eq!(transparent_black.render(&spec()).unwrap_err().code(), "empty-drawing");
        assert_eq!(Image::from_rgba(4, 4, &[0; 63]).unwrap_err().code(), "bad-input");
        assert_eq!(Image::from_rgba(0, 4, &[]).unwrap_err().code(), "bad-input");
    }

    #[test]
    fn what_is_thinner_than_a_pixel_is_seen() {
        for (width, height) in [(100, 1), (1, 300), (512, 7)] {
            let black = [0, 0, 0, 255].repeat(width * height);
            let picture = Image::from_rgba(width, height, &black).unwrap().render(&spec()).unwrap();
            let inked = picture.pixels.iter().filter(|pixel| pixel[0] < 0.5).count();
            assert_eq!(inked, spec().size, "{width} x {height}");
        }
    }

    #[test]
    fn a_photo_fills_the_frame() {
        let photo = Image::from_rgba(64, 64, &[100; 64 * 64 * 4]).unwrap();
        let grey = photo.pixels[0][0];
        assert!(photo.render(&spec()).unwrap().pixels.iter().all(|p| (p[0] - grey).abs() < 1e-3));
    }

    #[test]
    fn a_doodle_on_a_canvas_looks_like_its_strokes() {
        let doodle = Doodle::new(vec![vec![[10.0, 10.0], [90.0, 20.0], [50.0, 80.0], [10.0, 10.0]]]).unwrap();
        let large = InputSpec { size: 200, ..spec() };
        let canvas = doodle.render(&large).unwrap();
        let image = Image::from_rgba(200, 200, &canvas.to_rgba()).unwrap().render(&spec()).unwrap();
        let strokes = doodle.render(&spec()).unwrap();
        let difference: f32 = image.pixels.iter().zip(&strokes.pixels).map(|(a, b)| (a[0] - b[0]).abs()).sum();
        assert!(difference / 1024.0 < 0.02, "{}", difference / 1024.0);
    }
}
