//! The crate in a real browser: the same numbers as the reference, on the CPU and through WebGPU, and learning.
//!
//! `wasm-pack test --headless --chrome`, with `webdriver.json` asking for a software GPU. The weights are fetched from
//! `models/`, which the test runner serves with the rest of the crate.
#![cfg(target_arch = "wasm32")]

mod common;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use burn::module::Param;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use common::golden::{cases, drift};
use common::shapes::{KINDS, examples, shape};
use common::{apart, doodle};
use doodletune::Tuner;
use doodletune::backbone::{Backbone, Weights};
use doodletune::device::{DeviceKind, Processor, cpu, is_cpu, read, webgpu};
use doodletune::finetune::{
    Ending, Epoch, Examples, HeadPlan, HeadStart, NormMode, Optimizer, Phase, Plan, Schedule, Session, Signal, Source,
    Strategy, Trainable, Trained,
};
use doodletune::kernels::{
    Activation, AdamStep, BatchStatistics, ConvNormOp, CrossEntropyOp, GpuConvNorm, lerp, mean_of_pixels,
};
use doodletune::selection::Preference;
use doodletune::tuner::{TrainOptions, TunerOptions};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};
use web_time::Instant;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

async fn model(name: &str) -> Vec<u8> {
    let global = js_sys::global();
    let origin = Reflect::get(&Reflect::get(&global, &"location".into()).unwrap(), &"origin".into()).unwrap();
    let url = format!("{}/models/{name}", origin.as_string().unwrap());
    let call = |object: &JsValue, method: &str, arguments: &js_sys::Array| {
        let method: js_sys::Function = Reflect::get(object, &method.into()).unwrap().unchecked_into();
        JsFuture::from(method.apply(object, arguments).unwrap().unchecked_into::<js_sys::Promise>())
    };
    let response = call(&global, "fetch", &js_sys::Array::of1(&url.into())).await.unwrap();
    let found = Reflect::get(&response, &"ok".into()).unwrap().is_truthy();
    assert!(found, "models/{name} is missing; run `cargo xtask weights efficientnet-lite0`");
    Uint8Array::new(&call(&response, "arrayBuffer", &js_sys::Array::new()).await.unwrap()).to_vec()
}

/// The GPU; `None`, with the right error, in Firefox, which has no WebGPU on the systems that test it.
async fn gpu() -> Option<Processor> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).unwrap();
    let browser = Reflect::get(&navigator, &"userAgent".into()).unwrap().as_string().unwrap();
    match webgpu().await {
        Err(error) if browser.contains("Firefox") => {
            assert_eq!(error.code(), "no-webgpu");
            None
        }
        gpu => Some(gpu.expect("Chromium with the arguments in webdriver.json has a WebGPU adapter")),
    }
}

async fn assert_golden(processor: &Processor, tolerance: f32) {
    let bytes = model("efficientnet-lite0.f32.safetensors").await;
    let weights = Weights::parse(&bytes).unwrap();
    let backbone = Backbone::load(&weights, &processor.tensors).unwrap();
    for case in cases() {
        let drift = drift(&backbone, &weights, &case).await;
        console_log!(
            "{}, {} px: features {:.1e}, logits {:.1e}",
            processor.name,
            case.size,
            drift.features,
            drift.logits
        );
        drift.assert_within(tolerance, &processor.name);
    }
}

async fn assert_doodle(processor: &Processor, tolerance: f32) {
    let bytes = model("doodle.safetensors").await;
    let weights = Weights::parse(&bytes).unwrap();
    let backbone = Backbone::load(&weights, &processor.tensors).unwrap();
    let found = doodle::compute(&backbone, &weights).await;
    let drift = doodle::assert_equal_the_fixture(&found, tolerance, &processor.name);
    console_log!("{}, doodle: {drift:.1e}", processor.name);
}

#[wasm_bindgen_test]
async fn doodle_on_the_cpu_equals_the_native_one() {
    assert_doodle(&cpu(), 1e-4).await;
}

/// Here burn's own operations stand against the kernels of this crate, which compute on every CPU.
#[wasm_bindgen_test]
async fn doodle_on_webgpu_equals_the_native_one() {
    let Some(gpu) = gpu().await else { return };
    assert_doodle(&gpu, 1e-3).await;
}

#[wasm_bindgen_test]
async fn the_cpu_equals_the_reference() {
    assert_golden(&cpu(), 1e-4).await;
}

#[wasm_bindgen_test]
async fn webgpu_equals_the_reference() {
    let Some(gpu) = gpu().await else { return };
    assert!(gpu.software && gpu.name.contains("swiftshader"), "a software adapter is named as such: {gpu:?}");
    assert_golden(&gpu, 1e-3).await;
}

