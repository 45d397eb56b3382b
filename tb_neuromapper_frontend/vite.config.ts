import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "./",
  build: {
    outDir: "../tb_neuromapper/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    rolldownOptions: {
      input: "src/index.tsx",
      // TensorBoard imports the entry and calls its `render`, so its exports must stay.
      preserveEntrySignatures: "strict",
      output: {
        entryFileNames: "index.js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
      },
    },
  },
  test: {
    include: ["test/**/*.test.ts"],
    // Other style sheets are empty in tests.
    css: { include: [/\.css\?raw$/] },
  },
});
