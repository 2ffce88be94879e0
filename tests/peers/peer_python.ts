// The Python that peers run in: named by PEER_PYTHON. Without it their tests are skipped, visibly, unless everything is required.

import process from "node:process";

/**
 * Path of the interpreter, or null.
 *
 * @throws {Error} without one where LATENT_LAB_REQUIRE_ALL is 1
 */
export function peerPython(): string | null {
  const path = process.env.PEER_PYTHON || null;
  if (path === null && process.env.LATENT_LAB_REQUIRE_ALL === "1") {
    throw new Error("LATENT_LAB_REQUIRE_ALL is 1, but PEER_PYTHON names no Python");
  }
  return path;
}
