import {
  CONVOLUTIONS,
  EPSILON,
  FEATURES,
  LAST_STAGES,
  folded,
  headStart,
  oneHot,
  parameters,
  tensors,
} from "./network.js";

const BACKENDS = { cpu: "wasm", webgpu: "webgpu" };

export async function open(device) {
  const jax = await import("/node_modules/@jax-js/jax/dist/index.js");
  const backend = BACKENDS[device];
  if (!(await jax.init()).includes(backend)) throw new Error(`the backend ${backend} does not start`);
  return {
    async prepare({ task, network }, given) {
      if (network !== "efficientnet-lite0") return undefined;
      jax.defaultDevice(backend);
      const run =
        task === "forward"
          ? answer(jax, given)
          : task === "head" || task === "fit"
            ? head(jax, given)
            : step(jax, task, given);
      // Both devices share one library.
      return { ...run, run: () => (jax.defaultDevice(backend), run.run()) };
    },
  };
}

// In jax-js a function owns its arguments: `.ref` is for whoever is needed again.

const array = ({ numpy }, values, shape) => numpy.array(values.slice()).reshape(shape);

const relu6 = ({ nn }, x, wanted) => (wanted ? nn.relu6(x) : x);

const convolve = ({ lax }, x, weight, { stride, depthwise }) =>
  lax.convGeneralDilated(x, weight, [stride, stride], "SAME", {
    featureGroupCount: depthwise ? weight.shape[0] : 1,
  });

/** Adds the output of another convolution, of which there is one reference too many in a network without shortcuts. */
function pooled({ numpy }, convolutions, x, apply) {
  const shortcuts = new Set(convolutions.map(({ onto }) => onto));
  const kept = new Map();
  convolutions.forEach((convolution, index) => {
    x = apply(convolution, x, index);
    if (convolution.onto !== undefined) x = x.add(kept.get(convolution.onto));
    if (shortcuts.has(index)) kept.set(index, x.ref);
  });
  return numpy.mean(x, [2, 3]);
}

function answer(jax, { weights, input }) {
  const file = tensors(weights);
  const layers = CONVOLUTIONS.map((convolution) => {
    const { weight, bias } = folded(file, convolution);
    return {
      weight: array(jax, weight.values, weight.shape),
      bias: array(jax, bias, [1, bias.length, 1, 1]),
    };
  });
  const compute = jax.jit((layers, x) =>
    pooled(jax, CONVOLUTIONS, x, (convolution, x, index) => {
      const { weight, bias } = layers[index];
      return relu6(jax, convolve(jax, x, weight, convolution).add(bias), convolution.relu6);
    }),
  );
  return {
    run: () => compute(jax.tree.ref(layers), array(jax, input.values, input.shape)).data(),
    free: () => jax.tree.dispose(layers),
  };
}

/** Adam for a tree of parameters, in one compiled step of `loss(parameters, constants, x, y)`. */
function adam(jax, loss, rate) {
  const { jit, numpy, tree, valueAndGrad } = jax;
  const slopes = valueAndGrad(loss);
  const step = jit((state, constants, x, y) => {
    const { parameters, mean, square } = state;
    const [value, gradients] = slopes(tree.ref(parameters), constants, x, y);
    const nextMean = tree.map((m, g) => m.mul(0.9).add(g.mul(0.1)), mean, tree.ref(gradients));
    const nextSquare = tree.map((s, g) => s.mul(0.999).add(numpy.square(g).mul(0.001)), square, gradients);
    // Without the corrections of the first steps, which cost nothing.
    const move = (p, m, s) => p.sub(m.mul(rate).div(numpy.sqrt(s).add(1e-7)));
    const next = tree.map(move, parameters, tree.ref(nextMean), tree.ref(nextSquare));
    return [value, { parameters: next, mean: nextMean, square: nextSquare }];
  });
  const zeros = (parameters) => tree.map((p) => numpy.zeros(p.shape), parameters);
  const start = (parameters) => ({ parameters, mean: zeros(parameters), square: zeros(parameters) });
  return { step, start };
}

