import { tensors } from "./network.js";
import { model } from "./onnx.js";

const BUNDLES = { cpu: "ort.wasm.bundle.min.mjs", webgpu: "ort.webgpu.bundle.min.mjs" };

export async function open(device) {
  const folder = "/node_modules/onnxruntime-web/dist/";
  const ort = await import(`${folder}${BUNDLES[device]}`);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = folder;
  return {
    async prepare(workload, { weights, input }) {
      // It cannot train in browsers.
      if (workload.task !== "forward" || workload.network !== "efficientnet-lite0") return undefined;
      const { file, features } = model(tensors(weights), input.shape);
      const session = await ort.InferenceSession.create(file, {
        executionProviders: [device === "cpu" ? "wasm" : "webgpu"],
        graphOptimizationLevel: "all",
      });
      return {
        async run() {
          const outputs = await session.run({ pixels: new ort.Tensor("float32", input.values, input.shape) });
          return outputs[features].getData();
        },
        free: () => session.release(),
      };
    },
  };
}
