//! The JavaScript boundary: conversions, nothing else.

use std::cell::RefCell;
use std::rc::Rc;

use doodletune::device::{Processor, cpu, webgpu};
use js_sys::{Float32Array, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::{Ready, WORKLOADS};

/// All workloads, as objects.
#[wasm_bindgen]
pub fn workloads() -> Result<JsValue, JsValue> {
    let list = WORKLOADS.iter().map(|workload| {
        let object = serde_wasm_bindgen::to_value(workload)?;
        js_sys::Reflect::set(&object, &"weights".into(), &workload.weights().into())?;
        js_sys::Reflect::set(&object, &"tolerance".into(), &workload.task.tolerance().into())?;
        Ok(object)
    });
    Ok(list.collect::<Result<js_sys::Array, JsValue>>()?.into())
}

/// A processor to run workloads on.
#[wasm_bindgen]
pub struct Bench(Processor);

#[wasm_bindgen]
impl Bench {
    /// Acquires `"cpu"` or `"webgpu"`.
    #[wasm_bindgen(unchecked_return_type = "Promise<Bench>")]
    pub fn on(device: String) -> Promise {
        future_to_promise(async move {
            let processor = if device == "cpu" { cpu() } else { webgpu().await.map_err(to_error)? };
            Ok(Bench(processor).into())
        })
    }

    /// What the processor calls itself.
    #[wasm_bindgen(getter)]
    pub fn name(&self) -> String {
        self.0.name.clone()
    }

    /// Prepares the workload of that number.
    #[wasm_bindgen(unchecked_return_type = "Promise<Run>")]
    pub fn prepare(&self, workload: usize, weights: Vec<u8>) -> Promise {
        let processor = self.0.clone();
        future_to_promise(async move {
            let ready = Ready::new(&WORKLOADS[workload], &weights, &processor).await.map_err(to_error)?;
            Ok(Run(Rc::new(RefCell::new(Some(ready)))).into())
        })
    }
}

/// A workload, ready to run.
#[wasm_bindgen]
pub struct Run(Rc<RefCell<Option<Ready>>>);

#[wasm_bindgen]
impl Run {
    /// What goes in, with its shape.
    #[wasm_bindgen(unchecked_return_type = "{ values: Float32Array; shape: number[] }")]
    pub fn input(&self) -> Result<JsValue, JsValue> {
        let ready = self.0.borrow();
        let input = ready.as_ref().ok_or_else(|| JsError::new("it is running"))?.input();
        let values = input.as_slice::<f32>().map_err(|error| JsError::new(&format!("{error:?}")))?;
        let object = js_sys::Object::new();
        js_sys::Reflect::set(&object, &"values".into(), &Float32Array::from(values))?;
        js_sys::Reflect::set(&object, &"shape".into(), &serde_wasm_bindgen::to_value(&input.shape().to_vec())?)?;
        Ok(object.into())
    }

    /// Runs it once, and returns what it comes to.
    #[wasm_bindgen(unchecked_return_type = "Promise<Float32Array>")]
    pub fn run(&self) -> Promise {
        let place = self.0.clone();
        future_to_promise(async move {
            // Taken out, so that nothing is borrowed while it waits.
            let mut ready = place.take().ok_or_else(|| JsError::new("it is running already"))?;
            let result = ready.run().await;
            place.replace(Some(ready));
            Ok(Float32Array::from(result.map_err(to_error)?.as_slice()).into())
        })
    }
}

fn to_error(error: doodletune::Error) -> JsValue {
    JsError::new(&error.to_string()).into()
}
