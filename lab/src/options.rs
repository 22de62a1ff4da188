//! What several commands take from the command line.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use clap::ValueEnum;
use doodletune::backbone::{Backbone, Weights};
use doodletune::device::{Processor, cpu, webgpu};
use doodletune::finetune::Strategy;
use pollster::block_on;

/// Where to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DeviceName {
    Cpu,
    Gpu,
}

impl DeviceName {
    /// What figures are listed under: `native` tells it from the CPU in browsers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "native",
            Self::Gpu => "gpu",
        }
    }

    /// That processor, ready to compute.
    pub fn processor(self) -> Result<Processor> {
        match self {
            Self::Cpu => Ok(cpu()),
            Self::Gpu => block_on(webgpu()).context("--device gpu"),
        }
    }
}

/// A whole number.
pub fn at_least<const LEAST: usize>(text: &str) -> Result<usize, String> {
    let refusal = || format!("it must be a whole number from {LEAST}");
    text.parse().ok().filter(|number| *number >= LEAST).ok_or_else(refusal)
}

/// A strategy by its name.
pub fn strategy(text: &str) -> Result<Strategy, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}

/// Refuses a place for `--json` while nothing is lost yet.
pub fn check_json(path: Option<&Path>) -> Result<()> {
    if let Some(path) = path.filter(|path| path.as_os_str() != "-") {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        ensure!(folder.is_none_or(Path::is_dir), "--json: there is no folder for {}; make it first", path.display());
    }
    Ok(())
}

/// The named backbone with its weights, which are in models/ unless given, for inputs of a side, its own unless given.
pub fn load_backbone(name: &str, weights: Option<&Path>, size: Option<usize>) -> Result<Backbone> {
    let path = weights.map_or_else(|| format!("models/{name}.safetensors").into(), Path::to_owned);
    let bytes = std::fs::read(&path)
        .with_context(|| format!("cannot read {}; make it with `cargo xtask weights {name}`", path.display()))?;
    let backbone = Backbone::load(&Weights::parse(&bytes)?, &Device::flex())?;
    let holds = &backbone.metadata().backbone;
    ensure!(*holds == name, "{} holds {holds}; name that with --backbone, or give other --weights", path.display());
    Ok(match size {
        Some(size) => backbone.with_size(size)?,
        None => backbone,
    })
}
