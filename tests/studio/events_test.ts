import assert from "node:assert/strict";
import { withStudio } from "./served.ts";

/** Events of a page: each `next` gives the data of the next change. */
async function events(address: string, headers: Record<string, string> = {}) {
  const controller = new AbortController();
  const response = await fetch(address, { headers, signal: controller.signal });
  assert.match(response.headers.get("content-type")!, /^text\/event-stream/);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    async next() {
      for (;;) {
        const end = text.indexOf("\n\n");
        if (end >= 0) {
          const lines = text.slice(0, end).split("\n");
          text = text.slice(end + 2);
          const data = lines.find((line) => line.startsWith("data: "));
          if (data) return JSON.parse(data.slice(6));
          continue;
        }
        const { value, done } = await reader.read();
        assert.ok(!done, "the events ended");
        text += value;
      }
    },
    close: () => controller.abort(),
  };
}

Deno.test("events tell what is newer than the page, once to each page, and then what changes", async () => {
  await withStudio(async ({ studio, small }) => {
    const address = `${studio.address}studies/small/events`;
    small.change(1, { seconds: 1 });
    const { revision } = small.summary();
    const [early, current] = await Promise.all([
      events(`${address}?since=${revision - 1}`),
      events(`${address}?since=${revision}`),
    ]);
    const first = await early.next();
    assert.deepEqual(first.keys, [small.all[0].key]);
    small.change(2, { state: "finished", epochs: 2, message: null }, [0.5, 0.25]);
    for (const page of [early, current]) {
      const change = await page.next();
      assert.deepEqual(change.keys, [small.all[1].key]);
      assert.equal(change.trials.length, 1);
      assert.deepEqual(change.curves, [[small.all[1].key, [[1, 0.5], [2, 0.25]]]]);
      assert.equal(change.revision, revision + 1);
      assert.match(change.summaryHtml, /of 60 finished/);
    }
    early.close();
    current.close();
    const again = await events(address, { "last-event-id": String(revision) });
    assert.deepEqual((await again.next()).keys, [small.all[1].key]);
    again.close();
  });
});

Deno.test("events tell that a study has ended although no trial changed", async () => {
  await withStudio(async ({ studio, small }) => {
    const page = await events(`${studio.address}studies/small/events?since=${small.summary().revision - 1}`);
    await page.next();
    small.end();
    const change = await page.next();
    assert.match(change.said, /; finished$/);
    page.close();
  });
});

Deno.test("events tell a page that comes later than the end of its study", async () => {
  await withStudio(async ({ studio, small }) => {
    const { revision, state } = small.summary();
    assert.equal(state, "running");
    small.end(); // after the page was made, before it asks for events
    assert.equal(small.summary().revision, revision);
    const page = await events(`${studio.address}studies/small/events?since=${revision}&state=${state}`);
    const change = await page.next();
    assert.deepEqual([change.summaryState, change.keys], ["finished", []]);
    page.close();
  });
});

Deno.test("events of the first page tell that some study changed", async () => {
  await withStudio(async ({ studio, small }) => {
    const page = await events(`${studio.address}events`);
    const first = await page.next();
    small.change(1, { seconds: 2 });
    assert.equal((await page.next()).revision, first.revision + 1);
    page.close();
  });
});
