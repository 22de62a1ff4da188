//! The rasteriser: strokes to antialiased pixels.

use super::Doodle;
use crate::backbone::InputSpec;
use crate::error::Result;

/// A square RGB picture, row by row from the top left, each channel in 0..=1.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Width and height, in pixels.
    pub side: usize,
    /// `side * side` pixels.
    pub pixels: Vec<[f32; 3]>,
}

impl Picture {
    /// A blank sheet.
    pub fn filled(side: usize, value: f32) -> Self {
        Self { side, pixels: vec![[value; 3]; side * side] }
    }

    /// Appends the normalised planes `[channels, side, side]` that the network reads.
    ///
    /// One channel takes the luminance (ITU-R BT.709 weights).
    pub fn write_planes(&self, spec: &InputSpec, planes: &mut Vec<f32>) {
        for channel in 0..spec.channels {
            let (mean, deviation) = (spec.mean[channel], spec.std[channel]);
            planes.extend(self.pixels.iter().map(|[r, g, b]| {
                let value =
                    if spec.channels == 1 { 0.2126 * r + 0.7152 * g + 0.0722 * b } else { [*r, *g, *b][channel] };
                (value - mean) / deviation
            }));
        }
    }

    /// The picture as 8-bit RGBA, opaque, for display.
    pub fn to_rgba(&self) -> Vec<u8> {
        let byte = |v: f32| (v.clamp(0.0, 1.0) * 255.0).round() as u8;
        self.pixels.iter().flat_map(|[r, g, b]| [byte(*r), byte(*g), byte(*b), 255]).collect()
    }
}

impl Doodle {
    /// Draws the doodle with the specification's line width, its ink fitted and centred between the margins.
    ///
    /// A pixel's coverage is that of a line with round caps and joins, antialiased over one pixel: it falls linearly
    /// with the distance of the pixel's centre from the nearest segment.
    pub(crate) fn render(&self, spec: &InputSpec) -> Result<Picture> {
        let side = spec.size as f32;
        let radius = spec.line_width * side / 2.0;
        let [left, top, right, bottom] = self.bounds();
        let extent = (right - left).max(bottom - top);
        let scale = (side * (1.0 - 2.0 * spec.margin) - 2.0 * radius) / extent;
        let fit = |[x, y]: [f32; 2]| {
            [side / 2.0 + (x - (left + right) / 2.0) * scale, side / 2.0 + (y - (top + bottom) / 2.0) * scale]
        };
        let mut coverage = vec![0.0f32; spec.size * spec.size];
        for stroke in self.strokes() {
            let mut from = fit(stroke[0]);
            // A stroke of one point is a round dot: a segment of no length.
            for point in stroke.iter().skip(usize::from(stroke.len() > 1)) {
                let to = fit(*point);
                cover_segment(&mut coverage, spec.size, radius, from, to);
                from = to;
            }
        }
        let pixels = coverage.into_iter().map(|c| [spec.paper + (spec.ink - spec.paper) * c; 3]).collect();
        Ok(Picture { side: spec.size, pixels })
    }
}

/// Raises `coverage` (row by row, `side` squared) to that of the segment where the segment covers more.
fn cover_segment(coverage: &mut [f32], side: usize, radius: f32, [ax, ay]: [f32; 2], [bx, by]: [f32; 2]) {
    let reach = radius + 0.5;
    let clip = |v: f32| v.clamp(0.0, side as f32) as usize;
    let (columns, rows) = (
        clip((ax.min(bx) - reach).floor())..clip((ax.max(bx) + reach).ceil()),
        clip((ay.min(by) - reach).floor())..clip((ay.max(by) + reach).ceil()),
    );
    let (dx, dy) = (bx - ax, by - ay);
    let length2 = dx * dx + dy * dy;
    for row in rows {
        let py = row as f32 + 0.5 - ay;
        for column in columns.clone() {
            let px = column as f32 + 0.5 - ax;
            let along = if length2 > 0.0 { ((px * dx + py * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
            let distance = (px - along * dx).hypot(py - along * dy);
            let covered = (reach - distance).clamp(0.0, 1.0);
            let pixel = &mut coverage[row * side + column];
            *pixel = pixel.max(covered);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(size: usize) -> InputSpec {
        InputSpec { size, ..InputSpec::dark_on_white(3, [0.0; 3], [1.0; 3]) }
    }

    fn ink(picture: &Picture) -> Vec<f32> {
        picture.pixels.iter().map(|p| 1.0 - p[0]).collect()
    }

    #[test]
    fn is_the_same_at_any_place_and_scale() {
        let strokes = vec![vec![[0.0, 0.0], [3.0, 1.0], [2.0, 4.0]], vec![[1.0, 1.0]]];
        let moved =
            strokes.iter().map(|s| s.iter().map(|[x, y]| [x * 64.0 - 512.0, y * 64.0 + 1024.0]).collect()).collect();
        let [a, b] = [strokes, moved].map(|s| Doodle::new(s).unwrap().render(&spec(32)).unwrap());
        for (a, b) in ink(&a).iter().zip(ink(&b)) {
            assert!((a - b).abs() < 1e-3);
        }
    }

    #[test]
    fn a_horizontal_line_has_its_length_and_width() {
        let spec = InputSpec { line_width: 4.0 / 64.0, margin: 8.0 / 64.0, ..spec(64) };
        let ink = ink(&Doodle::new(vec![vec![[0.0, 0.0], [10.0, 0.0]]]).unwrap().render(&spec).unwrap());
        // 44 pixels between the cap centres and 4 across, plus two half discs of radius 2.
        let expected = 44.0 * 4.0 + std::f32::consts::PI * 4.0;
        assert!((ink.iter().sum::<f32>() - expected).abs() < 1.0, "{}", ink.iter().sum::<f32>());
        let column: Vec<f32> = (0..64).map(|row| ink[row * 64 + 32]).collect();
        assert_eq!(column[29..35], [0.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
        assert!(
            ink[32 * 64 + 7] == 0.0 && ink[32 * 64 + 8] > 0.5 && ink[32 * 64 + 55] > 0.5 && ink[32 * 64 + 56] == 0.0
        );
    }

    #[test]
    fn planes_are_normalised_per_channel() {
        let spec = InputSpec { size: 1, ..InputSpec::dark_on_white(3, [0.1, 0.2, 0.3], [1.0, 2.0, 4.0]) };
        let mut planes = Vec::new();
        Picture { side: 1, pixels: vec![[0.5, 0.6, 0.7]] }.write_planes(&spec, &mut planes);
        for (plane, expected) in planes.iter().zip([0.4, 0.2, 0.1]) {
            assert!((plane - expected).abs() < 1e-6);
        }
        planes.clear();
        Picture { side: 1, pixels: vec![[1.0; 3]] }.write_planes(&InputSpec { channels: 1, ..spec }, &mut planes);
        assert!(planes.len() == 1 && (planes[0] - 0.9).abs() < 1e-6);
    }
}
