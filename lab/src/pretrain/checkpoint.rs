//! What an interrupted pretraining goes on from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use burn::optim::ModuleOptimizer;
use doodletune::backbone::NamedTensor;
use safetensors::tensor::{SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::config::Config;

/// Everything but the tensors.
#[derive(Debug, Serialize, Deserialize)]
pub struct Progress {
    /// The configuration that the run was started with.
    pub config: Config,
    /// Names of the categories, in the order of the classifier.
    pub categories: Vec<String>,
    /// How many drawings there were.
    pub drawings: usize,
    /// Steps done.
    pub step: usize,
    /// Seconds spent.
    pub seconds: f64,
}

const PROGRESS: &str = "progress.json";
const TENSORS: &str = "tensors.safetensors";
const OPTIMIZER: &str = "optimizer.bpk";

/// Writes a new generation, then puts it in the place of the old one.
pub fn save(folder: &Path, progress: &Progress, tensors: &[NamedTensor], optimizer: &ModuleOptimizer) -> Result<()> {
    let new = folder.with_extension("new");
    if new.exists() {
        fs::remove_dir_all(&new)?;
    }
    fs::create_dir_all(&new).with_context(|| format!("cannot make {}", new.display()))?;
    fs::write(new.join(PROGRESS), serde_json::to_string_pretty(progress)?)?;
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|tensor| tensor.values.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let views = tensors.iter().zip(&bytes).map(|(tensor, bytes)| {
        let view = TensorView::new(safetensors::Dtype::F32, tensor.shape.clone(), bytes).expect("values fill a shape");
        (tensor.name.as_str(), view)
    });
    fs::write(new.join(TENSORS), safetensors::serialize(views, None)?)?;
    optimizer.save(new.join(OPTIMIZER)).map_err(|error| anyhow::anyhow!("cannot write {OPTIMIZER}: {error:?}"))?;
    let old = folder.with_extension("old");
    // One that was interrupted below has left it.
    let drop_old = || if old.exists() { fs::remove_dir_all(&old) } else { Ok(()) };
    drop_old()?;
    if folder.exists() {
        fs::rename(folder, &old)?;
    }
    fs::rename(&new, folder)?;
    Ok(drop_old()?)
}

/// Whether there is a checkpoint. One whose writing was cut off between two names gets its own back.
pub fn exists(folder: &Path) -> Result<bool> {
    let whole = |folder: &PathBuf| [PROGRESS, TENSORS, OPTIMIZER].iter().all(|name| folder.join(name).exists());
    if !folder.exists()
        && let Some(found) = ["new", "old"].map(|kind| folder.with_extension(kind)).into_iter().find(whole)
    {
        fs::rename(found, folder)?;
    }
    Ok(folder.exists())
}

/// Reads a checkpoint of a run with the same configuration, categories and drawings.
pub fn load(
    folder: &Path,
    config: &Config,
    categories: &[String],
    drawings: usize,
    optimizer: ModuleOptimizer,
) -> Result<(Progress, Vec<NamedTensor>, ModuleOptimizer)> {
    let path = folder.join(PROGRESS);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}; start without --resume", path.display()))?;
    let progress: Progress = serde_json::from_str(&text)
        .with_context(|| format!("{} is of another version of the lab; start anew in another --out", path.display()))?;
    if progress.config != *config {
        let [then, now] = [&progress.config, config].map(|config| serde_json::to_value(config).expect("it serialises"));
        let field = then.as_object().zip(now.as_object()).and_then(|(then, now)| {
            then.iter()
                .find(|(key, value)| now.get(*key) != Some(value))
                .map(|(key, value)| (key.clone(), value.clone()))
        });
        let (field, value) = field.unwrap_or_default();
        bail!(
            "the run in {} was started with another configuration: “{field}” was {value}; resume it with that one, or start anew in another --out",
            folder.display()
        );
    }
    ensure!(
        progress.categories == categories && progress.drawings == drawings,
        "the run in {} was started with {} drawings of {} categories, but --data and --categories now give {} of {}; use the same, or start anew in another --out",
        folder.display(),
        progress.drawings,
        progress.categories.len(),
        drawings,
        categories.len()
    );
    let path = folder.join(TENSORS);
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let file = SafeTensors::deserialize(&bytes).with_context(|| format!("{} is damaged", path.display()))?;
    let tensor = |(name, view): (String, TensorView)| NamedTensor {
        name,
        shape: view.shape().to_vec(),
        values: view.data().as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
    };
    let tensors = file.tensors().into_iter().map(tensor).collect();
    let optimizer = optimizer
        .load(folder.join(OPTIMIZER))
        .map_err(|error| anyhow::anyhow!("cannot read {OPTIMIZER} in {}: {error:?}", folder.display()))?;
    Ok((progress, tensors, optimizer))
}
