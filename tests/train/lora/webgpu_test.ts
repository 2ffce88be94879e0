// WebGPU needs its environment before a process starts, so each test is a child process; see tests/webgpu_environment.ts.

import { projectPath } from "lib/process/mod.ts";
import { webgpuTest } from "tests/webgpu_environment.ts";

for (const how of [["float32:files", "float16:files"], ["int4:files"]]) {
  webgpuTest(`LoRA steps with dropout on WebGPU are the CPU's, over ${how.join(" and ").replaceAll(":", " in ")}`, {
    module: projectPath("tests", "train", "children", "webgpu_lora.ts"),
    args: how,
  });
}
