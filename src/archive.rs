//! safetensors files with a block of texts: read within limits, written whole.

use std::collections::{BTreeMap, HashMap};

use half::f16;
use safetensors::Dtype;
use safetensors::tensor::{SafeTensors, TensorView};

/// What the name of a tensor of 8-bit integers is followed by in the name of the tensor of its rows' scales.
pub(crate) const SCALE: &str = ".scale";

/// What is read at most. wasm32 has 4 GB, and parsing JSON doubles it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The whole file, in bytes.
    pub file: usize,
    /// Names, shapes and texts, in bytes.
    pub header: u64,
    /// How many tensors.
    pub tensors: usize,
}

/// Why bytes are not read, in words without advice.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refusal {
    /// They are something else entirely.
    Foreign(String),
    /// They begin as they should, but are truncated or damaged.
    Damaged(String),
    /// They are more than the limits allow.
    TooLarge(String),
}

impl Refusal {
    /// The words.
    pub fn into_words(self) -> String {
        match self {
            Self::Foreign(words) | Self::Damaged(words) | Self::TooLarge(words) => words,
        }
    }
}

/// A file in memory: what it says about itself, and its tensors.
#[derive(Debug)]
pub(crate) struct Archive<'data> {
    /// Texts by key.
    pub texts: HashMap<String, String>,
    tensors: BTreeMap<String, TensorView<'data>>,
}

impl<'data> Archive<'data> {
    /// Reads a whole file.
    pub fn parse(bytes: &'data [u8], limits: Limits) -> Result<Self, Refusal> {
        if bytes.len() > limits.file {
            return Err(Refusal::TooLarge(format!(
                "the file has {} MiB, more than the {} allowed",
                bytes.len() >> 20,
                limits.file >> 20
            )));
        }
        let begins_well = |length: u64| length <= limits.header && bytes.get(8).is_none_or(|byte| *byte == b'{');
        match bytes.first_chunk().map(|length| u64::from_le_bytes(*length)) {
            Some(length) if begins_well(length) => {
                if length > bytes.len() as u64 - 8 {
                    return Err(Refusal::Damaged(format!("the file of {} bytes is truncated", bytes.len())));
                }
            }
            _ => {
                return Err(Refusal::Foreign(format!(
                    "the file of {} bytes is truncated or no safetensors file",
                    bytes.len()
                )));
            }
        }
        let damaged = |error: safetensors::SafeTensorError| {
            Refusal::Damaged(format!("the file is truncated or damaged ({error})"))
        };
        let (_, index) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
        if file.len() > limits.tensors {
            return Err(Refusal::TooLarge(format!(
                "the file has {} tensors, more than the {} allowed",
                file.len(),
                limits.tensors
            )));
        }
        let texts = index.metadata().clone().unwrap_or_default();
        Ok(Self { texts, tensors: file.tensors().into_iter().collect() })
    }

    /// The names of the tensors.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Takes the tensors whose names begin with `prefix` out, with the same texts.
    pub fn split_off(&mut self, prefix: &str) -> Self {
        let (taken, kept) =
            std::mem::take(&mut self.tensors).into_iter().partition(|(name, _)| name.starts_with(prefix));
        self.tensors = kept;
        Self { texts: self.texts.clone(), tensors: taken }
    }

