// A worker in a process of its own, which the tests kill and stop. Arguments: address, folder, name, trial's process, how often a
// trial is handed on, shared folder.
import { endWithParent } from "../queue/loose_process.ts";
import { startWorker } from "../queue/queue_fixtures.ts";

const [url, folder, name, process, mostLost, sharedFolder] = Deno.args;
endWithParent();
const notify = (sentence: string) => console.log(sentence);
const shared = sharedFolder === "" ? {} : { sharedFolder };
await startWorker({ url, folder, name, mostLost: Number(mostLost), notify, ...shared }, { process }).summary;
Deno.exit(0);
