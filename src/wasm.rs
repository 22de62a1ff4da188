//! The JavaScript boundary: conversions, nothing else.
//!
//! Methods that wait return promises over a shared [`Rc`](std::rc::Rc), so that no borrow of the exported object is held
//! while they do, and predictions, `stop` and a training can overlap.

use std::rc::Rc;

use js_sys::{Float32Array, Function, JSON, Promise, Reflect, Uint8Array, Uint8ClampedArray};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use crate::backbone::{Helper, Helpers, InputSpec};
use crate::bundle::ModelFormat;
use crate::doodle::{Doodle, Image, Input, Picture};
use crate::error::{Error, Result};
use crate::explanation::Explanation;
use crate::finetune::{Epoch, Source, Strategy};
use crate::options;
use crate::tuner::{self, Features};

/// Runs once, when the module is instantiated.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** Strokes `[[x…], [y…]]` in time order and any unit, or RGBA pixels with straight alpha. */
export type Input = { strokes: number[][][] } | { width: number; height: number; data: Uint8ClampedArray };
export interface TunerOptions { device?: "auto" | "cpu" | "webgpu"; size?: number }
export interface Candidate { kind: "cpu" | "webgpu"; name: string; milliseconds: number | null; problem: string | null }
export interface DeviceReport { kind: "cpu" | "webgpu"; name: string; software: boolean; reason: string; candidates: Candidate[] }
export interface BackboneReport { name: string; stages: string[]; features: number; size: number; parameters: number; labels: string[]; license: string; source: string }
export interface Guess { label: string; probability: number }
export interface Prediction { label: string; probability: number; ranking: Guess[]; head: "prototype" | "linear" | "mlp" | "pretrained"; milliseconds: number }
export interface View { size: number; pixels: Uint8ClampedArray<ArrayBuffer> }
export interface Explanation { label: string; probability: number; side: number; heat: Float32Array }
export interface Features { ids: number[]; labels: string[]; length: number; values: Float32Array }
export interface ClassReport { label: string; examples: number }
/** Who else computes features; `seconds` of work are left. */
export interface Helpers { free(seconds: number): ((batch: Float32Array<ArrayBuffer>) => Promise<Float32Array | undefined>) | undefined }
export type ModelFormat = "safetensors" | "onnx";
// What is in these is said in www/lib/types.ts.
export type Strategy = string;
export type Plan = any;
export type Variation = any;
export type TrainOptions = any;
export type TrainEvent = any;
export type TrainReport = any;
export type Evaluation = any;
export type Loaded = any;
"#;

/// Learns classes from examples and recognises new drawings.
#[wasm_bindgen]
pub struct Tuner(Rc<tuner::Tuner>);

#[wasm_bindgen]
impl Tuner {
    /// Loads the backbone in `weights`, the bytes of a weight file. `log` gets a sentence for each step that takes time.
    /// `helpers` are there for many drawings, if they are given.
    #[wasm_bindgen(unchecked_return_type = "Promise<Tuner>")]
    pub fn create(
        #[wasm_bindgen(unchecked_param_type = "TunerOptions")] options: JsValue,
        weights: Uint8Array,
        #[wasm_bindgen(unchecked_param_type = "(message: string) => void")] log: Function,
        helpers: Option<Workers>,
    ) -> Promise {
        promise(async move {
            let options = options_from(options)?;
            let log = |message: &str| drop(log.call1(&JsValue::NULL, &message.into()));
            let tuner = tuner::Tuner::create(&options, &weights.to_vec(), log).await?;
            let tuner = match helpers {
                Some(helpers) => tuner.with_helpers(Rc::new(helpers)),
                None => tuner,
            };
            Ok(Tuner(Rc::new(tuner)).into())
        })
    }

    /// Helps another tuner with the same network: features of a normalised batch.
    #[wasm_bindgen(unchecked_return_type = "Promise<Float32Array<ArrayBuffer>>")]
    pub fn help(&self, batch: Vec<f32>) -> Promise {
        let tuner = self.0.clone();
        promise(async move { Ok(Float32Array::from(tuner.help(batch).await?.as_slice()).into()) })
    }

