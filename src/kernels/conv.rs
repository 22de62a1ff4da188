//! Two-dimensional convolution, channels last, as matrix products (im2col; Chellapilla et al., "High performance
//! convolutional neural networks for document processing", 2006).

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
        (PATCHES / (self.window.output_pixels() * self.depth())).max(1)
    }

    /// burn's `[output, input, kernel, kernel]` as `[kernel, kernel, input, output]`.
    pub fn pack(&self, weight: &[f32]) -> Vec<f32> {
        let [input, output] = self.channels;
        let area = self.window.kernel * self.window.kernel;
        let mut packed = vec![0.0; weight.len()];
        for (o, filter) in weight.chunks_exact(input * area).enumerate() {
            for (i, plane) in filter.chunks_exact(area).enumerate() {
                plane.iter().enumerate().for_each(|(tap, v)| packed[(tap * input + i) * output + o] = *v);
            }
        }
        packed
    }

    /// The inverse of [`Conv::pack`].
    pub fn unpack(&self, packed: &[f32]) -> Vec<f32> {
        let [input, output] = self.channels;
        let area = self.window.kernel * self.window.kernel;
        let mut weight = vec![0.0; packed.len()];
        for (o, filter) in weight.chunks_exact_mut(input * area).enumerate() {
            for (i, plane) in filter.chunks_exact_mut(area).enumerate() {
                plane.iter_mut().enumerate().for_each(|(tap, v)| *v = packed[(tap * input + i) * output + o]);
            }
        }
        weight
    }

    /// `output = patches x weight`.
    pub fn forward(&self, images: &[f32], packed: &[f32], scratch: &mut Scratch, output: &mut [f32]) {
        let patches = self.patches(images, &mut scratch.seen);
        let ([depth, channels], rows) = ([self.depth(), self.channels[1]], output.len() / self.channels[1]);
        product([rows, channels, depth], output, false, (patches, [depth, 1]), (packed, [channels, 1]));
    }

    /// `gradient += patchesᵀ x output_gradient`.
    pub fn add_weight_gradient(
        &self,
        images: &[f32],
        output_gradient: &[f32],
        scratch: &mut Scratch,
        gradient: &mut [f32],
    ) {
        let patches = self.patches(images, &mut scratch.seen);
        let ([depth, channels], rows) = ([self.depth(), self.channels[1]], output_gradient.len() / self.channels[1]);
        product([depth, channels, rows], gradient, true, (patches, [1, depth]), (output_gradient, [channels, 1]));
    }

    /// `gradient += output_gradient x weightᵀ`, gathered from patches.
    pub fn add_input_gradient(
        &self,
        output_gradient: &[f32],
        packed: &[f32],
        scratch: &mut Scratch,
        gradient: &mut [f32],
    ) {
        let ([depth, channels], rows) = ([self.depth(), self.channels[1]], output_gradient.len() / self.channels[1]);
        let (lhs, rhs) = ((output_gradient, [channels, 1]), (packed, [1, channels]));
        if self.window.is_pointwise() {
            return product([rows, depth, channels], gradient, true, lhs, rhs);
        }
        let patches = room(&mut scratch.spread, rows * depth);
        product([rows, depth, channels], patches, false, lhs, rhs);
        let input = self.channels[0];
        self.window.for_runs(self.images(gradient), |output, tap, pixel, pixels| {
            let seen = &patches[output * depth + tap * input..][..pixels * input];
            gradient[pixel * input..][..seen.len()].iter_mut().zip(seen).for_each(|(sum, v)| *sum += v);
        });
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

/// Row-major `target[m, n]` = (`target` +) `lhs[m, k]` x `rhs[k, n]`, each side with its strides of rows and columns.
fn product(
    [m, n, k]: [usize; 3],
    target: &mut [f32],
    add: bool,
    (lhs, [lhs_row, lhs_column]): (&[f32], [usize; 2]),
    (rhs, [rhs_row, rhs_column]): (&[f32], [usize; 2]),
) {
    assert!(target.len() == m * n && lhs.len() == m * k && rhs.len() == k * n, "a product's sides fit");
    let [lhs_row, lhs_column, rhs_row, rhs_column] = [lhs_row, lhs_column, rhs_row, rhs_column].map(|v| v as isize);
    // SAFETY: the lengths were checked, and the strides, of a whole row- or column-major matrix, stay within them.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            target.as_mut_ptr(),
            1,
            n as isize,
            add,
            lhs.as_ptr(),
            lhs_column,
            lhs_row,
            rhs.as_ptr(),
            rhs_column,
            rhs_row,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
