// Which nodes a provider that compiles parts of a graph gets together: ONNX Runtime's greedy grouping
// (onnxruntime/core/providers/partitioning_utils.cc, CreateSupportedPartitionNodeGroups).

/** A node by its position, in an order in which each comes after those it reads. */
export interface PartitionNode {
  /** Positions of the nodes that it reads. */
  readonly inputs: readonly number[];
  readonly taken: boolean;
}

/**
 * Groups of taken nodes that run as one model each. The walk goes over nodes whose inputs are done, taken ones joining the open
 * group; a node that is not taken and reads from the open group waits until no other is left, and the group is closed.
 */
export function partitions(nodes: readonly PartitionNode[]): number[][] {
  const readers: number[][] = nodes.map(() => []);
  nodes.forEach(({ inputs }, i) => new Set(inputs).forEach((input) => readers[input].push(i)));
  const missing = nodes.map(({ inputs }) => new Set(inputs).size);
  const ready = nodes.flatMap((_, i) => (missing[i] === 0 ? [i] : []));
  const groups: number[][] = [];
  let waiting: number[] = [];
  let group: number[] = [];
  let border = new Set<number>();
  while (ready.length > 0 || waiting.length > 0) {
    if (ready.length === 0) {
      if (group.length > 0) groups.push(group);
      [group, border] = [[], new Set()];
      ready.push(...waiting);
      waiting = [];
      continue;
    }
    const next = ready.shift()!;
    const { taken } = nodes[next];
    if (!taken && border.has(next)) {
      waiting.push(next);
      continue;
    }
    if (taken) group.push(next);
    for (const reader of readers[next]) {
      if (taken) border.add(reader);
      if (--missing[reader] === 0) ready.push(reader);
    }
  }
  if (group.length > 0) groups.push(group);
  return groups;
}
