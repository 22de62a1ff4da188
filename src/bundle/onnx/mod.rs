//! ONNX: a model that runs anywhere, from raw pixels to probabilities.
//!
//! Pictures are prepared within the graph as [`Image`](crate::doodle::Image) prepares them: cropped to what is on the paper,
//! fitted between the margins, resampled with the same filter. That filter is linear along each axis, so that it is two
//! matrix products, with matrices that follow from where the ink is; `Resize` would crop all pictures of a batch alike.
//! Strokes are no pictures: whoever has strokes draws them first, in black on white.
//!
//! | module | what |
//! | --- | --- |
//! | `protobuf` | how messages are written |
//! | `graph` | the messages of ONNX |

mod graph;
mod protobuf;

use std::collections::BTreeMap;

use graph::{Attribute, Graph, Kind, Length, Value};

use super::{Model, VERSION};
use crate::backbone::{Convolution, InputSpec};
use crate::device::read;
use crate::doodle::PAPER_TOLERANCE;
use crate::error::Result;
use crate::head::{HiddenActivation, LEAK, SCALE};
use crate::kernels::Activation;

const ROWS: i64 = 2;
const COLUMNS: i64 = 3;

/// `model` as a file.
pub(super) async fn write(model: &Model) -> Result<Vec<u8>> {
    let (spec, classes) = (model.backbone.input(), model.head.classes());
    let mut graph = Graph::default();
    let picture = [Length::Any("pictures"), Length::Any("height"), Length::Any("width"), Length::Known(3)];
    let shape = &picture[..if spec.channels == 1 { 3 } else { 4 }];
    let pixels = graph.input("pictures", Kind::Byte, shape);
    let seen = prepare(&mut graph, spec, &pixels);
    let convolutions = model.backbone.convolutions().await?;
    let mut features = pooled(&mut graph, spec.size, seen, &convolutions);
    if let Some(rows) = model.backbone.nuisance() {
        let [directions, length] = rows.dims();
        let values = read(rows.clone()).await?;
        let rows = graph.floats(&[directions, length], &values);
        let columns = graph.node("Transpose", &[&rows], &[("perm", Attribute::Numbers(&[1, 0]))]);
        let along = graph.node("MatMul", &[&features, &columns], &[]);
        let nuisance = graph.node("MatMul", &[&along, &rows], &[]);
        features = graph.node("Sub", &[&features, &nuisance], &[]);
    }
    let logits = answer(&mut graph, model, features);
    let probabilities = graph.node("Softmax", &[&logits], &[("axis", Attribute::Number(1))]);
    graph.output("probabilities", &probabilities, &[Length::Any("pictures"), Length::Known(classes.len())]);

    let mut texts: BTreeMap<_, _> =
        model.metadata().to_map("doodletune-onnx", &VERSION.to_string()).into_iter().collect();
    let (pixels, shape) =
        if spec.channels == 1 { ("grey", "[n, height, width]") } else { ("RGB", "[n, height, width, 3]") };
    let documentation = format!(
        "Input “pictures”: raw {pixels} pixels, uint8 {shape}, of any size: dark ink on light paper; invert pictures in white on black first. \
         Each is cropped to its ink and fitted, as in training on pictures; a blank one is not refused, so that its answer means nothing. \
         Output “probabilities”: one a class, in the order of “labels” in the metadata."
    );
    texts.insert("usage".into(), documentation.clone());
    Ok(graph.into_file(&documentation, &texts))
}

