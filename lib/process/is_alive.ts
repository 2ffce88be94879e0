// Whether a process is there, such as the owner of what lies about.

import process from "node:process";

/** Whether there is a process of this id, also one of another user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // not Deno.kill, which does not take signal 0
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}
