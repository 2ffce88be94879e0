// The process that trains a student with one engine and tells its steps a second: a device may hang, or end its process.

import process from "node:process";
import { connectParent, projectPath } from "../../process/mod.ts";
import { measureMixes } from "../../sweep/mod.ts";
import type { Engine } from "../../train/mod.ts";

const [engine, threads] = process.argv.slice(2) as [Engine, string];
const trialModule = projectPath("lib", "sweep", "trial_process.ts");
const [{ stepsPerSecond }] = await measureMixes([{ trials: 1, threads: Number(threads) }], { trialModule, engine });
connectParent().send(stepsPerSecond);
