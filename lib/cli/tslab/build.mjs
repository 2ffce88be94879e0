// The library as tslab loads it: one CommonJS bundle, for each module of the library a file that hands out its part, and declarations beside
// each. `import { train } from "lib/train/mod"` in a notebook of tslab then means what lib/train/mod.ts means elsewhere.
//
//   node build.mjs ROOT FOLDER EARLIER MODULE...
//
// MODULE: lib/train/mod.ts, from ROOT. What was in FOLDER is replaced. EARLIER: folder of a build from the same sources, whose declarations
// are copied, since compiling them takes most of the time; "" for none.
//
// The compiler is the one that tslab has (TypeScript 5.0): what it cannot read in the sources becomes `any` in the declarations.

import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

/** Native, or loaded on demand and large: resolved from the project's node_modules when they are needed. */
const EXTERNAL = [
  "onnxruntime-node",
  "@tensorflow/tfjs",
  "@tensorflow/tfjs-node",
  "@resvg/resvg-js",
  "jsdom",
  "danfojs-node",
  "bullmq",
  "ioredis",
];

/** The bundle: every module's exports under the module's path. */
async function writeBundle(root, folder, modules) {
  const exports = modules.map((path, i) => `export * as module${i} from ${JSON.stringify(`./${path}`)};`);
  await build({
    stdin: { contents: exports.join("\n"), resolveDir: root, loader: "ts", sourcefile: "modules.ts" },
    outfile: join(folder, "bundle.cjs"),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    external: EXTERNAL,
    define: { "import.meta.url": JSON.stringify(pathToFileURL(join(root, "package.json")).href) },
    logLevel: "error",
  });
  modules.forEach((path, i) => {
    const file = inPackage(folder, path).replace(/\.ts$/, ".js");
    const bundle = relative(dirname(file), join(folder, "bundle.cjs"));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(
      file,
      `module.exports = require(${JSON.stringify(`./${bundle}`.replace("./..", ".."))}).module${i};\n`,
    );
  });
  writeFileSync(
    join(folder, "package.json"),
    `${JSON.stringify({ name: "lib", version: "0.0.0", private: true, type: "commonjs" }, null, 2)}\n`,
  );
}

/** `FOLDER/train/mod.ts` for `lib/train/mod.ts`. */
function inPackage(folder, path) {
  return join(folder, relative("lib", path));
}

/** What the sources use and TypeScript 5.0 does not know. */
const GLOBALS = "type NoInfer<T> = T;\n";

/** Declarations of the modules and of all that they reach. */
function writeDeclarations(root, folder, modules) {
  const require = createRequire(join(root, "package.json"));
  const ts = createRequire(require.resolve("tslab"))("@tslab/typescript-for-tslab");
  const globals = join(folder, "globals.d.ts");
  writeFileSync(globals, GLOBALS);
  const program = ts.createProgram([globals, ...modules.map((path) => join(root, path))], {
    allowImportingTsExtensions: true,
    declaration: true,
    emitDeclarationOnly: true,
    lib: ["lib.esnext.d.ts", "lib.dom.d.ts"],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    outDir: folder,
    rootDir: join(root, "lib"),
    skipLibCheck: true,
    strict: true,
    target: ts.ScriptTarget.ESNext,
    typeRoots: [join(root, "node_modules", "@types")],
    types: ["node"],
  });
  program.emit(undefined, (path, text) => {
    const declarations = text.replace(/((?:from|import\()\s*"\.{1,2}\/[^"]+)\.ts"/g, '$1"');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text.includes("NoInfer<") ? GLOBALS + declarations : declarations);
  });
}

/** Declarations name no place on disk. */
function copyDeclarations(from, to) {
  cpSync(from, to, { recursive: true, filter: (path) => !/\.(js|cjs|json)$|built-from$/.test(path) });
}

const [root, folder, earlier, ...modules] = process.argv.slice(2);
if (modules.length === 0) throw new Error("Cannot bundle the library: expected ROOT FOLDER EARLIER MODULE...");
const staging = `${folder}.${process.pid}`;
rmSync(staging, { recursive: true, force: true });
mkdirSync(staging, { recursive: true });
try {
  await writeBundle(root, staging, modules); // first: it tells syntax errors
  if (earlier === "") writeDeclarations(root, staging, modules);
  else copyDeclarations(earlier, staging);
  rmSync(folder, { recursive: true, force: true });
  renameSync(staging, folder);
} finally {
  rmSync(staging, { recursive: true, force: true });
}
