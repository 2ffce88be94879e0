// What the repository itself contains: nothing of one person's machine, and the files that a reader looks for.

import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { projectPath, startChild } from "lib/process/mod.ts";

const MAX_FILE_BYTES = 20 * 2 ** 20;
const MAX_TEXT_BYTES = 2 ** 20;

/** What must not stand in a committed text, by what it is. Written so that this file does not match itself. */
const FOREIGN: Record<string, RegExp> = {
  "a home folder": /(?<![\w.])\/(?:home|Users)\/(?!(?:ada|you|USER|NAME)\b|\.)[\w.-]+|(?<![\w/.])\/root\/[\w.]/,
  "an e-mail address":
    /(?<![\w.+-])[a-z][\w.+-]*@(?!example\.)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|io|ai|dev|edu|de)\b/i,
  "an unmerged conflict": /^(?:<{7}|>{7}) /m,
  "a private key": /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY/,
};
/** Notices and texts of others, which name their authors. */
const OTHERS_TEXT = ["THIRD_PARTY.md", "LICENSE", "data/wordnet-20k/", "data/claims/figures.json", "package-lock.json"];

/** Paths under version control, and new ones that git does not ignore. */
async function repositoryFiles(): Promise<string[]> {
  const { exitCode, stdout, stderrTail } = await startChild({
    command: "git",
    args: ["ls-files", "--cached", "--others", "--exclude-standard", "-z"],
    cwd: projectPath(),
    deadlineMs: 60_000,
  }).result;
  assert.equal(exitCode, 0, stderrTail);
  return stdout.split("\0").filter((path) => path !== "" && existsSync(projectPath(path)));
}

/** What in `text` does not belong, with the words that say so. */
function foreignWords(text: string): string[] {
  return Object.entries(FOREIGN).flatMap(([what, pattern]) => {
    const match = pattern.exec(text);
    return match ? [`${what}: ${match[0]}`] : [];
  });
}

const isClone = existsSync(projectPath(".git"));

Deno.test("foreignWords finds home folders, addresses, conflicts and keys, and leaves examples alone", () => {
  const at = "@";
  const found = (text: string) => foreignWords(text).map((line) => line.split(":")[0]);
  assert.deepEqual(found("see /" + "home/ann/lab and /" + "Users/bob"), ["a home folder"]);
  assert.deepEqual(found("in /" + "root/lab"), ["a home folder"]);
  assert.deepEqual(found(`mail ann.b${at}mail.com`), ["an e-mail address"]);
  assert.deepEqual(found("a\n" + "<".repeat(7) + " HEAD\n"), ["an unmerged conflict"]);
  assert.deepEqual(found("-----BEGIN RSA " + "PRIVATE KEY"), ["a private key"]);
  assert.deepEqual(
    found(`${at}deno/linux, npx -p ${at}bufbuild/x, a${at}example.org, the project/root/lab, HOME/x`),
    [],
  );
});

Deno.test({
  name: "no committed text names a home folder, an address, a conflict or a key",
  ignore: !isClone,
  async fn() {
    const files = await repositoryFiles();
    assert.ok(files.includes("deno.json"));
    const problems = files.filter((path) => !OTHERS_TEXT.some((prefix) => path.startsWith(prefix)))
      .filter((path) => statSync(projectPath(path)).size <= MAX_TEXT_BYTES)
      .flatMap((path) => foreignWords(readFileSync(projectPath(path), "utf8")).map((words) => `${path}: ${words}`));
    assert.deepEqual(problems, []);
  },
});

Deno.test({
  name: `no committed file is larger than ${MAX_FILE_BYTES / 2 ** 20} MiB`,
  ignore: !isClone,
  async fn() {
    const large = (await repositoryFiles()).filter((path) => statSync(projectPath(path)).size > MAX_FILE_BYTES);
    assert.deepEqual(large, []);
  },
});

Deno.test("the licence is the whole Apache License 2.0, as package.json says", () => {
  const text = readFileSync(projectPath("LICENSE"), "utf8");
  assert.match(text, /Apache License\s+Version 2\.0, January 2004/);
  assert.match(text, /END OF TERMS AND CONDITIONS/);
  const { license, version } = JSON.parse(readFileSync(projectPath("package.json"), "utf8"));
  assert.equal(license, "Apache-2.0");
  assert.match(
    readFileSync(projectPath("CHANGELOG.md"), "utf8"),
    new RegExp(`^## ${version.replaceAll(".", "\\.")}`, "m"),
  );
});
