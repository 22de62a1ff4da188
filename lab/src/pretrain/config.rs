//! The one file that says what a pretraining does.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use doodletune::backbone::{InputSpec, Metadata};
use doodletune::doodle::Augmentation;
use serde::{Deserialize, Serialize};

/// A pretraining. Unknown fields are refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Config {
    /// The architecture.
    pub backbone: String,
    /// What the network will want to see.
    pub input: InputSpec,
    /// SPDX identifier of the weights' licence.
    pub license: String,
    /// Where the weights come from.
    pub source: String,
    /// Decides weights, order and variations.
    pub seed: u64,
    /// Passes over the drawings.
    pub epochs: usize,
    /// Drawings a step.
    pub batch_size: usize,
    /// Sides of the input in the course of the training: the first is where it starts.
    pub sizes: Vec<SizeFrom>,
    /// Highest learning rate of AdamW.
    pub rate: f64,
    /// Share of the steps over which the rate rises.
    pub warm_up: f64,
    /// AdamW's decoupled weight decay.
    pub weight_decay: f32,
    /// Longest gradient of a tensor.
    pub clip: f32,
    /// Probability mass spread evenly over the categories.
    pub label_smoothing: f32,
    /// Networks trained before, whose opinions are learned as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<Teacher>,
    /// Share of the averaged weights that stays at each step; what is shipped and measured is the average.
    pub averaging: f64,
    /// How strokes are varied.
    pub augmentation: Augmentation,
    /// Range of line widths, as shares of the side.
    pub line_width: [f32; 2],
    /// Range of margins, as shares of the side.
    pub margin: [f32; 2],
    /// Largest shift either way, as a share of the side.
    pub shift: f32,
    /// Probability that a drawing is seen through 28 pixels, as in published bitmaps.
    pub coarse: f32,
}

/// From this share of the training on, the input has this side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeFrom {
    pub from: f64,
    pub size: usize,
}

/// Distillation: Hinton et al., 2015 (arXiv 1503.02531); of a network of the same kind, Furlanello et al., 2018 (arXiv
/// 1805.04770), which makes better features for new classes too: Tian et al., 2020 (arXiv 2003.11539).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teacher {
    /// Weight files, of the same categories in the same order; relative paths start at the configuration's folder. Several
    /// teach what they say on average.
    pub weights: Vec<PathBuf>,
    /// What logits are divided by.
    pub temperature: f32,
    /// Its share of the loss, 0 to 1.
    pub share: f32,
}

impl Config {
    /// Reads and checks a configuration.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let config: Self =
            serde_json::from_str(&text).with_context(|| format!("{} is no configuration", path.display()))?;
        config.check().with_context(|| format!("{} asks for something impossible", path.display()))?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        self.input.check()?;
        ensure!(self.input.channels == 1, "input.channels is {}, but drawings are grey: 1", self.input.channels);
        self.augmentation.check()?;
        ensure!(self.augmentation.width == 0.0, "augmentation.width is for fine-tuning: here it is lineWidth");
        ensure!(self.epochs > 0 && self.batch_size > 1, "epochs must be at least 1 and batchSize at least 2");
        ensure!(self.rate > 0.0 && self.rate <= 1.0, "rate is {}, but must be above 0 and at most 1", self.rate);
        ensure!((0.0..=1.0).contains(&self.warm_up), "warmUp is {}, but must be 0 to 1", self.warm_up);
        ensure!((0.0..1.0).contains(&self.label_smoothing), "labelSmoothing must be 0 to below 1");
        ensure!((0.0..1.0).contains(&self.averaging), "averaging must be 0 to below 1");
        ensure!(self.sizes.first().is_some_and(|size| size.from == 0.0), "sizes must start from 0");
        ensure!(self.sizes.is_sorted_by(|a, b| a.from < b.from), "sizes must be in the order of their “from”");
        for size in &self.sizes {
            self.input.clone().with_size(size.size)?;
        }
        if let Some(teacher) = &self.teacher {
            ensure!(!teacher.weights.is_empty(), "teacher.weights must name at least one file");
            ensure!(teacher.temperature > 0.0, "teacher.temperature must be above 0");
            ensure!((0.0..=1.0).contains(&teacher.share), "teacher.share must be 0 to 1");
        }
        for (name, [low, high]) in [("lineWidth", self.line_width), ("margin", self.margin)] {
            ensure!(0.0 <= low && low <= high && high < 0.25, "{name} must be a range within 0 to 0.25");
        }
        Ok(())
    }

    /// The side of the input when `progress` (0 to 1) of the training is done.
    pub fn size_at(&self, progress: f64) -> usize {
        self.sizes.iter().rfind(|size| size.from <= progress).map_or(self.input.size, |size| size.size)
    }

    /// What the weight file will say about itself.
    pub fn metadata(&self, categories: &[String]) -> Metadata {
        Metadata {
            backbone: self.backbone.clone(),
            input: self.input.clone(),
            labels: categories.to_vec(),
            license: self.license.clone(),
            source: self.source.clone(),
        }
    }
}
