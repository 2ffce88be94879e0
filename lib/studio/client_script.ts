// The script of the pages: the modules of client/ as one classic script, since browsers load no modules from files on disk.

import { readdirSync, readFileSync } from "node:fs";
import { projectPath } from "../process/mod.ts";

const IMPORT = /^import \{[^}]*\} from "\.\/([a-z_]+\.mjs)";\n/gm;

/**
 * Modules as one script: each after those that it imports, all in one function.
 *
 * @param modules text by file name; imports have the form `import { a, b } from "./name.mjs";`
 * @throws {Error} when two modules declare the same name at their top, which one scope cannot hold
 */
export function joinModules(modules: Readonly<Record<string, string>>): string {
  const ordered: string[] = [];
  const visit = (name: string) => {
    if (ordered.includes(name)) return;
    if (modules[name] === undefined) throw new Error(`Cannot join modules: expected ${name} among them`);
    for (const [, imported] of modules[name].matchAll(IMPORT)) visit(imported);
    ordered.push(name);
  };
  Object.keys(modules).sort().forEach(visit);
  refuseTwins(modules);
  const bodies = ordered.map((name) => modules[name].replace(IMPORT, "").replace(/^export /gm, "").trim());
  return `"use strict";\n(() => {\n${bodies.join("\n\n")}\n})();\n`;
}

function refuseTwins(modules: Readonly<Record<string, string>>): void {
  const owners = new Map<string, string>();
  for (const [name, text] of Object.entries(modules)) {
    for (const [, declared] of text.matchAll(/^(?:export )?(?:async )?(?:function|const|let|class) (\w+)/gm)) {
      const owner = owners.get(declared);
      if (owner) {
        throw new Error(`Cannot join modules: expected different names, but ${owner} and ${name} declare ${declared}`);
      }
      owners.set(declared, name);
    }
  }
}

/** The script of the pages. */
export function clientScript(): string {
  const folder = projectPath("lib", "studio", "client");
  const names = readdirSync(folder).filter((name) => name.endsWith(".mjs"));
  return joinModules(Object.fromEntries(names.map((name) => [name, readFileSync(`${folder}/${name}`, "utf8")])));
}
