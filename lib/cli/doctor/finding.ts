// What the doctor found: one line a subject, and the text of a bug report, without anything that tells whose machine it is.

import { homedir, hostname, userInfo } from "node:os";
import { projectRoot } from "../../process/mod.ts";

/** One line of the doctor's table. */
export interface Finding {
  subject: string;
  /** "missing" is a failure; "absent" only switches something off. */
  state: "ok" | "missing" | "absent";
  found: string;
  /** What to do; null when all is well. */
  advice: string | null;
}

/** One look at the machine. */
export type Probe = () => Finding | Finding[] | Promise<Finding | Finding[]>;

/** Looks at everything; a probe that throws is a finding too. */
export async function examine(
  probes: Readonly<Record<string, Probe>>,
  onProbe: (subject: string) => void = () => {},
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [subject, probe] of Object.entries(probes)) {
    onProbe(subject);
    try {
      findings.push(...[await probe()].flat());
    } catch (error) {
      findings.push({
        subject,
        state: "missing",
        found: (error as Error).message.split("\n")[0],
        advice: "reinstall: rm -r node_modules, npm test",
      });
    }
  }
  return findings;
}

/** A plain table: state, subject, what was found, what to do. */
export function findingsTable(findings: Finding[]): string {
  const subjectWidth = Math.max(...findings.map(({ subject }) => subject.length));
  const marks = { ok: "ok     ", missing: "MISSING", absent: "-      " };
  return findings.map(({ subject, state, found, advice }) =>
    `${marks[state]}  ${subject.padEnd(subjectWidth)}  ${found}${advice === null ? "" : ` -> ${advice}`}`
  ).join("\n");
}

/** `text` without the names of user and host, home folder and the project's path. */
export function withoutPrivate(
  text: string,
  { home = homedir(), user = userName(), root = projectRoot(), host = hostname() } = {},
): string {
  let clean = text.replaceAll(root, "PROJECT").replaceAll(home, "HOME");
  // Short or system names occur inside other words: only whole words are taken out.
  for (const [name, label] of [[user, "USER"], [host, "HOST"], [host.split(".")[0], "HOST"]]) {
    if (name) clean = clean.replace(new RegExp(`\\b${name.replace(/[^\w]/g, "\\$&")}\\b`, "g"), label);
  }
  return clean;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return ""; // a container without a passwd entry
  }
}