/// Without `__wasm_call_ctors` at the start, every call from JavaScript runs all constructors: this took 3.7 s.
#[wasm_bindgen_test]
async fn enqueueing_a_forward_pass_takes_milliseconds() {
    let Some(gpu) = gpu().await else { return };
    let bytes = model("efficientnet-lite0.safetensors").await;
    let backbone = Backbone::load(&Weights::parse(&bytes).unwrap(), &gpu.tensors).unwrap();
    let input = || Tensor::<4>::zeros([1, 3, 32, 32], &gpu.tensors);
    read(backbone.forward(input())).await.unwrap();
    let start = Instant::now();
    let features = backbone.forward(input());
    let elapsed = start.elapsed();
    read(features).await.unwrap();
    assert!(elapsed.as_millis() < 500, "enqueueing took {elapsed:?}");
}

/// Whatever the browser refuses on our device, by whomever, must not end in numbers.
#[wasm_bindgen_test]
async fn a_validation_error_fails_the_next_readback() {
    let Some(gpu) = gpu().await else { return };
    let ones = || Tensor::<1>::ones([3], &gpu.tensors);
    assert_eq!(read(ones()).await.unwrap(), [1.0; 3]);
    let invalid = wgpu::ShaderModuleDescriptor { label: None, source: wgpu::ShaderSource::Wgsl("not a kernel".into()) };
    drop(gpu.gpu().unwrap().create_shader_module(invalid));
    // The browser tells of it in its own time.
    gloo_timers::future::TimeoutFuture::new(200).await;
    let error = read(ones()).await.unwrap_err();
    assert_eq!(error.code(), "gpu-error", "{error}");
}

