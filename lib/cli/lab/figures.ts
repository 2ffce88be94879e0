// The extension by which JupyterLab shows interactive figures, where Jupyter looks for extensions.

import { existsSync, readFileSync, statSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { projectPath, writeFileAtomic } from "../../process/mod.ts";
import { plotlyScriptPath } from "../../report/mod.ts";

const NAME = "latent-lab-plotly";

/** Puts the extension into a folder of JUPYTER_PATH, such as the project's `.jupyter`. Returns the extension's folder. */
export async function installFigures(jupyterFolder: string): Promise<string> {
  const folder = join(jupyterFolder, "labextensions", NAME);
  const { version } = JSON.parse(readFileSync(projectPath("package.json"), "utf8"));
  const description = {
    name: NAME,
    version,
    description: "Interactive plotly figures of Latent Lab",
    license: "Apache-2.0",
    jupyterlab: { _build: { load: "static/entry.js", mimeExtension: "./renderer" } },
  };
  await mkdir(join(folder, "static"), { recursive: true });
  await writeFileAtomic(
    join(folder, "static", "entry.js"),
    readFileSync(projectPath("lib", "cli", "lab", "plotly_entry.js")),
  );
  await copyIfOther(plotlyScriptPath(), join(folder, "static", "plotly.min.js"));
  // Last: JupyterLab takes a folder for an extension by this file.
  await writeFileAtomic(join(folder, "package.json"), JSON.stringify(description, null, 2) + "\n");
  return folder;
}

async function copyIfOther(from: string, to: string): Promise<void> {
  if (existsSync(to) && statSync(to).size === statSync(from).size) return;
  await copyFile(from, to);
}
