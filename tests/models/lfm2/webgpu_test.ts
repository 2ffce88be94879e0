// WebGPU needs its environment before a process starts, so each test is a child process; see tests/webgpu_environment.ts.

import { projectPath } from "lib/process/mod.ts";
import { webgpuTest } from "tests/webgpu_environment.ts";

for (const weights of ["float32", "float16", "int8", "int4"]) {
  webgpuTest(
    `lfm2 on WebGPU with weights in ${weights} gives the logits of its weights, in a padded batch too, or says what the device lacks`,
    {
      module: projectPath("tests", "models", "lfm2", "children", "webgpu.ts"),
      args: [weights],
    },
  );
}
