// Which kernel a notebook is written for: this project's Deno, in which all experiments run and make reports, or tslab (Node.js). What is
// for another one is refused where it is read, before its cells are taken for TypeScript.

import { KERNEL_DISPLAY_NAME } from "./kernel_guard.ts";

/** A kernel that notebooks of this project can have. */
export type KernelKind = "deno" | "tslab";

/** What a notebook's file says of its kernel, as front ends look it up. */
export interface KernelIdentity {
  readonly name: string;
  readonly display_name: string;
  readonly language: string;
}

/** The kernels that `deno task kernel` registers. */
export const KERNELS: Readonly<Record<KernelKind, KernelIdentity>> = {
  deno: { name: "latent-lab", display_name: KERNEL_DISPLAY_NAME, language: "typescript" },
  tslab: { name: "latent-lab-tslab", display_name: "Latent Lab (tslab, Node.js)", language: "typescript" },
};

/** Other registrations of the same kernels: of a Deno or a tslab of the user's own. */
const ALIASES: Readonly<Record<string, KernelKind>> = { deno: "deno", tslab: "tslab" };
/** Languages that a notebook without a kernel may name. */
const LANGUAGES: readonly unknown[] = ["typescript", "javascript", undefined];

/**
 * The kernel that a notebook's metadata name; the project's Deno where they name none.
 *
 * @throws {TypeError} for any other kernel, with the ones that there are
 *
 * @example
 * ```ts
 * import { kernelOf } from "lib/notebook/mod.ts";
 * console.log(kernelOf({ kernelspec: { name: "latent-lab-tslab" } })); // tslab
 * ```
 */
export function kernelOf(metadata: Readonly<Record<string, unknown>>, path = "notebook"): KernelKind {
  const spec = fieldsOf(metadata.kernelspec);
  const language = fieldsOf(metadata.language_info).name;
  const own = (Object.keys(KERNELS) as KernelKind[]).find((kind) => KERNELS[kind].name === spec.name);
  const known = own ?? (typeof spec.name === "string" && Object.hasOwn(ALIASES, spec.name) ? ALIASES[spec.name] : null);
  if (known) return known;
  if (spec.name === undefined && LANGUAGES.includes(language)) return "deno";
  const expected = Object.values(KERNELS).map(({ display_name }) => `"${display_name}"`).join(" or ");
  const got = spec.name === undefined
    ? `the language ${language}`
    : `"${spec.display_name ?? spec.name}" (${spec.name})`;
  throw new TypeError(
    `Cannot use ${path}: expected a notebook for the kernel ${expected}, got ${got}; ` +
      "select one of these (deno task kernel installs them) and save the notebook",
  );
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

/**
 * Refuses a notebook that is not for the project's Deno, the only kernel that runs headless and makes reports.
 *
 * @throws {TypeError} naming its kernel and what opens it
 */
export function requireDeno(metadata: Readonly<Record<string, unknown>>, path: string): void {
  const kind = kernelOf(metadata, path);
  if (kind === "deno") return;
  throw new TypeError(
    `Cannot make a report of ${path}: expected a notebook for the kernel "${KERNELS.deno.display_name}", got ` +
      `"${KERNELS[kind].display_name}"; open it in JupyterLab (deno task lab) or VS Code`,
  );
}
