// Published limits of Apple's chips, for rooflines. Bandwidth is Apple's figure; the arithmetic rate is not published by Apple and
// follows from cores, lanes and the clock that others report: cores x 128 lanes x 2 operations x clock.

/** Limits of a chip's GPU and memory. */
export interface ChipLimits {
  name: string;
  bandwidthGbPerSecond: number;
  gpuCores: number;
  clockGhz: number;
  /** float32. */
  peakGflops: number;
  source: string;
}

const LANES = 128;

function limits(name: string, bandwidthGbPerSecond: number, gpu: { cores: number; ghz: number }, source: string) {
  const { cores, ghz } = gpu;
  return {
    name,
    bandwidthGbPerSecond,
    gpuCores: cores,
    clockGhz: ghz,
    peakGflops: cores * LANES * 2 * ghz,
    source: `${source}; clock: hmc-tech.com`,
  };
}

/** The largest GPU of each chip. */
export const CHIP_LIMITS: readonly ChipLimits[] = [
  limits("M4", 120, { cores: 10, ghz: 1.578 }, "bandwidth: Apple Newsroom, 2024-05-07"),
  limits("M4 Pro", 273, { cores: 20, ghz: 1.578 }, "bandwidth: Apple Newsroom, 2024-10-30"),
  limits("M4 Max", 546, { cores: 40, ghz: 1.578 }, "bandwidth: Apple Newsroom, 2024-10-30"),
  limits("M3 Max", 400, { cores: 40, ghz: 1.398 }, "bandwidth: MacRumors, 2024-10-30, after Apple's specifications"),
];
