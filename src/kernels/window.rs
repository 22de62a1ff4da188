//! Which input pixels a convolution's outputs see.

/// A square kernel that slides over images, with TensorFlow's "SAME" padding: `ceil(input / stride)` outputs, the odd
/// padding pixel going to the right and the bottom.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Height and width of the input.
    pub size: [usize; 2],
    /// Side of the kernel.
    pub kernel: usize,
    /// Step between outputs.
    pub stride: usize,
}

impl Window {
    /// Height and width of the output.
    pub fn output(&self) -> [usize; 2] {
        self.size.map(|side| side.div_ceil(self.stride))
    }

    /// Pixels of an input image.
    pub fn input_pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// Pixels of an output image.
    pub fn output_pixels(&self) -> usize {
        self.output()[0] * self.output()[1]
    }

    /// Whether an output pixel sees exactly one input pixel, its own.
    pub fn is_pointwise(&self) -> bool {
        self.kernel == 1 && self.stride == 1
    }

    /// Blank rows above and columns left of the image.
    pub fn padding(&self) -> [usize; 2] {
        let [output, size] = [self.output(), self.size];
        [0, 1].map(|axis| ((output[axis] - 1) * self.stride + self.kernel).saturating_sub(size[axis]) / 2)
    }

    /// Calls `run(output pixel, first tap, first input pixel, pixels)` for every row of the kernel at every output pixel,
    /// with the taps and the pixels under them that lie within the image. Pixels are counted through all images.
    #[inline(always)]
    pub fn for_runs(&self, images: usize, mut run: impl FnMut(usize, usize, usize, usize)) {
        let ([height, width], [rows, columns], [above, left]) = (self.size, self.output(), self.padding());
        for image in 0..images {
            for row in 0..rows {
                for column in 0..columns {
                    let output = (image * rows + row) * columns + column;
                    let x = (column * self.stride) as isize - left as isize;
                    let first = (-x).max(0) as usize;
                    let last = (width as isize - x).min(self.kernel as isize).max(0) as usize;
                    for line in 0..self.kernel {
                        let y = (row * self.stride + line) as isize - above as isize;
                        if (0..height as isize).contains(&y) && first < last {
                            let pixel = (image * height + y as usize) * width + (x + first as isize) as usize;
                            run(output, line * self.kernel + first, pixel, last - first);
                        }
                    }
                }
            }
        }
    }
}
