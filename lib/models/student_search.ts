// The log of the search for a student that beats PCA, on validation rows of wordnet-20k: what was tried before the settings of
// ln.ts and pca_student.ts were chosen. Kept as it was, failures too, so that a report can say how many runs stand behind its best one.

/** One run of the search. */
export interface SearchRun {
  readonly student: "ln" | "pca-student";
  readonly latentDim: number;
  readonly settings: Readonly<Record<string, number | string>>;
  /** recall@10 of the teacher's neighbours on validation rows: of the latent vectors, or of LN's outputs where they find more. */
  readonly recallAt10: number;
  /** Gain over PCA of the same size with its interval (paired bootstrap over rows); null where it was not computed. */
  readonly gain: { readonly value: number; readonly low: number; readonly high: number } | null;
}

/** recall@10 of PCA's reconstructions on the same validation rows, by size. */
export const PCA_VALIDATION_RECALL: Readonly<Record<number, number>> = {
  64: 0.5965,
  128: 0.801,
  192: 0.8996,
  256: 0.9615,
};

const pca = (
  latentDim: number,
  settings: SearchRun["settings"],
  [recallAt10, value, low, high]: readonly [number, number, number, number],
): SearchRun => ({ student: "pca-student", latentDim, settings, recallAt10, gain: { value, low, high } });

const ln = (settings: SearchRun["settings"], recallAt10: number): SearchRun => (
  { student: "ln", latentDim: 256, settings, recallAt10, gain: null }
);

/**
 * All runs, in the order in which they were made. Batches of 1024 and seed 1 unless given; patience 3, at most 25 epochs in all but one; cosine
 * schedule.
 *
 * @example
 * ```ts
 * import { searchLog } from "lib/models/student_search.ts";
 * const shown = searchLog.filter(({ latentDim, gain }) => latentDim === 256 && gain !== null && gain.low > 0);
 * console.log(searchLog.length, shown.length); // 55 10
 * ```
 */
