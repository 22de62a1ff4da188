//! Weight files: safetensors with a metadata block, read with limits and written whole.

use std::collections::HashMap;

use burn::module::{ModuleMapper, ModuleVisitor, Param};
use burn::prelude::*;
use half::f16;

use super::{InputSpec, Stage};
use crate::archive::{self, Archive, Entry, Limits, Refusal, SCALE};
use crate::error::{Error, Result};

/// Version of the metadata block that this crate writes and reads.
const VERSION: &str = "1";
const LIMITS: Limits = Limits { file: 64 << 20, header: 1 << 20, tensors: 4096 };

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
    /// Whether the network was pretrained on drawings, as that of the architecture that is made for them.
    pub fn knows_drawings(&self) -> bool {
        self.backbone == "doodle"
    }

    /// As texts of a file of that format and version.
    pub(crate) fn to_map(&self, format: &str, version: &str) -> HashMap<String, String> {
        let input = serde_json::to_string(&self.input).expect("numbers serialise");
        let labels = serde_json::to_string(&self.labels).expect("names serialise");
        [
            ("format", format),
            ("version", version),
            ("backbone", &self.backbone),
            ("input", &input),
            ("labels", &labels),
            ("license", &self.license),
            ("source", &self.source),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
    }

    /// From texts of a file, whatever its format; the error says what is wrong with them.
    pub(crate) fn from_map(map: &HashMap<String, String>) -> Result<Self, String> {
        let get = |key: &str| map.get(key).cloned().ok_or_else(|| format!("“{key}” is missing in the metadata"));
        let input: InputSpec = serde_json::from_str(&get("input")?)
            .map_err(|error| format!("the input specification is unreadable: {error}"))?;
        input.check().map_err(|error| error.to_string())?;
        let labels = serde_json::from_str(&get("labels")?)
            .map_err(|error| format!("the labels are no list of names: {error}"))?;
        Ok(Self { backbone: get("backbone")?, input, labels, license: get("license")?, source: get("source")? })
    }
}

/// A weight file in memory, checked as far as it can be without knowing the architecture.
#[derive(Debug)]
pub struct Weights<'data> {
    metadata: Metadata,
    archive: Archive<'data>,
    /// What is made of the words that say what is wrong with a tensor.
    refuse: fn(&Metadata, String) -> Error,
}

impl<'data> Weights<'data> {
    /// Reads a weight file of at most 64 MiB, with a header of at most 1 MiB and at most 4096 tensors.
    ///
    /// # Errors
    /// [`Error::BadWeights`] for anything that is not a whole file of this format.
    pub fn parse(bytes: &'data [u8]) -> Result<Self> {
        let again = |words: String| Error::BadWeights(format!("{words}; download the weights again"));
        let archive = Archive::parse(bytes, LIMITS).map_err(Refusal::into_words).map_err(again)?;
        let text = |key| archive.texts.get(key).map_or("none", String::as_str);
        let (format, version) = (text("format"), text("version"));
        if (format, version) != ("doodletune", VERSION) {
            return Err(Error::BadWeights(format!(
                "the file is in format {format}, version {version}, but this version reads weights in format doodletune, version {VERSION}; get matching weights or update"
            )));
        }
        let metadata = Metadata::from_map(&archive.texts).map_err(|words| {
            Error::BadWeights(format!("{words}; make the weights again with `cargo xtask weights`"))
        })?;
        let refuse = |metadata: &Metadata, words| {
            Error::BadWeights(format!("{words}; get the weights of {} again", metadata.backbone))
        };
        Ok(Self { metadata, archive, refuse })
    }

    /// The weights in a file of another format. `refuse` makes an error of what is wrong with a tensor.
    pub(crate) fn within(metadata: Metadata, archive: Archive<'data>, refuse: fn(&Metadata, String) -> Error) -> Self {
        Self { metadata, archive, refuse }
    }

