//! Convolution, batch normalisation on the batch's own statistics, an optional shortcut and the activation as one
//! differentiable operation: what a convolutional network computes in training, in a third of the passes over memory. On given
//! statistics it is [`running`](super::running).
//!
//! Ioffe and Szegedy, "Batch normalization", 2015 (arXiv 1502.03167), for the gradients.

use std::borrow::Cow;
use std::mem::MaybeUninit;
use std::sync::Arc;

use super::conv::Scratch;
use super::convolution::Convolution;
use super::threads;
use super::vectors::vectorized;
use super::window::Window;
use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn::prelude::*;
use burn_flex::{Flex, FlexTensor};

/// What follows the normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activation {
    /// Nothing.
    None,
    /// max(x, 0).
    Relu,
    /// min(max(x, 0), 6).
    Relu6,
}

impl Activation {
    /// Beyond these, the output is flat.
    pub(super) fn limits(self) -> [f32; 2] {
        match self {
            Self::None => [f32::NEG_INFINITY, f32::INFINITY],
            Self::Relu => [0.0, f32::INFINITY],
            Self::Relu6 => [0.0, 6.0],
        }
    }
}

/// Mean and (biased) variance of each channel over a batch.
#[derive(Debug, Clone)]
pub struct BatchStatistics {
    /// Mean.
    pub mean: Vec<f32>,
    /// Mean squared distance from the mean.
    pub variance: Vec<f32>,
}

/// `activation(gamma * (z - mean) / sqrt(variance + epsilon) + beta + shortcut)`, where `z` is the convolution of `x`
/// with "SAME" padding.
#[derive(Debug)]
pub struct ConvNormOp {
    /// `[batch, input, height, width]`.
    pub x: Tensor<4>,
    /// `[output, input, kernel, kernel]`.
    pub weight: Tensor<4>,
    /// `[output]`.
    pub gamma: Tensor<1>,
    /// `[output]`.
    pub beta: Tensor<1>,
    /// `[batch, output, ceil(height / stride), ceil(width / stride)]`.
    pub shortcut: Option<Tensor<4>>,
    /// Step between outputs.
    pub stride: usize,
    /// Added to the variance.
    pub epsilon: f64,
    /// What follows.
    pub activation: Activation,
}

impl ConvNormOp {
    /// With the mean and variance of `z` over this batch, which are returned too; differentiable.
    ///
    /// # Panics
    /// If a tensor is not on the CPU with automatic differentiation (without checkpointing), or of an unfitting shape.
    pub fn on_batch_statistics(self) -> (Tensor<4>, BatchStatistics) {
        let (conv, batch) = (self.convolution(), self.x.dims()[0]);
        let (epsilon, activation) = (self.epsilon, self.activation);
        let Operands { nodes, x, weight, gamma, beta, shortcut } = self.operands();
        let packed = match conv.pack(values(&weight)) {
            Cow::Borrowed(_) => weight,
            Cow::Owned(packed) => new_vector(packed),
        };
        let gamma = values(&gamma).to_vec();
        let (z, statistics) = convolve(&conv, batch, values(&x), values(&packed));
        let (scale, shift) = affine(&gamma, values(&beta), &statistics, epsilon);
        let y = activate(&z, [&scale, &shift], shortcut.as_ref().map(values), activation);
        let y = new_channels_last(y, &conv, batch);
        let out = y.permute(&CHANNELS_FIRST);
        let saved = Saved {
            conv,
            x,
            packed,
            z,
            y,
            deviations: statistics.deviations(epsilon),
            gamma,
            mean: statistics.mean.clone(),
            has_shortcut: shortcut.is_some(),
            activation,
        };
        let out = match ConvNormBackward.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(Arc::new(saved), out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        };
        (Tensor::from_primitive::<Autodiff<Flex>>(out), statistics)
    }

