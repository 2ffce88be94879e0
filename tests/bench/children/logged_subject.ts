// A subject that writes down when it is opened, and breaks where it is told to.

import { appendFileSync } from "node:fs";
import type { OpenedSubject } from "lib/bench/mod.ts";

/** Opens the subject. */
export function open({ log, name, fails }: { log: string; name: string; fails: boolean }): OpenedSubject {
  appendFileSync(log, `${name} `);
  if (fails) throw new Error("broken on purpose");
  let sum = 0;
  return {
    call() {
      for (let i = 0; i < 1000; i++) sum += Math.sqrt(i);
    },
    check: () => ({ reference: "itself", relativeError: sum < 0 ? 1 : 0, bound: 0.1, output: "sum", elements: 1 }),
  };
}
