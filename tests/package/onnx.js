// Trains heads, exports them, and asks both runtimes about the same pixels.
import { DoodleTune } from "./doodletune/lib/index.js";
import * as ort from "./ort.wasm.bundle.min.mjs";

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = { wasm: new URL("./ort-wasm-simd-threaded.wasm", import.meta.url).href };

/** How many corners a thing of each class has. */
const CLASSES = { triangle: 3, square: 4, ring: 40 };

/** A drawing on a sheet of another size, in another place, with another pen each time. */
function picture(number) {
  const chance = (n) => Math.abs(Math.sin(12.9898 * number + 78.233 * n) * 43758.5453) % 1;
  const [width, height] = [60 + Math.floor(200 * chance(1)), 60 + Math.floor(200 * chance(2))];
  const sheet = new OffscreenCanvas(width, height).getContext("2d");
  sheet.fillStyle = "white";
  sheet.fillRect(0, 0, width, height);
  sheet.lineWidth = 2 + 4 * chance(3);
  // Grey, which both networks take.
  const ink = Math.floor(90 * chance(4));
  sheet.strokeStyle = `rgb(${ink} ${ink} ${ink})`;
  const corners = Object.values(CLASSES)[number % 3];
  const radius = Math.min(width, height) * (0.2 + 0.2 * chance(5));
  for (let corner = 0; corner <= corners; corner++) {
    const angle = (2 * Math.PI * corner) / corners + chance(6);
    sheet.lineTo(width / 2 + radius * Math.cos(angle), height / 2 + radius * Math.sin(angle));
  }
  sheet.stroke();
  return sheet.getImageData(0, 0, width, height);
}

/** By head, how far the probabilities are apart at most, and how sure the likeliest class is on average. */
globalThis.compare = async (options, heads, drawings) => {
  const tuner = await DoodleTune.create({ device: "cpu", ...options });
  const labels = Object.keys(CLASSES);
  await tuner.addExamples(
    Array.from({ length: 12 }, (_, n) => ({ label: labels[n % 3], input: picture(1000 + n) })),
  );
  const found = {};
  for (const [head, plan] of Object.entries(heads)) {
    if (plan) await tuner.train({ plan }).result;
    const session = await ort.InferenceSession.create(await tuner.export({ format: "onnx" }));
    // Colours have a dimension of their own.
    const colours = session.inputMetadata[0].shape.length === 4;
    let [apart, sure] = [0, 0];
    for (let number = 0; number < drawings; number++) {
      const pixels = picture(number);
      const { width, height, data } = pixels;
      const channels = colours ? 3 : 1;
      const values = Uint8Array.from(
        { length: width * height * channels },
        (_, i) => data[4 * Math.floor(i / channels) + (i % channels)],
      );
      const shape = [1, height, width, ...(colours ? [3] : [])];
      const answer = await session.run({ pictures: new ort.Tensor("uint8", values, shape) });
      const { ranking } = await tuner.predict(pixels);
      const expected = new Map(ranking.map(({ label, probability }) => [label, probability]));
      answer.probabilities.data.forEach(
        (p, i) => (apart = Math.max(apart, Math.abs(p - expected.get(labels[i])))),
      );
      sure += ranking[0].probability / drawings;
    }
    await session.release();
    found[head] = { apart, sure, classes: labels.length };
  }
  tuner.dispose();
  return found;
};
