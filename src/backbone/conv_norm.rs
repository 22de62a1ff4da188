//! Convolution, normalisation, activation: the unit that every block is made of.

use std::sync::{Arc, Mutex, PoisonError};

use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, PaddingConfig2d};
use burn::prelude::*;
use burn::tensor::activation::relu;

use crate::device::is_cpu;
#[cfg(any(target_arch = "wasm32", feature = "gpu"))]
use crate::kernels::GpuConvNorm;
use crate::kernels::{Activation, BatchStatistics, ConvNormOp, FoldedConvNorm};

/// A bias-free convolution, batch normalisation and an activation.
#[derive(Module, Debug)]
pub struct ConvNorm {
    pub(super) conv: Conv2d,
    pub(super) norm: BatchNorm,
    #[module(skip)]
    pub(super) activation: Activation,
    #[module(skip)]
    folded: Folded,
}

/// Parameters as they were multiplied out last. A clone begins without, as its parameters will be others soon.
#[derive(Debug, Default)]
struct Folded {
    cpu: Mutex<Option<Arc<FoldedConvNorm>>>,
    #[cfg(any(target_arch = "wasm32", feature = "gpu"))]
    gpu: Mutex<Option<Arc<GpuConvNorm>>>,
}

impl Clone for Folded {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// The shape of a [`ConvNorm`].
#[derive(Debug, Clone, Copy)]
pub(super) struct ConvNormConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Side of the kernel.
    pub kernel: usize,
    /// Step between outputs; padding is TensorFlow's "SAME": `ceil(input / stride)` outputs, the odd padding pixel
    /// going to the right and the bottom.
    pub stride: usize,
    /// `channels[0]` makes it depthwise.
    pub groups: usize,
    /// Added to the variance.
    pub epsilon: f64,
    /// What follows.
    pub activation: Activation,
}

impl ConvNormConfig {
    pub fn init(&self, device: &Device) -> ConvNorm {
        let conv = Conv2dConfig::new(self.channels, [self.kernel; 2])
            .with_stride([self.stride; 2])
            .with_groups(self.groups)
            .with_padding(PaddingConfig2d::Same)
            .with_bias(false);
        let norm = BatchNormConfig::new(self.channels[1]).with_epsilon(self.epsilon);
        ConvNorm {
            conv: conv.init(device),
            norm: norm.init(device),
            activation: self.activation,
            folded: Folded::default(),
        }
    }
}

