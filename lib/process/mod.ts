// lib/process: what a program needs from the operating system, and what it must not leave behind.
// Child processes with framed messages, a deadline, memory and output limits, killed with their whole tree;
// the project's paths; files written atomically; hashes and canonical JSON, from which identities are made.
// Uses node: modules only, so that Deno, an older Deno kernel and Node run the same code;
// children always run the pinned Deno of node_modules.

export { projectPath, projectRoot } from "./paths.ts";
export { isFilePattern, matchingFiles, type MatchingOptions } from "./file_pattern.ts";
export {
  canonicalJson,
  type FileContent,
  type JsonValue,
  replaceFile,
  sha256Hex,
  sha256OfFile,
  writeAll,
  writeFileAtomic,
} from "./files.ts";
export { type Child, startChild } from "./child.ts";
export type { ChildEnd, ChildOptions, ChildResult } from "./child_options.ts";
export { denoExecutable } from "./deno_executable.ts";
export { type DescendantMemory, descendantMemory } from "./descendant_memory.ts";
export { type MemoryUse, ownAnonymousBytes, ownMemory } from "./own_memory.ts";
export { PeakMemory } from "./peak_memory.ts";
export { isAlive } from "./is_alive.ts";
export { connectParent, hasParent, type Parent } from "./parent.ts";
export { atMost, sleep } from "./wait.ts";
