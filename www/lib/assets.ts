// With models.ts, the only file that names what lies outside this folder, so that packaging has little to adapt.
export { default as loadWasm, Tuner } from "../../pkg/doodletune.js";