impl ConvNorm {
    /// `[batch, in, height, width]` to `[batch, out, ceil(height / stride), ceil(width / stride)]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.forward_onto(x, None)
    }

    /// [`ConvNorm::forward`] with `shortcut`, of the output's shape, added before the activation.
    pub fn forward_onto(&self, x: Tensor<4>, shortcut: Option<Tensor<4>>) -> Tensor<4> {
        let device = x.device();
        if !is_cpu(&device) {
            #[cfg(any(target_arch = "wasm32", feature = "gpu"))]
            if let Some(y) = self.forward_on_gpu(&x, shortcut.as_ref(), &device) {
                return y;
            }
            return self.forward_plain(x, shortcut);
        }
        let statistics = || {
            let [mean, variance] = [&self.norm.running_mean, &self.norm.running_var]
                .map(|running| running.value_sync().into_data().try_to_vec().expect("statistics are f32"));
            BatchStatistics { mean, variance }
        };
        if !device.is_autodiff() {
            let (weight, norm) = (self.conv.weight.val(), [&self.norm.gamma, &self.norm.beta].map(|v| v.val()));
            let mut folded = self.folded.cpu.lock().unwrap_or_else(PoisonError::into_inner);
            let now = FoldedConvNorm::new(weight, norm, &statistics(), self.norm.epsilon, folded.take());
            *folded = Some(now.clone());
            return now.forward(x, shortcut, self.conv.stride[0], self.activation);
        }
        let op = self.op(x, shortcut);
        if !self.norm.training.is_enabled() {
            return op.on_running_statistics(statistics());
        }
        let (y, statistics) = op.on_batch_statistics();
        for (running, now) in
            [(&self.norm.running_mean, statistics.mean), (&self.norm.running_var, statistics.variance)]
        {
            let past = running.value_sync().to_device(&device) * (1.0 - self.norm.momentum);
            let now = Tensor::<1>::from_data(now.as_slice(), &device) * self.norm.momentum;
            running.update((past + now).detach());
        }
        y
    }

    fn op(&self, x: Tensor<4>, shortcut: Option<Tensor<4>>) -> ConvNormOp {
        ConvNormOp {
            x,
            weight: self.conv.weight.val(),
            gamma: self.norm.gamma.val(),
            beta: self.norm.beta.val(),
            shortcut,
            stride: self.conv.stride[0],
            epsilon: self.norm.epsilon,
            activation: self.activation,
        }
    }

    /// By the kernels for GPUs; `None` where they do not do: with statistics of the batch, or for channels that they do not know.
    #[cfg(any(target_arch = "wasm32", feature = "gpu"))]
    fn forward_on_gpu(&self, x: &Tensor<4>, shortcut: Option<&Tensor<4>>, device: &Device) -> Option<Tensor<4>> {
        let Self { conv, norm, .. } = self;
        if device.is_autodiff() && norm.training.is_enabled() {
            return None;
        }
        let statistics = [&norm.running_mean, &norm.running_var].map(|running| running.value_sync());
        if device.is_autodiff() {
            return self.op(x.clone(), shortcut.cloned()).on_gpu(statistics);
        }
        let [mean, variance] = statistics;
        let vectors = [norm.gamma.val(), norm.beta.val(), mean, variance];
        let mut folded = self.folded.gpu.lock().unwrap_or_else(PoisonError::into_inner);
        *folded = GpuConvNorm::new(conv.weight.val(), vectors, norm.epsilon, folded.take());
        let folded = folded.clone()?;
        Some(folded.forward(x.clone(), shortcut.cloned(), conv.stride[0], self.activation))
    }

    /// The same with burn's operations, for every device.
    fn forward_plain(&self, x: Tensor<4>, shortcut: Option<Tensor<4>>) -> Tensor<4> {
        let x = self.norm.forward(self.conv.forward(x));
        let x = match shortcut {
            Some(shortcut) => x + shortcut,
            None => x,
        };
        match self.activation {
            Activation::None => x,
            Activation::Relu => relu(x),
            // burn's clamp is scalar on the CPU; these two are not, and a forward pass takes 16 % less (wasm, 128 pixels).
            Activation::Relu6 if is_cpu(&x.device()) => relu(x.clone()) - relu(x - 6.0),
            Activation::Relu6 => x.clamp(0.0, 6.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::module::{Module, Param};
    use burn::tensor::Distribution;

    use super::*;

    /// Outputs, gradients of everything that has one, and running statistics, by both roads.
    fn both(config: ConvNormConfig, with_shortcut: bool, on_batch: bool) -> [Vec<Vec<f32>>; 2] {
        let device = Device::flex().autodiff();
        device.seed(7);
        let unit = config.init(&device);
        // A clone would share the running statistics.
        let copy = || unit.valid().train();
        let shape = |channels: usize, side: usize| [3, channels, side, side - 2];
        let x = Tensor::<4>::random(shape(config.channels[0], 9), Distribution::Normal(0.3, 2.0), &device);
        let out = copy().forward(x.clone()).dims();
        let shortcut = with_shortcut.then(|| Tensor::<4>::random(out, Distribution::Default, &device));
        let weights = Tensor::<4>::random(out, Distribution::Default, &device);
        [true, false].map(|fused| {
            let mut unit = copy();
            if !on_batch {
                unit.norm.running_mean.update(Tensor::full([config.channels[1]], 0.3, &device));
                // burn's own inference does not look for updates.
                unit.norm.running_mean.value_sync();
                unit.norm.training = Param::from_bool(false);
            }
            let (x, shortcut) = (x.clone().require_grad(), shortcut.clone().map(Tensor::require_grad));
            let y = if fused {
                unit.forward_onto(x.clone(), shortcut.clone())
            } else {
                unit.forward_plain(x.clone(), shortcut.clone())
            };
            let gradients = (y.clone() * weights.clone()).sum().backward();
            let mut found = vec![
                y.inner().into_data().try_to_vec().unwrap(),
                x.grad(&gradients).unwrap().into_data().try_to_vec().unwrap(),
                unit.conv.weight.val().grad(&gradients).unwrap().into_data().try_to_vec().unwrap(),
                unit.norm.gamma.val().grad(&gradients).unwrap().into_data().try_to_vec().unwrap(),
                unit.norm.beta.val().grad(&gradients).unwrap().into_data().try_to_vec().unwrap(),
                unit.norm.running_mean.value_sync().into_data().try_to_vec().unwrap(),
                unit.norm.running_var.value_sync().into_data().try_to_vec().unwrap(),
            ];
            found.extend(shortcut.map(|s| s.grad(&gradients).unwrap().into_data().try_to_vec().unwrap()));
            found
        })
    }

    #[test]
    fn fused_and_plain_agree_forward_and_backward() {
        for (channels, kernel, stride, groups, activation, with_shortcut) in [
            ([3, 8], 3, 1, 1, Activation::Relu, true),
            ([3, 8], 3, 2, 1, Activation::Relu, false),
            ([1, 5], 5, 2, 1, Activation::Relu6, false),
            ([4, 6], 1, 1, 1, Activation::None, false),
            ([4, 6], 1, 2, 1, Activation::Relu6, true),
            ([6, 6], 3, 1, 6, Activation::Relu6, false),
            ([6, 6], 5, 2, 6, Activation::Relu6, true),
        ] {
            for on_batch in [true, false] {
                let config = ConvNormConfig { channels, kernel, stride, groups, epsilon: 1e-3, activation };
                let [fused, plain] = both(config, with_shortcut, on_batch);
                assert_eq!(fused.len(), plain.len());
                for (index, (fused, plain)) in fused.iter().zip(&plain).enumerate() {
                    let scale = plain.iter().fold(1.0f32, |largest, v| largest.max(v.abs()));
                    let near = fused.iter().zip(plain).all(|(a, b)| (a - b).abs() < 2e-5 * scale);
                    assert!(
                        fused.len() == plain.len() && near,
                        "{config:?}, {on_batch}: {index}, {fused:?}, {plain:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn inference_agrees_too() {
        let config = ConvNormConfig {
            channels: [3, 8],
            kernel: 3,
            stride: 2,
            groups: 1,
            epsilon: 1e-3,
            activation: Activation::Relu6,
        };
        let device = Device::flex().autodiff();
        let unit = config.init(&device);
        unit.forward(Tensor::random([4, 3, 9, 9], Distribution::Normal(1.0, 2.0), &device));
        let unit = unit.valid();
        let x = Tensor::random([4, 3, 9, 9], Distribution::Normal(1.0, 2.0), &Device::flex());
        let [fused, plain] = [unit.forward(x.clone()), unit.forward_plain(x, None)];
        fused.into_data().assert_approx_eq::<f32>(&plain.into_data(), burn::tensor::Tolerance::absolute(1e-5));
    }
}