/// tracel-ai/cubek#654: kernels for a single row may ask for what browsers do not offer.
#[wasm_bindgen_test]
async fn a_single_row_times_a_matrix_is_right_on_the_gpu() {
    let Some(gpu) = gpu().await else { return };
    let cpu = cpu();
    let row = Tensor::<2>::random([1, 1280], Distribution::Normal(0.0, 1.0), &cpu.tensors);
    let matrix = Tensor::<2>::random([1280, 10], Distribution::Normal(0.0, 1.0), &cpu.tensors);
    let expected = read(row.clone().matmul(matrix.clone())).await.unwrap();
    for _ in 0..3 {
        let found = row.clone().to_device(&gpu.tensors).matmul(matrix.clone().to_device(&gpu.tensors));
        for (a, b) in read(found).await.unwrap().iter().zip(&expected) {
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
    }
}

/// In browsers, the kernels are written at run time: for products, for lines of depthwise convolutions of either stride, for
/// channels that fill no vectors.
#[wasm_bindgen_test]
fn kernels_equal_burns_own_forward_and_backward() {
    let device = cpu().tensors.autodiff();
    device.seed(7);
    let random = |shape: [usize; 4]| Tensor::<4>::random(shape, Distribution::Default, &device);
    for (channels, kernel, stride, groups) in [
        ([3, 8], 3, 2, 1),
        ([24, 16], 1, 1, 1),
        ([16, 20], 3, 1, 1),
        ([8, 8], 3, 1, 8),
        ([12, 12], 5, 2, 12),
        ([4, 4], 3, 2, 4),
        ([6, 6], 5, 1, 6),
    ] {
        let [input, output] = channels;
        let weight = random([output, input / groups, kernel, kernel]);
        let vector = || Tensor::<1>::random([output], Distribution::Uniform(0.5, 1.5), &device);
        // Tiles of all sizes, and paddings on all sides.
        let (x, gamma, beta) = (random([3, input, 21, 10]), vector(), vector() - 1.0);
        let factors = random([3, output, 21usize.div_ceil(stride), 10usize.div_ceil(stride)]);
        let statistics = BatchStatistics { mean: vec![0.3; output], variance: vec![0.8; output] };
        let [ours, burns] = [true, false].map(|ours| {
            let [x, weight] = [&x, &weight].map(|v| v.clone().require_grad());
            let [gamma, beta] = [&gamma, &beta].map(|v| v.clone().require_grad());
            let y = if ours {
                let (x, weight, gamma, beta) = (x.clone(), weight.clone(), gamma.clone(), beta.clone());
                let (shortcut, activation) = (None, Activation::Relu6);
                ConvNormOp { x, weight, gamma, beta, shortcut, stride, epsilon: 1e-3, activation }
                    .on_running_statistics(statistics.clone())
            } else {
                let conv = burns_convolution(channels, stride, groups, weight.clone());
                let of_channel = |v: &Tensor<1>| v.clone().reshape([1, output, 1, 1]);
                let z = (conv.forward(x.clone()) - 0.3) / 0.801f32.sqrt();
                (z * of_channel(&gamma) + of_channel(&beta)).clamp(0.0, 6.0)
            };
            let gradients = (y.clone() * factors.clone()).sum().backward();
            let of = |v: &Tensor<4>| v.grad(&gradients).unwrap().into_data().try_to_vec::<f32>().unwrap();
            let of_vector = |v: &Tensor<1>| v.grad(&gradients).unwrap().into_data().try_to_vec::<f32>().unwrap();
            [y.inner().into_data().try_to_vec().unwrap(), of(&x), of(&weight), of_vector(&gamma), of_vector(&beta)]
        });
        for (index, (ours, burns)) in ours.iter().zip(&burns).enumerate() {
            let scale = burns.iter().fold(1.0f32, |most, v| most.max(v.abs()));
            let apart = apart(ours, burns) / scale;
            assert!(apart < 1e-5, "{channels:?}, kernel {kernel}, stride {stride}: {index} is {apart} apart");
        }
    }
}

/// burn's own, with this weight, `[output, input / groups, kernel, kernel]`, and nothing else.
fn burns_convolution(channels: [usize; 2], stride: usize, groups: usize, weight: Tensor<4>) -> Conv2d {
    let mut conv = Conv2dConfig::new(channels, [weight.dims()[2]; 2])
        .with_stride([stride; 2])
        .with_groups(groups)
        .with_padding(PaddingConfig2d::Same)
        .with_bias(false)
        .init(&weight.device());
    conv.weight = Param::from_tensor(weight);
    conv
}

/// With few outputs and with many, in all kinds of windows, with each activation in turn; and with other parameters than before.
#[wasm_bindgen_test]
async fn kernels_on_webgpu_equal_burns_own() {
    let Some(gpu) = gpu().await else { return };
    let device = cpu().tensors;
    device.seed(7);
    let mut folded = None;
    let activations = [Activation::None, Activation::Relu, Activation::Relu6].into_iter().cycle();
    let cases = [
        ([3, 8], 3, 2, 1, [21, 10], false),
        ([1, 16], 5, 2, 1, [9, 13], false),
        ([32, 20], 3, 1, 1, [5, 6], true),
        ([24, 16], 1, 2, 1, [21, 10], false),
        ([4, 32], 1, 1, 1, [64, 96], true),
        ([64, 48], 1, 1, 1, [5, 7], true),
        ([64, 16], 1, 1, 1, [1, 1], false),
        ([8, 8], 3, 1, 8, [21, 10], false),
        ([12, 12], 5, 2, 12, [21, 10], true),
        ([4, 4], 3, 2, 4, [9, 13], false),
        ([4, 4], 5, 1, 4, [9, 13], false),
    ];
    for (kind, activation) in cases.into_iter().zip(activations) {
        let Case { x, weight, vectors, shortcut, .. } = Case::random(kind, activation, &device);
        let (channels, kernel, stride, groups, ..) = kind;
        let output = channels[1];
        let conv = burns_convolution(channels, stride, groups, weight.clone());
        let [gamma, beta, mean, variance] = vectors.clone().map(|v| v.reshape([1, output, 1, 1]));
        let mut sum = (conv.forward(x.clone()) - mean) / (variance + 1e-3).sqrt() * gamma + beta;
        if let Some(shortcut) = &shortcut {
            sum = sum + shortcut.clone();
        }

        let there = |tensor: Tensor<4>| tensor.to_device(&gpu.tensors);
        let vectors = vectors.map(|v| v.to_device(&gpu.tensors));
        let weight = there(weight);
        let made = GpuConvNorm::new(weight.clone(), vectors.clone(), 1e-3, folded.take()).unwrap();
        let again = GpuConvNorm::new(weight, vectors, 1e-3, Some(made.clone())).unwrap();
        assert!(Arc::ptr_eq(&made, &again), "parameters are multiplied out once");
        let y = made.forward(there(x.clone()), shortcut.clone().map(there), stride, activation);
        let expected = match activation {
            Activation::None => sum.clone(),
            Activation::Relu => sum.clone().clamp_min(0.0),
            Activation::Relu6 => sum.clone().clamp(0.0, 6.0),
        };
        let means = read(mean_of_pixels(&y).unwrap()).await.unwrap();
        let expected_means = read(expected.clone().mean_dim(2).mean_dim(3)).await.unwrap();
        let (y, expected) = (read(y).await.unwrap(), read(expected).await.unwrap());
        for (found, expected) in [(y, expected), (means, expected_means)] {
            let apart = apart(&found, &expected);
            assert!(apart < 1e-4, "{channels:?}, kernel {kernel}, stride {stride}, {activation:?}: {apart} apart");
        }
        folded = Some(made);
    }
}

/// What a browser's GPU makes of NaN by itself is nothing: a network that has blown up would look well.
#[wasm_bindgen_test]
async fn what_is_no_number_stays_none_on_webgpu() {
    let Some(gpu) = gpu().await else { return };
    for (kind, lost) in [(([4, 4], 3, 1, 4, [5, 5], false), 9), (([8, 4], 1, 1, 1, [5, 5], false), 1)] {
        for activation in [Activation::None, Activation::Relu, Activation::Relu6] {
            let Case { x, weight, vectors, .. } = Case::random(kind, activation, &cpu().tensors);
            let x = x.slice_fill([0..1, 0..1, 2..3, 2..3], f32::NAN).to_device(&gpu.tensors);
            let vectors = vectors.map(|v| v.to_device(&gpu.tensors));
            let made = GpuConvNorm::new(weight.to_device(&gpu.tensors), vectors, 1e-3, None).unwrap();
            let y = read(made.forward(x, None, 1, activation).slice([0..1, 0..1])).await.unwrap();
            assert_eq!(y.iter().filter(|v| v.is_nan()).count(), lost, "{activation:?}: {y:?}");
        }
    }
}

/// What a convolution gives and sends back, on a device: its output, and the gradients of its input (where a first layer's wants
/// none), weight, factor, summand and shortcut.
async fn there_and_back(processor: &Processor, case: &Case) -> Vec<Vec<f32>> {
    let device = processor.tensors.clone().autodiff();
    let there =
        |tensor: &Tensor<4>| Tensor::from_inner(tensor.clone().to_device(&processor.tensors)).to_device(&device);
    let vectors = case.vectors.clone().map(|v| v.to_device(&processor.tensors));
    let [gamma, beta] = [0, 1].map(|i| Tensor::from_inner(vectors[i].clone()).to_device(&device).require_grad());
    let [mean, variance] = [2, 3].map(|i| vectors[i].clone());
    let (mut x, weight) = (there(&case.x), there(&case.weight).require_grad());
    let wants_input = x.dims()[1].is_multiple_of(4);
    if wants_input {
        x = x.require_grad();
    }
    let shortcut = case.shortcut.as_ref().map(|shortcut| there(shortcut).require_grad());
    let op = ConvNormOp {
        x: x.clone(),
        weight: weight.clone(),
        gamma: gamma.clone(),
        beta: beta.clone(),
        shortcut: shortcut.clone(),
        stride: case.stride,
        epsilon: 1e-3,
        activation: case.activation,
    };
    let y = if is_cpu(&processor.tensors) {
        let of = |v: Tensor<1>| v.into_data().try_to_vec().unwrap();
        op.on_running_statistics(BatchStatistics { mean: of(mean), variance: of(variance) })
    } else {
        op.on_gpu([mean, variance]).unwrap()
    };
    let gradients = (y.clone() * there(&case.factors)).sum().backward();
    let mut found = vec![read(y.inner()).await.unwrap()];
    if wants_input {
        found.push(read(x.grad(&gradients).unwrap()).await.unwrap());
    }
    found.push(read(weight.grad(&gradients).unwrap()).await.unwrap());
    for vector in [gamma, beta] {
        found.push(read(vector.grad(&gradients).unwrap()).await.unwrap());
    }
    if let Some(shortcut) = shortcut {
        found.push(read(shortcut.grad(&gradients).unwrap()).await.unwrap());
    }
    found
}

/// A convolution with normalisation on the CPU, without automatic differentiation.
struct Case {
    x: Tensor<4>,
    weight: Tensor<4>,
    /// Factor, summand, mean and variance.
    vectors: [Tensor<1>; 4],
    shortcut: Option<Tensor<4>>,
    /// Of the output, in the loss.
    factors: Tensor<4>,
    stride: usize,
    activation: Activation,
}

/// Input and output channels, the side of the kernel, the stride, the groups, height and width, and whether there is a shortcut.
type Kind = ([usize; 2], usize, usize, usize, [usize; 2], bool);

impl Case {
    fn random(
        (channels, kernel, stride, groups, size, with_shortcut): Kind,
        activation: Activation,
        device: &Device,
    ) -> Self {
        let random = |shape: [usize; 4]| Tensor::<4>::random(shape, Distribution::Default, device);
        let [input, output] = channels;
        let vector = |low, high| Tensor::<1>::random([output], Distribution::Uniform(low, high), device);
        let [rows, columns] = size.map(|side| side.div_ceil(stride));
        Self {
            x: random([3, input, size[0], size[1]]),
            weight: random([output, input / groups, kernel, kernel]),
            vectors: [vector(0.5, 1.5), vector(-0.5, 0.5), vector(0.0, 0.5), vector(0.5, 1.5)],
            shortcut: with_shortcut.then(|| random([3, output, rows, columns]) * 8.0),
            factors: random([3, output, rows, columns]),
            stride,
            activation,
        }
    }
}

/// With few outputs and with many, in all kinds of windows, with each activation in turn.
#[wasm_bindgen_test]
async fn gradients_of_kernels_on_webgpu_equal_those_on_the_cpu() {
    let Some(gpu) = gpu().await else { return };
    let cpu = cpu();
    let device = cpu.tensors.clone();
    device.seed(7);
    let activations = [Activation::Relu, Activation::None, Activation::Relu6].into_iter().cycle();
    let cases = [
        ([3, 8], 3, 2, 1, [21, 10], false),
        ([1, 16], 5, 2, 1, [9, 13], false),
        ([32, 20], 3, 1, 1, [5, 6], true),
        ([24, 16], 3, 2, 1, [21, 10], false),
        ([24, 16], 1, 2, 1, [8, 12], true),
        ([4, 32], 1, 1, 1, [64, 96], true),
        ([64, 48], 1, 1, 1, [5, 7], true),
        ([64, 16], 1, 1, 1, [1, 1], false),
        ([8, 8], 3, 1, 8, [21, 10], false),
        ([12, 12], 5, 2, 12, [21, 10], true),
        ([4, 4], 3, 2, 4, [2, 1], false),
        ([4, 4], 5, 1, 4, [9, 13], false),
    ];
    for (kind, activation) in cases.into_iter().zip(activations) {
        let (channels, kernel, stride, ..) = kind;
        let case = Case::random(kind, activation, &device);
        let (expected, found) = (there_and_back(&cpu, &case).await, there_and_back(&gpu, &case).await);
        assert_eq!(expected.len(), found.len());
        for (index, (expected, found)) in expected.iter().zip(&found).enumerate() {
            let scale = expected.iter().fold(1.0f32, |most, v| most.max(v.abs()));
            let apart = apart(found, expected) / scale;
            assert!(
                apart < 1e-5,
                "{channels:?}, kernel {kernel}, stride {stride}, {activation:?}: {index} is {apart} apart"
            );
        }
    }
}

/// Loss, sums, and the gradients of features, weight and bias, of a classifier on a device.
async fn classified(processor: &Processor, case: &Classifier) -> Vec<Vec<f32>> {
    let plain = processor.tensors.clone();
    let device = plain.clone().autodiff();
    let there =
        |tensor: &Tensor<2>| Tensor::from_inner(tensor.clone().to_device(&plain)).to_device(&device).require_grad();
    let (features, weight) = (there(&case.features), there(&case.weight));
    let bias = Tensor::from_inner(case.bias.clone().to_device(&plain)).to_device(&device).require_grad();
    let masses = case.masses.clone().to_device(&plain);
    let centre = case.centre.as_ref().map(|centre| centre.clone().to_device(&plain));
    let (loss, sums) = if is_cpu(&plain) {
        // By the definitions.
        let unit = |rows: Tensor<2>| rows.clone() / rows.square().sum_dim(1).clamp_min(1e-12).sqrt();
        let inputs = match centre {
            Some(centre) => unit(unit(features.clone()) - Tensor::from_inner(centre)) * 12.0,
            None => features.clone(),
        };
        let logits = inputs.matmul(weight.clone()) + bias.clone().unsqueeze();
        let classes = masses.dims()[1] as f32;
        let mass = masses.clone().sum_dim(1);
        let wanted = masses.clone() * (1.0 - case.smoothing) + mass * (case.smoothing / classes);
        let losses = (log_softmax(logits.clone(), 1) * Tensor::from_inner(wanted)).sum_dim(1).neg();
        let right = logits.inner().argmax(1).equal(masses.argmax(1)).float().sum();
        let count = Tensor::from_data([case.features.dims()[0] as f32], &plain);
        (losses.clone().mean(), Tensor::cat(vec![losses.inner().sum(), right, count], 0))
    } else {
        let op = CrossEntropyOp {
            features: features.clone(),
            centre: centre.map(|centre| (centre, 12.0)),
            weight: weight.clone(),
            bias: bias.clone(),
            masses,
            smoothing: case.smoothing,
        };
        op.on_gpu().unwrap()
    };
    let gradients = (loss.clone() * 2.5).backward();
    let mut found = vec![read(loss.inner()).await.unwrap(), read(sums).await.unwrap()];
    found.push(read(features.grad(&gradients).unwrap()).await.unwrap());
    found.push(read(weight.grad(&gradients).unwrap()).await.unwrap());
    found.push(read(bias.grad(&gradients).unwrap()).await.unwrap());
    found
}

struct Classifier {
    features: Tensor<2>,
    centre: Option<Tensor<2>>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    masses: Tensor<2>,
    smoothing: f32,
}

/// With few classes and with many, on directions and on features as they are, one of which has no direction.
#[wasm_bindgen_test]
async fn cross_entropy_on_webgpu_equals_burns_own() {
    let Some(gpu) = gpu().await else { return };
    let cpu = cpu();
    let device = cpu.tensors.clone();
    device.seed(7);
    for (batch, width, classes, directions) in
        [(5, 10, 3, true), (16, 200, 40, true), (7, 130, 17, false), (1, 4, 2, true)]
    {
        let random = |shape: [usize; 2]| Tensor::<2>::random(shape, Distribution::Normal(0.0, 0.3), &device);
        let mut features = random([batch, width]).abs();
        if batch > 1 {
            features = features.slice_assign([1..2, 0..width], Tensor::zeros([1, width], &device));
        }
        let case = Classifier {
            features,
            centre: directions.then(|| random([1, width]).abs() * 0.1),
            weight: random([width, classes]),
            bias: random([1, classes]).reshape([classes]),
            masses: random([batch, classes]).abs(),
            smoothing: 0.1,
        };
        let (expected, found) = (classified(&cpu, &case).await, classified(&gpu, &case).await);
        for (index, (expected, found)) in expected.iter().zip(&found).enumerate() {
            let scale = expected.iter().fold(1e-3f32, |most, v| most.max(v.abs()));
            let apart = apart(found, expected) / scale;
            assert!(apart < 2e-5, "{batch} of {width}, {classes} classes: {index} is {apart} apart");
        }
        // A network that has blown up does not look well.
        let broken = Classifier { features: case.features.clone() * f32::NAN, ..case };
        assert!(classified(&gpu, &broken).await[0][0].is_nan());
    }
}

#[wasm_bindgen_test]
async fn means_of_pixels_and_ways_between_are_the_same_on_webgpu() {
    let Some(gpu) = gpu().await else { return };
    let device = cpu().tensors;
    device.seed(7);
    let x = Tensor::<4>::random([3, 12, 5, 7], Distribution::Default, &device);
    let factors = Tensor::<2>::random([3, 12], Distribution::Default, &device);
    let tracked = gpu.tensors.clone().autodiff();
    let there = Tensor::from_inner(x.clone().to_device(&gpu.tensors)).to_device(&tracked).require_grad();
    let means = mean_of_pixels(&there).unwrap();
    let factors_there = Tensor::from_inner(factors.clone().to_device(&gpu.tensors)).to_device(&tracked);
    let gradients = (means.clone() * factors_there).sum().backward();
    let expected = x.mean_dim(2).mean_dim(3);
    assert!(apart(&read(means.inner()).await.unwrap(), &read(expected).await.unwrap()) < 1e-6);
    let expected = factors.reshape([3, 12, 1, 1]).expand([3, 12, 5, 7]) / 35.0;
    assert!(apart(&read(there.grad(&gradients).unwrap()).await.unwrap(), &read(expected).await.unwrap()) < 1e-6);

    for shape in [[7, 13], [100, 204]] {
        let [from, to] = [(); 2].map(|()| Tensor::<2>::random(shape, Distribution::Default, &device));
        let [here, there] = [&device, &gpu.tensors]
            .map(|device| lerp(from.clone().to_device(device), to.clone().to_device(device), 0.3));
        let expected = read(from.clone() + (to - from) * 0.3).await.unwrap();
        for found in [here, there] {
            assert!(apart(&read(found).await.unwrap(), &expected) < 1e-6, "{shape:?}");
        }
    }
}

/// In vectors and not, with sums of squares by one workgroup and by several.
#[wasm_bindgen_test]
async fn adam_steps_on_webgpu_as_on_the_cpu() {
    let Some(gpu) = gpu().await else { return };
    let device = cpu().tensors;
    device.seed(7);
    let step =
        AdamStep { rate: 0.1, betas: [0.9, 0.999], epsilon: 1e-8, time: 1, penalty: 0.0, decay: 0.0, clip: Some(1.0) };
    for (shape, step) in [
        ([7, 13], AdamStep { penalty: 0.1, ..step }),
        ([7, 13], AdamStep { clip: None, ..step }),
        ([100, 204], AdamStep { decay: 0.02, ..step }),
    ] {
        let start = Tensor::<2>::random(shape, Distribution::Default, &device);
        let mut there = (start.clone().to_device(&gpu.tensors), None);
        let mut here = (start, None);
        for time in 1..=3 {
            let gradient = Tensor::<2>::random([shape[1], shape[0]], Distribution::Normal(0.1, 0.3), &device);
            let step = AdamStep { time, ..step };
            let held = there.clone();
            let before = read(held.0.clone()).await.unwrap();
            let (next, moments) = step.apply(there.0, gradient.clone().to_device(&gpu.tensors).transpose(), there.1);
            assert_eq!(read(held.0).await.unwrap(), before, "what others hold is left alone");
            there = (next, Some(moments));
            let (next, moments) = step.apply(here.0, gradient.transpose(), here.1);
            here = (next, Some(moments));
        }
        let all = |(parameters, moments): (Tensor<2>, Option<[Tensor<2>; 2]>)| {
            let [mean, square] = moments.unwrap();
            Tensor::cat(vec![parameters, mean, square * 10.0], 0)
        };
        for (a, b) in read(all(there)).await.unwrap().iter().zip(read(all(here)).await.unwrap()) {
            assert!((a - b).abs() < 1e-5, "{shape:?}: {a} {b}");
        }
    }
}

/// The `doodle` backbone at half its size, for speed.
async fn small(processor: &Processor) -> Rc<Backbone> {
    let bytes = model("doodle.safetensors").await;
    let backbone = Backbone::load(&Weights::parse(&bytes).unwrap(), &processor.tensors).unwrap();
    Rc::new(backbone.with_size(32).unwrap())
}

/// `each` drawings of each of the first `classes` kinds.
async fn drawings(backbone: &Backbone, classes: usize, each: u64) -> Examples {
    let (labels, inputs): (Vec<_>, Vec<_>) = examples(&KINDS[..classes], each).into_iter().unzip();
    let pictures: Vec<_> = inputs.iter().map(|input| input.render(backbone.input()).unwrap()).collect();
    Examples {
        classes: KINDS[..classes].iter().map(|kind| kind.to_string()).collect(),
        ids: (0..).take(inputs.len()).collect(),
        sources: inputs.iter().map(|input| Source::keep(input, backbone.input()).unwrap()).collect(),
        features: backbone.features(&pictures).await.unwrap(),
        targets: labels.iter().map(|label| KINDS.iter().position(|kind| kind == label).unwrap()).collect(),
        teacher: None,
    }
}

/// The stages in which any value differs, to the last bit.
async fn changed(before: &Backbone, after: &Backbone) -> Vec<String> {
    let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    let [before, after] = [before.tensors_async().await.unwrap(), after.tensors_async().await.unwrap()];
    let pairs = before.into_iter().zip(after);
    let differ = pairs.filter(|(a, b)| bits(&a.values) != bits(&b.values));
    let mut stages: Vec<String> = differ.map(|(a, _)| a.name.split('.').next().unwrap().to_owned()).collect();
    stages.dedup();
    stages
}

/// Head, then the last stage, then everything: each phase changes its own stages only, and all of it helps.
async fn assert_unfreezes(processor: &Processor) {
    let before = small(processor).await;
    let careful = |train, epochs| Phase {
        rate: 2e-3,
        schedule: Schedule::Cosine { end: 0.0 },
        batch_size: 8,
        clip: Some(1.0),
        averaging: 0.5,
        ..Phase::new("", train, epochs)
    };
    let phases =
        vec![Phase::new("", Trainable::Head, 2), careful(Trainable::Last(1), 3), careful(Trainable::Everything, 4)];
    let plan = Plan { validation: 0.0, ..Plan::new(phases) };
    let mut session = Session::new(before.clone(), drawings(&before, 3, 6).await, plan).await.unwrap();
    let (mut epochs, mut trained) = (Vec::<Epoch>::new(), Vec::<Trained>::new());
    let report = session
        .run(&Cell::new(Signal::Go), |epoch, best| {
            epochs.push(epoch.clone());
            trained.extend(best.cloned());
        })
        .await
        .unwrap();
    let losses: Vec<f32> = epochs.iter().map(|epoch| epoch.loss).collect();
    console_log!("{}: {losses:?} in {:.1} s", processor.name, report.seconds);
    assert_eq!((report.reason, epochs.len()), (Ending::Finished, 9));
    assert!(losses[8] < 0.7 * losses[0] && losses[8] < losses[5], "{losses:?}");

    // Looked at after the end, so that nothing is hidden that a later phase would do to an earlier one's weights.
    let [head, last, everything] = trained.try_into().expect("without examples held out, a phase ends with its best");
    assert!(head.backbone.is_none(), "the backbone itself is not copied");
    let (last, after) = (last.backbone.unwrap(), everything.backbone.unwrap());
    assert_eq!(changed(&before, &last).await, ["head_conv"]);
    assert_eq!(changed(&last, &after).await, ["stem", "stage1", "stage2", "stage3", "head_conv"]);

    let mut right = 0;
    for (class, kind) in KINDS[..3].iter().enumerate() {
        for seed in 0..3 {
            let picture = shape(kind, 1000 + seed).render(after.input()).unwrap();
            let logits = everything.head.logits(&after.features(&[picture]).await.unwrap()[0]);
            right += usize::from(logits.iter().all(|logit| *logit <= logits[class]));
        }
    }
    assert!(right >= 8, "{right} of 9");
}

#[wasm_bindgen_test]
async fn unfreezing_stage_by_stage_learns_on_the_cpu() {
    assert_unfreezes(&cpu()).await;
    let backbone = small(&cpu()).await;
    assert_eq!(backbone.tensors_async().await.unwrap(), backbone.tensors());
}

#[wasm_bindgen_test]
async fn unfreezing_stage_by_stage_learns_on_webgpu() {
    let Some(gpu) = gpu().await else { return };
    assert_unfreezes(&gpu).await;
}

/// What one step of plain gradient descent at rate 1, from a random head, takes from each stage: its gradient; and what the
/// batch adds to its running statistics.
async fn step(processor: &Processor, norm: NormMode) -> Vec<(String, Vec<f32>)> {
    let backbone = small(processor).await;
    let step = Phase {
        optimizer: Optimizer::Sgd { momentum: 0.0, weight_decay: 0.0 },
        rate: 1.0,
        batch_size: 4,
        norm,
        ..Phase::new("step", Trainable::Everything, 1)
    };
    let head = HeadPlan { directions: false, start: HeadStart::Random, hidden: None };
    let plan = Plan { validation: 0.0, head, ..Plan::new(vec![step]) };
    let mut session = Session::new(backbone.clone(), drawings(&backbone, 2, 2).await, plan).await.unwrap();
    let report = session.run(&Cell::new(Signal::Go), |epoch, _| assert_eq!(epoch.step, 1)).await.unwrap();
    assert_eq!(report.epochs, 1);
    let after = session.trained().unwrap().backbone.unwrap();
    let [before, after] = [backbone.tensors_async().await.unwrap(), after.tensors_async().await.unwrap()];
    let mut parts: Vec<(String, Vec<f32>)> = vec![];
    for (before, after) in before.iter().zip(&after) {
        let stage = before.name.split('.').next().unwrap();
        let part = if before.name.contains("running") { format!("statistics of {stage}") } else { stage.to_owned() };
        let difference = before.values.iter().zip(&after.values).map(|(a, b)| a - b);
        match parts.iter_mut().find(|(name, _)| *name == part) {
            Some((_, values)) => values.extend(difference),
            None => parts.push((part, difference.collect())),
        }
    }
    parts
}

/// By running statistics those of kernels for GPUs, by the batch's those of burn's operations, against those of kernels for CPUs.
#[wasm_bindgen_test]
async fn gradients_on_webgpu_equal_those_on_the_cpu() {
    let Some(gpu) = gpu().await else { return };
    for norm in [NormMode::Running, NormMode::Batch] {
        let [expected, found] = [step(&cpu(), norm).await, step(&gpu, norm).await];
        for ((part, expected), (_, found)) in expected.iter().zip(&found) {
            let length = |values: &mut dyn Iterator<Item = f32>| values.map(|v| v * v).sum::<f32>().sqrt();
            let drift = length(&mut expected.iter().zip(found).map(|(a, b)| a - b));
            let size = length(&mut expected.iter().copied());
            console_log!("{norm:?}, {part}: {drift:.1e} of {size:.1e}");
            let moves = part != "nuisance" && (norm == NormMode::Batch || !part.starts_with("statistics"));
            assert_eq!(size > 0.0, moves, "{norm:?}: {part}");
            // Not `>`: a NaN must fail too.
            assert!(drift <= 1e-3 * size, "{norm:?}: {part} strays by {drift:.1e} of {size:.1e}");
        }
    }
}

async fn learn(device: Preference) -> Rc<Tuner> {
    let options = TunerOptions { device, size: Some(64) };
    let weights = model("efficientnet-lite0.safetensors").await;
    let tuner = Rc::new(Tuner::create(&options, &weights, |step| console_log!("{step}")).await.unwrap());
    console_log!("{}", tuner.device().reason);
    let kinds = &KINDS[..3];
    tuner.add_examples(examples(kinds, 5)).await.unwrap();
    let options = TrainOptions { strategy: Some(Strategy::FeatureExtraction), ..TrainOptions::default() };
    let report = tuner.train(&options, |_| ()).await.unwrap();
    console_log!("{report:?}");
    let mut right = 0;
    for kind in kinds {
        for seed in 0..3 {
            right += usize::from(tuner.predict(&shape(kind, 1000 + seed)).await.unwrap().label == *kind);
        }
    }
    assert!(right >= 8, "{right} of 9");
    tuner
}

#[wasm_bindgen_test]
async fn learns_on_the_cpu_and_stops_at_once() {
    let tuner = learn(Preference::Cpu).await;
    // Stop arrives as a message would: from the event loop, in the middle of the run.
    let stopped = Rc::new(Cell::new(None));
    let (stopper, stamp) = (tuner.clone(), stopped.clone());
    wasm_bindgen_futures::spawn_local(async move {
        gloo_timers::future::TimeoutFuture::new(300).await;
        stamp.set(Some(Instant::now()));
        stopper.stop();
    });
    let plan = Plan::new(vec![Phase::new("head", Trainable::Head, 10_000)]);
    let report = tuner.train(&TrainOptions { plan: Some(plan), ..TrainOptions::default() }, |_| ()).await.unwrap();
    let waited = stopped.get().expect("the run was stopped, it did not end").elapsed();
    assert_eq!(report.reason, Ending::Stopped);
    assert!(waited.as_millis() < 200, "{waited:?}");
    let mut guess = tuner.predict(&shape("circle", 7)).await.unwrap();
    guess.ranking.retain(|guess| !guess.probability.is_finite());
    assert!(guess.label == "circle" && guess.ranking.is_empty());
}

#[wasm_bindgen_test]
async fn learns_on_webgpu_and_tells_when_it_is_lost() {
    let Some(other) = gpu().await else { return };
    let tuner = learn(Preference::WebGpu).await;
    assert_eq!(tuner.device().kind, DeviceKind::WebGpu);
    assert!(tuner.device().reason.contains("emulated in software"), "{}", tuner.device().reason);
    tuner.processor().release();
    let error = tuner.predict(&shape("circle", 7)).await.unwrap_err();
    assert_eq!(error.code(), "device-lost", "{error}");
    // The CPU goes on, and a device made before and one made after are not touched by the loss.
    assert_eq!(read(Tensor::<1>::ones([1], &cpu().tensors)).await.unwrap(), [1.0]);
    for gpu in [other, gpu().await.expect("it was there before")] {
        let sum = Tensor::<1>::from_data(TensorData::from([1.0f32, 2.0]), &gpu.tensors).sum();
        assert_eq!(read(sum).await.unwrap(), [3.0]);
    }
}

#[wasm_bindgen_test]
async fn auto_prefers_the_cpu_to_an_emulated_gpu() {
    let weights = model("efficientnet-lite0.safetensors").await;
    let options = TunerOptions { size: Some(64), ..TunerOptions::default() };
    let tuner = Tuner::create(&options, &weights, |_| ()).await.unwrap();
    assert_eq!(tuner.device().kind, DeviceKind::Cpu);
    let why = if gpu().await.is_some() { "emulated in software" } else { "offers no WebGPU" };
    assert!(tuner.device().reason.contains(why), "{}", tuner.device().reason);
}
