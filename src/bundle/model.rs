//! A network with its head.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use burn::prelude::*;
use serde::{Deserialize, Serialize};

use super::{MODEL, Opened, VERSION, damaged, onnx, open, within_limits};
use crate::archive::{self, Archive, Entry};
use crate::backbone::{Backbone, Dtype, Metadata, NamedTensor, Weights, entries, feature_count};
use crate::dataset::checked_label;
use crate::doodle::{Input, Picture};
use crate::error::{Error, Result};
use crate::head::{Embedding, Head, HeadKind, Hidden, HiddenActivation};

/// What the names of the head's tensors begin with.
const HEAD: &str = "head.";

/// The widest hidden layer.
const MOST_HIDDEN: usize = 4096;

/// What answers: a network and the head on its features.
#[derive(Debug, Clone)]
pub struct Model {
    /// The network, as it was trained.
    pub backbone: Rc<Backbone>,
    /// The head.
    pub head: Rc<Head>,
}

/// How a model is written by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelFormat {
    /// To be loaded again: see [`Model::parse`].
    #[default]
    Safetensors,
    /// To be run anywhere, from raw pixels to probabilities.
    Onnx,
}

/// What a file says of the head beside its tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadText {
    kind: HeadKind,
    activation: Option<HiddenActivation>,
}

impl Model {
    /// Reads the model in a file, be it a model alone or a project with one, to compute on `device`.
    ///
    /// # Errors
    /// [`Error::UnknownFile`], [`Error::NewerFile`], [`Error::DamagedFile`] or [`Error::FileTooLarge`]; of a project in which
    /// nothing was trained yet, [`Error::UnknownFile`].
    pub fn parse(bytes: &[u8], device: &Device) -> Result<Self> {
        let mut opened = open(bytes)?;
        drop(opened.archive.split_off(super::project::EXAMPLES));
        Self::read(opened, device)?.ok_or_else(|| {
            Error::UnknownFile("the project holds drawings, but no model; load it as a project and train".into())
        })
    }

    /// The model in a file from which everything else was taken out, if there is one.
    pub(super) fn read(opened: Opened, device: &Device) -> Result<Option<Self>> {
        let Opened { mut archive, metadata, .. } = opened;
        let text = match archive.texts.get("head") {
            Some(text) => serde_json::from_str::<HeadText>(text)
                .map_err(|error| damaged(format!("what it says of the head is unreadable ({error})")))?,
            None if archive.names().next().is_none() => return Ok(None),
            None => return Err(damaged("it holds a network without a head".into())),
        };
        let features = feature_count(&metadata.backbone).ok_or_else(|| {
            damaged(format!("it holds a network “{}”, which this version does not know", metadata.backbone))
        })?;
        // What is small is looked at first.
        let head = read_head(&archive.split_off(HEAD), &text, metadata.labels.clone(), features).map_err(damaged)?;
        let weights = Weights::within(metadata, archive, |_, words| damaged(words));
        let backbone = Backbone::load(&weights, device)?;
        Ok(Some(Self { backbone: Rc::new(backbone), head: Rc::new(head) }))
    }

    /// As a file of that format.
    ///
    /// # Errors
    /// A failure of the processor.
    pub async fn to_bytes(&self, format: ModelFormat) -> Result<Vec<u8>> {
        match format {
            ModelFormat::Safetensors => self.to_safetensors().await,
            ModelFormat::Onnx => onnx::write(self).await,
        }
    }

    /// Exact, with what was not trained as small as it came.
    async fn to_safetensors(&self) -> Result<Vec<u8>> {
        let mut texts = self.metadata().to_map(MODEL, &VERSION.to_string());
        let entries = self.write(&mut texts).await?;
        within_limits(archive::write(texts, &entries).map_err(Error::Internal)?)
    }

    /// What the network is, with the classes of the head as labels.
    pub(super) fn metadata(&self) -> Metadata {
        Metadata { labels: self.head.classes().to_vec(), ..self.backbone.metadata().clone() }
    }

