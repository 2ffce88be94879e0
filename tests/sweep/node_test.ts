import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { projectPath, startChild } from "lib/process/mod.ts";
import { inFolder } from "./studies.ts";

Deno.test("lib/sweep runs in a CommonJS bundle under Node, or says which Node it needs", () =>
  inFolder(async (folder) => {
    await build({
      stdin: {
        contents: 'export * from "./tests/sweep/studies.ts"',
        resolveDir: projectPath(),
        loader: "ts",
      },
      outfile: join(folder, "sweep.cjs"),
      bundle: true,
      platform: "node",
      format: "cjs",
      alias: { lib: projectPath("lib") },
      external: ["onnxruntime-node"],
      logLevel: "error",
    });
    writeFileSync(
      join(folder, "main.cjs"),
      `const { scriptedStudy } = require("./sweep.cjs");
       scriptedStudy(process.argv[2], 1).run().then(
         (rows) => console.log(JSON.stringify(rows.map(({ studentDim, steps }) => [studentDim, steps]))),
         (error) => console.log(error.message),
       );`,
    );
    const { stdout } = await startChild({
      command: "node",
      args: [join(folder, "main.cjs"), join(folder, "checkpoints")],
      cwd: projectPath(),
    }).result;
    const version = await startChild({ command: "node", args: ["--version"] }).result;
    const [major, minor] = version.stdout.slice(1).split(".").map(Number);
    const expected = major > 22 || (major === 22 && minor >= 13)
      ? "[[4,30],[8,30]]"
      : `Cannot keep a study: expected a program with node:sqlite (Deno 2.2 or Node 22.13 and newer), got Node ${
        version.stdout.slice(1).trim()
      }`;
    assert.equal(stdout.trim(), expected);
  }));
