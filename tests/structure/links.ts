// Links in Markdown.

import { dirname, join } from "node:path/posix";
import type { Source } from "./sources.ts";

const FENCED_OR_INLINE_CODE = /^```[^]*?^```|`[^`\n]+`/gm;
const LINK = /\]\((<[^>]+>|[^)\s]+)[^)]*\)/g;

/** Links and pictures of a Markdown document to files, or headings of its own, that do not exist, as `document: target`. */
export function brokenLinks({ path, text }: Source, exists: (path: string) => boolean): string[] {
  const prose = text.replace(FENCED_OR_INLINE_CODE, "");
  const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading));
  return [...prose.matchAll(LINK)].map(([, target]) => target.replace(/^<|>$/g, ""))
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [file, anchor] = target.split("#");
      return file === "" ? !anchors.includes(anchor) : !exists(join(dirname(path), decodeURI(file)));
    })
    .map((target) => `${path}: ${target}`);
}

/** The anchor that code hosts give a heading. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").trim().replaceAll(" ", "-");
}
