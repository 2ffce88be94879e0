// Compiles adam.as.ts and writes its bytes to adam_wasm.ts: `node lib/train/kernel/build.mjs [OUTPUT]`.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const folder = dirname(fileURLToPath(import.meta.url));
const output = process.argv[2] ?? join(folder, "adam_wasm.ts");
const source = readFileSync(join(folder, "adam.as.ts"), "utf8");
let bytes;
const { error, stderr } = await asc.main(
  [
    "adam.as.ts",
    "--outFile",
    "adam.wasm",
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
    readFile: (name) => (name === "adam.as.ts" ? source : null),
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
  `// Compiled from adam.as.ts by build.mjs (AssemblyScript 0.28.20); a test compares it with its source.\n\n` +
    `export const ADAM_WASM_BASE64 = [\n${lines.map((line) => `  "${line}",`).join("\n")}\n].join("");\n`,
);
console.log(`${output}: ${bytes.length} bytes of WebAssembly`);
process.exit(0); // the compiler leaves a handle open
