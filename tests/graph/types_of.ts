// What a graph is made of.

import { type Graph, topologicalOrder } from "lib/graph/mod.ts";

/** Types of all operations, in the order in which they can be computed. */
export const typesOf = ({ outputs }: Graph) => topologicalOrder(Object.values(outputs)).map(({ type }) => type);
