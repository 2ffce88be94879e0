import assert from "node:assert/strict";
import { benchWebGpuOptions } from "../../lib/cli/bench_webgpu.ts";

Deno.test("bench:webgpu reads sizes and refuses others", () => {
  const { options, output } = benchWebGpuOptions(["--sizes", "8x4,16x16384", "--quick"]);
  assert.deepEqual(options.sizes, [{ studentDim: 8, batchSize: 4 }, { studentDim: 16, batchSize: 16384 }]);
  assert.match(output, /train-webgpu-quick\.json$/);
  for (const sizes of ["8", "8x0", "8x16385", "ax4", "8x4;", ""]) {
    assert.throws(() => benchWebGpuOptions(["--sizes", sizes]), /Cannot benchmark: expected --sizes like 256x4096/);
  }
  assert.throws(() => benchWebGpuOptions(["--threads", "2"]), /the options are --quick, --sizes/);
});
