// Weight formats of language models as command lines name them.

import type { WeightFormat } from "../models/lfm2/language_model.ts";

/** By the name that `--weights` takes. */
export const WEIGHT_FORMATS: Readonly<Record<string, WeightFormat>> = {
  fp32: "float32",
  fp16: "float16",
  int8: "int8",
  int4: "int4",
};