    /// Which processor computes, and why.
    #[wasm_bindgen(unchecked_return_type = "DeviceReport")]
    pub fn device(&self) -> Result<JsValue, JsValue> {
        to_js(self.0.device())
    }

    /// What the backbone is.
    #[wasm_bindgen(unchecked_return_type = "BackboneReport")]
    pub fn backbone(&self) -> Result<JsValue, JsValue> {
        to_js(&self.0.backbone())
    }

    /// What the network sees of an input, as opaque RGBA.
    #[wasm_bindgen(unchecked_return_type = "View")]
    pub fn preview(&self, #[wasm_bindgen(unchecked_param_type = "Input")] input: JsValue) -> Result<JsValue, JsValue> {
        let picture = input_from(&input).and_then(|input| self.0.preview(&input)).map_err(to_error)?;
        view(&picture)
    }

    /// What the network would see of an input in a training that varies it.
    #[wasm_bindgen(unchecked_return_type = "View[]")]
    pub fn vary(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Input")] input: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Variation")] variation: JsValue,
        count: usize,
        seed: f64,
    ) -> Result<JsValue, JsValue> {
        let varied = input_from(&input)
            .and_then(|input| self.0.vary(&input, &options_from(variation)?, count, seed as u64))
            .map_err(to_error)?;
        Ok(varied.iter().map(view).collect::<Result<js_sys::Array, JsValue>>()?.into())
    }

    /// Adds examples, all or none, computes their features, and returns their numbers.
    #[wasm_bindgen(js_name = addExamples, unchecked_return_type = "Promise<number[]>")]
    pub fn add_examples(
        &self,
        #[wasm_bindgen(unchecked_param_type = "{ label: string; input: Input }[]")] list: js_sys::Array,
    ) -> Promise {
        let tuner = self.0.clone();
        promise(async move {
            let example = |item: JsValue| {
                let label = get(&item, "label").as_string();
                let label = label.ok_or_else(|| Error::BadLabel("an example's label must be a string".into()))?;
                Ok((label, input_from(&get(&item, "input"))?))
            };
            // One after the other: all of the pictures at once may be more than there is memory.
            serialized(&tuner.add_each(list.iter().map(example)).await?)
        })
    }

    /// Removes examples, all or none.
    #[wasm_bindgen(js_name = removeExamples)]
    pub fn remove_examples(&self, ids: Vec<u32>) -> Result<(), JsValue> {
        self.0.remove_examples(&ids).map_err(to_error)
    }

    /// Gives an example to another, possibly new, class.
    #[wasm_bindgen(js_name = moveExample)]
    pub fn move_example(&self, id: u32, label: &str) -> Result<(), JsValue> {
        self.0.move_example(id, label).map_err(to_error)
    }

    /// Gives a class another name.
    #[wasm_bindgen(js_name = renameClass)]
    pub fn rename_class(&self, from: &str, to: &str) -> Result<(), JsValue> {
        self.0.rename_class(from, to).map_err(to_error)
    }

    /// Removes a class with its examples.
    #[wasm_bindgen(js_name = removeClass)]
    pub fn remove_class(&self, label: &str) -> Result<(), JsValue> {
        self.0.remove_class(label).map_err(to_error)
    }

    /// The classes, in the order in which they came.
    #[wasm_bindgen(unchecked_return_type = "ClassReport[]")]
    pub fn classes(&self) -> Result<JsValue, JsValue> {
        to_js(&self.0.classes())
    }

    /// Recognises a drawing.
    #[wasm_bindgen(unchecked_return_type = "Promise<Prediction>")]
    pub fn predict(&self, #[wasm_bindgen(unchecked_param_type = "Input")] input: JsValue) -> Promise {
        let tuner = self.0.clone();
        promise(async move { serialized(&tuner.predict(&input_from(&input)?).await?) })
    }

    /// Recognises a drawing of which there may be only the beginning yet.
    #[wasm_bindgen(js_name = predictUnfinished, unchecked_return_type = "Promise<Prediction>")]
    pub fn predict_unfinished(&self, #[wasm_bindgen(unchecked_param_type = "Input")] input: JsValue) -> Promise {
        let tuner = self.0.clone();
        promise(async move { serialized(&tuner.predict_unfinished(&input_from(&input)?).await?) })
    }

    /// Says what a drawing looks like, without any example, with the ready-made head in the weights.
    #[wasm_bindgen(unchecked_return_type = "Promise<Prediction>")]
    pub fn guess(&self, #[wasm_bindgen(unchecked_param_type = "Input")] input: JsValue) -> Promise {
        let tuner = self.0.clone();
        promise(async move { serialized(&tuner.guess(&input_from(&input)?).await?) })
    }

    /// Where in a drawing the answer of `predict` is found.
    #[wasm_bindgen(unchecked_return_type = "Promise<Explanation>")]
    pub fn explain(&self, #[wasm_bindgen(unchecked_param_type = "Input")] input: JsValue) -> Promise {
        let tuner = self.0.clone();
        promise(async move {
            let Explanation { guess, side, heat } = tuner.explain(&input_from(&input)?).await?;
            let heat = Float32Array::from(heat.as_slice()).into();
            object([
                ("label", guess.label.into()),
                ("probability", guess.probability.into()),
                ("side", side.into()),
                ("heat", heat),
            ])
        })
    }

    /// What the network makes of the examples, as it answers now or as it was before any training.
    #[wasm_bindgen(unchecked_return_type = "Promise<Features>")]
    pub fn features(&self, pretrained: bool) -> Promise {
        let tuner = self.0.clone();
        promise(async move {
            let Features { ids, labels, length, values } = tuner.features(pretrained).await?;
            let values = Float32Array::from(values.as_slice()).into();
            object([
                ("ids", serialized(&ids)?),
                ("labels", serialized(&labels)?),
                ("length", length.into()),
                ("values", values),
            ])
        })
    }

    /// The plan of a strategy, made to measure for the examples of this moment.
    #[wasm_bindgen(unchecked_return_type = "Plan")]
    pub fn plan(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Strategy")] strategy: JsValue,
    ) -> Result<JsValue, JsValue> {
        let strategy: Strategy = options_from(strategy).map_err(to_error)?;
        to_js(&self.0.plan(strategy))
    }

    /// Compiles ahead what a training would ask of a GPU.
    #[wasm_bindgen(unchecked_return_type = "Promise<void>")]
    pub fn prepare(&self, #[wasm_bindgen(unchecked_param_type = "TrainOptions")] options: JsValue) -> Promise {
        let tuner = self.0.clone();
        promise(async move {
            tuner.prepare(&options_from(options)?).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Trains; `on_event` gets an event after each epoch, `on_checkpoint` now and then what a training can go on `from`.
    #[wasm_bindgen(unchecked_return_type = "Promise<TrainReport>")]
    pub fn train(
        &self,
        #[wasm_bindgen(unchecked_param_type = "TrainOptions")] options: JsValue,
        from: Option<Uint8Array>,
        #[wasm_bindgen(unchecked_param_type = "(event: TrainEvent) => void")] on_event: Function,
        #[wasm_bindgen(unchecked_param_type = "(file: Uint8Array<ArrayBuffer>) => void")] on_checkpoint: Function,
    ) -> Promise {
        let tuner = self.0.clone();
        promise(async move {
            let options: tuner::TrainOptions = options_from(options)?;
            let from = from.map(|bytes| bytes.to_vec());
            let take = move |bytes: Vec<u8>| {
                drop(on_checkpoint.call1(&JsValue::NULL, &Uint8Array::from(bytes.as_slice())));
            };
            serialized(&tuner.train_with_checkpoints(&options, from.as_deref(), take, teller(on_event)).await?)
        })
    }

    /// Goes on with the training that was paused.
    #[wasm_bindgen(unchecked_return_type = "Promise<TrainReport>")]
    pub fn resume(
        &self,
        #[wasm_bindgen(unchecked_param_type = "(event: TrainEvent) => void")] on_event: Function,
    ) -> Promise {
        let tuner = self.0.clone();
        promise(async move { serialized(&tuner.resume(teller(on_event)).await?) })
    }

    /// How well a head alone would do on new drawings.
    #[wasm_bindgen(unchecked_return_type = "Promise<Evaluation>")]
    pub fn evaluate(&self) -> Promise {
        let tuner = self.0.clone();
        promise(async move { serialized(&tuner.evaluate().await?) })
    }

    /// Everything as a project file.
    #[wasm_bindgen(unchecked_return_type = "Promise<Uint8Array<ArrayBuffer>>")]
    pub fn save(&self) -> Promise {
        let tuner = self.0.clone();
        promise(async move { Ok(Uint8Array::from(tuner.save().await?.as_slice()).into()) })
    }

    /// What answers at this moment, as a file of that format.
    #[wasm_bindgen(js_name = exportModel, unchecked_return_type = "Promise<Uint8Array<ArrayBuffer>>")]
    pub fn export_model(&self, #[wasm_bindgen(unchecked_param_type = "ModelFormat")] format: JsValue) -> Promise {
        let tuner = self.0.clone();
        promise(async move {
            let format: ModelFormat = options_from(format)?;
            Ok(Uint8Array::from(tuner.export(format).await?.as_slice()).into())
        })
    }

    /// Replaces everything with what is in a file, and tells what that is.
    #[wasm_bindgen(unchecked_return_type = "Promise<Loaded>")]
    pub fn load(&self, file: Uint8Array) -> Promise {
        let tuner = self.0.clone();
        promise(async move {
            tuner.load(&file.to_vec()).await?;
            let examples = tuner.examples()?.into_iter().map(|(id, label, source)| {
                object([("id", id.into()), ("label", label.into()), ("input", input_of(&source, tuner.input())?)])
            });
            let (plan, report) = tuner.outcome().map(|outcome| (outcome.plan, outcome.report)).unzip();
            object([
                ("examples", examples.collect::<Result<js_sys::Array>>()?.into()),
                ("labels", serialized(&tuner.trained_classes())?),
                ("plan", serialized(&plan)?),
                ("report", serialized(&report)?),
            ])
        })
    }

    /// Pauses the running training within a step.
    pub fn pause(&self) {
        self.0.pause();
    }

    /// Ends the running training within a step, and one that is paused as soon as it is resumed; the best so far stays.
    pub fn stop(&self) {
        self.0.stop();
    }

    /// Gives the GPU back, where one was used; nothing can be computed any more.
    pub fn discard(&self) {
        self.0.processor().discard();
    }

    /// Destroys the GPU device, as a driver reset would: for testing recovery.
    #[wasm_bindgen(js_name = loseDeviceForTest)]
    pub fn lose_device_for_test(&self) {
        self.0.processor().release();
    }
}

#[wasm_bindgen]
extern "C" {
    /// What stands behind [`Helpers`] in JavaScript.
    #[wasm_bindgen(typescript_type = "Helpers")]
    #[derive(Debug)]
    pub type Workers;

    #[wasm_bindgen(method, catch)]
    fn free(this: &Workers, seconds: f64) -> Result<Option<Function>, JsValue>;
}

impl Helpers for Workers {
    fn free(&self, seconds: f64) -> Option<Helper> {
        let helper = self.free(seconds).ok().flatten()?;
        Some(Box::new(move |batch| {
            let batch = Float32Array::from(batch.as_slice());
            let answer = helper.call1(&JsValue::NULL, &batch).and_then(|answer| answer.dyn_into::<Promise>());
            let answer = answer.map(JsFuture::from);
            // What goes wrong there is done here.
            Box::pin(async move { Some(answer.ok()?.await.ok()?.dyn_into::<Float32Array>().ok()?.to_vec()) })
        }))
    }
}

/// Tells a listener of epochs.
fn teller(listener: Function) -> impl FnMut(&Epoch) {
    move |epoch| {
        if let Ok(event) = serialized(epoch) {
            // What the listener throws is the listener's affair.
            drop(listener.call1(&JsValue::NULL, &event));
        }
    }
}

/// A picture as opaque RGBA.
fn view(picture: &Picture) -> Result<JsValue, JsValue> {
    let pixels = Uint8ClampedArray::from(picture.to_rgba().as_slice());
    object([("size", picture.side.into()), ("pixels", pixels.into())]).map_err(to_error)
}

/// What was drawn, as it could be given again.
fn input_of(source: &Source, spec: &InputSpec) -> Result<JsValue> {
    match source {
        Source::Doodle(doodle) => object([("strokes", serialized(&doodle.to_columns())?)]),
        Source::Picture { side, .. } => {
            let data = Uint8ClampedArray::from(source.to_rgba(spec).as_slice()).into();
            object([("width", (*side).into()), ("height", (*side).into()), ("data", data)])
        }
    }
}

fn object<const N: usize>(entries: [(&str, JsValue); N]) -> Result<JsValue> {
    let object = js_sys::Object::new();
    for (key, value) in entries {
        Reflect::set(&object, &key.into(), &value).map_err(|_| Error::Internal(format!("cannot set {key}")))?;
    }
    Ok(object.into())
}

/// Runs a task whose error becomes a `DoodleTuneError`.
fn promise(task: impl Future<Output = Result<JsValue>> + 'static) -> Promise {
    future_to_promise(async { task.await.map_err(to_error) })
}

fn to_error(error: Error) -> JsValue {
    let object = js_sys::Error::new(&error.to_string());
    object.set_name("DoodleTuneError");
    // Setting a property of a fresh object does not fail.
    drop(Reflect::set(&object, &"code".into(), &error.code().into()));
    object.into()
}

/// By way of JSON, in which an f32 has as few digits as it needs: a rate of 0.004 reaches JavaScript as just that.
fn serialized(value: &impl Serialize) -> Result<JsValue> {
    let json = serde_json::to_string(value).map_err(|error| Error::Internal(error.to_string()))?;
    JSON::parse(&json).map_err(|_| Error::Internal("JSON that is none".into()))
}

fn to_js(value: &impl Serialize) -> Result<JsValue, JsValue> {
    serialized(value).map_err(to_error)
}

/// Options from a plain object; `undefined` and `null` stand for the defaults.
fn options_from<T: DeserializeOwned + Default>(value: JsValue) -> Result<T> {
    if value.is_undefined() || value.is_null() {
        return Ok(T::default());
    }
    // By way of a text, whose reader goes so deep and no deeper; read directly from an object, unknown fields would be ignored.
    let text = JSON::stringify(&value).ok().and_then(|json| json.as_string());
    options::parse(&text.ok_or_else(|| Error::BadOption("an option is no plain data".into()))?)
}

fn get(object: &JsValue, key: &str) -> JsValue {
    // Fails only for what is no object, which has no properties.
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

fn input_from(value: &JsValue) -> Result<Input> {
    let strokes = get(value, "strokes");
    if !strokes.is_undefined() {
        let columns: Vec<Vec<Vec<f32>>> = serde_wasm_bindgen::from_value(strokes)
            .map_err(|error| Error::BadInput(format!("strokes must be a list of [[x, …], [y, …]]: {error}")))?;
        return Ok(Doodle::from_columns(&columns)?.into());
    }
    let side =
        |key| get(value, key).as_f64().filter(|side| side.fract() == 0.0 && *side >= 0.0).map(|side| side as usize);
    let data = get(value, "data").dyn_into::<Uint8ClampedArray>();
    match (side("width"), side("height"), data) {
        (Some(width), Some(height), Ok(data)) => Ok(Image::from_rgba(width, height, &data.to_vec())?.into()),
        _ => Err(Error::BadInput(
            "an input must be { strokes } or { width, height, data } with data a Uint8ClampedArray of RGBA".into(),
        )),
    }
}
