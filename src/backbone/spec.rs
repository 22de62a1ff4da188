//! What a backbone wants to see.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How a drawing becomes a network's input. It travels with the weights, so that training, prediction and every
/// exported model prepare pixels in the same way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// Width and height in pixels.
    pub size: usize,
    /// `size` must be a multiple of this, the network's total stride.
    pub stride: usize,
    /// 3 (RGB) or 1 (luminance).
    pub channels: usize,
    /// Brightness of the paper, 0 (black) to 1 (white).
    pub paper: f32,
    /// Brightness of the ink, 0 to 1.
    pub ink: f32,
    /// Width of a stroke as a share of the side.
    pub line_width: f32,
    /// Blank border on each side as a share of the side.
    pub margin: f32,
    /// Mean per channel, subtracted from brightness.
    pub mean: Vec<f32>,
    /// Standard deviation per channel, which divides it then.
    pub std: Vec<f32>,
}

/// The largest tensor, in bytes, that every GPU in a browser can bind (maxStorageBufferBindingSize of WebGPU).
pub(crate) const MOST_BINDING: u64 = 128 << 20;

/// Bytes of the largest activations in any network, for a pixel of the input: 96 channels of half the size.
const BYTES_A_PIXEL: u64 = 96;

/// The smallest and largest input side.
const SIZES: std::ops::RangeInclusive<usize> = 32..=512;

impl InputSpec {
    /// Black ink on white paper at 128 pixels: what networks made for photographs understand best.
    pub fn dark_on_white<const C: usize>(channels: usize, mean: [f32; C], std: [f32; C]) -> Self {
        Self {
            size: 128,
            stride: 32,
            channels,
            paper: 1.0,
            ink: 0.0,
            line_width: 0.03,
            margin: 0.06,
            mean: mean.to_vec(),
            std: std.to_vec(),
        }
    }

    /// How many pictures, of at most `most`, go through a network together on every GPU.
    pub(crate) fn at_once(&self, most: usize) -> usize {
        most.min((MOST_BINDING / (BYTES_A_PIXEL * (self.size * self.size) as u64)) as usize).max(1)
    }

    /// The same specification at another size.
    ///
    /// # Errors
    /// [`Error::BadOption`] if the network cannot take that size.
    pub fn with_size(self, size: usize) -> Result<Self> {
        if !SIZES.contains(&size) || !size.is_multiple_of(self.stride) {
            return Err(Error::BadOption(format!(
                "size is {size}, but this network takes multiples of {} from {} to {}",
                self.stride,
                SIZES.start(),
                SIZES.end()
            )));
        }
        Ok(Self { size, ..self })
    }

    /// Checks a specification that came from a file.
    ///
    /// # Errors
    /// [`Error::BadWeights`] naming the value that is out of range.
    pub fn check(&self) -> Result<()> {
        let bad = |what: String| {
            Err(Error::BadWeights(format!("the input specification in the weights is unusable: {what}")))
        };
        let share = |v: f32| (0.0..0.5).contains(&v);
        if self.stride == 0 || !SIZES.contains(&self.size) || !self.size.is_multiple_of(self.stride) {
            return bad(format!("size {} with stride {}", self.size, self.stride));
        }
        if ![1, 3].contains(&self.channels) || self.mean.len() != self.channels || self.std.len() != self.channels {
            return bad(format!(
                "{} channels with {} means and {} deviations",
                self.channels,
                self.mean.len(),
                self.std.len()
            ));
        }
        if !(0.0..=1.0).contains(&self.paper) || !(0.0..=1.0).contains(&self.ink) || self.paper == self.ink {
            return bad(format!("paper {} and ink {}", self.paper, self.ink));
        }
        if !share(self.line_width)
            || self.line_width == 0.0
            || !share(self.margin)
            || self.line_width + 2.0 * self.margin >= 0.9
        {
            return bad(format!("line width {} and margin {}", self.line_width, self.margin));
        }
        if self.mean.iter().any(|v| !v.is_finite()) || self.std.iter().any(|v| !v.is_finite() || *v <= 0.0) {
            return bad(format!("mean {:?} and deviation {:?}", self.mean, self.std));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_go_together_as_every_gpu_can_bind() {
        let spec = |size| InputSpec { size, ..InputSpec::dark_on_white(3, [0.5; 3], [0.5; 3]) };
        for size in (32..=512).step_by(32) {
            let largest = |pictures: usize| (pictures * 96 * (size / 2) * (size / 2) * size_of::<f32>()) as u64;
            let together = spec(size).at_once(32);
            assert!(largest(together) <= MOST_BINDING, "{size}");
            assert!(together == 32 || largest(together + 1) > MOST_BINDING, "{size}");
        }
        assert_eq!([128, 224, 512].map(|size| spec(size).at_once(32)), [32, 27, 5]);
    }

    #[test]
    fn refuses_what_no_network_could_take() {
        let good = InputSpec::dark_on_white(3, [0.5; 3], [0.5; 3]);
        good.check().unwrap();
        assert_eq!(good.clone().with_size(100).unwrap_err().code(), "bad-option");
        assert_eq!(good.clone().with_size(96).unwrap().size, 96);
        for bad in [
            InputSpec { channels: 4, ..good.clone() },
            InputSpec { stride: 0, ..good.clone() },
            InputSpec { ink: 1.0, ..good.clone() },
            InputSpec { margin: 0.49, ..good.clone() },
            InputSpec { std: vec![0.0; 3], ..good.clone() },
            InputSpec { line_width: f32::NAN, ..good.clone() },
        ] {
            assert_eq!(bad.check().unwrap_err().code(), "bad-weights", "{bad:?}");
        }
    }
}
