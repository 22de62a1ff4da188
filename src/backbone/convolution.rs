//! A network as a list of convolutions, their normalisation folded in: all that another runtime has to know of it.

use super::{Backbone, Block, ConvNorm};
use crate::device::read;
use crate::error::Result;
use crate::kernels::Activation;

/// A convolution with bias, and what becomes of its output. It pads as TensorFlow's "SAME" does: `ceil(input / stride)`
/// outputs, the odd padding pixel going to the right and the bottom.
#[derive(Debug, Clone)]
pub struct Convolution {
    /// What it reads: 0 is the network's input, n the output of number n, from 1, in the list.
    pub input: usize,
    /// What is added to its output.
    pub shortcut: Option<usize>,
    /// What follows then.
    pub activation: Activation,
    /// `[outputs, inputs / groups, side, side]`.
    pub shape: [usize; 4],
    /// The kernels.
    pub weight: Vec<f32>,
    /// One value an output.
    pub bias: Vec<f32>,
    /// Step between outputs.
    pub stride: usize,
    /// Parts that channels are dealt into.
    pub groups: usize,
}

impl Backbone {
    /// Every convolution, each after those that it reads. The last one's output is what is pooled.
    ///
    /// # Errors
    /// A failure of the processor.
    pub async fn convolutions(&self) -> Result<Vec<Convolution>> {
        let mut list = List(vec![]);
        let mut at = 0;
        for block in self.stages.iter().flat_map(|stage| &stage.blocks) {
            at = match block {
                Block::ConvNorm(layer) => list.add(layer, at, None).await?,
                Block::Residual(block) => {
                    let shortcut = list.add(&block.shortcut, at, None).await?;
                    let first = list.add(&block.first, at, None).await?;
                    list.add(&block.second, first, Some(shortcut)).await?
                }
                Block::MbConv(block) => {
                    let expanded = match &block.expand {
                        Some(expand) => list.add(expand, at, None).await?,
                        None => at,
                    };
                    let filtered = list.add(&block.depthwise, expanded, None).await?;
                    list.add(&block.project, filtered, block.residual.then_some(at)).await?
                }
            };
        }
        Ok(list.0)
    }
}

struct List(Vec<Convolution>);

impl List {
    /// Adds a layer and returns its number.
    async fn add(&mut self, layer: &ConvNorm, input: usize, shortcut: Option<usize>) -> Result<usize> {
        let ConvNorm { conv, norm, activation, .. } = layer;
        let shape = conv.weight.dims();
        let mut weight = read(conv.weight.val()).await?;
        let (gamma, beta) = (read(norm.gamma.val()).await?, read(norm.beta.val()).await?);
        let (mean, variance) =
            (read(norm.running_mean.value_sync()).await?, read(norm.running_var.value_sync()).await?);
        let factors: Vec<f64> = gamma
            .iter()
            .zip(variance)
            .map(|(gamma, variance)| f64::from(*gamma) / (f64::from(variance) + norm.epsilon).sqrt())
            .collect();
        for (kernel, factor) in weight.chunks_mut(shape[1..].iter().product()).zip(&factors) {
            kernel.iter_mut().for_each(|v| *v = (f64::from(*v) * factor) as f32);
        }
        let bias = beta.iter().zip(mean).zip(&factors);
        let bias = bias.map(|((beta, mean), factor)| (f64::from(*beta) - f64::from(mean) * factor) as f32).collect();
        let (stride, groups, activation) = (conv.stride[0], conv.groups, *activation);
        self.0.push(Convolution { input, shortcut, activation, shape, weight, bias, stride, groups });
        Ok(self.0.len())
    }
}
