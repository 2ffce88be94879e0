// The hand-written analogies of data/wordnet-lemmas/cases.json.

import { z } from "zod";

const word = z.string().regex(/^[a-z]+(?:[ -][a-z]+)*$/, "expected a word in lower case");

const schema = z.strictObject({
  /** What is known of the original cases and what is reconstructed. */
  about: z.string().min(1),
  cases: z.array(z.strictObject({ category: word, a: word, b: word, c: word, expected: word })).min(1),
}).superRefine(({ cases }, context) => {
  cases.forEach(({ a, b, c, expected }, i) => {
    if (new Set([a, b, c, expected]).size < 4) {
      context.addIssue({ code: "custom", path: ["cases", i], message: "expected four different words" });
    }
  });
});

/** Cases "a is to b as c is to expected", and a sentence on where they come from. */
export type AnalogyCases = z.infer<typeof schema>;

/**
 * Checks cases read from JSON.
 *
 * @throws {TypeError} naming the path of the first offending field
 */
export function parseAnalogyCases(value: unknown, label: string): AnalogyCases {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new TypeError(`Cannot read ${label}: ${issue.path.join(".") || "(top level)"}: ${issue.message}`);
}
