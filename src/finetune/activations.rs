//! What frozen stages make of the examples, computed once for each example and view.

use std::cell::Cell;
use std::rc::Rc;

use burn::prelude::*;
use burn::tensor::Int;

use super::examples::Examples;
use super::{Signal, Variation};
use crate::backbone::{Backbone, Crew, InputSpec, MOST_BINDING, Stage, batch, forward, without_nuisance};
use crate::device::{is_cpu, read};
use crate::error::{Error, Result};
use crate::pace::Pace;

/// Drawings that go through frozen stages together.
const BATCH: usize = 8;

/// The part of the network that does not train, and how examples are shown to it.
pub(super) struct Frozen<'a> {
    /// The stages before the boundary, from the input on, without gradients.
    pub stages: &'a [Stage],
    /// The backbone that they belong to, if they are all of it: what comes out then is its features
    /// `[examples, features, 1, 1]`, on the CPU.
    pub pooled: Option<&'a Backbone>,
    /// Who computes its features, if no stage was trained since it came.
    pub crew: Option<&'a Crew>,
    pub spec: &'a InputSpec,
    pub variation: &'a Variation,
    pub seed: u64,
    /// Where the stages are.
    pub device: &'a Device,
}

impl Frozen<'_> {
    /// Whether nothing is worth keeping: nothing is frozen, and every epoch sees every example in another way, or a picture is drawn
    /// again in a hundredth of the time that it takes. A GPU has no need to be sent it again.
    fn is_always_new(&self) -> bool {
        self.stages.is_empty() && (!self.variation.is_none() || is_cpu(self.device))
    }

    /// Activations of examples, each in one view.
    async fn activations(&self, examples: &Examples, shown: &[(usize, u64)]) -> Result<Tensor<4>> {
        let picture = |(index, view): &(usize, u64)| examples.view(*index, *view, self.spec, self.variation, self.seed);
        let pictures = shown.iter().map(picture).collect::<Result<Vec<_>>>()?;
        let mut x = batch(self.spec, &pictures, self.device);
        if let Some(backbone) = self.pooled {
            let features = read(without_nuisance(forward(self.stages, x, |_, _| ()), backbone.nuisance())).await?;
            let shape = [shown.len(), features.len() / shown.len(), 1, 1];
            return Ok(Tensor::from_data(TensorData::new(features, shape), &Device::flex()));
        }
        for stage in self.stages {
            x = stage.forward(x);
        }
        Ok(x)
    }
}

/// Activations at a boundary.
#[derive(Debug)]
pub(super) struct Activations {
    /// `[views * examples, channels, height, width]`, view by view; `None` where they do not fit into memory, or where
    /// nothing is frozen and every view is new.
    cached: Option<Tensor<4>>,
    examples: usize,
    views: u64,
    /// Drawings that went through the frozen stages.
    forwards: Cell<usize>,
}

impl Activations {
    /// Computes all views, unless they need more than `megabytes`. Without variations there is one view; where nothing is
    /// frozen, variations are not cached, but new in every epoch, nor on a CPU anything. `None` if somebody says stop or pause.
    pub async fn compute(
        frozen: &Frozen<'_>,
        examples: &Examples,
        megabytes: usize,
        signal: &Cell<Signal>,
        pace: &mut Pace,
    ) -> Result<Option<Self>> {
        let most = megabytes as u64 * 1_000_000;
        let most = if is_cpu(frozen.device) { most } else { most.min(MOST_BINDING) };
        // More than 32 bits hold.
        let fits = |count: usize, values: usize| (count * size_of::<f32>()) as u64 * values as u64 <= most;
        let views = if frozen.variation.is_none() { 1 } else { frozen.variation.views as u64 };
        let mut activations = Self { cached: None, examples: examples.len(), views, forwards: Cell::new(0) };
        if frozen.is_always_new() {
            return Ok(Some(activations));
        }
        if let Some((backbone, crew)) = frozen.pooled.zip(frozen.crew) {
            let count = views as usize * examples.len();
            if fits(count, backbone.feature_count()) {
                let view = |at: usize| {
                    if signal.get() != Signal::Go {
                        return Err(Error::Internal("nobody sees this".into()));
                    }
                    let (view, index) = ((at / examples.len()) as u64, at % examples.len());
                    examples.view(index, view, frozen.spec, frozen.variation, frozen.seed)
                };
                match crew.features(backbone, count, view).await {
                    Ok(features) => activations.cached = Some(as_activations(&features)),
                    Err(_) if signal.get() != Signal::Go => return Ok(None),
                    Err(error) => return Err(error),
                }
                activations.count(frozen, count);
            }
            return Ok(Some(activations));
        }
        let all: Vec<(usize, u64)> = (0..views).flat_map(|view| (0..examples.len()).map(move |i| (i, view))).collect();
        let mut cache = Cache::new(all.len(), frozen.device);
        for shown in all.chunks(frozen.spec.at_once(BATCH)) {
            pace.breathe().await;
            if signal.get() != Signal::Go {
                return Ok(None);
            }
            let part = frozen.activations(examples, shown).await?;
            activations.count(frozen, shown.len());
            if !fits(all.len(), part.shape().num_elements() / shown.len()) {
                return Ok(Some(activations));
            }
            cache.push(part).await?;
        }
        activations.cached = Some(cache.whole());
        Ok(Some(activations))
    }

