// Cases that wait for others more than they compute: steps of one test, several at a time.

/** What steps beside each other must leave to the eye: which of them an operation or a resource is of. */
export const UNCHECKED = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };

/** Runs cases by their names as steps of a test that is `UNCHECKED` itself. */
export async function stepsBesideEachOther(
  test: Deno.TestContext,
  cases: Readonly<Record<string, () => Promise<void>>>,
  { atOnce }: { atOnce: number },
): Promise<void> {
  const left = Object.entries(cases);
  const work = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [name, fn] = next;
      await test.step({ name, fn, ...UNCHECKED });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
