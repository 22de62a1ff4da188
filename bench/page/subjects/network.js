// EfficientNet-Lite0 for other libraries: its convolutions in their order, and the weights in a safetensors file.

/** Expansion, output channels, blocks, stride of the first block, kernel: as in src/backbone/efficientnet.rs. */
const STAGES = [
  [1, 16, 1, 1, 3],
  [6, 24, 2, 2, 3],
  [6, 40, 2, 2, 5],
  [6, 80, 3, 2, 3],
  [6, 112, 3, 1, 5],
  [6, 192, 4, 2, 5],
  [6, 320, 1, 1, 3],
];

export const EPSILON = 1e-3;
export const FEATURES = 1280;

/**
 * Every convolution with its normalisation: the stage it belongs to, its stride, whether it is depthwise, whether ReLU6
 * follows, and `onto`, the number of the convolution whose output is added to its own.
 */
export const CONVOLUTIONS = (() => {
  const list = [{ name: "stem.0", stage: 0, stride: 2, relu6: true }];
  let channels = 32;
  STAGES.forEach(([expansion, output, blocks, first], index) => {
    for (let block = 0; block < blocks; block++) {
      const stride = block === 0 ? first : 1;
      const [name, stage, input] = [`stage${index + 1}.${block}`, index + 1, list.length - 1];
      if (expansion > 1) list.push({ name: `${name}.expand`, stage, stride: 1, relu6: true });
      list.push({ name: `${name}.depthwise`, stage, stride, depthwise: true, relu6: true });
      const onto = stride === 1 && channels === output ? input : undefined;
      list.push({ name: `${name}.project`, stage, stride: 1, onto });
      channels = output;
    }
  });
  list.push({ name: "head_conv.0", stage: STAGES.length + 1, stride: 1, relu6: true });
  return list;
})();

/** The convolutions of the last two stages, which take what the others make of a picture. */
export const LAST_STAGES = CONVOLUTIONS.filter(({ stage }) => stage >= STAGES.length);

/** The tensors of a safetensors file in f32, as `{ values, shape }` by name. */
export function tensors(file) {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  delete header.__metadata__;
  const read = ({ shape, data_offsets: [from, to] }) => {
    const bytes = file.slice(8 + length + from, 8 + length + to);
    return { values: new Float32Array(bytes.buffer), shape };
  };
  return Object.fromEntries(Object.entries(header).map(([name, tensor]) => [name, read(tensor)]));
}

/** A convolution's weight `[out, in, kernel, kernel]` with its normalisation as `{ gamma, beta, mean, variance }`. */
export function parameters(weights, { name }) {
  const norm = (part) => weights[`${name}.norm.${part}`].values;
  return {
    weight: weights[`${name}.conv.weight`],
    gamma: norm("gamma"),
    beta: norm("beta"),
    mean: norm("running_mean"),
    variance: norm("running_var"),
  };
}

/** The same as one convolution with a bias, which is what a network that only answers is made into. */
export function folded(weights, convolution) {
  const { weight, gamma, beta, mean, variance } = parameters(weights, convolution);
  const scale = gamma.map((gamma, i) => gamma / Math.sqrt(variance[i] + EPSILON));
  const size = weight.values.length / scale.length;
  return {
    weight: { values: weight.values.map((v, i) => v * scale[Math.floor(i / size)]), shape: weight.shape },
    bias: beta.map((beta, i) => beta - mean[i] * scale[i]),
  };
}

/** What the network makes of `x`, by a library's own ways to apply a convolution of that number, and to add. */
export function forward(convolutions, x, apply, add) {
  const outputs = [];
  convolutions.forEach((convolution, index) => {
    x = apply(convolution, x, index);
    if (convolution.onto !== undefined) x = add(x, outputs[convolution.onto]);
    outputs.push(x);
  });
  return x;
}

/** One row a drawing with a 1 in the place of its class: drawings of ten classes in turn, as in bench/src/drawings.rs. */
export const oneHot = (count) =>
  Float32Array.from({ length: count * 10 }, (_, i) => Number(i % 10 === Math.floor(i / 10) % 10));

/** Small random weights of a head, the same each time. */
export function headStart(length) {
  let state = 1;
  const next = () => (state = (state * 48271) % 2147483647) / 2147483647;
  return Float32Array.from({ length }, () => 0.04 * next() - 0.02);
}
