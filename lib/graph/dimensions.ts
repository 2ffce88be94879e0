// Arithmetic with dimensions: what a tensor joined from parts of named length is long, `past+1`.

import type { Dim, Shape } from "./types.ts";

/** A dimension as its names, in alphabetical order and as often as they count, and a number. */
export function dimTerms(dim: Dim): { names: string[]; count: number } {
  if (typeof dim === "number") return { names: [], count: dim };
  const terms = dim.split("+");
  const names = terms.filter((term) => !/^\d+$/.test(term));
  return { names: names.sort(), count: terms.reduce((sum, term) => sum + (/^\d+$/.test(term) ? Number(term) : 0), 0) };
}

/**
 * The sum of dimensions: a number, or names in alphabetical order and then a number, `past+sequence+1`. Equal sums are equal text.
 *
 * @example
 * ```ts
 * import { addDims } from "lib/graph/mod.ts";
 * if (addDims(["past", 1]) !== "past+1" || addDims([2, 3]) !== 5) throw new Error("names stay, numbers are added");
 * ```
 */
export function addDims(dims: readonly Dim[]): Dim {
  const terms = dims.map(dimTerms);
  const count = terms.reduce((sum, term) => sum + term.count, 0);
  const names = terms.flatMap((term) => term.names).sort();
  return names.length === 0 ? count : [...names, ...(count === 0 ? [] : [count])].join("+");
}

/** A shape with the names that are known replaced by their sizes, also inside sums. */
export function fixDims(shape: Shape, sizes: Readonly<Record<string, number>>): Dim[] {
  return shape.map((dim) => {
    if (typeof dim === "number") return dim;
    if (dim in sizes) return sizes[dim];
    if (!dim.includes("+")) return dim;
    const { names, count } = dimTerms(dim);
    return addDims([...names.map((name) => sizes[name] ?? name), count]);
  });
}

/**
 * Sizes of names from values: those of dimensions that are a name alone, then those that follow from a sum. Values that
 * contradict them are found by comparing with `fixDims`.
 */
export function sizesOfNames(values: Iterable<readonly [declared: Shape, actual: readonly number[]]>) {
  const sizes: Record<string, number> = {};
  const sums: { dim: string; size: number }[] = [];
  for (const [declared, actual] of values) {
    declared.forEach((dim, axis) => {
      if (typeof dim === "number") return;
      if (dim.includes("+")) sums.push({ dim, size: actual[axis] });
      else sizes[dim] ??= actual[axis];
    });
  }
  for (let found = true; found;) {
    found = false;
    for (const { dim, size } of sums) {
      const { names, count } = dimTerms(fixDims([dim], sizes)[0]);
      const [name] = names;
      const rest = (size - count) / names.length;
      if (name === undefined || names.some((other) => other !== name) || !Number.isInteger(rest)) continue;
      sizes[name] = rest;
      found = true;
    }
  }
  return sizes;
}
