//! Convolution with batch normalisation on running statistics folded into it, an optional shortcut and the activation: what
//! a network computes in inference, in one pass over memory.

use std::sync::Arc;

use burn::prelude::*;
use burn_flex::{Flex, FlexTensor};

use super::conv::Scratch;
use super::conv_norm::{
    Activation, BatchStatistics, CHANNELS_FIRST, ON_CPU, affine, channels_last, clamp, new_channels_last, values,
};
use super::convolution::Convolution;
use super::threads;
use super::vectors::vectorized;
use super::window::Window;

/// The parameters of a convolution and of the normalisation behind it, multiplied out.
#[derive(Debug)]
pub struct FoldedConvNorm {
    /// What `columns` were made of. Kept, so that no other weight can take its place in memory.
    weight: FlexTensor,
    scale: Vec<f32>,
    shift: Vec<f32>,
    columns: Vec<f32>,
}

impl FoldedConvNorm {
    /// Of a weight `[output, input / groups, kernel, kernel]` and the normalisation's parameters; `before`, if it is that.
    ///
    /// # Panics
    /// If a tensor is not on the CPU without automatic differentiation.
    pub fn new(
        weight: Tensor<4>,
        [gamma, beta]: [Tensor<1>; 2],
        statistics: &BatchStatistics,
        epsilon: f64,
        before: Option<Arc<Self>>,
    ) -> Arc<Self> {
        let weight = weight.try_into_primitive::<Flex>().expect(ON_CPU).to_contiguous();
        let [gamma, beta] = [gamma, beta].map(|v| v.try_into_primitive::<Flex>().expect(ON_CPU).to_contiguous());
        let (scale, shift) = affine(values(&gamma), values(&beta), statistics, epsilon);
        let same = |folded: &Self| {
            let places = [&folded.weight, &weight].map(|weight| values(weight).as_ptr());
            places[0] == places[1] && folded.scale == scale && folded.shift == shift
        };
        if let Some(before) = before.filter(|folded| same(folded)) {
            return before;
        }
        Arc::new(Self::of(weight, scale, shift))
    }

    /// Of a contiguous weight, and what outputs are multiplied with and what is added to them, a value a channel.
    pub(super) fn of(weight: FlexTensor, scale: Vec<f32>, shift: Vec<f32>) -> Self {
        let shape = weight.layout().shape().clone();
        // Only shapes matter for the order of a weight's values.
        let inputs = if shape[1] == 1 { shape[0] } else { shape[1] };
        let conv = convolution([1, 1], [shape[0], shape[1], shape[2]], inputs, 1);
        let columns = conv.columns(&Self::scaled(&conv, values(&weight), &scale)).into_owned();
        Self { weight, scale, shift, columns }
    }

    /// A weight whose filters are multiplied by `scale`, as `conv` packs it.
    pub(super) fn scaled(conv: &Convolution, weight: &[f32], scale: &[f32]) -> Vec<f32> {
        let filters = weight.chunks_exact(weight.len() / scale.len()).zip(scale);
        let scaled: Vec<f32> = filters.flat_map(|(filter, scale)| filter.iter().map(move |v| v * scale)).collect();
        conv.pack(&scaled).into_owned()
    }

    /// `x`, `[batch, input, height, width]`, convolved with "SAME" padding and normalised, plus `shortcut` of the output's
    /// shape, activated.
    ///
    /// # Panics
    /// If a tensor is not on the CPU without automatic differentiation, or of an unfitting shape.
    pub fn forward(
        &self,
        x: Tensor<4>,
        shortcut: Option<Tensor<4>>,
        stride: usize,
        activation: Activation,
    ) -> Tensor<4> {
        let ([batch, input, height, width], shape) = (x.dims(), self.weight.layout().shape().clone());
        let conv = convolution([height, width], [shape[0], shape[1], shape[2]], input, stride);
        let plain = |tensor: Tensor<4>| channels_last(&tensor.try_into_primitive::<Flex>().expect(ON_CPU));
        let (x, shortcut) = (plain(x), shortcut.map(plain));
        let y = self.convolve(&conv.by_pixels(), values(&x), shortcut.as_ref().map(values), activation);
        Tensor::from_primitive::<Flex>(new_channels_last(y, &conv, batch).permute(&CHANNELS_FIRST))
    }

    /// The same of values channels last, by a convolution of such images.
    pub(super) fn convolve(
        &self,
        conv: &Convolution,
        x: &[f32],
        shortcut: Option<&[f32]>,
        activation: Activation,
    ) -> Vec<f32> {
        let images = x.len() / conv.input_len();
        let at_once = images.div_ceil(threads::pieces());
        let length = images * conv.output_len();
        assert!(shortcut.is_none_or(|shortcut| shortcut.len() == length), "a shortcut is of the output's shape");
        let (input, output) = (at_once * conv.input_len(), at_once * conv.output_len());
        let pieces = x.chunks(input).enumerate();
        let (y, _) = threads::build(length, output, pieces, |(piece, x), unfilled| {
            let (mut scratch, mut done) = (Scratch::default(), piece * output);
            for x in x.chunks(conv.images_at_once() * conv.input_len()) {
                let length = x.len() / conv.input_len() * conv.output_len();
                unfilled.next(length, |y| {
                    let y = conv.forward(x, &self.columns, &mut scratch, y);
                    let added = shortcut.map(|shortcut| &shortcut[done..][..length]);
                    vectorized(
                        #[inline(always)]
                        || finish(y, &self.shift, added, activation),
                    );
                    y
                });
                done += length;
            }
        });
        y
    }
}

fn convolution(size: [usize; 2], [output, depth, kernel]: [usize; 3], input: usize, stride: usize) -> Convolution {
    assert!(input.is_multiple_of(depth), "a convolution's weight fits its input");
    Convolution::new(Window { size, kernel, stride }, [input, output], input / depth)
}

/// `y = activation(y + shift + added)`.
#[inline(always)]
fn finish(y: &mut [f32], shift: &[f32], added: Option<&[f32]>, activation: Activation) {
    let (channels, [floor, ceiling]) = (shift.len(), activation.limits());
    match added {
        Some(added) => {
            for (y, added) in y.chunks_exact_mut(channels).zip(added.chunks_exact(channels)) {
                for c in 0..channels {
                    y[c] = clamp(y[c] + shift[c] + added[c], floor, ceiling);
                }
            }
        }
        None => {
            for y in y.chunks_exact_mut(channels) {
                for c in 0..channels {
                    y[c] = clamp(y[c] + shift[c], floor, ceiling);
                }
            }
        }
    }
}
