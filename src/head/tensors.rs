//! A head as tensors of a file, and back.

use serde::{Deserialize, Serialize};

use super::{Embedding, Head, HeadKind, Hidden, HiddenActivation};
use crate::archive::{Archive, SCALE};
use crate::backbone::NamedTensor;

/// The widest hidden layer.
const MOST_HIDDEN: usize = 4096;

/// What a file says of a head beside its tensors.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadText {
    kind: HeadKind,
    activation: Option<HiddenActivation>,
}

impl Head {
    /// What is not in its tensors, but for the classes.
    pub(crate) fn text(&self) -> HeadText {
        HeadText { kind: self.kind, activation: self.hidden.as_ref().map(|hidden| hidden.activation) }
    }

    /// Its tensors, whose names begin with `prefix`.
    pub(crate) fn tensors(&self, prefix: &str) -> Vec<NamedTensor> {
        let tensor = |name: &str, rows: usize, values: &[f32]| {
            let shape = if rows > 0 { vec![rows, values.len() / rows] } else { vec![values.len()] };
            NamedTensor { name: format!("{prefix}{name}"), shape, values: values.to_vec() }
        };
        let mut tensors = vec![tensor("weight", self.bias.len(), &self.weight), tensor("bias", 0, &self.bias)];
        tensors.extend(self.embedding.iter().map(|embedding| tensor("centre", 0, embedding.centre())));
        if let Some(hidden) = &self.hidden {
            tensors.push(tensor("hidden.weight", hidden.bias.len(), &hidden.weight));
            tensors.push(tensor("hidden.bias", 0, &hidden.bias));
        }
        tensors
    }

    /// The head of a backbone with so many `features` in an archive of nothing else; the error says what is wrong with it.
    pub(crate) fn from_tensors(
        archive: &Archive,
        prefix: &str,
        text: &HeadText,
        classes: Vec<String>,
        features: usize,
    ) -> Result<Self, String> {
        if classes.len() < 2 {
            return Err(format!("its head tells {} classes apart", classes.len()));
        }
        let values = |name: &str, shape: &[usize]| archive.floats(&format!("{prefix}{name}"), shape);
        let shape = |name: &str| archive.shape(&format!("{prefix}{name}"));
        let embedding = shape("centre").map(|_| values("centre", &[features])).transpose()?.map(Embedding::around);
        let hidden = match (shape("hidden.bias"), text.activation) {
            (Some(&[width @ 1..=MOST_HIDDEN]), Some(activation)) => Some(Hidden {
                weight: values("hidden.weight", &[width, features])?,
                bias: values("hidden.bias", &[width])?,
                activation,
            }),
            (None, None) => None,
            (shape, activation) => {
                return Err(format!(
                    "its head has a hidden layer of shape {shape:?} with the activation {activation:?}"
                ));
            }
        };
        let width = hidden.as_ref().map_or(features, |hidden| hidden.bias.len());
        let output = (values("weight", &[classes.len(), width])?, values("bias", &[classes.len()])?);
        let used = 2 + usize::from(embedding.is_some()) + 2 * usize::from(hidden.is_some());
        let scales = archive.names().filter(|name| name.ends_with(SCALE)).count();
        if archive.names().count() != used + scales {
            return Err("its head has more tensors than it should".into());
        }
        Ok(Self::new(text.kind, classes, embedding, hidden, output))
    }
}
