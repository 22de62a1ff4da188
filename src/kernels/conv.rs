//! Two-dimensional convolution, channels last, as matrix products (im2col; Chellapilla et al., "High performance
//! convolutional neural networks for document processing", 2006).

/// The shape of a convolution with TensorFlow's "SAME" padding: `ceil(input / stride)` outputs, the odd padding pixel
/// going to the right and the bottom.
#[derive(Debug, Clone, Copy)]
pub struct Conv {
    /// Height and width of the input.
    pub size: [usize; 2],
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Side of the kernel.
    pub kernel: usize,
    /// Step between outputs.
    pub stride: usize,
}

/// Unrolled patches stay within this many values, a part of a core's second-level cache.
const PATCHES: usize = 1 << 17;

impl Conv {
    /// Height and width of the output.
    pub fn output(&self) -> [usize; 2] {
        self.size.map(|side| side.div_ceil(self.stride))
    }

    /// Values of an input image.
    pub fn input_len(&self) -> usize {
        self.size[0] * self.size[1] * self.channels[0]
    }

    /// Values of an output image.
    pub fn output_len(&self) -> usize {
        self.pixels() * self.channels[1]
    }

    /// Values that an output pixel sees.
    pub fn depth(&self) -> usize {
        self.kernel * self.kernel * self.channels[0]
    }

    fn pixels(&self) -> usize {
        let [height, width] = self.output();
        height * width
    }

    /// How many images to unroll at once.
    pub fn images_at_once(&self) -> usize {
        (PATCHES / (self.pixels() * self.depth())).max(1)
    }

    /// Blank rows above and columns left of the image.
    fn padding(&self) -> [usize; 2] {
        let [output, size] = [self.output(), self.size];
        [0, 1].map(|axis| ((output[axis] - 1) * self.stride + self.kernel).saturating_sub(size[axis]) / 2)
    }

    /// burn's `[output, input, kernel, kernel]` as `[kernel, kernel, input, output]`.
    pub fn pack(&self, weight: &[f32]) -> Vec<f32> {
        let [input, output] = self.channels;
        let area = self.kernel * self.kernel;
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
        let area = self.kernel * self.kernel;
        let mut weight = vec![0.0; packed.len()];
        for (o, filter) in weight.chunks_exact_mut(input * area).enumerate() {
            for (i, plane) in filter.chunks_exact_mut(area).enumerate() {
                plane.iter_mut().enumerate().for_each(|(tap, v)| *v = packed[(tap * input + i) * output + o]);
            }
        }
        weight
    }

    /// Whether an output pixel sees exactly one input pixel, its own.
    fn is_pointwise(&self) -> bool {
        self.kernel == 1 && self.stride == 1
    }

    /// What each output pixel sees, `[images, height, width, kernel, kernel, input]`; `buffer` is room for it, empty or
    /// last used by this convolution.
    pub fn patches<'a>(&self, images: &'a [f32], buffer: &'a mut Vec<f32>) -> &'a [f32] {
        if self.is_pointwise() {
            return images;
        }
        let length = images.len() / self.input_len() * self.pixels() * self.depth();
        // What lies in the padding is zero from the first use on: the same places, image by image, are never written.
        if buffer.len() < length {
            buffer.resize(length, 0.0);
        }
        self.for_runs(images.len() / self.input_len(), |patch, image, length| {
            buffer[patch..patch + length].copy_from_slice(&images[image..image + length]);
        });
        &buffer[..length]
    }

    /// Adds what each output pixel sees back to the images: the transpose of [`Conv::patches`].
    fn add_patches(&self, patches: &[f32], images: &mut [f32]) {
        self.for_runs(images.len() / self.input_len(), |patch, image, length| {
            let seen = &patches[patch..patch + length];
            images[image..image + length].iter_mut().zip(seen).for_each(|(sum, v)| *sum += v);
        });
    }

    /// Calls `copy(start in patches, start in images, length)` for every run of values that patches and images share.
    fn for_runs(&self, images: usize, mut copy: impl FnMut(usize, usize, usize)) {
        let ([height, width], [rows, columns], [above, left]) = (self.size, self.output(), self.padding());
        let (input, row_len) = (self.channels[0], self.kernel * self.channels[0]);
        for image in 0..images {
            for row in 0..rows {
                for column in 0..columns {
                    let patch = ((image * rows + row) * columns + column) * self.depth();
                    let x = (column * self.stride) as isize - left as isize;
                    // The part of the kernel's row that lies within the image.
                    let first = (-x).max(0) as usize;
                    let last = (width as isize - x).min(self.kernel as isize) as usize;
                    for tap in 0..self.kernel {
                        let y = (row * self.stride + tap) as isize - above as isize;
                        if (0..height as isize).contains(&y) && first < last {
                            let pixel = (image * height + y as usize) * width + (x + first as isize) as usize;
                            copy(patch + tap * row_len + first * input, pixel * input, (last - first) * input);
                        }
                    }
                }
            }
        }
    }

    /// `output = patches x weight`.
    pub fn forward(&self, patches: &[f32], packed: &[f32], output: &mut [f32]) {
        let ([depth, channels], rows) = ([self.depth(), self.channels[1]], output.len() / self.channels[1]);
        product([rows, channels, depth], output, false, (patches, [depth, 1]), (packed, [channels, 1]));
    }

    /// `gradient += patchesᵀ x output_gradient`.
    pub fn add_weight_gradient(&self, patches: &[f32], output_gradient: &[f32], gradient: &mut [f32]) {
        let ([depth, channels], rows) = ([self.depth(), self.channels[1]], output_gradient.len() / self.channels[1]);
        product([depth, channels, rows], gradient, true, (patches, [1, depth]), (output_gradient, [channels, 1]));
    }

    /// `gradient += output_gradient x weightᵀ`, gathered from patches; `buffer` is room for those.
    pub fn input_gradient(&self, output_gradient: &[f32], packed: &[f32], buffer: &mut Vec<f32>, gradient: &mut [f32]) {
        let ([depth, channels], rows) = ([self.depth(), self.channels[1]], output_gradient.len() / self.channels[1]);
        let (lhs, rhs) = ((output_gradient, [channels, 1]), (packed, [1, channels]));
        if self.is_pointwise() {
            return product([rows, depth, channels], gradient, true, lhs, rhs);
        }
        if buffer.len() < rows * depth {
            buffer.resize(rows * depth, 0.0);
        }
        let patches = &mut buffer[..rows * depth];
        product([rows, depth, channels], patches, false, lhs, rhs);
        self.add_patches(patches, gradient);
    }
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
