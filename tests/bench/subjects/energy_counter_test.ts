// Energy counters: those of a made folder are added up, and what cannot be read has its reason.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEnergyCounter } from "lib/bench/subjects/energy_counter.ts";

function withZones(use: (folder: string, set: (zone: string, microjoules: number | string) => void) => void) {
  const folder = mkdtempSync(join(tmpdir(), "energy-"));
  const set = (zone: string, microjoules: number | string) => {
    mkdirSync(join(folder, zone), { recursive: true });
    writeFileSync(join(folder, zone, "name"), `package-${zone.at(-1)}\n`);
    writeFileSync(join(folder, zone, "max_energy_range_uj"), "10000000\n");
    writeFileSync(join(folder, zone, "energy_uj"), `${microjoules}\n`);
  };
  try {
    use(folder, set);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

Deno.test("packages are added up, parts of a package are not, and a counter that begins anew goes on", () => {
  withZones((folder, set) => {
    set("intel-rapl:0", 9_000_000);
    set("intel-rapl:1", 1_000_000);
    for (const part of ["intel-rapl:0:0", "intel-rapl-mmio:0"]) set(part, 5);
    const counter = openEnergyCounter({ platform: "linux", folder });
    if (typeof counter === "string") assert.fail(counter);
    assert.equal(counter.source, "powercap (package-0, package-1)");
    assert.equal(counter.readJoules(), 0);
    set("intel-rapl:0", 500_000); // 1.5 J further, over the end of its range
    set("intel-rapl:1", 3_000_000);
    for (const part of ["intel-rapl:0:0", "intel-rapl-mmio:0"]) set(part, 9_000_000);
    assert.equal(counter.readJoules(), 3.5);
    assert.equal(counter.readJoules(), 3.5);
  });
});

Deno.test("without counters, on a Mac and with broken ones there is a reason", () => {
  assert.match(String(openEnergyCounter({ platform: "darwin" })), /administrators only/);
  assert.match(String(openEnergyCounter({ platform: "win32" })), /no energy counters/);
  assert.match(String(openEnergyCounter({ platform: "linux", folder: "/no/such/folder" })), /no energy counters/);
  withZones((folder, set) => {
    set("intel-rapl:0", "soon");
    assert.match(String(openEnergyCounter({ platform: "linux", folder })), /cannot be read/);
  });
});

Deno.test("a counter that only the administrator may read has that reason", () => {
  withZones((folder, set) => {
    set("intel-rapl:0", 1);
    const readText = (file: string) => {
      if (file.endsWith("energy_uj")) throw Object.assign(new Error("permission denied"), { code: "EACCES" });
      return "1";
    };
    assert.match(String(openEnergyCounter({ platform: "linux", folder, readText })), /administrators only/);
  });
});
