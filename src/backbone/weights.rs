//! Weight files: safetensors with a metadata block, read with limits and written whole.

use std::collections::{BTreeMap, HashMap};

use burn::module::{ModuleMapper, ModuleVisitor, Param};
use burn::prelude::*;
use half::f16;
use safetensors::tensor::{SafeTensors, TensorView};

use super::{InputSpec, Stage};
use crate::error::{Error, Result};

/// Version of the metadata block that this crate writes and reads.
const VERSION: &str = "1";
/// Limits on what is read. wasm32 has 4 GB, and parsing JSON doubles it.
const MAX_FILE: usize = 64 << 20;
const MAX_HEADER: u64 = 1 << 20;
const MAX_TENSORS: usize = 4096;
/// What the name of a tensor of 8-bit integers is followed by in the name of the tensor of its rows' scales.
const SCALE: &str = ".scale";

/// What a weight file says about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Metadata {
    /// The architecture, such as `efficientnet-lite0`.
    pub backbone: String,
    /// What the network wants to see.
    pub input: InputSpec,
    /// What the classifier in the file tells apart, in its order; empty without one, or if nobody wrote it down.
    pub labels: Vec<String>,
    /// SPDX identifier of the weights' licence.
    pub license: String,
    /// Where the weights come from.
    pub source: String,
}

impl Metadata {
    fn to_map(&self) -> HashMap<String, String> {
        let input = serde_json::to_string(&self.input).expect("numbers serialise");
        let labels = serde_json::to_string(&self.labels).expect("names serialise");
        [
            ("format", "doodletune"),
            ("version", VERSION),
            ("backbone", &self.backbone),
            ("input", &input),
            ("labels", &labels),
            ("license", &self.license),
            ("source", &self.source),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
    }

    fn from_map(map: &HashMap<String, String>) -> Result<Self> {
        let get = |key: &str| {
            map.get(key).cloned().ok_or_else(|| {
                Error::BadWeights(format!(
                    "the weights lack “{key}” in their metadata; make them again with `cargo xtask weights`"
                ))
            })
        };
        if get("format")? != "doodletune" || get("version")? != VERSION {
            return Err(Error::BadWeights(format!(
                "the weights are in format {} {}, but this version reads doodletune {VERSION}; get matching weights or update",
                get("format")?,
                get("version")?
            )));
        }
        let input: InputSpec = serde_json::from_str(&get("input")?).map_err(|error| {
            Error::BadWeights(format!("the input specification in the weights is unreadable: {error}"))
        })?;
        input.check()?;
        let labels = serde_json::from_str(&get("labels")?).map_err(|error| {
            Error::BadWeights(format!(
                "the labels in the weights are no list of names: {error}; make them again with `cargo xtask weights`"
            ))
        })?;
        Ok(Self { backbone: get("backbone")?, input, labels, license: get("license")?, source: get("source")? })
    }
}

/// A weight file in memory, checked as far as it can be without knowing the architecture.
#[derive(Debug)]
pub struct Weights<'data> {
    metadata: Metadata,
    tensors: BTreeMap<String, TensorView<'data>>,
}

impl<'data> Weights<'data> {
    /// Reads a weight file of at most 64 MiB, with a header of at most 1 MiB and at most 4096 tensors.
    ///
    /// # Errors
    /// [`Error::BadWeights`] for anything that is not a whole file of this format.
    pub fn parse(bytes: &'data [u8]) -> Result<Self> {
        let bad = |what: String| Error::BadWeights(format!("{what}; download the weights again"));
        if bytes.len() > MAX_FILE {
            return Err(bad(format!(
                "the weights have {} MiB, more than the {} allowed",
                bytes.len() >> 20,
                MAX_FILE >> 20
            )));
        }
        let header = bytes.first_chunk().map(|length| u64::from_le_bytes(*length));
        match header {
            Some(length) if length <= MAX_HEADER && length <= bytes.len() as u64 - 8 => (),
            _ => return Err(bad(format!("the {} bytes of weights are truncated or no safetensors file", bytes.len()))),
        }
        let (header, index) = SafeTensors::read_metadata(bytes)
            .map_err(|error| bad(format!("the weights are truncated or damaged ({error})")))?;
        let file = SafeTensors::deserialize(bytes)
            .map_err(|error| bad(format!("the weights are truncated or damaged ({error}; header {header} bytes)")))?;
        if file.len() > MAX_TENSORS {
            return Err(bad(format!("the weights have {} tensors, more than the {MAX_TENSORS} allowed", file.len())));
        }
        let metadata = Metadata::from_map(index.metadata().as_ref().unwrap_or(&HashMap::new()))?;
        Ok(Self { metadata, tensors: file.tensors().into_iter().collect() })
    }

