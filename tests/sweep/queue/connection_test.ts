// What is said about a Redis that cannot be used.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { workerMain, workerOptions } from "lib/cli/mod.ts";
import { parseQueueAddress } from "lib/sweep/queue/address.ts";
import { checkServer, connectionError, connectQueue } from "lib/sweep/queue/connection.ts";
import { queueExecutor } from "lib/sweep/queue/home.ts";
import { freePort, redisTest } from "./redis_server.ts";

/** Why an address cannot be used, in one line and without its password. */
async function refusal(url: string): Promise<string> {
  const error = await connectQueue(url, () => {}).then(
    (connection) => (connection.close(), null),
    (error) => error as Error,
  );
  assert.ok(error, `${url} can be used`);
  assert.doesNotMatch(error.message, /\n|secret/);
  return error.message;
}

Deno.test("parseQueueAddress takes what people write, and refuses the rest without showing a password", () => {
  assert.deepEqual(parseQueueAddress("redis://studio.local"), {
    host: "studio.local",
    port: 6379,
    username: null,
    password: null,
    db: 0,
    tls: false,
    label: "redis://studio.local:6379",
  });
  const full = parseQueueAddress("rediss://ada:se%40cret@10.0.0.2:7000/3");
  assert.deepEqual([full.username, full.password, full.port, full.db, full.tls], ["ada", "se@cret", 7000, 3, true]);
  assert.equal(full.label, "rediss://10.0.0.2:7000/3");
  assert.equal(parseQueueAddress("redis://[::1]:7000").host, "::1");
  for (
    const [text, message] of [
      ["studio.local", /expected an address redis:\/\/.*, got "studio.local"/],
      ["http://studio.local:6379", /got one that begins with http:\/\//],
      ["redis://", /expected an address|without a host/],
      ["redis://:secret@", /expected an address/],
      ["redis://host/zero", /the database "zero", which is no number/],
      ["redis://host?x=1", /got one with "\?x=1" at its end/],
      ["redis://host:99999", /expected an address/],
    ] as const
  ) {
    assert.throws(() => parseQueueAddress(text), (error) => {
      assert.ok(error instanceof RangeError);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  }
});

Deno.test("a Redis that is not there is told with what to do", async () => {
  const port = await freePort();
  assert.equal(
    await refusal(`redis://127.0.0.1:${port}`),
    `Cannot use the queue at redis://127.0.0.1:${port}: nothing listens there; ` +
      "start one by: redis-server --appendonly yes --maxmemory-policy noeviction",
  );
  assert.match(await refusal("redis://no-such-host.invalid"), /there is no host "no-such-host.invalid"/);
  await assert.rejects(
    queueExecutor({ url: `redis://127.0.0.1:${port}`, study: "s", folder: "." }),
    /nothing listens there/,
  );
});

Deno.test("something else than Redis is told as such", async () => {
  const answers = ["HTTP/1.1 400 Bad Request\r\n\r\n", ""];
  for (const answer of answers) {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", () => socket.end(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    assert.match(
      await refusal(`redis://127.0.0.1:${port}`),
      /something else than Redis answers|it ends the connection/,
    );
    await new Promise((resolve) => server.close(resolve));
  }
});

redisTest(
  "a Redis that asks for a password says so, and a wrong one is refused without being shown",
  async ({ url }) => {
    const withPassword = (password: string) => url.replace("//", `//:${password}@`);
    assert.match(await refusal(url), /it asks for a password; give it in the address: redis:\/\/:PASSWORD@HOST$/);
    assert.match(
      await refusal(withPassword("secret-but-wrong")),
      /it refuses the password; check the one in the address$/,
    );
    (await connectQueue(withPassword("right"), () => {})).close();
  },
  { settings: ["--requirepass", "right"] },
);

redisTest("a database that is not there is told", async ({ url }) => {
  assert.match(await refusal(`${url}/99`), /it has no database of that number; leave it out of the address$/);
});

redisTest(
  "settings with which trials could be lost are warned of, with the command",
  async ({ url }) => {
    const said: string[] = [];
    (await connectQueue(url, (text) => said.push(text))).close();
    assert.equal(said.length, 2);
    assert.match(
      said[0],
      /may drop trials .* \(maxmemory-policy allkeys-lru\); set it by: redis-cli config set maxmemory-policy noeviction$/,
    );
    assert.match(said[1], /set it by: redis-cli config set appendonly yes$/);
  },
  { settings: ["--maxmemory-policy", "allkeys-lru", "--appendonly", "no"] },
);

Deno.test("checkServer refuses servers that cannot hold a queue", () => {
  const check = (info: string) => () => checkServer(info, { label: "redis://h", notify: () => {} });
  assert.throws(check("redis_version:5.0.7\r\n"), /expected Redis 6.2 or newer \(or Valkey\), got 5.0.7/);
  assert.throws(check("other:1\r\n"), /got none/);
  assert.throws(check("redis_version:7.0.0\r\nrole:slave\r\n"), /got a replica/);
  assert.throws(check("redis_version:7.0.0\r\nredis_mode:cluster\r\n"), /got a cluster/);
  check(
    "redis_version:7.2.4\r\nserver_name:valkey\r\nrole:master\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n",
  )();
});

Deno.test("connectionError hides the password in messages that it does not know", () => {
  const address = parseQueueAddress("redis://:secret@host");
  assert.match(connectionError(address, new Error("odd secret thing")).message, /odd \*\*\* thing$/);
});

Deno.test("deno task worker refuses wrong options in a sentence", async () => {
  const lines: string[] = [];
  const terminal = { line: (text: string) => void lines.push(text), live: () => {} };
  const cases: [string[], RegExp][] = [
    [[], /expected --queue redis:\/\/HOST/],
    [["--queue", "redis://h", "extra"], /expected options only, got "extra"/],
    [["--queue", "redis://h", "--trials", "0"], /expected --trials to be an integer of at least 1, got "0"/],
    [["--queue", "redis://h", "--threads", "1.5"], /expected --threads to be an integer/],
    [["--queue", "redis://h", "--memory", "much"], /expected --memory to be a number of at least 0.1, got "much"/],
    [["--queue", "redis://h", "--name", "a b"], /expected --name to be 1 to 64 letters/],
    [["--queue", "http://h"], /begins with http:/],
    [["--queue", `redis://127.0.0.1:${await freePort()}`], /nothing listens there/],
  ];
  for (const [args, message] of cases) {
    await assert.rejects(workerMain(args, terminal), { name: "CommandError", message });
  }
  assert.equal(workerOptions(["--queue", "redis://h", "--memory", "4.5"]).memoryGib, 4.5);
});

redisTest("deno task worker --once ends when there is nothing to do", async ({ url }) => {
  const lines: string[] = [];
  const terminal = { line: (text: string) => void lines.push(text), live: () => {} };
  assert.equal(await workerMain(["--queue", url, "--once", "--name", "ada"], terminal), 0);
  assert.match(lines[0], /^Worker ada is at redis:\S+: .*, 1 trial at a time$/);
  assert.equal(lines.at(-1), "0 trials done, 0 given back, 0 taken over by other workers");
});
