import { defineConfig } from "vite";
import { presentWeights } from "./www/files.mjs";
import { offline } from "./www/offline.mjs";
import { standalone } from "./www/standalone.mjs";

export default defineConfig({
  base: "./", // the page works under any path
  appType: "mpa", // a missing file is a 404, not the page again
  build: { target: "es2022" },
  publicDir: "www/public",
  plugins: [presentWeights, standalone(), offline()],
  worker: { format: "es" },
});
