import assert from "node:assert/strict";
import { type Axis, choice, float, int, type Point, seeds, type Space, when } from "lib/sweep/mod.ts";
import { checkSpace, gridPoints } from "lib/sweep/space.ts";

const grid = (space: unknown) => gridPoints("Cannot", space as Space, []);

Deno.test("axes are plain JSON", () => {
  const space = {
    list: [1, 2],
    optimizer: choice(["adam", "sgd"]),
    width: int(8, 64, { log: true, step: 8 }),
    rate: float(1e-4, 1e-1, { log: true }),
    momentum: when({ optimizer: "sgd" }, float(0, 1)),
    seed: seeds(2),
  };
  assert.deepEqual(JSON.parse(JSON.stringify(space)), space);
  checkSpace("Cannot", JSON.parse(JSON.stringify(space)));
  assert.deepEqual(space.width, { kind: "int", low: 8, high: 64, log: true, step: 8 });
  assert.deepEqual(space.momentum.conditions, { optimizer: ["sgd"] });
});

Deno.test("a grid steps through ranges, also by steps that binary numbers do not have", () => {
  assert.deepEqual(grid({ n: int(2, 9, { step: 3 }) }), [{ n: 2 }, { n: 5 }, { n: 8 }]);
  assert.deepEqual(grid({ x: float(0, 0.5, { step: 0.1 }) }).map(({ x }) => x), [0, 0.1, 0.2, 0.3, 0.4, 0.5]);
  assert.deepEqual(grid({ x: float(-0.2, 0.1, { step: 0.1 }) }).map(({ x }) => x), [-0.2, -0.1, 0, 0.1]);
  assert.deepEqual(grid({ x: int(7, 7, { step: 1 }) }), [{ x: 7 }]);
});

Deno.test("a grid has conditional parameters only where their conditions hold, and no point twice", () => {
  const space = {
    optimizer: ["adam", "sgd", "none"],
    momentum: when({ optimizer: "sgd" }, [0.5, 0.9]),
    nesterov: when({ optimizer: ["sgd"], momentum: 0.9 }, [true, false]),
    rate: when({ optimizer: ["adam", "sgd"] }, float(0.1, 0.2, { step: 0.1 })),
  };
  assert.deepEqual(grid(space), [
    { optimizer: "adam", rate: 0.1 },
    { optimizer: "adam", rate: 0.2 },
    { optimizer: "sgd", momentum: 0.5, rate: 0.1 },
    { optimizer: "sgd", momentum: 0.5, rate: 0.2 },
    { optimizer: "sgd", momentum: 0.9, nesterov: true, rate: 0.1 },
    { optimizer: "sgd", momentum: 0.9, nesterov: true, rate: 0.2 },
    { optimizer: "sgd", momentum: 0.9, nesterov: false, rate: 0.1 },
    { optimizer: "sgd", momentum: 0.9, nesterov: false, rate: 0.2 },
    { optimizer: "none" },
  ]);
});

Deno.test("points are typed: conditional parameters are optional", () => {
  const space = {
    optimizer: choice(["adam", "sgd"]),
    width: int(8, 64),
    momentum: when({ optimizer: "sgd" }, float(0, 1)),
    mode: when({ optimizer: "sgd" }, ["plain", "nesterov"]),
    seed: seeds(2),
  } as const;
  const point: Point<typeof space> = { optimizer: "adam", width: 8, seed: 1 };
  const momentum: number | undefined = point.momentum;
  const mode: "plain" | "nesterov" | undefined = point.mode;
  // @ts-expect-error: it may be absent
  const sure: number = point.momentum;
  // @ts-expect-error: no such choice
  const wrong: Point<typeof space> = { ...point, optimizer: "rmsprop" };
  assert.deepEqual([momentum, mode, sure, wrong.optimizer], [undefined, undefined, undefined, "rmsprop"]);
});

Deno.test("bad axes are refused where they are made", () => {
  const cases: [() => Axis, RegExp][] = [
    [() => choice([]), /Cannot make a choice: expected at least one value, got an empty list/],
    [() => choice("ab" as never), /expected a list, got string/],
    [() => int(5, 3), /Cannot make an int axis: expected low <= high, got 5 and 3/],
    [() => int(1.5, 3), /expected low to be an integer, got 1.5/],
    [() => int(1, 8, { step: 0.5 }), /expected step to be an integer, got 0.5/],
    [() => int(1, 8, { step: 0 }), /expected step above 0, got 0/],
    [() => int("1" as never, 8), /expected low to be an integer, got string/],
    [() => float(0, 1, { log: true }), /Cannot make a float axis: expected low above 0 on a logarithmic axis, got 0/],
    [() => float(NaN, 1), /expected low to be a finite number, got NaN/],
    [() => float(0, Infinity), /expected high to be a finite number, got Infinity/],
    [() => float(-1.7e308, 1.7e308), /expected a span that is finite/],
    [() => float(0, 1, { step: -1 }), /expected step above 0, got -1/],
    [() => float(0, 1, { step: 1e-12 }), /expected at most 1e9 steps/],
    [() => float(0, 1, { base: 10 } as never), /expected log and step, got option "base"/],
    [() => float(0, 1, { log: 1 as never }), /expected log to be true or false, got 1/],
    [() => when({}, [1]), /expected at least one condition, got none/],
    [() => when({ a: [] }, [1]), /expected values of a, got an empty list/],
    [() => when({ a: 1 }, when({ b: 1 }, [1]) as never), /got when; put all conditions into one/],
    [() => when({ a: 1 }, seeds(2) as never), /got replicas; every configuration has the same seeds/],
  ];
  for (const [make, message] of cases) assert.throws(make, { message });
});

Deno.test("bad spaces of these axes are refused, naming the axis", () => {
  const cases: [unknown, RegExp][] = [
    [{ x: float(0, 1) }, /expected space\.x to have a step in a grid.*\(randomSearch, sobol or tpe\)/],
    [{ n: int(1, 8) }, /expected space\.n to have a step in a grid/],
    [
      { x: { kind: "float", low: 2, high: 1, log: false, step: null } },
      /in space\.x, expected low <= high, got 2 and 1/,
    ],
    [{ x: { kind: "normal" } }, /expected space\.x to be a list, got an object of no known kind/],
    [{ x: choice([1, 1]) }, /expected different values in space\.x, got 1 twice/],
    [{ x: when({ a: 1 }, [1]) }, /space\.x to depend on parameters that stand before it \(none\), got "a"/],
    [{ x: when({ a: 1 }, [1]), a: [1] }, /\(none\), got "a"/],
    [{ a: [1], x: when({ x: 1 }, [1]) }, /\(a\), got "x"/],
    [{ seed: seeds(2), x: when({ seed: 1 }, [1]) }, /\(none\), got "seed"/],
    [{ a: [1, 2], x: when({ a: 3 }, [1]) }, /expected space\.x to depend on a value that a can have, got 3/],
    [{ a: int(1, 9, { step: 2 }), x: when({ a: 4 }, [1]) }, /a value that a can have, got 4/],
    [{ a: float(0, 1, { step: 0.5 }), x: when({ a: "b" }, [1]) }, /got "b"/],
    [{ a: [1], x: { kind: "when", conditions: {}, axis: [1] } }, /expected space\.x to have conditions/],
    [{ a: [1], x: { kind: "when", conditions: { a: 1 }, axis: [1] } }, /expected a list of values of a in space\.x/],
    [{ a: int(1, 1e6, { step: 1 }) }, /at most 100000 points in the space, got 1000000/],
  ];
  for (const [space, message] of cases) assert.throws(() => grid(space), { message });
});