    /// What the file says about itself.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The shape of a tensor, if there is one of that name.
    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.archive.shape(name)
    }

    /// The values of a tensor as f32.
    ///
    /// # Errors
    /// [`Error::BadWeights`] if it is missing, of another shape or type, or has a value that is not finite.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        self.archive.floats(name, shape).map_err(|words| (self.refuse)(&self.metadata, words))
    }

    /// Replaces every parameter and running statistic of `stages`.
    pub(super) fn fill(&self, stages: Vec<Stage>, device: &Device) -> Result<Vec<Stage>> {
        let expected = shapes(&stages);
        if let Some(extra) = self.archive.names().find(|name| {
            let name = name.strip_suffix(SCALE).unwrap_or(name);
            !name.starts_with("classifier.")
                && name != super::NUISANCE
                && !expected.iter().any(|(expected, _)| expected == name)
        }) {
            let words = format!("tensor “{extra}” has no place in {}", self.metadata.backbone);
            return Err((self.refuse)(&self.metadata, words));
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
    /// Each tensor in the smallest of these that gives back the very same values: those that were read from a file and not
    /// trained since take no more than they did there.
    Exact,
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
    let entries = entries(tensors, dtype)?;
    archive::write(metadata.to_map("doodletune", VERSION), &entries)
        .map_err(|error| Error::BadWeights(format!("the weights cannot be written: {error}")))
}

/// The tensors as they are written.
///
/// # Errors
/// [`Error::BadWeights`] if a value is too large for `dtype`.
pub(crate) fn entries(tensors: &[NamedTensor], dtype: Dtype) -> Result<Vec<Entry>> {
    let mut entries = Vec::with_capacity(tensors.len());
    for NamedTensor { name, shape, values } in tensors {
        let largest =
            values.iter().fold(0.0f32, |largest, v| if v.is_finite() { largest.max(v.abs()) } else { f32::NAN });
        if largest.is_nan() || (dtype == Dtype::F16 && largest > f32::from(f16::MAX)) {
            return Err(Error::BadWeights(format!("tensor “{name}” has a value that {dtype:?} cannot store")));
        }
        let is_half = |v: &f32| f16::from_f32(*v).to_f32() == *v;
        match dtype {
            Dtype::F16 => entries.push(Entry::halves(name, shape, values)),
            Dtype::I8 if shape.len() > 1 => {
                let row = (values.len() / shape[0].max(1)).max(1);
                let scales: Vec<f32> = values.chunks(row).map(scale).collect();
                let rows = values.chunks(row).zip(&scales);
                let integers: Vec<i8> = rows.flat_map(|(row, scale)| integers(row, *scale)).collect();
                entries.extend(Entry::scaled(name, shape, &integers, &scales));
            }
            Dtype::Exact
                if shape.len() > 1
                    && let Some((integers, scales)) = exact_integers(shape, values) =>
            {
                entries.extend(Entry::scaled(name, shape, &integers, &scales));
            }
            Dtype::Exact if values.iter().all(is_half) => entries.push(Entry::halves(name, shape, values)),
            Dtype::F32 | Dtype::I8 | Dtype::Exact => entries.push(Entry::singles(name, shape, values)),
        }
    }
    Ok(entries)
}

/// The scale at which a row's largest magnitude is 127.
fn scale(row: &[f32]) -> f32 {
    row.iter().fold(f32::MIN_POSITIVE, |most, v| most.max(v.abs())) / 127.0
}

fn integers(row: &[f32], scale: f32) -> impl Iterator<Item = i8> {
    row.iter().map(move |v| (v / scale).round() as i8)
}

/// The integers and scales whose products are exactly `values`, if there are any.
fn exact_integers(shape: &[usize], values: &[f32]) -> Option<(Vec<i8>, Vec<f32>)> {
    let row = (values.len() / shape[0].max(1)).max(1);
    let (mut all, mut scales) = (Vec::with_capacity(values.len()), Vec::with_capacity(shape[0]));
    for row in values.chunks(row) {
        // The product with 127 was rounded: the scale that it came from is this one or a neighbour.
        let near = scale(row);
        let candidates =
            [near, near.next_up(), near.next_down(), near.next_up().next_up(), near.next_down().next_down()];
        let gives_back =
            |scale: &f32| integers(row, *scale).zip(row).all(|(integer, v)| f32::from(integer) * scale == *v);
        let scale = candidates.into_iter().find(gives_back)?;
        all.extend(integers(row, scale));
        scales.push(scale);
    }
    Some((all, scales))
}
