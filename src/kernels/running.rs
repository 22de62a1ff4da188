//! [`ConvNormOp`] on given statistics, as most fine-tuning wants it: normalisation is multiplied into the convolution, so that
//! nothing lies between that and the output, neither in time nor in memory.

use std::borrow::Cow;
use std::mem::MaybeUninit;
use std::sync::Arc;

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::prelude::*;
use burn_flex::{Flex, FlexTensor};

use super::conv_norm::{
    Activation, BatchStatistics, CHANNELS_FIRST, ConvNormOp, Operands, affine, channels_last, masked,
    new_channels_last, new_vector, values,
};
use super::convolution::Convolution;
use super::dot::dot;
use super::folded::FoldedConvNorm;
use super::vectors::vectorized;

impl ConvNormOp {
    /// With the given mean and variance; differentiable.
    ///
    /// # Panics
    /// As [`ConvNormOp::on_batch_statistics`].
    pub fn on_running_statistics(self, statistics: BatchStatistics) -> Tensor<4> {
        let (conv, batch) = (self.convolution(), self.x.dims()[0]);
        let (epsilon, activation) = (self.epsilon, self.activation);
        let Operands { nodes, x, weight, gamma, beta, shortcut } = self.operands();
        let (scale, shift) = affine(values(&gamma), values(&beta), &statistics, epsilon);
        let folded = FoldedConvNorm::of(weight.clone(), scale.clone(), shift);
        let y = folded.convolve(&conv.by_pixels(), values(&x), shortcut.as_ref().map(values), activation);
        let y = new_channels_last(y, &conv, batch);
        let out = y.permute(&CHANNELS_FIRST);
        let saved = Saved {
            conv,
            batch,
            x,
            weight,
            y,
            scale,
            deviations: statistics.deviations(epsilon),
            mean: statistics.mean,
            has_shortcut: shortcut.is_some(),
            activation,
        };
        let out = match RunningBackward.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(Arc::new(saved), out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        };
        Tensor::from_primitive::<Autodiff<Flex>>(out)
    }
}

/// What the backward pass needs of the forward one; images lie channels last.
struct Saved {
    conv: Convolution,
    batch: usize,
    x: FlexTensor,
    /// As it came.
    weight: FlexTensor,
    y: FlexTensor,
    /// gamma / sqrt(variance + epsilon).
    scale: Vec<f32>,
    /// 1 / sqrt(variance + epsilon).
    deviations: Vec<f32>,
    mean: Vec<f32>,
    has_shortcut: bool,
    activation: Activation,
}

impl std::fmt::Debug for Saved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Saved").field("conv", &self.conv).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct RunningBackward;

impl Backward<Flex, 5> for RunningBackward {
    type State = Arc<Saved>;

    fn backward(self, ops: Ops<Self::State, 5>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let saved = &ops.state;
        let output = channels_last(&gradients.consume::<Flex>(&ops.node));
        let [x, weight, gamma, beta, shortcut] = ops.parents;
        let (mut at_sum, beta_sum) = saved.before_activation(values(&output));
        drop(output);
        let wanted = [x.is_some(), weight.is_some() || gamma.is_some()];
        let scaled = FoldedConvNorm::scaled(&saved.conv, values(&saved.weight), &saved.scale);
        let (of_x, of_folded) = saved.conv.gradients(values(&saved.x), &scaled, &mut at_sum, wanted, &|_, _| ());
        if saved.has_shortcut
            && let Some(shortcut) = shortcut
        {
            let gradient = new_channels_last(at_sum, &saved.conv, saved.batch);
            gradients.register::<Flex>(shortcut.id, gradient.permute(&CHANNELS_FIRST));
        }
        if let Some(x) = x {
            let [height, width] = saved.conv.window().size;
            let shape = [saved.batch, height, width, saved.conv.channels()[0]];
            let gradient = FlexTensor::from_data(TensorData::new(of_x, shape));
            gradients.register::<Flex>(x.id, gradient.permute(&CHANNELS_FIRST));
        }
        if wanted[1] {
            let of_folded = saved.conv.unpack(&of_folded);
            if let Some(gamma) = gamma {
                gradients.register::<Flex>(gamma.id, new_vector(saved.of_gamma(&of_folded, &beta_sum)));
            }
            if let Some(weight) = weight {
                let gradient = TensorData::new(saved.of_weight(of_folded), saved.conv.weight_shape());
                gradients.register::<Flex>(weight.id, FlexTensor::from_data(gradient));
            }
        }
        if let Some(beta) = beta {
            gradients.register::<Flex>(beta.id, new_vector(beta_sum));
        }
    }
}

impl Saved {
    /// The gradient where the activation begins, and its sum by channel.
    fn before_activation(&self, output: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let mask = |_, [output, y]: [&[f32]; 2], gradient: &mut [MaybeUninit<f32>], [sums]: &mut [Vec<f32>; 1]| {
            vectorized(
                #[inline(always)]
                || self.mask(output, y, gradient, sums),
            );
        };
        let (gradient, [sum]) = masked(output, values(&self.y), self.scale.len(), mask);
        (gradient, sum)
    }

    /// One piece of [`Saved::before_activation`].
    #[inline(always)]
    fn mask(&self, output: &[f32], y: &[f32], gradient: &mut [MaybeUninit<f32>], sums: &mut [f32]) {
        let channels = sums.len();
        assert!([output.len(), y.len()] == [gradient.len(); 2], "all are of one length");
        assert!(y.len().is_multiple_of(channels), "all rows are whole");
        let [floor, ceiling] = self.activation.limits();
        let rows = output.chunks_exact(channels).zip(y.chunks_exact(channels));
        for ((output, y), gradient) in rows.zip(gradient.chunks_exact_mut(channels)) {
            // In two loops, as the compiler uses no vectors in one of so many slices; nor with `&&`.
            for ((gradient, y), g) in gradient.iter_mut().zip(y).zip(output) {
                gradient.write(if (*y > floor) & (*y < ceiling) { *g } else { 0.0 });
            }
            // SAFETY: all of it was written in the loop before.
            let gradient = unsafe { gradient.assume_init_ref() };
            sums.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += g);
        }
    }

    /// As the convolution is linear, its weight times the gradient of the folded weight is, for a channel, the convolution times
    /// what comes back.
    fn of_gamma(&self, of_folded: &[f32], beta_sum: &[f32]) -> Vec<f32> {
        let length = of_folded.len() / self.scale.len();
        let filters = values(&self.weight).chunks_exact(length).zip(of_folded.chunks_exact(length));
        let along = filters.map(|(weight, gradient)| dot(weight, gradient));
        let channel = |(c, along)| (along - self.mean[c] * beta_sum[c]) * self.deviations[c];
        along.enumerate().map(channel).collect()
    }

    /// The gradient of the weight as it came.
    fn of_weight(&self, of_folded: Cow<'_, [f32]>) -> Vec<f32> {
        let mut gradient = of_folded.into_owned();
        let length = gradient.len() / self.scale.len();
        for (filter, scale) in gradient.chunks_exact_mut(length).zip(&self.scale) {
            filter.iter_mut().for_each(|v| *v *= scale);
        }
        gradient
    }
}
