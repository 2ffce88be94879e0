// The teacher's weights, which are not in the repository. Without them their tests are skipped, visibly, unless everything is required.

import process from "node:process";
import { hasTeacher, teacherFolder } from "lib/models/teacher.ts";

/**
 * The folder of `deno task teacher`, or null where it has not run.
 *
 * @throws {Error} without the files where LATENT_LAB_REQUIRE_ALL is 1
 */
export function availableTeacher(): string | null {
  if (hasTeacher()) return teacherFolder();
  if (process.env.LATENT_LAB_REQUIRE_ALL === "1") {
    throw new Error(`LATENT_LAB_REQUIRE_ALL is 1, but the teacher is not in ${teacherFolder()}: run deno task teacher`);
  }
  return null;
}
