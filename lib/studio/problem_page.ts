// A page that says in one sentence what is wrong.

import { escapeText } from "./client/format.mjs";
import { renderPage } from "./shell.ts";

/** @param root the way to the first page; "" when there is no way to it */
export function problemPage(root: string, message: string): string {
  return renderPage({
    title: "Latent Lab",
    root,
    main: `<h1>Not here</h1>\n<p>${escapeText(message)}</p>`,
    live: false,
    search: false,
  });
}
