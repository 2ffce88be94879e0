// What `deno task lab` starts, and what it says without Python. JupyterLab itself: lab_browser_test.ts.

import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findPython, hasJupyterLab, installFigures, labOptions, labServer, withoutPython } from "../../lib/cli/mod.ts";
import { withFolder } from "../notebook/notebooks.ts";

Deno.test("labOptions reads port, browser and Python, and refuses ports that are none", () => {
  assert.deepEqual(labOptions([]), { port: 8888, browser: true, pythons: ["python3", "python"], help: false });
  assert.deepEqual(labOptions(["--port", "9000", "--no-browser", "--python", "/p"]), {
    port: 9000,
    browser: false,
    pythons: ["/p"],
    help: false,
  });
  for (const port of ["0", "65536", "x", "-1", "8.5"]) {
    assert.throws(() => labOptions([`--port=${port}`]), /Expected --port to be a number from 1 to 65535/);
  }
  assert.throws(() => labOptions(["02"]), /Expected no names, got 02/);
});

Deno.test("labServer listens on this machine only, shows the project's kernels, and keeps its settings apart", () => {
  const places = { environment: "/e", jupyter: "/j", root: "/r", state: "/s" };
  const { command, args, env } = labServer(places, { port: 9000, browser: false });
  assert.equal(command, "/e/bin/python");
  for (
    const wanted of ["--ServerApp.ip=127.0.0.1", "--ServerApp.port=9000", "--ServerApp.root_dir=/r", "--no-browser"]
  ) {
    assert.ok(args.includes(wanted), wanted);
  }
  assert.ok(args.includes("--KernelSpecManager.allowed_kernelspecs=latent-lab"));
  assert.equal(env.JUPYTER_PATH, "/j");
  assert.ok(Object.entries(env).every(([name, path]) => name === "JUPYTER_PATH" || path.startsWith("/s/")));
  assert.ok(!labServer(places, { port: 1, browser: true }).args.includes("--no-browser"));
});

Deno.test("findPython takes the first that can make environments and is new enough; without one, lab says what to open in VS Code", () =>
  withFolder(async (folder) => {
    const fake = (name: string, version: string, code = 0) => {
      writeFileSync(join(folder, name), `#!/bin/sh\necho ${version}\nexit ${code}\n`, { mode: 0o755 });
      return join(folder, name);
    };
    const candidates = [
      join(folder, "none"),
      fake("no-venv", "3.13.1", 1),
      fake("old", "3.9.2"),
      fake("good", "3.12.4"),
    ];
    assert.deepEqual(await findPython(candidates), { command: candidates[3], version: "3.12.4" });
    assert.equal(await findPython(candidates.slice(0, 3)), null);
    const advice = withoutPython(["python3"]).join("\n");
    assert.match(advice, /looked for python3/);
    assert.match(
      advice,
      /deno task kernel[\s\S]*VS Code[\s\S]*Select Kernel > Jupyter Kernel > Latent Lab \(Deno 2\.8\.1\)/,
    );
  }));

Deno.test("an environment counts as installed when its install reached the end in this version", () =>
  withFolder((folder) => {
    assert.equal(hasJupyterLab(folder), false);
    writeFileSync(join(folder, "latent-lab-installed"), "1.0.0");
    assert.equal(hasJupyterLab(folder), false);
    return Promise.resolve();
  }));

Deno.test("installFigures writes an extension that JupyterLab finds, and copies plotly.js once", () =>
  withFolder(async (folder) => {
    const extension = await installFigures(folder);
    const { name, version, jupyterlab } = JSON.parse(readFileSync(join(extension, "package.json"), "utf8"));
    assert.equal(extension, join(folder, "labextensions", name));
    assert.match(version, /^\d+\.\d+\.\d+/);
    assert.ok(existsSync(join(extension, jupyterlab._build.load)));
    const script = join(extension, "static", "plotly.min.js");
    utimesSync(script, 1, 1);
    await installFigures(folder);
    assert.equal(statSync(script).mtimeMs, 1000);
  }));