    /// What the file says about itself.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The shape of a tensor, if there is one of that name.
    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(TensorView::shape)
    }

    /// The values of a tensor as f32.
    ///
    /// # Errors
    /// [`Error::BadWeights`] if it is missing, of another shape or type, or has a value that is not finite.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let bad = |what: String| {
            Error::BadWeights(format!(
                "tensor “{name}” of the weights {what}; get the weights of {} again",
                self.metadata.backbone
            ))
        };
        let view = self.tensors.get(name).ok_or_else(|| bad(format!("is missing (expected shape {shape:?})")))?;
        if view.shape() != shape {
            return Err(bad(format!("has shape {:?}, but {shape:?} is expected", view.shape())));
        }
        let values: Vec<f32> = match view.dtype() {
            safetensors::Dtype::F16 => {
                view.data().as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect()
            }
            safetensors::Dtype::F32 => view.data().as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            safetensors::Dtype::I8 if !shape.is_empty() => {
                let scales = self.tensor(&format!("{name}{SCALE}"), &shape[..1])?;
                let row = (view.data().len() / shape[0].max(1)).max(1);
                let rows = view.data().chunks(row).zip(scales);
                rows.flat_map(|(row, scale)| row.iter().map(move |v| f32::from(*v as i8) * scale)).collect()
            }
            other => return Err(bad(format!("holds {other:?}, but F32, F16 or I8 is expected"))),
        };
        match values.iter().position(|value| !value.is_finite()) {
            Some(index) => {
                Err(bad(format!("has the value {} at position {index}, but all must be finite", values[index])))
            }
            None => Ok(values),
        }
    }

    /// Replaces every parameter and running statistic of `stages`.
    pub(super) fn fill(&self, stages: Vec<Stage>, device: &Device) -> Result<Vec<Stage>> {
        let expected = shapes(&stages);
        if let Some(extra) = self.tensors.keys().find(|name| {
            let name = name.strip_suffix(SCALE).unwrap_or(name);
            !name.starts_with("classifier.")
                && name != super::NUISANCE
                && !expected.iter().any(|(expected, _)| expected == name)
        }) {
            return Err(Error::BadWeights(format!(
                "tensor “{extra}” has no place in {}; these are weights of another network",
                self.metadata.backbone
            )));
        }
        let mut filler = Filler { weights: self, device, path: Path::default(), error: None };
        let mut filled = Vec::with_capacity(stages.len());
        for stage in stages {
            filler.path = Path::of(&stage);
            filled.push(stage.map(&mut filler));
            if let Some(error) = filler.error {
                return Err(error);
            }
        }
        Ok(filled)
    }
}

/// The dotted name of the tensor being visited: stage, block number, then fields.
#[derive(Default)]
struct Path(Vec<Option<String>>);

impl Path {
    fn of(stage: &Stage) -> Self {
        Self(vec![Some(stage.name.clone())])
    }

    /// The list of blocks and the kind of a block are not part of a name: `stage2.0.expand.conv.weight`.
    fn enter(&mut self, name: &str, container: &str) {
        let silent = container.starts_with("Enum:") || (name == "blocks" && self.0.len() == 1);
        self.0.push((!silent).then(|| name.to_owned()));
    }

    fn exit(&mut self) {
        self.0.pop();
    }

    fn name(&self) -> String {
        self.0.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(".")
    }
}

struct Filler<'a> {
    weights: &'a Weights<'a>,
    device: &'a Device,
    path: Path,
    error: Option<Error>,
}

impl ModuleMapper for Filler<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return param;
        }
        let shape = param.lazy_shape();
        match self.weights.tensor(&self.path.name(), shape.as_slice()) {
            Ok(values) => Param::from_data(TensorData::new(values, shape), self.device),
            Err(error) => {
                self.error = Some(error);
                param
            }
        }
    }
}

/// The name and shape of every tensor, in the order of the network.
pub(super) fn shapes(stages: &[Stage]) -> Vec<(String, Vec<usize>)> {
    struct Shapes(Vec<(String, Vec<usize>)>);
    impl Visitor for Shapes {
        fn visit<const D: usize>(&mut self, name: String, param: &Param<Tensor<D>>) {
            self.0.push((name, param.lazy_shape().to_vec()));
        }
    }
    let mut shapes = Shapes(Vec::new());
    visit(stages, &mut shapes);
    shapes.0
}