    /// The shape of a tensor, if there is one of that name.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(TensorView::shape)
    }

    fn view(&self, name: &str, shape: &[usize]) -> Result<&TensorView<'data>, String> {
        let view = self.tensors.get(name);
        let view = view.ok_or_else(|| format!("tensor “{name}” is missing (expected shape {shape:?})"))?;
        if view.shape() != shape {
            return Err(format!("tensor “{name}” has shape {:?}, but {shape:?} is expected", view.shape()));
        }
        Ok(view)
    }

    /// The finite values of a tensor of that shape, as f32; the error says what is wrong with it.
    pub fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let view = self.view(name, shape)?;
        let values: Vec<f32> = match view.dtype() {
            Dtype::F16 => view.data().as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
            Dtype::F32 => view.data().as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            Dtype::I8 if !shape.is_empty() => {
                let scales = self.floats(&format!("{name}{SCALE}"), &shape[..1])?;
                let row = (view.data().len() / shape[0].max(1)).max(1);
                let rows = view.data().chunks(row).zip(scales);
                rows.flat_map(|(row, scale)| row.iter().map(move |v| f32::from(*v as i8) * scale)).collect()
            }
            other => return Err(format!("tensor “{name}” holds {other:?}, but F32, F16 or I8 is expected")),
        };
        match values.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(format!(
                "tensor “{name}” has the value {} at position {index}, but all must be finite",
                values[index]
            )),
            None => Ok(values),
        }
    }

    /// The whole numbers of a list.
    pub fn numbers(&self, name: &str) -> Result<Vec<u32>, String> {
        let length = self.shape(name).and_then(|shape| shape.first().copied()).unwrap_or(0);
        let view = self.view(name, &[length])?;
        match view.dtype() {
            Dtype::U32 => Ok(view.data().as_chunks().0.iter().map(|b| u32::from_le_bytes(*b)).collect()),
            other => Err(format!("tensor “{name}” holds {other:?}, but U32 is expected")),
        }
    }

    /// The bytes of a tensor of that shape.
    pub fn bytes(&self, name: &str, shape: &[usize]) -> Result<&'data [u8], String> {
        let view = self.view(name, shape)?;
        match view.dtype() {
            Dtype::U8 => Ok(view.data()),
            other => Err(format!("tensor “{name}” holds {other:?}, but U8 is expected")),
        }
    }
}

/// A tensor as it is written.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    name: String,
    shape: Vec<usize>,
    dtype: Dtype,
    bytes: Vec<u8>,
}

impl Entry {
    /// Single precision.
    pub fn singles(name: impl Into<String>, shape: &[usize], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Self { name: name.into(), shape: shape.to_vec(), dtype: Dtype::F32, bytes }
    }

    /// Half precision, which rounds.
    pub fn halves(name: impl Into<String>, shape: &[usize], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect();
        Self { name: name.into(), shape: shape.to_vec(), dtype: Dtype::F16, bytes }
    }

    /// 8-bit integers, and the scale of each row: [`Archive::floats`] gives back their products.
    pub fn scaled(name: &str, shape: &[usize], integers: &[i8], scales: &[f32]) -> [Self; 2] {
        let bytes = integers.iter().map(|v| *v as u8).collect();
        let integers = Self { name: name.into(), shape: shape.to_vec(), dtype: Dtype::I8, bytes };
        [integers, Self::singles(format!("{name}{SCALE}"), &shape[..1], scales)]
    }

    /// A list of whole numbers.
    pub fn numbers(name: &str, numbers: &[u32]) -> Self {
        let bytes = numbers.iter().flat_map(|v| v.to_le_bytes()).collect();
        Self { name: name.into(), shape: vec![numbers.len()], dtype: Dtype::U32, bytes }
    }

    /// Bytes.
    pub fn bytes(name: &str, shape: &[usize], bytes: Vec<u8>) -> Self {
        Self { name: name.into(), shape: shape.to_vec(), dtype: Dtype::U8, bytes }
    }
}

/// A whole file; the error says what is wrong with an entry.
pub(crate) fn write(texts: HashMap<String, String>, entries: &[Entry]) -> Result<Vec<u8>, String> {
    let failed = |error: safetensors::SafeTensorError| error.to_string();
    let views = entries
        .iter()
        .map(|Entry { name, shape, dtype, bytes }| {
            Ok((name, TensorView::new(*dtype, shape.clone(), bytes).map_err(failed)?))
        })
        .collect::<Result<Vec<_>, String>>()?;
    safetensors::serialize(views, Some(texts)).map_err(failed)
}