const crossEntropy = ({ nn }, logits, classes, count) =>
  nn
    .logSoftmax(logits)
    .mul(classes)
    .sum()
    .mul(-1 / count);

const layer = (jax) => ({
  w: array(jax, headStart(FEATURES * 10), [FEATURES, 10]),
  b: jax.numpy.zeros([1, 10]),
});

/** Epochs of Adam in batches of 20 until the loss of all examples is as low as doodletune's. */
function head(jax, { input, output }) {
  const [BATCH, EPOCHS] = [20, 500];
  const [count] = input.shape;
  const [goal] = output;
  const classes = oneHot(count);
  const part = (from, length) => [
    array(jax, input.values.slice(from * FEATURES, (from + length) * FEATURES), [length, FEATURES]),
    array(jax, classes.slice(from * 10, (from + length) * 10), [length, 10]),
  ];
  const batches = Array.from({ length: count / BATCH }, (_, index) => part(index * BATCH, BATCH));
  const all = part(0, count);
  const logits = ({ w, b }, x) => jax.numpy.matmul(x, w).add(b);
  const { step, start } = adam(jax, (head, _, x, y) => crossEntropy(jax, logits(head, x), y, BATCH), 1e-3);
  const judge = jax.jit((head, x, y) => crossEntropy(jax, logits(head, x), y, count));
  const refs = (pair) => pair.map((array) => array.ref);
  return {
    async run() {
      let state = start(layer(jax));
      let reached;
      for (let epoch = 0; epoch < EPOCHS && !(reached <= goal); epoch++) {
        for (const batch of batches) {
          let value;
          [value, state] = step(state, {}, ...refs(batch));
          value.dispose();
        }
        [reached] = await judge(jax.tree.ref(state.parameters), ...refs(all)).data();
      }
      jax.tree.dispose(state);
      return [reached];
    },
    free: () => [...batches.flat(), ...all].forEach((array) => array.dispose()),
  };
}

/** Steps of Adam for all weights of the convolutions, whose normalisation goes by its running statistics. */
function step(jax, task, { weights, input }) {
  const convolutions = task === "step" ? CONVOLUTIONS : LAST_STAGES;
  const file = tensors(weights);
  const [count] = input.shape;
  const column = (values) => array(jax, values, [1, values.length, 1, 1]);
  const layers = convolutions.map((convolution) => {
    const { weight, gamma, beta } = parameters(file, convolution);
    return { weight: array(jax, weight.values, weight.shape), gamma: column(gamma), beta: column(beta) };
  });
  const constants = convolutions.map((convolution) => {
    const { mean, variance } = parameters(file, convolution);
    return { mean: column(mean), scale: column(variance.map((v) => 1 / Math.sqrt(v + EPSILON))) };
  });
  const loss = ({ layers, head }, constants, x, y) => {
    const features = pooled(jax, convolutions, x, (convolution, x, index) => {
      const { weight, gamma, beta } = layers[index];
      const { mean, scale } = constants[index];
      const normal = convolve(jax, x, weight, convolution).sub(mean).mul(scale);
      return relu6(jax, normal.mul(gamma).add(beta), convolution.relu6);
    });
    return crossEntropy(jax, jax.numpy.matmul(features, head.w).add(head.b), y, count);
  };
  const { step, start } = adam(jax, loss, 1e-4);
  let state = start({ layers, head: layer(jax) });
  const x = array(jax, input.values, input.shape);
  const y = array(jax, oneHot(count), [count, 10]);
  return {
    async run() {
      let value;
      [value, state] = step(state, jax.tree.ref(constants), x.ref, y.ref);
      // The step is not done before its last weight is there.
      await state.parameters.head.w.ref.data();
      return value.data();
    },
    free: () => jax.tree.dispose([state, constants, x, y]),
  };
}
