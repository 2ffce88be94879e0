// ONNX Runtime's profile of a session: an event for each node of each run.

import { readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Graph, readModelFile } from "../graph/mod.ts";
import { nodeModel, nodeSession, type NodeSettings } from "./node_session.ts";
import { requireProvider } from "./onnxruntime.ts";
import { type ArrayValue, AS_THE_GRAPH_SAYS, type CompileOptions, modelFor, type ModelSession } from "./session.ts";
import { fileInterface } from "./session_interface.ts";

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
    const profilePrefix = join(folder, "profile");
    const session = await open(model, weights, { threads, provider, coreml, optimization, profilePrefix });
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

/** Through onnxruntime-node, which writes the profile when the session is released. */
function open(
  model: Graph | string,
  weights: Readonly<Record<string, ArrayValue>>,
  settings: Omit<NodeSettings, "model" | "config">,
): Promise<ModelSession> {
  if (typeof model === "string") {
    const file = readModelFile(readFileSync(model), basename(model));
    return nodeModel(fileInterface(file, basename(model)), { ...settings, model, config: {} });
  }
  const encoded = modelFor(settings.provider, model, { weights });
  const stored = Object.keys(weights);
  return nodeSession(model, { ...settings, model: encoded, config: AS_THE_GRAPH_SAYS, stored });
}

/** The node that an event timed; null for events of other kinds. */
export function timedNode({ cat, name }: ProfileEvent): string | null {
  return cat === "Node" && name.endsWith(KERNEL) ? name.slice(0, -KERNEL.length) : null;
}
