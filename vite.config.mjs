import { defineConfig } from "vite";
import { presentWeights } from "./www/models.mjs";

export default defineConfig({
  base: "./", // the page works under any path
  appType: "mpa", // a missing file is a 404, not the page again
  build: { target: "es2022" },
  plugins: [presentWeights],
  worker: { format: "es" },
});