    /// Features that are known already, as activations behind all stages.
    pub fn of_features(examples: &Examples) -> Self {
        let cached = Some(as_activations(&examples.features));
        Self { cached, examples: examples.len(), views: 1, forwards: Cell::new(0) }
    }

    /// Those of a batch in an epoch, which decides the views.
    pub async fn select(
        &self,
        frozen: &Frozen<'_>,
        examples: &Examples,
        indices: &[usize],
        epoch: usize,
    ) -> Result<Tensor<4>> {
        // Every example shows its views in turn, and not all examples the same one.
        let view = |index: usize| match &self.cached {
            None if frozen.is_always_new() => epoch as u64 + 1, // of which there is one without variations
            _ => (epoch as u64 + index as u64) % self.views,
        };
        self.views(frozen, examples, &indices.iter().map(|index| (*index, view(*index))).collect::<Vec<_>>()).await
    }

    /// Those of examples as they are.
    pub async fn clean(&self, frozen: &Frozen<'_>, examples: &Examples, indices: &[usize]) -> Result<Tensor<4>> {
        self.views(frozen, examples, &indices.iter().map(|index| (*index, 0)).collect::<Vec<_>>()).await
    }

    async fn views(&self, frozen: &Frozen<'_>, examples: &Examples, shown: &[(usize, u64)]) -> Result<Tensor<4>> {
        match &self.cached {
            Some(cached) => {
                let row = |(index, view): &(usize, u64)| (*view as usize * self.examples + index) as i32;
                let rows: Vec<i32> = shown.iter().map(row).collect();
                Ok(cached.clone().select(0, Tensor::<1, Int>::from_data(rows.as_slice(), &cached.device())))
            }
            None => {
                self.count(frozen, shown.len());
                frozen.activations(examples, shown).await
            }
        }
    }

    fn count(&self, frozen: &Frozen<'_>, drawings: usize) {
        if !frozen.stages.is_empty() {
            self.forwards.set(self.forwards.get() + drawings);
        }
    }

    /// Drawings that went through the frozen stages so far.
    pub fn forwards(&self) -> usize {
        self.forwards.get()
    }
}

/// Activations that come part by part.
enum Cache {
    /// Put where they stay: beside all of the parts there would not be room for the whole.
    Cpu {
        rows: usize,
        shape: [usize; 3],
        values: Vec<f32>,
    },
    Gpu(Vec<Tensor<4>>),
}

impl Cache {
    /// For so many `rows`.
    fn new(rows: usize, device: &Device) -> Self {
        if is_cpu(device) { Self::Cpu { rows, shape: [0; 3], values: vec![] } } else { Self::Gpu(vec![]) }
    }

    async fn push(&mut self, part: Tensor<4>) -> Result<()> {
        match self {
            Self::Cpu { rows, shape, values } => {
                let [_, channels, height, width] = part.dims();
                *shape = [channels, height, width];
                values.reserve_exact(*rows * channels * height * width - values.len());
                values.extend(read(part).await?);
            }
            Self::Gpu(parts) => parts.push(part),
        }
        Ok(())
    }

    fn whole(self) -> Tensor<4> {
        match self {
            Self::Cpu { rows, shape: [channels, height, width], values } => {
                Tensor::from_data(TensorData::new(values, [rows, channels, height, width]), &Device::flex())
            }
            Self::Gpu(parts) => Tensor::cat(parts, 0),
        }
    }
}

/// `[features, length, 1, 1]`, on the CPU.
fn as_activations(features: &[Rc<[f32]>]) -> Tensor<4> {
    let shape = [features.len(), features.first().map_or(0, |features| features.len()), 1, 1];
    let values: Vec<f32> = features.iter().flat_map(|features| features.iter().copied()).collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}
