// A new notebook: a model, a sweep over it, the winner against PCA, and a report. Each cell is a place to put something else.

import { KERNELS, type NotebookCell, type NotebookDocument } from "../../notebook/mod.ts";

/** What differs between new notebooks. */
export interface NotebookNames {
  /** `07-how-deep`: file, report and study. */
  name: string;
  title: string;
}

/** The document of a new notebook. */
export function notebookTemplate(names: NotebookNames): NotebookDocument {
  const cells = [
    introduction(names),
    IMPORTS,
    parameters(names),
    MODEL_TITLE,
    MODEL,
    SWEEP_TITLE,
    SWEEP,
    TEST_TITLE,
    TEST,
    RECORDS,
    REPORT_TITLE,
    report(names),
  ];
  return {
    cells: cells.map((cell, i) => ({ ...cell, id: `cell-${String(i + 1).padStart(2, "0")}` })),
    metadata: {
      kernelspec: { ...KERNELS.deno },
      language_info: { file_extension: ".ts", mimetype: "text/x.typescript", name: "typescript" },
    },
    nbformat: 4,
    nbformat_minor: 5,
  };
}

function markdown(text: string): NotebookCell {
  return { cell_type: "markdown", metadata: {}, source: lines(text) };
}

function code(text: string): NotebookCell {
  return { cell_type: "code", execution_count: null, metadata: {}, outputs: [], source: lines(text) };
}

function lines(text: string): string[] {
  return text.split(/(?<=\n)/);
}

const introduction = ({ name, title }: NotebookNames): NotebookCell =>
  markdown(`# ${title}

What do you ask, and what would answer it? This starting point asks how wide the hidden layer of a student must be, and
whether the best width keeps more of a vector than PCA does with as many values.

Run all cells, or \`deno task report ${name}\`. The report goes to \`reports/${name}/\`.`);

const IMPORTS = code(`import { notebookRun, studyProgress } from "lib/notebook/run.ts";
import { columnOf, dataReference, loadDataset } from "lib/data/mod.ts";
import { applyModel, compareGeometry, fitPca, openTestSplit, pcaWeights, selectRows } from "lib/evaluate/mod.ts";
import { gelu } from "lib/graph/mod.ts";
import { pcaModel } from "lib/models/linear_autoencoder.ts";
import { linear, meanSquaredError, model, rowCosine, tensor } from "lib/nn/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { recordMaker } from "lib/record/mod.ts";
import { cell, parameter, Report, seedSpread } from "lib/report/mod.ts";
import { machineFacts } from "lib/runtime/mod.ts";
import { bootstrapInterval, mean, twoLevelBootstrap } from "lib/statistics/mod.ts";
import { defineStudy, seeds } from "lib/sweep/mod.ts";
import { adam, loadWeights } from "lib/train/mod.ts";`);

const parameters = ({ name }: NotebookNames): NotebookCell =>
  code(`const { name, scale, parameters } = notebookRun({
  name: "${name}",
  defaults: {
    dataset: "wordnet-20k",
    hiddenDims: [64, 128, 256],
    latentDim: 64,
    seedCount: 3,
    epochs: 8,
    batchSize: 256,
    learningRate: 2e-3,
  },
  scales: {
    smoke: { hiddenDims: [16, 32], latentDim: 16, seedCount: 2, epochs: 1 },
    quick: {},
    full: { hiddenDims: [64, 128, 256, 512, 1024], seedCount: 5, epochs: 25 },
  },
});
const machine = machineFacts();
const dataset = await loadDataset(parameters.dataset); // one of your own: deno task data import
const embedding = columnOf(dataset, "embedding");
const [, width] = embedding.shape;`);

const MODEL_TITLE = markdown(`## The model

A function from named inputs to named outputs. In a file of its own (\`deno task new model NAME\`) other notebooks can use
it, and \`reload\` of \`lib/notebook/run.ts\` takes up edits without a restart of the kernel.`);

const MODEL = code(`const student = (hiddenDim: number) =>
  model("student", { inputs: { x: tensor("float32", ["batch", width]) } }, (scope, { x }) => {
    const hidden = gelu(linear(scope.child("input"), x, hiddenDim));
    const latent = linear(scope.child("compression"), hidden, parameters.latentDim);
    const expanded = gelu(linear(scope.child("expansion"), latent, hiddenDim));
    return { latent, output: linear(scope.child("output"), expanded, width) };
  });`);

const SWEEP_TITLE = markdown(`## The sweep

Every width with every seed. What is finished is stored: a run that was stopped goes on, and running the cell again costs
nothing. Widths are compared on the validation split.`);