    /// The values on the CPU: `x` and the shortcut channels last, all contiguous.
    pub(super) fn operands(self) -> Operands {
        let tracked = |tensor: Tensor<4>| tensor.try_into_primitive::<Autodiff<Flex>>().expect(ON_CPU);
        let vector = |tensor: Tensor<1>| tensor.try_into_primitive::<Autodiff<Flex>>().expect(ON_CPU);
        let (x, weight) = (tracked(self.x), tracked(self.weight));
        let (gamma, beta) = (vector(self.gamma), vector(self.beta));
        let shortcut = self.shortcut.map(tracked);
        // Without a shortcut, a parent that gets nothing for it takes its place.
        let last = shortcut.as_ref().map_or_else(|| x.node(), |shortcut| shortcut.node());
        Operands {
            nodes: [x.node(), weight.node(), gamma.node(), beta.node(), last],
            x: channels_last(x.primitive()),
            weight: weight.primitive().to_contiguous(),
            gamma: gamma.primitive().to_contiguous(),
            beta: beta.primitive().to_contiguous(),
            shortcut: shortcut.map(|shortcut| channels_last(shortcut.primitive())),
        }
    }

    pub(super) fn convolution(&self) -> Convolution {
        let [_, input, height, width] = self.x.dims();
        let [output, depth, kernel, _] = self.weight.dims();
        assert!(input.is_multiple_of(depth), "a convolution's weight fits its input");
        let window = Window { size: [height, width], kernel, stride: self.stride };
        Convolution::new(window, [input, output], input / depth)
    }
}

/// What a [`ConvNormOp`] is of, on the CPU.
pub(super) struct Operands {
    /// Of all five, in this order.
    pub nodes: [NodeGuard; 5],
    pub x: FlexTensor,
    pub weight: FlexTensor,
    pub gamma: FlexTensor,
    pub beta: FlexTensor,
    pub shortcut: Option<FlexTensor>,
}

impl BatchStatistics {
    /// 1 / sqrt(variance + epsilon).
    pub(super) fn deviations(&self, epsilon: f64) -> Vec<f32> {
        self.variance.iter().map(|v| (v + epsilon as f32).sqrt().recip()).collect()
    }
}

/// The normalisation as a factor and a summand for each channel.
pub(super) fn affine(gamma: &[f32], beta: &[f32], statistics: &BatchStatistics, epsilon: f64) -> (Vec<f32>, Vec<f32>) {
    let scale: Vec<f32> = gamma.iter().zip(statistics.deviations(epsilon)).map(|(gamma, d)| gamma * d).collect();
    let shift = beta.iter().zip(&scale).zip(&statistics.mean).map(|((beta, s), mean)| beta - mean * s).collect();
    (scale, shift)
}

pub(super) const ON_CPU: &str = "these kernels are for tensors on the CPU";
pub(super) const CHANNELS_FIRST: [usize; 4] = [0, 3, 1, 2];
const CHANNELS_LAST: [usize; 4] = [0, 2, 3, 1];

/// `[batch, channels, height, width]` as contiguous `[batch, height, width, channels]`; no copy if it was made here.
pub(super) fn channels_last(tensor: &FlexTensor) -> FlexTensor {
    tensor.permute(&CHANNELS_LAST).to_contiguous()
}

pub(super) fn new_channels_last(values: Vec<f32>, conv: &Convolution, batch: usize) -> FlexTensor {
    let [height, width] = conv.window().output();
    FlexTensor::from_data(TensorData::new(values, [batch, height, width, conv.channels()[1]]))
}

pub(super) fn new_vector(values: Vec<f32>) -> FlexTensor {
    let length = values.len();
    FlexTensor::from_data(TensorData::new(values, [length]))
}

/// The values of a contiguous tensor.
pub(super) fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("it is contiguous")
}

