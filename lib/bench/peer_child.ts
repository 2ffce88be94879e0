// Programs of tests/peers in Python as children that can be talked to.

import { projectPath } from "../process/mod.ts";

/** What such a child is started with; the caller adds limits. */
export interface PeerChild {
  module: string;
  args: string[];
  env: Record<string, string>;
}

/**
 * How a peer is started: through relay.ts, which passes messages on.
 *
 * @param python that has what the script imports
 * @param script name of a file in tests/peers
 * @param options threads: of its arithmetic; 0 leaves the choice to it. Default 0
 */
export function peerChild(
  python: string,
  script: string,
  { args, threads = 0 }: { args: readonly string[]; threads?: number },
): PeerChild {
  const count = String(threads);
  return {
    module: projectPath("lib", "bench", "relay.ts"),
    args: [python, projectPath("tests", "peers", script), ...args],
    env: threads > 0 ? { OMP_NUM_THREADS: count, MKL_NUM_THREADS: count } : {},
  };
}