/// From bytes to what the network sees, `[n, channels, size, size]`: see [`Image`](crate::doodle::Image).
fn prepare(graph: &mut Graph, spec: &InputSpec, pixels: &Value) -> Value {
    let [one, white, half, tolerance] = [1.0, 255.0, 0.5, PAPER_TOLERANCE].map(|value| graph.scalar(value));
    let pixels = to_float(graph, pixels);
    let brightness = graph.node("Div", &[&pixels, &white], &[]);
    let ink = graph.node("Sub", &[&one, &brightness], &[]);
    let ink = if spec.channels == 1 {
        unsqueeze(graph, &ink, 1)
    } else {
        graph.node("Transpose", &[&ink], &[("perm", Attribute::Numbers(&[0, 3, 1, 2]))])
    };
    let marks = graph.node("Greater", &[&ink, &tolerance], &[]);
    let marks = to_float(graph, &marks);
    let shape = graph.node("Shape", &[&ink], &[]);

    // Where the ink begins and ends, `[n, 1]` each, and how long the axis is.
    let axis = |graph: &mut Graph, axis: i64| -> [Value; 3] {
        let others = [1, ROWS + COLUMNS - axis];
        let reduced = [("axes", Attribute::Numbers(&others)), ("keepdims", Attribute::Number(0))];
        let marked = graph.node("ReduceMax", &[&marks], &reduced);
        let [first, last] = [0, 1].map(|last| {
            let attributes = [("axis", Attribute::Number(1)), ("select_last_index", Attribute::Number(last))];
            let at = graph.node("ArgMax", &[&marked], &attributes);
            to_float(graph, &at)
        });
        let end = graph.node("Add", &[&last, &one], &[]);
        let index = graph.long(axis);
        let length = graph.node("Gather", &[&shape, &index], &[]);
        [first, end, to_float(graph, &length)]
    };
    let (rows, columns) = (axis(graph, ROWS), axis(graph, COLUMNS));

    // Pixels of the picture to a pixel of the input.
    let [height, width] = [&rows, &columns].map(|[first, end, _]| graph.node("Sub", &[end, first], &[]));
    let [tall, wide] =
        [(&height, &rows), (&width, &columns)].map(|(extent, axis)| graph.node("Equal", &[extent, &axis[2]], &[]));
    let full = graph.node("And", &[&tall, &wide], &[]);
    let size = spec.size as f32;
    let [all, inner] = [size, size * (1.0 - 2.0 * spec.margin)].map(|value| graph.scalar(value));
    let inner = graph.node("Where", &[&full, &all, &inner], &[]);
    let extent = graph.node("Max", &[&height, &width], &[]);
    let scale = graph.node("Div", &[&extent, &inner], &[]);
    let reach = graph.node("Max", &[&scale, &one], &[]);
    let reach = unsqueeze(graph, &reach, 2);
    let middles: Vec<f32> = (0..spec.size).map(|index| index as f32 + 0.5 - size / 2.0).collect();
    let middles = graph.floats(&[1, spec.size], &middles);
    let offsets = graph.node("Mul", &[&middles, &scale], &[]);
    let [nothing, tiny, step] = [0.0, 1e-6, 1.0].map(|value| graph.scalar(value));
    let last_axis = graph.longs(&[2]);

    // The share of each pixel of the picture in each pixel of the input, `[n, size, length]`.
    let shares = |graph: &mut Graph, [first, end, length]: &[Value; 3]| {
        let both = graph.node("Add", &[first, end], &[]);
        let middle = graph.node("Mul", &[&both, &half], &[]);
        let centres = graph.node("Add", &[&middle, &offsets], &[]);
        let after = graph.node("GreaterOrEqual", &[&centres, &nothing], &[]);
        let before = graph.node("LessOrEqual", &[&centres, length], &[]);
        let inside = graph.node("And", &[&after, &before], &[]);
        let inside = to_float(graph, &inside);
        let inside = unsqueeze(graph, &inside, 2);
        let sources = graph.node("Range", &[&nothing, length, &step], &[]);
        let sources = graph.node("Add", &[&sources, &half], &[]);
        let centres = unsqueeze(graph, &centres, 2);
        let distance = graph.node("Sub", &[&sources, &centres], &[]);
        let distance = graph.node("Abs", &[&distance], &[]);
        let distance = graph.node("Div", &[&distance, &reach], &[]);
        let weight = graph.node("Sub", &[&one, &distance], &[]);
        let weight = graph.node("Relu", &[&weight], &[]);
        let total = graph.node("ReduceSum", &[&weight, &last_axis], &[]);
        let total = graph.node("Max", &[&total, &tiny], &[]);
        let weight = graph.node("Div", &[&weight, &total], &[]);
        let weight = graph.node("Mul", &[&weight, &inside], &[]);
        unsqueeze(graph, &weight, 1)
    };
    let (down, across) = (shares(graph, &rows), shares(graph, &columns));
    let across = graph.node("Transpose", &[&across], &[("perm", Attribute::Numbers(&[0, 1, 3, 2]))]);
    let narrow = graph.node("MatMul", &[&ink, &across], &[]);
    let ink = graph.node("MatMul", &[&down, &narrow], &[]);

    // The specification's paper less its ink, normalised.
    let channels = [1, spec.channels, 1, 1];
    let per_channel = |value: &dyn Fn(f32) -> f32| -> Vec<f32> {
        spec.mean.iter().zip(&spec.std).map(|(mean, deviation)| value(*mean) / deviation).collect()
    };
    let paper = graph.floats(&channels, &per_channel(&|mean| spec.paper - mean));
    let contrast = graph.floats(&channels, &per_channel(&|_| spec.paper - spec.ink));
    let ink = graph.node("Mul", &[&ink, &contrast], &[]);
    graph.node("Sub", &[&paper, &ink], &[])
}