/// The convolution and its statistics.
fn convolve(conv: &Convolution, batch: usize, x: &[f32], packed: &[f32]) -> (Vec<f32>, BatchStatistics) {
    let (length, channels) = (batch * conv.output_len(), conv.channels()[1]);
    let (conv, columns) = (conv.by_pixels(), conv.columns(packed));
    let images = (x.len() / conv.input_len()).div_ceil(threads::pieces());
    let piece = images * conv.output_len();
    let (z, sums) = threads::build(length, piece, x.chunks(images * conv.input_len()), |x, unfilled| {
        let (mut scratch, mut sums) = (Scratch::default(), vec![[0.0f64; 2]; channels]);
        for x in x.chunks(conv.images_at_once() * conv.input_len()) {
            let length = x.len() / conv.input_len() * conv.output_len();
            let z = unfilled.next(length, |z| conv.forward(x, &columns, &mut scratch, z));
            for z in z.chunks(SHORT_SUM * channels) {
                let mut partial = [vec![0.0f32; channels], vec![0.0f32; channels]];
                vectorized(
                    #[inline(always)]
                    || add_moments(z, &mut partial),
                );
                for (channel, sums) in sums.iter_mut().enumerate() {
                    *sums = [0, 1].map(|moment| sums[moment] + f64::from(partial[moment][channel]));
                }
            }
        }
        sums
    });
    let rows = (z.len() / channels) as f64;
    let moment = |channel: usize, moment: usize| sums.iter().map(|sums| sums[channel][moment]).sum::<f64>() / rows;
    let mean: Vec<f64> = (0..channels).map(|channel| moment(channel, 0)).collect();
    let variance = mean.iter().enumerate().map(|(channel, mean)| (moment(channel, 1) - mean * mean).max(0.0) as f32);
    let statistics =
        BatchStatistics { variance: variance.collect(), mean: mean.iter().map(|mean| *mean as f32).collect() };
    (z, statistics)
}

/// Adds each channel's sum and sum of squares.
#[inline(always)]
fn add_moments(z: &[f32], [sum, squares]: &mut [Vec<f32>; 2]) {
    let channels = sum.len();
    let squares = &mut squares[..channels];
    for row in z.chunks_exact(channels) {
        for channel in 0..channels {
            sum[channel] += row[channel];
            squares[channel] += row[channel] * row[channel];
        }
    }
}

/// `activation(z * scale + shift + shortcut)`.
fn activate(z: &[f32], affine: [&[f32]; 2], shortcut: Option<&[f32]>, activation: Activation) -> Vec<f32> {
    let channels = affine[0].len();
    let length = (z.len() / channels).div_ceil(threads::pieces()) * channels;
    let added = shortcut.map(|shortcut| shortcut.chunks(length).map(Some).collect::<Vec<_>>());
    let added = added.unwrap_or_else(|| vec![None; z.len().div_ceil(length)]);
    let [floor, ceiling] = activation.limits();
    let (y, _) = threads::build(z.len(), length, z.chunks(length).zip(added), |(z, added), unfilled| {
        let at_once = SHORT_SUM * channels;
        for (index, z) in z.chunks(at_once).enumerate() {
            let added = added.map(|added| &added[index * at_once..][..z.len()]);
            unfilled.next(z.len(), |y| {
                vectorized(
                    #[inline(always)]
                    || activate_piece(z, y, affine, added, floor, ceiling),
                );
                // SAFETY: a piece is of whole rows, and all their values were written in the line before.
                unsafe { y.assume_init_mut() }
            });
        }
    });
    y
}

/// Within limits, and NaN stays NaN; in two instructions of WebAssembly, where `f32::clamp` is calls of functions.
#[inline(always)]
pub(super) fn clamp(v: f32, floor: f32, ceiling: f32) -> f32 {
    let v = if v < floor { floor } else { v };
    if v > ceiling { ceiling } else { v }
}

#[inline(always)]
fn activate_piece(
    z: &[f32],
    y: &mut [MaybeUninit<f32>],
    [scale, shift]: [&[f32]; 2],
    added: Option<&[f32]>,
    floor: f32,
    ceiling: f32,
) {
    let channels = scale.len();
    assert!(y.len() == z.len() && z.len().is_multiple_of(channels), "all rows are whole");
    let shift = &shift[..channels];
    for (row, (z, y)) in z.chunks_exact(channels).zip(y.chunks_exact_mut(channels)).enumerate() {
        match added {
            Some(added) => {
                let added = &added[row * channels..][..channels];
                for channel in 0..channels {
                    let v = z[channel] * scale[channel] + shift[channel] + added[channel];
                    y[channel].write(clamp(v, floor, ceiling));
                }
            }
            None => {
                for channel in 0..channels {
                    y[channel].write(clamp(z[channel] * scale[channel] + shift[channel], floor, ceiling));
                }
            }
        }
    }
}

/// What the backward pass needs of the forward one.
struct Saved {
    conv: Convolution,
    x: FlexTensor,
    /// The weight, channels last.
    packed: FlexTensor,
    z: Vec<f32>,
    y: FlexTensor,
    gamma: Vec<f32>,
    mean: Vec<f32>,
    /// 1 / sqrt(variance + epsilon).
    deviations: Vec<f32>,
    has_shortcut: bool,
    activation: Activation,
}