    /// Its tensors; what there is to say of them is added to `texts`.
    pub(super) async fn write(&self, texts: &mut HashMap<String, String>) -> Result<Vec<Entry>> {
        let mut tensors = self.backbone.tensors_async().await?;
        let mut add = |name: &str, rows: usize, values: &[f32]| {
            let shape = if rows > 0 { vec![rows, values.len() / rows] } else { vec![values.len()] };
            tensors.push(NamedTensor { name: format!("{HEAD}{name}"), shape, values: values.to_vec() });
        };
        let (weight, bias) = self.head.parameters();
        add("weight", bias.len(), weight);
        add("bias", 0, bias);
        if let Some(embedding) = self.head.embedding() {
            add("centre", 0, embedding.centre());
        }
        if let Some(hidden) = self.head.hidden() {
            add("hidden.weight", hidden.bias.len(), &hidden.weight);
            add("hidden.bias", 0, &hidden.bias);
        }
        let text = HeadText { kind: self.head.kind(), activation: self.head.hidden().map(|hidden| hidden.activation) };
        texts.insert("head".into(), serde_json::to_string(&text).expect("names serialise"));
        entries(&tensors, Dtype::Exact)
    }

    /// The probability of each of the head's classes, in their order.
    ///
    /// # Errors
    /// [`Error::EmptyDrawing`], or a failure of the processor.
    pub async fn probabilities(&self, input: &Input) -> Result<Vec<f32>> {
        let picture = input.render(self.backbone.input())?;
        Ok(self.head.probabilities(&self.backbone.features(&[picture]).await?[0]))
    }

    /// Refuses a model that answers with what is no number, though each of its values is one.
    pub(super) async fn check(&self) -> Result<()> {
        let spec = self.backbone.input();
        let blank = Picture::filled(spec.size, spec.paper);
        let features = self.backbone.features(&[blank]).await.map_err(|error| match error {
            Error::BadWeights(_) => damaged("the network in it computes what is no number".into()),
            other => other,
        })?;
        if self.head.probabilities(&features[0]).iter().all(|v| v.is_finite()) {
            return Ok(());
        }
        Err(damaged("the head in it computes what is no number".into()))
    }
}

fn read_head(archive: &Archive, text: &HeadText, classes: Vec<String>, features: usize) -> Result<Head, String> {
    check_classes(&classes)?;
    if classes.len() < 2 {
        return Err(format!("its head tells {} classes apart", classes.len()));
    }
    let values = |name: &str, shape: &[usize]| archive.floats(&format!("{HEAD}{name}"), shape);
    let shape = |name: &str| archive.shape(&format!("{HEAD}{name}"));
    let embedding = shape("centre").map(|_| values("centre", &[features])).transpose()?.map(Embedding::around);
    let hidden = match (shape("hidden.bias"), text.activation) {
        (Some(&[width @ 1..=MOST_HIDDEN]), Some(activation)) => Some(Hidden {
            weight: values("hidden.weight", &[width, features])?,
            bias: values("hidden.bias", &[width])?,
            activation,
        }),
        (None, None) => None,
        (shape, activation) => {
            return Err(format!("its head has a hidden layer of shape {shape:?} with the activation {activation:?}"));
        }
    };
    let width = hidden.as_ref().map_or(features, |hidden| hidden.bias.len());
    let output = (values("weight", &[classes.len(), width])?, values("bias", &[classes.len()])?);
    let used = 2 + usize::from(embedding.is_some()) + 2 * usize::from(hidden.is_some());
    let scales = archive.names().filter(|name| name.ends_with(archive::SCALE)).count();
    if archive.names().count() != used + scales {
        return Err("its head has more tensors than it should".into());
    }
    Ok(Head::new(text.kind, classes, embedding, hidden, output))
}

/// Names as a dataset would take them, each once.
pub(super) fn check_classes(classes: &[String]) -> Result<(), String> {
    let mut seen = HashSet::new();
    for class in classes {
        if checked_label(class).ok() != Some(class) || !seen.insert(class) {
            return Err(format!("“{}” is no usable name of a class, or there twice", class.escape_debug()));
        }
    }
    Ok(())
}
