// Canonical JSON with messages that name the place in the study where a value stands.

import { canonicalJson } from "../process/mod.ts";

/**
 * `value` as canonical JSON.
 *
 * @throws {TypeError} `LABEL: expected PATH.b to be data (JSON), got function`
 */
export function canonicalText(value: unknown, { label, path }: { label: string; path: string }): string {
  try {
    return canonicalJson(value);
  } catch (cause) {
    const found = /expected value(.*) to be a finite JSON value, got (.*)$/s.exec((cause as Error).message);
    if (found === null) throw cause;
    throw new TypeError(`${label}: expected ${path}${found[1]} to be data (JSON), got ${found[2]}`, { cause });
  }
}
