// One file for the runner, so that all of them share one project and one browser.
import "./api.mjs";
import "./published.mjs";
import "./bundlers.mjs";
import "./guides.mjs";
import "./onnx.mjs";