export const searchLog: readonly SearchRun[] = [
  pca(64, { learningRate: 0.001, temperature: 0.05, epochs: 10 }, [0.6389, 0.0424, 0.0377, 0.0474]),
  pca(128, { learningRate: 0.001, temperature: 0.05, epochs: 10 }, [0.822, 0.021, 0.0178, 0.0244]),
  pca(192, { learningRate: 0.001, temperature: 0.05, epochs: 10 }, [0.9093, 0.0096, 0.0071, 0.0122]),
  pca(256, { learningRate: 0.001, temperature: 0.05, epochs: 10 }, [0.9621, 0.0006, -0.0012, 0.0025]),
  pca(64, { learningRate: 0.001, temperature: 0.1, epochs: 22 }, [0.629, 0.0325, 0.028, 0.0373]),
  pca(64, { learningRate: 0.001, temperature: 0.05, epochs: 25 }, [0.6559, 0.0593, 0.0542, 0.0647]),
  pca(64, { learningRate: 0.001, temperature: 0.03, epochs: 25 }, [0.6549, 0.0584, 0.0531, 0.0635]),
  pca(256, { learningRate: 0.001, temperature: 0.1, epochs: 25 }, [0.964, 0.0024, 0.0008, 0.0042]),
  pca(256, { learningRate: 0.001, temperature: 0.05, epochs: 25 }, [0.9633, 0.0017, 0, 0.0035]),
  pca(256, { learningRate: 0.001, temperature: 0.03, epochs: 25 }, [0.9617, 0.0002, -0.0014, 0.0021]),
  pca(64, { learningRate: 0.001, loss: "similarities", epochs: 25 }, [0.615, 0.0185, 0.0151, 0.022]),
  pca(256, { learningRate: 0.001, loss: "similarities", epochs: 25 }, [0.9623, 0.0008, -0.0008, 0.0024]),
  pca(64, { learningRate: 0.001, temperature: 0.05, batchSize: 256, epochs: 25 }, [0.6466, 0.0501, 0.0451, 0.0553]),
  pca(256, { learningRate: 0.001, temperature: 0.05, batchSize: 256, epochs: 25 }, [0.9628, 0.0013, -0.0004, 0.0031]),
  pca(64, { learningRate: 0.003, temperature: 0.05, epochs: 25 }, [0.6646, 0.0681, 0.0623, 0.0743]),
  pca(256, { learningRate: 0.003, temperature: 0.05, epochs: 25 }, [0.963, 0.0014, -0.0003, 0.0034]),
  pca(256, { learningRate: 0.0003, temperature: 0.05, epochs: 25 }, [0.9637, 0.0021, 0.0005, 0.0039]),
  pca(64, { learningRate: 0.01, temperature: 0.05, epochs: 25 }, [0.6673, 0.0708, 0.0652, 0.0767]),
  pca(64, { learningRate: 0.003, temperature: 0.05, hiddenDim: 512, epochs: 25 }, [0.6695, 0.073, 0.0673, 0.0789]),
  pca(64, { learningRate: 0.003, temperature: 0.05, batchSize: 512, epochs: 25 }, [0.6573, 0.0608, 0.0553, 0.0662]),
  pca(128, { learningRate: 0.003, temperature: 0.05, epochs: 25 }, [0.8313, 0.0303, 0.0265, 0.0343]),
  pca(192, { learningRate: 0.001, temperature: 0.05, epochs: 25 }, [0.911, 0.0114, 0.0089, 0.0141]),
  pca(192, { learningRate: 0.001, temperature: 0.1, epochs: 25 }, [0.9096, 0.01, 0.0076, 0.0123]),
  pca(256, { learningRate: 0.0003, temperature: 0.1, batchSize: 512, epochs: 25 }, [0.9635, 0.002, 0.0004, 0.0038]),
  pca(256, { learningRate: 0.0003, temperature: 0.1, batchSize: 512, hiddenDim: 512, epochs: 25 }, [
    0.9635,
    0.002,
    0.0008,
    0.0034,
  ]),
  pca(64, { learningRate: 0.003, temperature: 0.05, alignmentWeight: 0.01, epochs: 25 }, [
    0.6647,
    0.0682,
    0.0623,
    0.0744,
  ]),
  pca(64, { learningRate: 0.003, temperature: 0.05, alignmentWeight: 0.1, epochs: 25 }, [
    0.664,
    0.0675,
    0.0618,
    0.0735,
  ]),
  pca(64, { learningRate: 0.003, temperature: 0.05, alignmentWeight: 1, epochs: 25 }, [0.662, 0.0655, 0.0598, 0.0716]),
  pca(256, { learningRate: 0.001, temperature: 0.1, alignmentWeight: 0.01, epochs: 25 }, [
    0.9639,
    0.0024,
    0.0008,
    0.0041,
  ]),
  pca(256, { learningRate: 0.001, temperature: 0.1, hiddenDim: 1024, alignmentWeight: 0.01, epochs: 25 }, [
    0.9631,
    0.0016,
    0.0003,
    0.003,
  ]),
  pca(64, { learningRate: 0.003, temperature: 0.05, hiddenDim: 1024, alignmentWeight: 0.1, epochs: 25 }, [
    0.6688,
    0.0723,
    0.0668,
    0.0781,
  ]),
  pca(128, { learningRate: 0.003, temperature: 0.05, hiddenDim: 512, alignmentWeight: 0.1, epochs: 25 }, [
    0.8295,
    0.0285,
    0.025,
    0.0324,
  ]),
  pca(192, { learningRate: 0.001, temperature: 0.05, hiddenDim: 512, alignmentWeight: 0.1, epochs: 25 }, [
    0.9107,
    0.0111,
    0.0088,
    0.0135,
  ]),
  pca(64, { learningRate: 0.01, temperature: 0.05, epochs: 19 }, [0.6623, 0.0658, 0.0598, 0.0716]),
  pca(128, { learningRate: 0.01, temperature: 0.05, epochs: 25 }, [0.8314, 0.0304, 0.0265, 0.0342]),
  pca(128, { learningRate: 0.003, temperature: 0.05, epochs: 11 }, [0.8246, 0.0236, 0.0198, 0.0279]),
  pca(192, { learningRate: 0.003, temperature: 0.05, epochs: 25 }, [0.9118, 0.0122, 0.0094, 0.015]),
  pca(192, { learningRate: 0.003, temperature: 0.05, epochs: 60 }, [0.913, 0.0133, 0.0106, 0.0161]),
  pca(256, { learningRate: 0.001, temperature: 0.07, epochs: 25 }, [0.9638, 0.0023, 0.0007, 0.0042]),
  pca(256, { learningRate: 0.001, temperature: 0.2, epochs: 25 }, [0.9624, 0.0008, -0.0008, 0.0026]),
  pca(256, { learningRate: 0.001, temperature: 0.1, epochs: 7 }, [0.9615, 0, -0.0016, 0.0019]),
  ln({ learningRate: 0.003, batchSize: 256 }, 0.9617),
  ln({ learningRate: 0.001, batchSize: 256 }, 0.9578),
  ln({ learningRate: 0.003, batchSize: 1024, neighbourWeight: 1 }, 0.9392),
  ln({ learningRate: 0.003, batchSize: 256, neighbourWeight: 0.1 }, 0.9609),
  pca(64, { learningRate: 0.003, temperature: 0.05, epochs: 25, seed: 2 }, [0.6645, 0.068, 0.0626, 0.0739]),
  pca(64, { learningRate: 0.003, temperature: 0.05, epochs: 25, seed: 3 }, [0.6645, 0.068, 0.0622, 0.0739]),
  pca(128, { learningRate: 0.003, temperature: 0.05, epochs: 25 }, [0.8318, 0.0309, 0.0271, 0.0348]),
  pca(128, { learningRate: 0.003, temperature: 0.05, epochs: 25, seed: 2 }, [0.8311, 0.0302, 0.0263, 0.0341]),
  pca(128, { learningRate: 0.003, temperature: 0.05, epochs: 25, seed: 3 }, [0.8316, 0.0306, 0.0269, 0.0347]),
  pca(192, { learningRate: 0.003, temperature: 0.05, epochs: 25, seed: 2 }, [0.9127, 0.0131, 0.0105, 0.0157]),
  pca(192, { learningRate: 0.003, temperature: 0.05, epochs: 25, seed: 3 }, [0.9113, 0.0117, 0.0091, 0.0144]),
  pca(256, { learningRate: 0.001, temperature: 0.1, epochs: 25 }, [0.9637, 0.0022, 0.0006, 0.0041]),
  pca(256, { learningRate: 0.001, temperature: 0.1, epochs: 25, seed: 2 }, [0.9634, 0.0019, 0.0002, 0.0036]),
  pca(256, { learningRate: 0.001, temperature: 0.1, epochs: 25, seed: 3 }, [0.9633, 0.0017, 0.0001, 0.0035]),
];