/// The network: `[n, features]` of what it sees, `size` pixels a side.
fn pooled(graph: &mut Graph, size: usize, seen: Value, convolutions: &[Convolution]) -> Value {
    // onnxruntime complains of what nobody uses.
    let mut limits = None;
    let mut values = vec![(seen, size)];
    for convolution in convolutions {
        let (input, side) = &values[convolution.input];
        let Convolution { shape, stride, groups, .. } = convolution;
        let kernel = shape[2] as i64;
        let output = side.div_ceil(*stride);
        let padding = ((output - 1) * stride + shape[2]).saturating_sub(*side) as i64;
        let (before, after) = (padding / 2, padding - padding / 2);
        let [weight, bias] =
            [graph.floats(shape, &convolution.weight), graph.floats(&[convolution.bias.len()], &convolution.bias)];
        let attributes = [
            ("kernel_shape", Attribute::Numbers(&[kernel, kernel])),
            ("strides", Attribute::Numbers(&[*stride as i64, *stride as i64])),
            ("pads", Attribute::Numbers(&[before, before, after, after])),
            ("group", Attribute::Number(*groups as i64)),
        ];
        let mut value = graph.node("Conv", &[input, &weight, &bias], &attributes);
        if let Some(shortcut) = convolution.shortcut {
            value = graph.node("Add", &[&value, &values[shortcut].0], &[]);
        }
        let value = match convolution.activation {
            Activation::None => value,
            Activation::Relu => graph.node("Relu", &[&value], &[]),
            Activation::Relu6 => {
                let [nothing, six] = limits.get_or_insert_with(|| [0.0, 6.0].map(|value| graph.scalar(value)));
                graph.node("Clip", &[&value, nothing, six], &[])
            }
        };
        values.push((value, output));
    }
    let (last, _) = values.last().expect("there is the input at least");
    let whole = [("axes", Attribute::Numbers(&[ROWS, COLUMNS])), ("keepdims", Attribute::Number(0))];
    graph.node("ReduceMean", &[last], &whole)
}

/// The head: logits `[n, classes]` of features.
fn answer(graph: &mut Graph, model: &Model, features: Value) -> Value {
    let head = &model.head;
    let mut value = features;
    if let Some(embedding) = head.embedding() {
        let centre = graph.floats(&[1, embedding.centre().len()], embedding.centre());
        let length = graph.scalar(SCALE);
        let direction = unit(graph, &value);
        let centred = graph.node("Sub", &[&direction, &centre], &[]);
        let direction = unit(graph, &centred);
        value = graph.node("Mul", &[&direction, &length], &[]);
    }
    if let Some(hidden) = head.hidden() {
        let sums = linear(graph, &value, &hidden.weight, &hidden.bias);
        value = activated(graph, hidden.activation, &sums);
    }
    let (weight, bias) = head.parameters();
    linear(graph, &value, weight, bias)
}

fn linear(graph: &mut Graph, value: &Value, weight: &[f32], bias: &[f32]) -> Value {
    let weight = graph.floats(&[bias.len(), weight.len() / bias.len()], weight);
    let bias = graph.floats(&[bias.len()], bias);
    graph.node("Gemm", &[value, &weight, &bias], &[("transB", Attribute::Number(1))])
}

/// Rows at length one.
fn unit(graph: &mut Graph, rows: &Value) -> Value {
    let attributes = [("axes", Attribute::Numbers(&[1])), ("keepdims", Attribute::Number(1))];
    let norm = graph.node("ReduceL2", &[rows], &attributes);
    let shortest = graph.scalar(1e-6);
    let norm = graph.node("Max", &[&norm, &shortest], &[]);
    graph.node("Div", &[rows, &norm], &[])
}

fn activated(graph: &mut Graph, activation: HiddenActivation, sums: &Value) -> Value {
    match activation {
        HiddenActivation::Relu => graph.node("Relu", &[sums], &[]),
        HiddenActivation::LeakyRelu => graph.node("LeakyRelu", &[sums], &[("alpha", Attribute::Float(LEAK))]),
        HiddenActivation::Silu => {
            let gate = graph.node("Sigmoid", &[sums], &[]);
            graph.node("Mul", &[sums, &gate], &[])
        }
        HiddenActivation::Mish => {
            let soft = graph.node("Softplus", &[sums], &[]);
            let gate = graph.node("Tanh", &[&soft], &[]);
            graph.node("Mul", &[sums, &gate], &[])
        }
    }
}

fn to_float(graph: &mut Graph, value: &Value) -> Value {
    graph.node("Cast", &[value], &[("to", Attribute::Number(Kind::Float as i64))])
}

fn unsqueeze(graph: &mut Graph, value: &Value, axis: i64) -> Value {
    let axes = graph.longs(&[axis]);
    graph.node("Unsqueeze", &[value, &axes], &[])
}
