// Waiting: a while, or for something but no longer than a while.

/** Resolves after so many milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Settles with `promise`, or after so many milliseconds; keeps the process alive no longer than that. */
export async function atMost(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise((resolve) => timer = setTimeout(resolve, ms));
  await Promise.race([promise, over]).finally(() => clearTimeout(timer));
}
