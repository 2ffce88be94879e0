// Which local files a module can reach when it runs: `deno info` follows the imports, types-only ones left out.

import { fileURLToPath, pathToFileURL } from "node:url";
import { z } from "zod";
import { denoExecutable, projectPath, startChild } from "../process/mod.ts";

const infoSchema = z.object({
  modules: z.array(z.object({
    specifier: z.string(),
    error: z.string().optional(),
    dependencies: z.array(z.object({
      specifier: z.string(),
      code: z.object({ specifier: z.string().optional() }).optional(),
    })).optional(),
  })),
});

/**
 * Absolute paths of the local files that `path` reaches by imports, itself left out, sorted. Packages are left out: the lockfile
 * stands for them. A file that is missing is left out too; running the module names it.
 *
 * @throws {Error} when `deno info` fails
 */
export async function reachableModules(path: string): Promise<string[]> {
  const child = startChild({
    command: denoExecutable(),
    args: ["info", "--json", "--config", projectPath("deno.json"), path],
    deadlineMs: 60_000,
    outputLimitBytes: 256 * 2 ** 20,
  });
  const { exitCode, stdout, stderrTail } = await child.result;
  if (exitCode !== 0) throw new Error(`Cannot read the imports of ${path}: ${stderrTail.trim()}`);
  const { modules } = infoSchema.parse(JSON.parse(stdout));
  const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));
  const root = pathToFileURL(path).href;
  const reached = new Set([root]);
  for (const specifier of reached) {
    for (const { code } of bySpecifier.get(specifier)?.dependencies ?? []) {
      const target = code?.specifier;
      if (target && isLocal(target) && !bySpecifier.get(target)?.error) reached.add(target); // a Set visits what is added meanwhile
    }
  }
  reached.delete(root);
  return [...reached].map((specifier) => fileURLToPath(specifier)).sort();
}

function isLocal(specifier: string): boolean {
  return specifier.startsWith("file:") && !specifier.includes("/node_modules/");
}