/// Every tensor with its name and shape, its values in one dimension, in the order of the network.
pub(super) fn tensors(stages: &[Stage]) -> Vec<(String, Vec<usize>, Tensor<1>)> {
    struct Tensors(Vec<(String, Vec<usize>, Tensor<1>)>);
    impl Visitor for Tensors {
        fn visit<const D: usize>(&mut self, name: String, param: &Param<Tensor<D>>) {
            let tensor = param.val();
            self.0.push((name, tensor.dims().to_vec(), tensor.reshape([-1])));
        }
    }
    let mut tensors = Tensors(Vec::new());
    visit(stages, &mut tensors);
    tensors.0
}

/// Is shown every tensor with its dotted name.
trait Visitor {
    fn visit<const D: usize>(&mut self, name: String, param: &Param<Tensor<D>>);
}

fn visit(stages: &[Stage], visitor: &mut impl Visitor) {
    struct Walk<'a, V> {
        path: Path,
        visitor: &'a mut V,
    }
    impl<V: Visitor> ModuleVisitor for Walk<'_, V> {
        fn enter_module(&mut self, name: &str, container_type: &str) {
            self.path.enter(name, container_type);
        }
        fn exit_module(&mut self, _name: &str, _container_type: &str) {
            self.path.exit();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.visitor.visit(self.path.name(), param);
        }
    }
    for stage in stages {
        stage.visit(&mut Walk { path: Path::of(stage), visitor });
    }
}

/// How values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dtype {
    /// Half precision.
    F16,
    /// Single precision.
    F32,
    /// Tensors of two dimensions and more: 8-bit integers, a row's largest magnitude being 127, with one f32 scale a row
    /// (Jacob et al., 2018, arXiv 1712.05877, symmetric); vectors: single precision.
    I8,
}

/// A tensor to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor {
    /// Its name, such as `stage2.0.expand.conv.weight`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values, the last dimension fastest.
    pub values: Vec<f32>,
}

/// Writes a weight file.
///
/// # Errors
/// [`Error::BadWeights`] if a tensor's shape and number of values differ, or a value is too large for `dtype`.
pub fn write(metadata: &Metadata, tensors: &[NamedTensor], dtype: Dtype) -> Result<Vec<u8>> {
    let mut encoded = Vec::with_capacity(tensors.len());
    for NamedTensor { name, shape, values } in tensors {
        let largest =
            values.iter().fold(0.0f32, |largest, v| if v.is_finite() { largest.max(v.abs()) } else { f32::NAN });
        if largest.is_nan() || (dtype == Dtype::F16 && largest > f32::from(f16::MAX)) {
            return Err(Error::BadWeights(format!("tensor “{name}” has a value that {dtype:?} cannot store")));
        }
        let mut store = |name: String, shape: &[usize], kind, bytes: Vec<u8>| {
            encoded.push((name, shape.to_vec(), kind, bytes));
        };
        let singles = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
        match dtype {
            Dtype::F16 => {
                let bytes = values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect();
                store(name.clone(), shape, safetensors::Dtype::F16, bytes);
            }
            Dtype::I8 if shape.len() > 1 => {
                let row = (values.len() / shape[0].max(1)).max(1);
                let scale = |row: &[f32]| row.iter().fold(f32::MIN_POSITIVE, |most, v| most.max(v.abs())) / 127.0;
                let scales: Vec<f32> = values.chunks(row).map(scale).collect();
                let rows = values.chunks(row).zip(&scales);
                let bytes = rows.flat_map(|(row, scale)| row.iter().map(move |v| (v / scale).round() as i8 as u8));
                store(name.clone(), shape, safetensors::Dtype::I8, bytes.collect());
                store(format!("{name}{SCALE}"), &shape[..1], safetensors::Dtype::F32, singles(&scales));
            }
            Dtype::F32 | Dtype::I8 => store(name.clone(), shape, safetensors::Dtype::F32, singles(values)),
        }
    }
    let failed =
        |error: safetensors::SafeTensorError| Error::BadWeights(format!("the weights cannot be written: {error}"));
    let views = encoded
        .iter()
        .map(|(name, shape, kind, bytes)| {
            Ok((name.as_str(), TensorView::new(*kind, shape.clone(), bytes).map_err(failed)?))
        })
        .collect::<Result<Vec<_>>>()?;
    safetensors::serialize(views, Some(metadata.to_map())).map_err(failed)
}
