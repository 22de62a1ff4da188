import {
  CONVOLUTIONS,
  EPSILON,
  FEATURES,
  LAST_STAGES,
  folded,
  forward,
  headStart,
  oneHot,
  parameters,
  tensors,
} from "./network.js";

const folder = "/node_modules/@tensorflow/";
const BACKENDS = {
  cpu: ["wasm", "tfjs-backend-wasm/dist/tf-backend-wasm.es2017.min.js"],
  webgpu: ["webgpu", "tfjs-backend-webgpu/dist/tf-backend-webgpu.es2017.min.js"],
};

export async function open(device) {
  const [backend, script] = BACKENDS[device];
  await load(`${folder}tfjs/dist/tf.es2017.min.js`);
  await load(`${folder}${script}`);
  if (device === "cpu") tf.wasm.setWasmPaths(`${folder}tfjs-backend-wasm/dist/`);
  const select = async () => {
    if (!(await tf.setBackend(backend))) throw new Error(`the backend ${backend} does not start`);
  };
  await select();
  return {
    async prepare(workload, given) {
      const { task, network } = workload;
      if (network !== "efficientnet-lite0") return undefined;
      await select();
      const run =
        task === "forward"
          ? answer(given)
          : task === "head" || task === "fit"
            ? head(given)
            : step(task, given);
      // Both devices share one library, which computes on the one that was selected last.
      return { ...run, run: () => select().then(run.run) };
    },
  };
}

/** Adds a script to the page, once. */
async function load(src) {
  if (document.querySelector(`script[src="${src}"]`)) return;
  const script = Object.assign(document.createElement("script"), { src });
  document.head.append(script);
  await new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${src} does not load`));
  });
}

/** `[out, in, height, width]` to `[height, width, in, out]`, or `[height, width, out, 1]` of a depthwise one. */
const weight = ({ values, shape }, depthwise) =>
  tf.tensor(values, shape).transpose(depthwise ? [2, 3, 0, 1] : [2, 3, 1, 0]);

const channelsLast = ({ values, shape }) => tf.tidy(() => tf.tensor(values, shape).transpose([0, 2, 3, 1]));

function answer({ weights, input }) {
  const file = tensors(weights);
  const layers = CONVOLUTIONS.map((convolution) => {
    const { weight: values, bias } = folded(file, convolution);
    return { filter: tf.tidy(() => weight(values, convolution.depthwise)), bias: tf.tensor(bias) };
  });
  const apply = ({ stride, depthwise, relu6 }, x, index) => {
    const convolve = depthwise ? tf.fused.depthwiseConv2d : tf.fused.conv2d;
    const activation = relu6 ? "relu6" : "linear";
    return convolve({ x, ...layers[index], strides: stride, pad: "same", activation });
  };
  return {
    async run() {
      const features = tf.tidy(() => forward(CONVOLUTIONS, channelsLast(input), apply, tf.add).mean([1, 2]));
      return features.data().finally(() => features.dispose());
    },
    free: () => layers.forEach((layer) => tf.dispose(layer)),
  };
}

/** Epochs of Adam in batches of 16 until the loss of all examples is as low as doodletune's. */
function head({ input, output }) {
  const [BATCH, EPOCHS] = [16, 500];
  const [count] = input.shape;
  const [goal] = output;
  const features = tf.tensor(input.values, input.shape);
  const classes = tf.tensor(oneHot(count), [count, 10]);
  return {
    async run() {
      const w = tf.variable(tf.tensor(headStart(FEATURES * 10), [FEATURES, 10]));
      const b = tf.variable(tf.zeros([10]));
      const loss = (x, y) => tf.losses.softmaxCrossEntropy(y, x.matMul(w).add(b));
      const optimizer = tf.train.adam(1e-3);
      let reached;
      for (let epoch = 0; epoch < EPOCHS && !(reached <= goal); epoch++) {
        tf.tidy(() => {
          for (let from = 0; from < count; from += BATCH) {
            const length = Math.min(BATCH, count - from);
            optimizer.minimize(() => loss(features.slice(from, length), classes.slice(from, length)), false, [
              w,
              b,
            ]);
          }
        });
        const value = tf.tidy(() => loss(features, classes));
        [reached] = await value.data();
        value.dispose();
      }
      tf.dispose([w, b]);
      optimizer.dispose();
      return [reached];
    },
    free: () => tf.dispose([features, classes]),
  };
}

/** Steps of Adam for all weights of the convolutions, whose normalisation goes by its running statistics. */
function step(task, { weights, input }) {
  const convolutions = task === "step" ? CONVOLUTIONS : LAST_STAGES;
  const file = tensors(weights);
  const layers = convolutions.map((convolution) => {
    const { weight: values, gamma, beta, mean, variance } = parameters(file, convolution);
    const train = {
      filter: tf.variable(weight(values, convolution.depthwise)),
      gamma: tf.variable(tf.tensor(gamma)),
      beta: tf.variable(tf.tensor(beta)),
    };
    return { train, mean: tf.tensor(mean), variance: tf.tensor(variance) };
  });
  const w = tf.variable(tf.tensor(headStart(FEATURES * 10), [FEATURES, 10]));
  const b = tf.variable(tf.zeros([10]));
  const x = channelsLast(input);
  const y = tf.tensor(oneHot(input.shape[0]), [input.shape[0], 10]);
  const apply = ({ stride, depthwise, relu6 }, x, index) => {
    const { train, mean, variance } = layers[index];
    const convolve = depthwise ? tf.depthwiseConv2d : tf.conv2d;
    const sum = tf.batchNorm(
      convolve(x, train.filter, stride, "same"),
      mean,
      variance,
      train.beta,
      train.gamma,
      EPSILON,
    );
    return relu6 ? tf.relu6(sum) : sum;
  };
  const loss = () =>
    tf.losses.softmaxCrossEntropy(y, forward(convolutions, x, apply, tf.add).mean([1, 2]).matMul(w).add(b));
  const optimizer = tf.train.adam(1e-4);
  const variables = [...layers.flatMap(({ train }) => Object.values(train)), w, b];
  return {
    async run() {
      const value = optimizer.minimize(loss, true, variables);
      // The step is not done before its last weight is there.
      await w.data();
      return value.data().finally(() => value.dispose());
    },
    free() {
      tf.dispose([layers, variables, x, y]);
      optimizer.dispose();
    },
  };
}
