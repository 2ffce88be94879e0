import assert from "node:assert/strict";
import { benchTeacherOptions } from "lib/cli/bench_teacher.ts";

Deno.test("benchTeacherOptions reads sizes and threads, and refuses what is no size", () => {
  const { options, output } = benchTeacherOptions(["--sizes", "1x1,96x32", "--threads", "1", "--quick"]);
  assert.deepEqual(options.sizes, [{ texts: 1, batchSize: 1 }, { texts: 96, batchSize: 32 }]);
  assert.deepEqual(options.threads, [1]);
  assert.match(output, /reports.benchmarks.teacher-quick\.json$/);
  assert.match(benchTeacherOptions([]).output, /reports.benchmarks.teacher\.json$/);
  assert.equal(benchTeacherOptions([]).options.sizes.length, 3);
  assert.throws(() => benchTeacherOptions(["--sizes", "64"]), /expected --sizes like 512x64 .* got "64"/);
  assert.throws(() => benchTeacherOptions(["--threads", "two"]), /expected --threads .* got "two"/);
  assert.throws(() => benchTeacherOptions(["--fast"]), /the options are --quick, --threads/);
});
