//! Depthwise convolution in browsers: which lines of pixels meet which, for kernels that treat a line at a time.

use std::mem::MaybeUninit;
use std::rc::Rc;

use super::depthwise::Depthwise;
use super::lines::{Kernels, LANES, Line, Places};

/// All lines of one side of a depthwise convolution with those of the other side that they meet.
pub struct Stripes {
    channels: usize,
    kernel: usize,
    /// Height and width of source images, and of target images.
    sizes: [[usize; 2]; 2],
    rows: Vec<Stripe>,
    columns: Vec<(Stripe, Rc<Kernels>)>,
}

/// Targets, a fixed distance apart, that meet the same taps.
#[derive(Debug, Clone, Copy)]
struct Stripe {
    line: Line,
    /// The first target and the distance to the next.
    targets: [usize; 2],
    /// The first tap and the distance to the next.
    taps: [isize; 2],
}

impl Stripes {
    /// Outputs as targets, that meet inputs; none where lines have no kernels.
    pub fn forward(conv: &Depthwise) -> Option<Self> {
        let [size, output] = [conv.window.size, conv.window.output()];
        let stripe = |axis: usize| {
            let before = conv.window.padding()[axis];
            let (taps, step) = (conv.window.kernel, conv.window.stride);
            let line = Line { taps, step, before, sources: size[axis], targets: output[axis] };
            vec![Stripe { line, targets: [0, 1], taps: [0, 1] }]
        };
        Self::new(conv, [size, output], [0, 1].map(stripe))
    }

    /// Inputs as targets, that meet outputs: those with the same remainder by the stride meet the same taps, last ones first.
    pub fn backward(conv: &Depthwise) -> Option<Self> {
        let [size, output] = [conv.window.size, conv.window.output()];
        let (kernel, stride) = (conv.window.kernel, conv.window.stride);
        let stripe = |axis: usize, first: usize| {
            let padded = first + conv.window.padding()[axis];
            let first_tap = padded % stride;
            let taps = kernel.saturating_sub(first_tap).div_ceil(stride);
            let targets = size[axis].saturating_sub(first).div_ceil(stride);
            let line = match taps {
                0 => Line { taps, step: 1, before: 0, sources: 0, targets },
                _ => Line { taps, step: 1, before: taps - 1 - padded / stride, sources: output[axis], targets },
            };
            let last_tap = (first_tap + stride * taps) as isize - stride as isize;
            Stripe { line, targets: [first, stride], taps: [last_tap, -(stride as isize)] }
        };
        let stripes = [0, 1].map(|axis| (0..stride).map(|first| stripe(axis, first)).collect());
        Self::new(conv, [output, size], stripes)
    }

    fn new(conv: &Depthwise, sizes: [[usize; 2]; 2], [rows, columns]: [Vec<Stripe>; 2]) -> Option<Self> {
        if !conv.channels.is_multiple_of(LANES) {
            return None;
        }
        let columns =
            columns.into_iter().map(|stripe| Some((stripe, stripe.line.kernels()?))).collect::<Option<_>>()?;
        Some(Self { channels: conv.channels, kernel: conv.window.kernel, sizes, rows, columns })
    }

    /// Targets become the sums of what they meet, weighted.
    pub fn gather<'a>(&self, source: &[f32], packed: &[f32], target: &'a mut [MaybeUninit<f32>]) -> &'a mut [f32] {
        self.assert_fit(source.len(), packed.len(), target.len());
        // Weights are read only.
        let weight = packed.as_ptr().cast_mut();
        // SAFETY: as all are as long as they have to be, all places lie within them.
        self.each(source.as_ptr(), weight, target.as_mut_ptr().cast(), target.len(), |kernels, places| unsafe {
            kernels.gather.run(places);
        });
        // SAFETY: every target belongs to a stripe of rows and one of columns, and was written.
        unsafe { target.assume_init_mut() }
    }

    /// To weights is added what their targets and the sources below them have in common.
    pub fn correlate(&self, source: &[f32], packed: &mut [f32], target: &[f32]) {
        self.assert_fit(source.len(), packed.len(), target.len());
        // Targets are read only.
        let places = target.as_ptr().cast_mut();
        // SAFETY: as all are as long as they have to be, all places lie within them.
        self.each(source.as_ptr(), packed.as_mut_ptr(), places, target.len(), |kernels, places| unsafe {
            kernels.correlate.run(places);
        });
    }

    fn assert_fit(&self, source: usize, packed: usize, target: usize) {
        let [source_image, target_image] = self.sizes.map(|[height, width]| height * width * self.channels);
        let images = target / target_image;
        let fit = (source, target) == (images * source_image, images * target_image);
        assert!(fit && packed == self.kernel * self.kernel * self.channels, "images and weights fit");
    }

    /// Calls `run` for every line of `length` values of targets.
    fn each(
        &self,
        source: *const f32,
        weight: *mut f32,
        target: *mut f32,
        length: usize,
        run: impl Fn(&Kernels, &Places),
    ) {
        let Self { channels, kernel, sizes: [from, to], .. } = *self;
        let [source_row, target_row] = [from[1], to[1]].map(|width| width * channels);
        let tap = channels as isize;
        for image in 0..length / (to[0] * target_row) {
            let source = source.wrapping_add(image * from[0] * source_row);
            let target = target.wrapping_add(image * to[0] * target_row);
            for stripe in &self.rows {
                for row in 0..stripe.line.targets {
                    let (taps, first) = stripe.line.met(row);
                    let source = source.wrapping_add(first * source_row);
                    let target = target.wrapping_add((stripe.targets[0] + row * stripe.targets[1]) * target_row);
                    let first = stripe.taps[0] + taps.start as isize * stripe.taps[1];
                    let weight = weight.wrapping_offset(first * kernel as isize * tap);
                    for (columns, kernels) in &self.columns {
                        let places = Places {
                            rows: taps.len(),
                            source: (source, source_row),
                            weight: (
                                weight.wrapping_offset(columns.taps[0] * tap),
                                [stripe.taps[1] * kernel as isize * tap, columns.taps[1] * tap],
                            ),
                            target: (target.wrapping_add(columns.targets[0] * channels), columns.targets[1] * channels),
                            channels,
                        };
                        run(kernels, &places);
                    }
                }
            }
        }
    }
}