const SWEEP = code(`const study = defineStudy({
  name: \`\${name}-\${scale}\`,
  space: { hiddenDim: parameters.hiddenDims, seed: seeds(parameters.seedCount) },
  trial: ({ hiddenDim }) => ({
    model: student(hiddenDim),
    loss: ({ output }, { x }) => meanSquaredError(output, x),
    metrics: ({ output }, { x }) => ({ cosine: rowCosine(output, x) }),
    data: dataReference(dataset, { x: "embedding" }),
    optimizer: adam({ learningRate: parameters.learningRate }),
    epochs: parameters.epochs,
    batchSize: parameters.batchSize,
  }),
});
const rows = await study.run({ threads: 1, onProgress: studyProgress("trials") });
const widths = parameters.hiddenDims.map((hiddenDim) => {
  const members = rows.filter((row) => row.hiddenDim === hiddenDim);
  const cosines = members.map(({ validation }) => validation.cosine);
  return { hiddenDim, members, cosines, cosine: mean(cosines), parameterCount: members[0].parameterCount };
});
const winner = widths.reduce((one, other) => (other.cosine > one.cosine ? other : one));`);

const TEST_TITLE = markdown(`## One look at the test split

The best of several validation scores is too good by chance. The winner is scored once on test rows, beside PCA.`);

const TEST = code(`const testRows = selectRows(embedding, openTestSplit(dataset, { report: name }));
const pca = pcaWeights(fitPca(selectRows(embedding, dataset.splits.train)), parameters.latentDim);
const throughPca = await applyModel(
  pcaModel({ inputDim: width, latentDim: parameters.latentDim }).trace(),
  testRows,
  { weights: pca },
);
const pcaCosine = compareGeometry(throughPca, testRows).cosine;
const winnerCosines: Float64Array[] = [];
for (const { checkpoint } of winner.members) {
  const weights = await loadWeights(projectPath(checkpoint));
  const output = await applyModel(student(winner.hiddenDim).trace(), testRows, { weights });
  winnerCosines.push(compareGeometry(output, testRows).cosine);
}`);

const RECORDS = code(`const make = recordMaker({
  machine,
  source: \`notebooks/\${name}.ipynb\`,
  inputs: [dataset.hash],
  rerun: \`deno task report \${name} --scale \${scale}\`,
});
// Over seeds and rows: both could have been others.
const overSeeds = (groups: readonly Float64Array[]) =>
  groups.length > 1
    ? twoLevelBootstrap(groups, { seed: 1, resamples: 2000 })
    : bootstrapInterval(groups[0], { seed: 1, resamples: 2000 });
const sizes = widths.map(({ hiddenDim, parameterCount, cosine, cosines }) => ({
  hiddenDim,
  count: make.computed(\`width.\${hiddenDim}.parameters\`, parameterCount, "count"),
  cosine: make.measured(\`width.\${hiddenDim}.cosine\`, { value: cosine, n: cosines.length, interval: null }, "1"),
}));
const found = {
  winner: make.measured("winner.hiddenDim", winner.hiddenDim, "values"),
  test: make.measured("winner.test.cosine", overSeeds(winnerCosines), "1"),
  pca: make.measured("pca.test.cosine", overSeeds([pcaCosine]), "1"),
  difference: make.measured(
    "winner.test.cosineAgainstPca",
    overSeeds(winnerCosines.map((cosines) => cosines.map((value, i) => value - pcaCosine[i]))),
    "1",
  ),
};`);

const REPORT_TITLE = markdown(`## The report

Numbers enter it as records (\`cell\`) or as settings (\`parameter\`); a digit typed into a sentence is refused.`);

const report = ({ title }: NotebookNames): NotebookCell =>
  code(`const report = new Report(name, { title: ${JSON.stringify(title)}, scale, parameters, machine });
const vectors = "\`" + dataset.name + "\`"; // as code: a digit in a sentence is refused
report.text\`How wide must the hidden layer be? Students compress the vectors of \${vectors} to \${
  parameter(parameters.latentDim)
} values; widths are compared on validation rows, over seeds (\${parameter(parameters.seedCount)}).\`;
const { low, high } = found.difference.interval!;
const verdict = low > 0 ? "keeps more than" : high < 0 ? "keeps less than" : "is not shown to differ from";
report.finding\`The best width is \${cell(found.winner)}. On test rows it \${verdict} PCA with as many values: the difference
in cosine is \${cell(found.difference)}.\`;
report.heading("Widths");
report.table({
  id: "widths",
  caption: "Mean cosine of the reconstruction on validation rows, over seeds.",
  columns: ["Hidden width", "Parameters", "Cosine"],
  rows: sizes.map(({ hiddenDim, count, cosine }) => [parameter(hiddenDim), cell(count), cell(cosine)]),
});
await report.figure({
  id: "seeds",
  caption: "What every seed lacks to a cosine of one, the best width on top.",
  alt: "Rows of dots, one for each seed, with a bar for their mean.",
  figure: seedSpread({
    configurations: widths.map(({ hiddenDim, cosines }) => ({
      label: \`width \${hiddenDim}\`,
      values: cosines.map((cosine) => 1 - cosine),
    })),
    result: { title: "1 − validation cosine", unit: "1", best: "low" },
  }),
  records: sizes.map(({ cosine }) => cosine),
});
report.heading("Against PCA");
report.text\`On test rows the best width has a cosine of \${cell(found.test)}, PCA of \${cell(found.pca)}.\`;
await report.write();`);
