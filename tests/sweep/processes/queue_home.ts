// A home in a process of its own, which the tests kill: it starts the trials of the paced study and tells what it is told. Arguments:
// address, folder.
import { connectParent } from "lib/process/mod.ts";
import { queueExecutor } from "lib/sweep/queue/home.ts";
import { orderOf, pacedStudy } from "../queue/queue_fixtures.ts";

const [url, folder] = Deno.args;
const parent = connectParent();
const home = await queueExecutor({ url, study: "paced", folder, notify: () => {} });
for (const trial of pacedStudy(folder).trials) {
  home.start(orderOf(trial, folder), {
    onStart: (start) => parent.send({ type: "start", ...start }),
    onReady: () => {},
    onEpoch: (token, { epoch }) => parent.send({ type: "epoch", token, epoch }),
  });
}
