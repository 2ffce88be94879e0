// What a session takes and gives, by name, and how that is checked: as a graph says it, or as a model file declares it.

import type { ArrayValue, Graph, ModelFile } from "../graph/mod.ts";
import { checkDeclared, checkDeclaredFeeds, checkFeeds, checkValue, fedNames, leavesOf } from "./feeds.ts";

/** What a session takes and gives, and how that is checked. */
export interface SessionInterface {
  /** For messages. */
  readonly name: string;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** @throws {TypeError} when values do not fit the inputs */
  checkFeeds(feeds: Readonly<Record<string, ArrayValue>>): void;
  /** @throws {TypeError} when there is no such output, or a value cannot hold it */
  checkFetch(name: string, value: ArrayValue): void;
}

/** The interface of a graph whose session has `stored` parameters. */
export function graphInterface(graph: Graph, stored: readonly string[]): SessionInterface {
  const leaves = leavesOf(graph);
  const inputNames = fedNames(leaves, stored);
  const outputNames = Object.keys(graph.outputs);
  return {
    name: graph.name,
    inputNames,
    outputNames,
    checkFeeds: (feeds) => checkFeeds(feeds, leaves, inputNames),
    checkFetch(name, value) {
      checkOutputName(name, outputNames);
      checkValue(name, graph.outputs[name], value);
    },
  };
}

/** The interface of a model file. */
export function fileInterface({ inputs, outputs }: ModelFile, name: string): SessionInterface {
  const outputNames = outputs.map((output) => output.name);
  return {
    name,
    inputNames: inputs.map((input) => input.name),
    outputNames,
    checkFeeds: (feeds) => checkDeclaredFeeds(feeds, inputs),
    checkFetch(fetched, value) {
      checkOutputName(fetched, outputNames);
      checkDeclared(outputs[outputNames.indexOf(fetched)], value);
    },
  };
}

function checkOutputName(name: string, outputNames: readonly string[]): void {
  if (outputNames.includes(name)) return;
  throw new TypeError(`Cannot run: "${name}" is no output; outputs are ${outputNames.join(", ")}`);
}
