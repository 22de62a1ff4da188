// Imported by the worker before all else: counts what the engine holds.
const meter = (globalThis.meter = { memory: undefined, buffers: 0, bytes: 0 });

for (const name of ["instantiate", "instantiateStreaming"]) {
  const original = WebAssembly[name];
  WebAssembly[name] = async (...given) => {
    const result = await original.apply(WebAssembly, given);
    meter.memory = (result.instance ?? result).exports.memory;
    return result;
  };
}

if (globalThis.GPUDevice) {
  const { createBuffer } = GPUDevice.prototype;
  const { destroy } = GPUBuffer.prototype;
  const live = new Map();
  let last = 0;
  const release = (id) => {
    meter.bytes -= live.get(id) ?? 0;
    meter.buffers -= live.delete(id) ? 1 : 0;
  };
  const collected = new FinalizationRegistry(release);
  const number = Symbol("number");
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    buffer[number] = ++last;
    live.set(last, descriptor.size);
    meter.buffers++;
    meter.bytes += descriptor.size;
    collected.register(buffer, last);
    return buffer;
  };
  GPUBuffer.prototype.destroy = function () {
    release(this[number]);
    return destroy.call(this);
  };
}
