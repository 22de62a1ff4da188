//! Two-dimensional convolution, channels last, as matrix products (im2col; Chellapilla et al., "High performance
//! convolutional neural networks for document processing", 2006).

use std::borrow::Cow;
use std::mem::MaybeUninit;

use super::product::{add_product, filled, product, transposed};
use super::threads::zeros;
use super::window::Window;

/// A convolution in which every output channel sees every input channel.
#[derive(Debug, Clone, Copy)]
pub struct Conv {
    /// Where outputs look.
    pub window: Window,
    /// Input and output channels.
    pub channels: [usize; 2],
}

/// Unrolled patches stay within this many values, a part of a core's second-level cache.
const PATCHES: usize = 1 << 17;

/// Single pixels to treat at least at once.
const PIXELS: usize = 256;

/// Room for unrolled patches: of inputs, and of their gradients. To be used by one convolution only.
#[derive(Debug, Default)]
pub struct Scratch {
    seen: Vec<f32>,
    spread: Vec<f32>,
}

impl Conv {
    /// Values that an output pixel sees.
    fn depth(&self) -> usize {
        self.window.kernel * self.window.kernel * self.channels[0]
    }

    fn images(&self, values: &[f32]) -> usize {
        values.len() / (self.window.input_pixels() * self.channels[0])
    }

    /// How many images to unroll at once.
    pub fn images_at_once(&self) -> usize {
        let values = self.window.output_pixels() * self.depth().max(self.channels[1]);
        // Of single pixels enough for the sums of their weights' gradients.
        (PATCHES / values).max(if self.window.input_pixels() == 1 { PIXELS } else { 1 })
    }

    /// burn's `[output, input, kernel, kernel]` as `[output, kernel, kernel, input]`.
    pub fn pack<'a>(&self, weight: &'a [f32]) -> Cow<'a, [f32]> {
        self.transpose_filters(weight, self.channels[0])
    }

    /// The inverse of [`Conv::pack`].
    pub fn unpack<'a>(&self, packed: &'a [f32]) -> Cow<'a, [f32]> {
        self.transpose_filters(packed, self.window.kernel * self.window.kernel)
    }

    /// Every filter's row-major `[rows, columns]` as `[columns, rows]`.
    fn transpose_filters<'a>(&self, weight: &'a [f32], rows: usize) -> Cow<'a, [f32]> {
        if self.window.kernel == 1 {
            return Cow::Borrowed(weight);
        }
        Cow::Owned(weight.chunks_exact(self.depth()).flat_map(|filter| transposed(filter, rows)).collect())
    }

    /// The packed weight with what an output pixel sees in rows, `[kernel, kernel, input, output]`, as [`Conv::forward`] reads
    /// it.
    pub fn columns(&self, packed: &[f32]) -> Vec<f32> {
        transposed(packed, self.channels[1])
    }

    /// `output = patches x columns`.
    pub fn forward<'a>(
        &self,
        images: &[f32],
        columns: &[f32],
        scratch: &mut Scratch,
        output: &'a mut [MaybeUninit<f32>],
    ) -> &'a mut [f32] {
        let patches = self.patches(images, &mut scratch.seen);
        let ([depth, channels], rows) = ([self.depth(), self.channels[1]], output.len() / self.channels[1]);
        product([rows, channels, depth], output, (patches, [depth, 1]), (columns, [channels, 1]))
    }

    /// `gradient += output_gradientᵀ x patches`; an empty one is zero.
    pub fn add_weight_gradient(
        &self,
        images: &[f32],
        output_gradient: &[f32],
        scratch: &mut Scratch,
        gradient: &mut Vec<f32>,
    ) {
        let patches = self.patches(images, &mut scratch.seen);
        let ([depth, channels], rows) = ([self.depth(), self.channels[1]], output_gradient.len() / self.channels[1]);
        let (size, lhs, rhs) = ([channels, depth, rows], (output_gradient, [1, channels]), (patches, [depth, 1]));
        if gradient.is_empty() {
            filled(gradient, channels * depth, |gradient| product(size, gradient, lhs, rhs));
        } else {
            add_product(size, gradient, lhs, rhs);
        }
    }

    /// Whether [`Conv::some_weight_gradient`] takes less than sums of whole gradients, for `images` together.
    pub fn has_long_weight(&self, images: &[f32]) -> bool {
        self.window.is_pointwise() && self.channels[0] * self.channels[1] > images.len()
    }

    /// The part of the weight's gradient that belongs to output channels from `first` on, as many as it has room for; of a
    /// pointwise convolution.
    pub fn some_weight_gradient<'a>(
        &self,
        images: &[f32],
        output_gradient: &[f32],
        first: usize,
        gradient: &'a mut [MaybeUninit<f32>],
    ) -> &'a mut [f32] {
        let [depth, channels] = self.channels;
        let rows = output_gradient.len() / channels;
        let size = [gradient.len() / depth, depth, rows];
        product(size, gradient, (&output_gradient[first..], [1, channels]), (images, [depth, 1]))
    }

    /// `gradient = output_gradient x weight`, gathered from patches.
    pub fn input_gradient<'a>(
        &self,
        output_gradient: &[f32],
        packed: &[f32],
        scratch: &mut Scratch,
        gradient: &'a mut [MaybeUninit<f32>],
    ) -> &'a mut [f32] {
        let ([depth, channels], rows) = ([self.depth(), self.channels[1]], output_gradient.len() / self.channels[1]);
        let (size, lhs, rhs) = ([rows, depth, channels], (output_gradient, [channels, 1]), (packed, [depth, 1]));
        if self.window.is_pointwise() {
            return product(size, gradient, lhs, rhs);
        }
        let patches = filled(&mut scratch.spread, rows * depth, |patches| product(size, patches, lhs, rhs));
        let gradient = zeros(gradient);
        let input = self.channels[0];
        self.window.for_runs(self.images(gradient), |output, tap, pixel, pixels| {
            let seen = &patches[output * depth + tap * input..][..pixels * input];
            gradient[pixel * input..][..seen.len()].iter_mut().zip(seen).for_each(|(sum, v)| *sum += v);
        });
        gradient
    }

    /// What each output pixel sees, `[images, height, width, kernel, kernel, input]`.
    fn patches<'a>(&self, images: &'a [f32], buffer: &'a mut Vec<f32>) -> &'a [f32] {
        if self.window.is_pointwise() {
            return images;
        }
        let (count, depth, input) = (self.images(images), self.depth(), self.channels[0]);
        // What lies in the padding is zero from the first use on: the same places, image by image, are never written.
        let patches = room(buffer, count * self.window.output_pixels() * depth);
        self.window.for_runs(count, |output, tap, pixel, pixels| {
            let seen = &mut patches[output * depth + tap * input..][..pixels * input];
            seen.copy_from_slice(&images[pixel * input..][..seen.len()]);
        });
        patches
    }
}

/// The first `length` values of a buffer that grows as needed.
fn room(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}
