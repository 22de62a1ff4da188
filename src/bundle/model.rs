//! A network with its head.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use burn::prelude::*;
use serde::{Deserialize, Serialize};

use super::{MODEL, Opened, VERSION, damaged, onnx, open, within_limits};
use crate::archive::{self, Entry};
use crate::backbone::{Backbone, Dtype, Metadata, Weights, entries, feature_count};
use crate::dataset::checked_label;
use crate::doodle::{Input, Picture};
use crate::error::{Error, Result};
use crate::head::{Head, HeadText};

/// What the names of the head's tensors begin with.
const HEAD: &str = "head.";

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

impl Model {
    /// Reads the model in a file, be it a model alone or a project with one, to compute on `device`.
    ///
    /// # Errors
    /// [`Error::UnknownFile`], [`Error::NewerFile`], [`Error::DamagedFile`] or [`Error::FileTooLarge`]; of a project in which
    /// nothing was trained yet, [`Error::UnknownFile`].
    pub async fn parse(bytes: &[u8], device: &Device) -> Result<Self> {
        let mut opened = open(bytes)?;
        drop(opened.archive.split_off(super::project::EXAMPLES));
        let model = Self::read(opened, device)?.ok_or_else(|| {
            Error::UnknownFile("the project holds drawings, but no model; load it as a project and train".into())
        })?;
        model.check().await?;
        Ok(model)
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
        check_classes(&metadata.labels).map_err(damaged)?;
        let parts = archive.split_off(HEAD);
        let head = Head::from_tensors(&parts, HEAD, &text, metadata.labels.clone(), features).map_err(damaged)?;
        let weights = Weights::within(metadata, archive, |_, words| damaged(words));
        let backbone = Backbone::load(&weights, device)?;
        Ok(Some(Self { backbone: Rc::new(backbone), head: Rc::new(head) }))
    }

    /// As a file of that format.
    ///
    /// # Errors
    /// [`Error::FileTooLarge`], or a failure of the processor.
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
        tensors.extend(self.head.tensors(HEAD));
        texts.insert("head".into(), serde_json::to_string(&self.head.text()).expect("names serialise"));
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
