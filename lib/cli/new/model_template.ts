// The text of a new model and of its test, before formatting.

/** The names that a model goes by. */
export interface ModelNames {
  /** `wide_student`: its file. */
  file: string;
  /** `wide-student`: its name in checkpoints and exports. */
  label: string;
  /** `wideStudent`: the beginning of its functions. */
  camel: string;
  /** `WideStudent`: the beginning of its types. */
  pascal: string;
}

/** Names from one of lower-case words joined by hyphens or underscores. */
export function modelNames(name: string): ModelNames {
  const words = name.split(/[-_]/);
  const pascal = words.map((word) => word[0].toUpperCase() + word.slice(1)).join("");
  return { file: words.join("_"), label: words.join("-"), camel: pascal[0].toLowerCase() + pascal.slice(1), pascal };
}

/** The module of a new model: an autoencoder to change. */
export function modelText(names: ModelNames): string {
  return `${configText(names)}\n${functionsText(names)}`;
}

/** Widths and their check. */
function configText({ label, pascal }: ModelNames): string {
  return `// ${pascal}: a student that compresses vectors through a hidden layer. Change it to your idea, and say here whose it is.

import { gelu } from "../graph/mod.ts";
import { linear, type Model, model, tensor } from "../nn/mod.ts";

/** Widths of the model. */
export interface ${pascal}Config {
  /** Width I of the vectors, in and out. Default 384. */
  inputDim?: number;
  /** Width H of the hidden layers. Default 256. */
  hiddenDim?: number;
  /** Width L of the compressed vector. Default 192. */
  latentDim?: number;
}

/** Fills in the defaults and refuses widths that no layer can have. */
function completeWidths(
  { inputDim = 384, hiddenDim = 256, latentDim = 192 }: ${pascal}Config,
): Required<${pascal}Config> {
  const widths = { inputDim, hiddenDim, latentDim };
  for (const [name, width] of Object.entries(widths)) {
    if (!Number.isInteger(width) || width < 1) {
      throw new RangeError(\`Cannot build ${label}: expected \${name} to be an integer of at least 1, got \${width}\`);
    }
  }
  return widths;
}
`;
}

/** The model and its count. */
function functionsText({ file, label, camel, pascal }: ModelNames): string {
  return `/**
 * \`inputDim -> hiddenDim -> latentDim -> hiddenDim -> inputDim\` with GELU hidden layers and a linear bottleneck.
 *
 * Inputs: \`x [batch, inputDim]\`. Outputs: \`latent [batch, latentDim]\`, \`output [batch, inputDim]\`.
 *
 * @throws {RangeError} for widths that are not integers of at least 1
 *
 * @example
 * \`\`\`ts
 * import { parameterCount } from "lib/graph/mod.ts";
 * import { ${camel}Model, ${camel}ParameterCount } from "lib/models/${file}.ts";
 * const config = { inputDim: 8, hiddenDim: 16, latentDim: 4 };
 * console.log(parameterCount(${camel}Model(config).trace()) === ${camel}ParameterCount(config)); // true
 * \`\`\`
 */
export function ${camel}Model(config: ${pascal}Config = {}): Model {
  const { inputDim, hiddenDim, latentDim } = completeWidths(config);
  return model("${label}", { inputs: { x: tensor("float32", ["batch", inputDim]) } }, (scope, { x }) => {
    const hidden = gelu(linear(scope.child("input"), x, hiddenDim));
    const latent = linear(scope.child("compression"), hidden, latentDim);
    const expanded = gelu(linear(scope.child("expansion"), latent, hiddenDim));
    return { latent, output: linear(scope.child("output"), expanded, inputDim) };
  });
}

/** Parameters of the model: \`2 I H + 2 H L + 2 H + L + I\`. */
export function ${camel}ParameterCount(config: ${pascal}Config = {}): number {
  const { inputDim, hiddenDim, latentDim } = completeWidths(config);
  return 2 * inputDim * hiddenDim + 2 * hiddenDim * latentDim + 2 * hiddenDim + latentDim + inputDim;
}
`;
}

/** The test of a new model. */
export function modelTestText({ file, label, camel }: ModelNames): string {
  return `import assert from "node:assert/strict";
import { parameterCount } from "../../lib/graph/mod.ts";
import { ${camel}Model, ${camel}ParameterCount } from "../../lib/models/${file}.ts";
import { meanSquaredError } from "../../lib/nn/mod.ts";
import { random } from "../../lib/statistics/mod.ts";
import { gradientNorms, traceProgram, withoutGradient } from "../../lib/train/mod.ts";

const CONFIGS = [{}, { inputDim: 8, hiddenDim: 16, latentDim: 4 }];

Deno.test("the formula of ${label} counts what the graph holds", () => {
  for (const config of CONFIGS) {
    assert.equal(parameterCount(${camel}Model(config).trace()), ${camel}ParameterCount(config));
  }
});

Deno.test("${label} gives a latent vector and one as wide as its input", () => {
  const { outputs } = ${camel}Model(CONFIGS[1]).trace();
  assert.deepEqual(outputs.latent.shape, ["batch", 4]);
  assert.deepEqual(outputs.output.shape, ["batch", 8]);
});

Deno.test("every tensor of ${label} has a gradient", () => {
  const program = traceProgram({
    model: ${camel}Model(CONFIGS[1]),
    loss: ({ output }, { x }) => meanSquaredError(output, x),
  });
  const data = random("${label} test").fillNormal(new Float64Array(5 * 8), 0, 1);
  assert.deepEqual(withoutGradient(gradientNorms(program, { x: { shape: [5, 8], data } })), []);
});

Deno.test("${label} refuses widths that no layer can have", () => {
  assert.throws(() => ${camel}Model({ latentDim: 0 }), /expected latentDim to be an integer of at least 1, got 0/);
  assert.throws(() => ${camel}ParameterCount({ hiddenDim: 1.5 }), /expected hiddenDim .* got 1.5/);
});
`;
}