impl std::fmt::Debug for Saved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Saved").field("conv", &self.conv).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct ConvNormBackward;

impl Backward<Flex, 5> for ConvNormBackward {
    type State = Arc<Saved>;

    fn backward(self, ops: Ops<Self::State, 5>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let saved = &ops.state;
        let output = channels_last(&gradients.consume::<Flex>(&ops.node));
        let [x, weight, gamma, beta, shortcut] = ops.parents;
        let (mut at_sum, sums) = saved.before_activation(values(&output));
        drop(output);
        if saved.has_shortcut
            && let Some(shortcut) = shortcut
        {
            let gradient = new_channels_last(at_sum.clone(), &saved.conv, saved.batch());
            gradients.register::<Flex>(shortcut.id, gradient.permute(&CHANNELS_FIRST));
        }
        let wanted = [x.is_some(), weight.is_some()];
        let (x_gradient, weight_gradient) = saved.through_convolution(&mut at_sum, &sums, wanted);
        let [gamma_sum, beta_sum] = sums;
        if let Some(x) = x {
            let [height, width] = saved.conv.window().size;
            let shape = [saved.batch(), height, width, saved.conv.channels()[0]];
            let gradient = FlexTensor::from_data(TensorData::new(x_gradient, shape));
            gradients.register::<Flex>(x.id, gradient.permute(&CHANNELS_FIRST));
        }
        if let Some(weight) = weight {
            let unpacked = match saved.conv.unpack(&weight_gradient) {
                Cow::Borrowed(_) => weight_gradient,
                Cow::Owned(unpacked) => unpacked,
            };
            let gradient = TensorData::new(unpacked, saved.conv.weight_shape());
            gradients.register::<Flex>(weight.id, FlexTensor::from_data(gradient));
        }
        if let Some(gamma) = gamma {
            gradients.register::<Flex>(gamma.id, new_vector(gamma_sum));
        }
        if let Some(beta) = beta {
            gradients.register::<Flex>(beta.id, new_vector(beta_sum));
        }
    }
}

impl Saved {
    fn batch(&self) -> usize {
        self.z.len() / self.conv.output_len()
    }

    /// The gradient where the activation begins, and its sums by channel: weighted with the normalised `z`, and plain.
    fn before_activation(&self, output: &[f32]) -> (Vec<f32>, [Vec<f32>; 2]) {
        let mask = |first: usize, [output, y]: [&[f32]; 2], gradient: &mut [MaybeUninit<f32>], sums: &mut _| {
            let z = &self.z[first..][..gradient.len()];
            vectorized(
                #[inline(always)]
                || self.mask(output, y, z, gradient, sums),
            );
        };
        let (gradient, [gamma, beta]) = masked(output, values(&self.y), self.gamma.len(), mask);
        (gradient, [gamma.iter().zip(&self.deviations).map(|(sum, deviation)| sum * deviation).collect(), beta])
    }

    /// One piece of [`Saved::before_activation`], the first sum without its deviations.
    #[inline(always)]
    fn mask(
        &self,
        output: &[f32],
        y: &[f32],
        z: &[f32],
        gradient: &mut [MaybeUninit<f32>],
        [gamma, beta]: &mut [Vec<f32>; 2],
    ) {
        let channels = self.gamma.len();
        assert!([output.len(), y.len(), z.len()] == [gradient.len(); 3], "all are of one length");
        assert!(z.len().is_multiple_of(channels), "all rows are whole");
        let [floor, ceiling] = self.activation.limits();
        let mean = &self.mean[..channels];
        let (gamma, beta) = (&mut gamma[..channels], &mut beta[..channels]);
        let rows = output.chunks_exact(channels).zip(y.chunks_exact(channels)).zip(z.chunks_exact(channels));
        for (((output, y), z), gradient) in rows.zip(gradient.chunks_exact_mut(channels)) {
            // In two loops, as the compiler uses no vectors in one with so many slices; nor with `&&`.
            for c in 0..channels {
                let (g, y) = (output[c], y[c]);
                gradient[c].write(if (y > floor) & (y < ceiling) { g } else { 0.0 });
            }
            // SAFETY: all of it was written in the loop before.
            let gradient = unsafe { gradient.assume_init_ref() };
            for c in 0..channels {
                gamma[c] += gradient[c] * (z[c] - mean[c]);
                beta[c] += gradient[c];
            }
        }
    }

