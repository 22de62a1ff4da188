// EfficientNet-Lite0 as an ONNX file, from pixels of one shape to pooled features.
import { CONVOLUTIONS, FEATURES, folded, forward } from "./network.js";

const FLOAT = 1;

/** The bytes of a file for inputs of `shape`. */
export function model(weights, shape) {
  const graph = { nodes: [], initializers: [] };
  const node = (operator, inputs, attributes = {}) => {
    const output = `v${graph.nodes.length}`;
    const named = Object.entries(attributes).map(([name, value]) => bytes(5, attribute(name, value)));
    const names = inputs.map((input) => text(1, input));
    graph.nodes.push(bytes(1, concat([...names, text(2, output), text(4, operator), ...named])));
    return output;
  };
  const tensor = (name, { values, shape }) => {
    const dims = shape.map((length) => number(1, length));
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    graph.initializers.push(bytes(5, concat([...dims, number(2, FLOAT), text(8, name), bytes(9, raw)])));
    return name;
  };
  const nothing = tensor("nothing", { values: Float32Array.of(0), shape: [] });
  const six = tensor("six", { values: Float32Array.of(6), shape: [] });
  const apply = (convolution, x) => {
    const { weight, bias } = folded(weights, convolution);
    const { name, stride, depthwise, relu6 } = convolution;
    const inputs = [
      x,
      tensor(`${name}.weight`, weight),
      tensor(`${name}.bias`, { values: bias, shape: [bias.length] }),
    ];
    const [outputs, , kernel] = weight.shape;
    const sum = node("Conv", inputs, {
      auto_pad: "SAME_UPPER",
      group: depthwise ? outputs : 1,
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
    });
    return relu6 ? node("Clip", [sum, nothing, six]) : sum;
  };
  const last = forward(CONVOLUTIONS, "pixels", apply, (a, b) => node("Add", [a, b]));
  const features = node("Flatten", [node("GlobalAveragePool", [last])]);
  const body = concat([
    ...graph.nodes,
    text(2, "lite0"),
    ...graph.initializers,
    bytes(11, described("pixels", shape)),
    bytes(12, described(features, [shape[0], FEATURES])),
  ]);
  const operators = concat([text(1, ""), number(2, 17)]);
  return { file: concat([number(1, 8), bytes(7, body), bytes(8, operators)]), features };
}

/** ValueInfoProto. */
function described(name, shape) {
  const dims = shape.map((length) => bytes(1, number(1, length)));
  const tensor = concat([number(1, FLOAT), bytes(2, concat(dims))]);
  return concat([text(1, name), bytes(2, bytes(1, tensor))]);
}

/** AttributeProto. */
function attribute(name, value) {
  const [STRING, INT, INTS] = [3, 2, 7];
  if (typeof value === "string") return concat([text(1, name), text(4, value), number(20, STRING)]);
  if (typeof value === "number") return concat([text(1, name), number(3, value), number(20, INT)]);
  return concat([text(1, name), ...value.map((v) => number(8, v)), number(20, INTS)]);
}

// Protocol Buffers: a field is its number and its kind, then a number or counted bytes.
const number = (field, value) => concat([varint(field << 3), varint(value)]);
const bytes = (field, value) => concat([varint((field << 3) | 2), varint(value.length), value]);
const text = (field, value) => bytes(field, new TextEncoder().encode(value));

function varint(value) {
  const digits = [];
  for (; value > 127; value = Math.floor(value / 128)) digits.push((value % 128) | 128);
  return Uint8Array.of(...digits, value);
}

function concat(parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
