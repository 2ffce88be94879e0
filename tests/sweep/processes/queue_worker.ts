// A worker in a process of its own, which the tests kill and stop. Arguments: address, folder, name, trial's process.
import { startWorker } from "../queue/queue_fixtures.ts";

const [url, folder, name, trialProcess] = Deno.args;
await startWorker({ url, folder, name, notify: (sentence) => console.log(sentence) }, { process: trialProcess })
  .summary;
