import assert from "node:assert/strict";
import process from "node:process";
import { isProvenKernel, notebookRun, resolveParameters, RUN_VARIABLE } from "../../lib/notebook/mod.ts";

const DEFAULTS = { dims: [256, 512], epochs: 25, label: "x", fast: false, adam: { beta: 0.9 }, limit: null };

function withRun<T>(value: string | undefined, use: () => T): T {
  const before = process.env[RUN_VARIABLE];
  if (value === undefined) delete process.env[RUN_VARIABLE];
  else process.env[RUN_VARIABLE] = value;
  try {
    return use();
  } finally {
    if (before === undefined) delete process.env[RUN_VARIABLE];
    else process.env[RUN_VARIABLE] = before;
  }
}

Deno.test("resolveParameters takes JSON and plain text by the default's type", () => {
  const overrides = { dims: "[1024]", epochs: "3", label: "3", fast: "true", adam: '{"beta":0.5}', limit: "7" };
  assert.deepEqual(resolveParameters<Record<string, never>>(DEFAULTS as never, overrides), {
    dims: [1024],
    epochs: 3,
    label: "3",
    fast: true,
    adam: { beta: 0.5 },
    limit: 7,
  });
  assert.deepEqual(resolveParameters({ dims: [1] }, { dims: [2, 3] }), { dims: [2, 3] });
});

Deno.test("resolveParameters refuses unknown names, naming the known ones", () => {
  assert.throws(() => resolveParameters({ epochs: 1, seed: 2 }, { epoch: 1 }), {
    name: "RangeError",
    message: 'Cannot set parameter "epoch": expected one of epochs, seed',
  });
  assert.throws(
    () => resolveParameters({ adam: { beta: 1 } }, { adam: { gamma: 1 } }),
    /"gamma": expected one of beta/,
  );
  assert.throws(() => resolveParameters({ epochs: 1 }, { toString: 1 }), RangeError);
});

Deno.test("resolveParameters refuses values of another type with their path", () => {
  assert.throws(() => resolveParameters({ epochs: 1 }, { epochs: "many" }), {
    name: "TypeError",
    message: 'Cannot set parameter "epochs": expected a number such as 1, got "many"',
  });
  assert.throws(
    () => resolveParameters({ dims: [1] }, { dims: "256" }),
    /"dims": expected a list such as \[1\], got 256/,
  );
  assert.throws(() => resolveParameters({ dims: [1] }, { dims: '[1,"a"]' }), /"dims\[1\]": expected a number/);
  assert.throws(() => resolveParameters({ label: "a" }, { label: 3 }), /"label": expected a string/);
  assert.throws(() => resolveParameters({ epochs: 1 }, { epochs: NaN }), TypeError);
  assert.throws(() => resolveParameters({ epochs: 1 }, { epochs: "1e999" }), TypeError);
});

Deno.test("notebookRun lets the scale change defaults and the environment change both", () => {
  const options = {
    name: "demo",
    defaults: { epochs: 25, seeds: 2 },
    scales: { smoke: { epochs: 1 }, quick: {}, full: { seeds: 5 } },
  };
  const { step: _, ...quick } = withRun(undefined, () => notebookRun(options));
  assert.deepEqual(quick, { name: "demo", scale: "quick", parameters: { epochs: 25, seeds: 2 } });
  const full = withRun('{"scale":"full","parameters":{"epochs":"3"}}', () => notebookRun(options));
  assert.deepEqual([full.scale, full.parameters], ["full", { epochs: 3, seeds: 5 }]);
  assert.deepEqual(withRun(undefined, () => notebookRun({ ...options, scale: "smoke" })).parameters, {
    epochs: 1,
    seeds: 2,
  });
  // What the runner asks for counts more than what the cell says for the kernel.
  assert.equal(withRun('{"scale":"full"}', () => notebookRun({ ...options, scale: "smoke" })).scale, "full");
  assert.throws(() => withRun("{", () => notebookRun(options)), /Cannot read LATENT_LAB_RUN: expected JSON/);
  assert.throws(() => withRun('{"scale":"big"}', () => notebookRun(options)), /LATENT_LAB_RUN: scale/);
});

Deno.test("isProvenKernel accepts 2.7.14 to 2.8.1 only", () => {
  for (const version of ["2.7.14", "2.8.0", "2.8.1"]) assert.equal(isProvenKernel(version), true, version);
  for (const version of ["2.7.13", "2.8.2", "2.9.6", "2.10.0", "3.0.0", "1.46.3", "2.8.1-rc.1", ""]) {
    assert.equal(isProvenKernel(version), false, version);
  }
});