    /// Gradients of the input and of the packed weight, of no use unless wanted; `gradient` becomes that of `z`.
    fn through_convolution(
        &self,
        gradient: &mut [f32],
        [gamma_sum, beta_sum]: &[Vec<f32>; 2],
        wanted: [bool; 2],
    ) -> (Vec<f32>, Vec<f32>) {
        // z's gradient, as its statistics change with it, is gamma * deviation * (g - mean of g - normalised z * mean of g *
        // normalised z): one multiple each of g, z and 1.
        let rows = (self.z.len() / self.gamma.len()) as f32;
        let per_channel = |c: usize| {
            let of_g = self.gamma[c] * self.deviations[c];
            let of_z = -of_g * self.deviations[c] * gamma_sum[c] / rows;
            [of_g, of_z, -of_g * beta_sum[c] / rows - of_z * self.mean[c]]
        };
        let factors: Vec<[f32; 3]> = (0..self.gamma.len()).map(per_channel).collect();
        let factors = [0, 1, 2].map(|which| factors.iter().map(|f| f[which]).collect::<Vec<f32>>());
        let denormalised = |first: usize, gradient: &mut [f32]| {
            let z = &self.z[first..][..gradient.len()];
            vectorized(
                #[inline(always)]
                || denormalise(z, gradient, &factors),
            );
        };
        self.conv.gradients(values(&self.x), values(&self.packed), gradient, wanted, &denormalised)
    }
}

/// The gradient of an output where its activation begins, and sums of it by channel. `mask` fills a piece of whole rows of the former,
/// given where that begins and what of the output's gradient and of the output belongs to it, and adds to the latter.
pub(super) fn masked<const N: usize>(
    output: &[f32],
    y: &[f32],
    channels: usize,
    mask: impl Fn(usize, [&[f32]; 2], &mut [MaybeUninit<f32>], &mut [Vec<f32>; N]) + Sync + Send,
) -> (Vec<f32>, [Vec<f32>; N]) {
    let piece = (output.len() / channels).div_ceil(threads::pieces()) * channels;
    let inputs = output.chunks(piece).zip(y.chunks(piece)).enumerate();
    let (gradient, partial) = threads::build(output.len(), piece, inputs, |(index, (output, y)), unfilled| {
        let mut sums = [(); N].map(|()| vec![0.0f64; channels]);
        // Short sums in single precision, long ones in double.
        let length = SHORT_SUM * channels;
        for (part, (output, y)) in output.chunks(length).zip(y.chunks(length)).enumerate() {
            let mut short = [(); N].map(|()| vec![0.0f32; channels]);
            unfilled.next(y.len(), |gradient| {
                mask(index * piece + part * length, [output, y], gradient, &mut short);
                // SAFETY: a piece is of whole rows, and all their values were written in the line before.
                unsafe { gradient.assume_init_mut() }
            });
            for (sums, short) in sums.iter_mut().zip(&short) {
                sums.iter_mut().zip(short).for_each(|(sum, v)| *sum += f64::from(*v));
            }
        }
        sums
    });
    let total = |which: usize| -> Vec<f32> {
        (0..channels).map(|c| partial.iter().map(|sums| sums[which][c]).sum::<f64>() as f32).collect()
    };
    (gradient, std::array::from_fn(total))
}

/// Rows that are treated at once, and summed in single precision.
const SHORT_SUM: usize = 256;

#[inline(always)]
fn denormalise(z: &[f32], gradient: &mut [f32], [of_g, of_z, of_1]: &[Vec<f32>; 3]) {
    let channels = of_g.len();
    let (of_z, of_1) = (&of_z[..channels], &of_1[..channels]);
    for (z, gradient) in z.chunks_exact(channels).zip(gradient.chunks_exact_mut(channels)) {
        for c in 0..channels {
            gradient[c] = of_g[c] * gradient[c] + of_z[c] * z[c] + of_1[c];
        }
    }
}
