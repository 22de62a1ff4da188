import { defineConfig } from "vite";

export default defineConfig({
  base: "./", // the page works under any path
  appType: "mpa", // a missing file is a 404, not the page again
  build: { target: "es2022" },
  worker: { format: "es" },
});
