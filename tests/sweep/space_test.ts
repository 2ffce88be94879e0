import assert from "node:assert/strict";
import { defineStudy, type Point, seeds, type Space } from "lib/sweep/mod.ts";
import { gridPoints } from "lib/sweep/space.ts";
import { tinyTrial } from "./studies.ts";

const points = (space: unknown) => gridPoints("Cannot", space as Space, ["history"]);
const define = (options: Record<string, unknown>) =>
  defineStudy({ name: "bad", space: { seed: seeds(1) }, trial: () => tinyTrial(), ...options } as never);

Deno.test("gridPoints gives the grid in the order in which it is written, the last parameter fastest", () => {
  assert.deepEqual(points({ studentDim: [256, 512], activation: ["relu", "gelu"], seed: seeds(2) }), [
    { studentDim: 256, activation: "relu", seed: 1 },
    { studentDim: 256, activation: "relu", seed: 2 },
    { studentDim: 256, activation: "gelu", seed: 1 },
    { studentDim: 256, activation: "gelu", seed: 2 },
    { studentDim: 512, activation: "relu", seed: 1 },
    { studentDim: 512, activation: "relu", seed: 2 },
    { studentDim: 512, activation: "gelu", seed: 1 },
    { studentDim: 512, activation: "gelu", seed: 2 },
  ]);
});

Deno.test("gridPoints takes any JSON values, a copy for each point", () => {
  const widths = [[8, 4], { inner: null }];
  const [first, second, third] = points({ widths, flag: [true, false] });
  assert.deepEqual([first.widths, third.widths], widths);
  assert.notEqual(first.widths, second.widths);
});

Deno.test("parameters are typed after the space", () => {
  const study = defineStudy({
    name: "types",
    space: { studentDim: [8, 16], mode: ["a", "b"], scaled: [true, false], seed: seeds(2) },
    trial: (point) => {
      const dim: number = point.studentDim;
      const mode: "a" | "b" = point.mode;
      // @ts-expect-error: the space has no such parameter
      point.width;
      // @ts-expect-error: a number is no text
      const text: string = point.studentDim;
      const rate = { learningRate: (point.scaled ? 1e-2 : 1e-3) * (mode === "a" ? 1 : 2) };
      const trial = tinyTrial({ studentDim: dim + (text as unknown as number) * 0 });
      return { ...trial, optimizer: { ...trial.optimizer, ...rate } };
    },
  });
  const typed = async () => {
    const [row] = await study.rows();
    const seed: number = row.seed;
    const cosine: number = row.validation.cosine + row.validation.loss;
    // @ts-expect-error: there is no such metric
    row.validation.recall;
    // @ts-expect-error: nor such a parameter
    row.width;
    return [seed, cosine];
  };
  type Dims = Point<{ dims: readonly number[] }>["dims"];
  const fromVariable: Dims = 7;
  assert.equal(study.trials.length, 16);
  assert.equal(study.trials[15].parameters.mode, "b");
  assert.equal(typeof typed, "function");
  assert.equal(fromVariable, 7);
});

Deno.test("where leaves out points", () => {
  const study = defineStudy({
    name: "where",
    space: { studentDim: [4, 8, 16], seed: seeds(2) },
    where: ({ studentDim, seed }) => studentDim < 16 || seed === 1,
    trial: tinyTrial,
  });
  assert.deepEqual(study.trials.map(({ parameters: { studentDim, seed } }) => [studentDim, seed]), [
    [4, 1],
    [4, 2],
    [8, 1],
    [8, 2],
    [16, 1],
  ]);
});

Deno.test("bad spaces are refused", () => {
  const cases: [unknown, RegExp][] = [
    [{}, /expected at least one parameter in the space, got none/],
    [[1, 2], /expected space to be an object of lists, got a list/],
    [null, /got null/],
    [{ a: [] }, /expected at least one value in space\.a, got an empty list/],
    [{ a: 3 }, /expected space\.a to be a list, got number/],
    [{ a: "text" }, /expected space\.a to be a list, got string/],
    [{ a: [1, 2, 1] }, /expected different values in space\.a, got 1 twice/],
    [{ a: [{ b: 1, c: 2 }, { c: 2, b: 1 }] }, /got \{"b":1,"c":2\} twice/],
    [{ a: [1, NaN] }, /expected space\.a\[1\] to be data \(JSON\), got NaN/],
    [{ a: [1, undefined] }, /expected space\.a\[1\] to be data \(JSON\), got undefined/],
    [{ a: [() => 1] }, /expected space\.a\[0\] to be data \(JSON\), got function/],
    [{ a: [{ b: [1n] }] }, /expected space\.a\[0\]\.b\[0\] to be data \(JSON\), got bigint/],
    [{ a: [new Date()] }, /expected space\.a\[0\] to be data \(JSON\), got Date/],
    [{ "": [1] }, /parameter names of letters/],
    [{ "a b": [1] }, /got "a b"/],
    [{ history: [1] }, /another name for the parameter "history"/],
    [{ a: seeds(1), b: seeds(2) }, /one axis of seeds at most, got a and b/],
    [{ a: Array.from({ length: 400 }, (_, i) => i), b: Array.from({ length: 400 }, (_, i) => i) }, /at most 100000/],
  ];
  for (const [space, message] of cases) assert.throws(() => points(space), { message });
});

Deno.test("seeds refuses counts that are not from 1 to 1000", () => {
  for (const count of [0, -1, 1.5, NaN, 1001]) assert.throws(() => seeds(count), RangeError);
});

Deno.test("defineStudy refuses wrong names, options and predicates", () => {
  for (const name of ["", "Upper", "a/b", "..", "-a", "a".repeat(65), 7]) {
    assert.throws(() => define({ name }), { name: "RangeError", message: /Cannot name a study/ });
  }
  assert.throws(() => define({ directions: 1 }), /got "directions"/);
  assert.throws(() => define({ trial: {} }), /expected trial to be a function, got object/);
  assert.throws(() => define({ where: () => false }), /expected at least one point, but where leaves out all/);
  assert.throws(() => define({ where: () => 1 }), /expected where to give a boolean, got number/);
  assert.throws(() => define({ space: { key: [1] } }), /another name for the parameter "key"/);
});
