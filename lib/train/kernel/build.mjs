// Compiles kernel.as.ts and what it exports, and writes the bytes to kernel_wasm.ts: `node lib/train/kernel/build.mjs [OUTPUT]`.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const folder = dirname(fileURLToPath(import.meta.url));
const output = process.argv[2] ?? join(folder, "kernel_wasm.ts");
let bytes;
const { error, stderr } = await asc.main(
  [
    "kernel.as.ts",
    "--outFile",
    "kernel.wasm",
    "--optimizeLevel",
    "3",
    "--noAssert",
    "--enable",
    "simd",
    "--runtime",
    "stub",
    "--importMemory",
    "--maximumMemory",
    "65536",
  ],
  {
    readFile: (name) => (name.endsWith(".as.ts") ? readFileSync(join(folder, name), "utf8") : null),
    writeFile: (_name, data) => (bytes = data),
    listFiles: () => [],
  },
);
if (error) {
  console.error(stderr.toString());
  process.exit(1);
}
const lines = Buffer.from(bytes).toString("base64").match(/.{1,110}/g);
writeFileSync(
  output,
  `// Compiled from kernel.as.ts by build.mjs (AssemblyScript 0.28.20); a test compares it with its source.\n\n` +
    `export const KERNEL_WASM_BASE64 = [\n${lines.map((line) => `  "${line}",`).join("\n")}\n].join("");\n`,
);
console.log(`${output}: ${bytes.length} bytes of WebAssembly`);
process.exit(0); // the compiler leaves a handle open
