// ONNX Runtime's profile of a session: an event for each node of each run.

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Graph } from "../graph/mod.ts";
import { nodeSession } from "./node_session.ts";
import { profiledFile } from "./onnx_file.ts";
import { requireProvider } from "./onnxruntime.ts";
import { type ArrayValue, AS_THE_GRAPH_SAYS, type CompileOptions, modelFor } from "./session.ts";

/** Events of the profile, as far as they are read here. */
export interface ProfileEvent {
  readonly cat?: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** Options of a session that is profiled; what changes only how ONNX Runtime is called does not count. */
export type ProfiledOptions = Pick<CompileOptions, "provider" | "threads" | "weights" | "coreml" | "optimization">;

const KERNEL = "_kernel_time";

/**
 * Runs a graph, or the model in a file, and gives the events of its session, in order.
 *
 * @throws {Error} when the provider is not part of the installed ONNX Runtime, or it refuses the graph
 */
export async function profileEvents(
  model: Graph | string,
  feeds: Readonly<Record<string, ArrayValue>>,
  { runs, provider = "cpu", threads = 0, weights = {}, coreml, optimization }: ProfiledOptions & { runs: number },
): Promise<ProfileEvent[]> {
  await requireProvider(provider);
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-profile-"));
  try {
    const settings = { threads, provider, coreml, optimization, profilePrefix: join(folder, "profile") };
    const session = typeof model === "string" ? await profiledFile(model, settings) : await nodeSession(model, {
      ...settings,
      config: AS_THE_GRAPH_SAYS,
      model: modelFor(provider, model, { weights }),
    });
    try {
      for (let run = 0; run < runs; run++) await session.run(feeds);
    } finally {
      await session.release();
    }
    const [name] = await readdir(folder);
    return JSON.parse(await readFile(join(folder, name), "utf8"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The node that an event timed; null for events of other kinds. */
export function timedNode({ cat, name }: ProfileEvent): string | null {
  return cat === "Node" && name.endsWith(KERNEL) ? name.slice(0, -KERNEL.length) : null;
}
