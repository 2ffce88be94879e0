// Copies between the CPU's memory and that of a WebGPU device, as a benchmark subject. A copy to the device alone cannot be timed: the
// call ends before the device has taken it. So there and back is timed, and back alone; the difference is the way there.

import type { ArrayValue } from "../../graph/mod.ts";
import { projectPath } from "../../process/mod.ts";
import { deviceMemory } from "../../runtime/mod.ts";
import { fillExact } from "../exact_values.ts";
import type { OpenedSubject } from "../harness/open_subject.ts";
import type { ModuleSubject } from "../harness/subject.ts";

/** What is copied at a call: `out` from the device, `inAndOut` to it and back. A matrix of `side x side` in float32. */
export interface DeviceTransfer {
  kind: "out" | "inAndOut";
  side: number;
}

/** A subject of this module, for provider `webgpu`. */
export function deviceTransfer({ kind, side }: DeviceTransfer): ModuleSubject {
  return {
    name: `device transfer, ${kind} ${side}x${side}`,
    module: projectPath("lib", "bench", "subjects", "device_transfer.ts"),
    options: { kind, side },
  };
}

/** Opens it, in the process that measures. */
export async function open({ kind, side }: DeviceTransfer): Promise<OpenedSubject> {
  const memory = await deviceMemory();
  const x: ArrayValue = {
    dtype: "float32",
    shape: [side, side],
    data: fillExact(new Float32Array(side * side), { stream: 1 }),
  };
  const resident = await memory.upload({ x });
  let last: ArrayValue | null = null;
  const out = async () => {
    last = (await memory.download(resident)).x;
  };
  const inAndOut = async () => {
    const there = await memory.upload({ x });
    last = (await memory.download(there)).x;
    memory.free(Object.values(there));
  };
  return {
    call: kind === "out" ? out : inAndOut,
    check() {
      const result = last!.data as Float32Array;
      const differs = (x.data as Float32Array).some((value, i) => value !== result[i]);
      return {
        reference: "what was copied there",
        relativeError: differs ? Infinity : 0,
        bound: 0,
        output: "x",
        elements: result.length,
      };
    },
    async release() {
      memory.free(Object.values(resident));
      await memory.release();
    },
  };
}
