//! Depthwise convolution, channels last: every channel by itself, all channels of a pixel at once.

use std::mem::MaybeUninit;

use super::product::transposed;
#[cfg(target_arch = "wasm32")]
use super::stripes;
use super::threads::zeros;
use super::vectors::vectorized;
use super::window::Window;

/// A convolution in which every output channel sees its own input channel only.
#[derive(Debug, Clone, Copy)]
pub struct Depthwise {
    /// Where outputs look.
    pub window: Window,
    /// Number of channels.
    pub channels: usize,
}

/// Images whose values stay in a core's second-level cache are treated at once.
const VALUES: usize = 1 << 17;

impl Depthwise {
    /// How many images to treat at once.
    pub fn images_at_once(&self) -> usize {
        (VALUES / (self.window.input_pixels() * self.channels)).max(1)
    }

    /// burn's `[channels, 1, kernel, kernel]` as `[kernel, kernel, channels]`.
    pub fn pack(&self, weight: &[f32]) -> Vec<f32> {
        transposed(weight, self.channels)
    }

    /// The inverse of [`Depthwise::pack`].
    pub fn unpack(&self, packed: &[f32]) -> Vec<f32> {
        transposed(packed, packed.len() / self.channels)
    }

    /// `output = window * weight`.
    pub fn forward<'a>(&self, images: &[f32], packed: &[f32], output: &'a mut [MaybeUninit<f32>]) -> &'a mut [f32] {
        let channels = self.channels;
        #[cfg(target_arch = "wasm32")]
        if let Some(stripes) = stripes::Stripes::forward(self) {
            return stripes.gather(images, packed, output);
        }
        let output = zeros(output);
        vectorized(
            #[inline(always)]
            || {
                self.for_taps(images.len(), |out, tap, pixel| {
                    let (out, seen) =
                        (&mut output[out * channels..][..channels], &images[pixel * channels..][..channels]);
                    let weight = &packed[tap * channels..][..channels];
                    for c in 0..channels {
                        out[c] += seen[c] * weight[c];
                    }
                });
            },
        );
        output
    }

    /// `gradient += images * output_gradient`, summed over outputs; an empty one is zero.
    pub fn add_weight_gradient(&self, images: &[f32], output_gradient: &[f32], gradient: &mut Vec<f32>) {
        let channels = self.channels;
        gradient.resize(self.window.kernel * self.window.kernel * channels, 0.0);
        #[cfg(target_arch = "wasm32")]
        if let Some(stripes) = stripes::Stripes::forward(self) {
            return stripes.correlate(images, gradient, output_gradient);
        }
        vectorized(
            #[inline(always)]
            || {
                self.for_taps(images.len(), |out, tap, pixel| {
                    let (out, seen) =
                        (&output_gradient[out * channels..][..channels], &images[pixel * channels..][..channels]);
                    let sum = &mut gradient[tap * channels..][..channels];
                    for c in 0..channels {
                        sum[c] += seen[c] * out[c];
                    }
                });
            },
        );
    }

    /// `gradient = output_gradient * weight`, summed at every pixel that was seen.
    pub fn input_gradient<'a>(
        &self,
        output_gradient: &[f32],
        packed: &[f32],
        gradient: &'a mut [MaybeUninit<f32>],
    ) -> &'a mut [f32] {
        let channels = self.channels;
        #[cfg(target_arch = "wasm32")]
        if let Some(stripes) = stripes::Stripes::backward(self) {
            return stripes.gather(output_gradient, packed, gradient);
        }
        let gradient = zeros(gradient);
        vectorized(
            #[inline(always)]
            || {
                self.for_taps(gradient.len(), |out, tap, pixel| {
                    let out = &output_gradient[out * channels..][..channels];
                    let (sum, weight) =
                        (&mut gradient[pixel * channels..][..channels], &packed[tap * channels..][..channels]);
                    for c in 0..channels {
                        sum[c] += out[c] * weight[c];
                    }
                });
            },
        );
        gradient
    }

    /// Calls `visit(output pixel, tap, input pixel)` for all of them in images of `length` values.
    #[inline(always)]
    fn for_taps(&self, length: usize, mut visit: impl FnMut(usize, usize, usize)) {
        let images = length / (self.window.input_pixels() * self.channels);
        self.window.for_runs(images, |output, tap, pixel, pixels| {
            for offset in 0..pixels {
                visit(output, tap + offset, pixel + offset);
            }
        });
    }
}
