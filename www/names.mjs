// The names of a WebAssembly module's functions are a quarter of it, and only tell where in it something went wrong.

const HEADER = 8;
const CUSTOM = 0;

/** A module without the sections that mean nothing to it. */
export function withoutNames(module) {
  const kept = [module.subarray(0, HEADER)];
  for (let at = HEADER; at < module.length;) {
    const start = at;
    const id = module[at++];
    // LEB128.
    let length = 0;
    for (let shift = 0, byte = 0x80; byte & 0x80; shift += 7) {
      byte = module[at++];
      length += (byte & 0x7f) * 2 ** shift;
    }
    at += length;
    if (id !== CUSTOM) kept.push(module.subarray(start, at));
  }
  return Buffer.concat(kept);
}
