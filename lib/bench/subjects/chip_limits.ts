// Published limits of Apple's chips, for rooflines. Bandwidth is Apple's figure as the press reported it: those reports were read, Apple's
// own pages (apple.com/newsroom, support.apple.com) could not be opened. Apple publishes no arithmetic rate: it follows here from cores, lanes
// and clock, cores x 128 lanes x 2 operations x clock, and the clock is unverified.

/** Limits of a chip's GPU and memory. */
export interface ChipLimits {
  name: string;
  /** The largest GPU of the chip; others of the same name have fewer cores, and some a narrower memory. */
  isLargest: boolean;
  bandwidthGbPerSecond: number;
  gpuCores: number;
  clockGhz: number;
  /** float32. */
  peakGflops: number;
  /** Where the bandwidth was read. */
  source: string;
  /** Where the clock was read, or that it was read nowhere. */
  clockSource: string;
}

const LANES = 128;

function limits(
  name: string,
  bandwidthGbPerSecond: number,
  gpu: { cores: number; ghz: number; clockSource: string; isLargest?: boolean },
  source: string,
): ChipLimits {
  const { cores, ghz, clockSource, isLargest = true } = gpu;
  return {
    name,
    isLargest,
    bandwidthGbPerSecond,
    gpuCores: cores,
    clockGhz: ghz,
    peakGflops: cores * LANES * 2 * ghz,
    source,
    clockSource,
  };
}

/** Of its pages on the M4 some say 1.470 GHz, others 1.578; on the M4 Max 1.678. */
const M4_CLOCK = "unverified: hmc-tech.com has 1.470, 1.578 and 1.678 GHz for chips of this family";
const M3_CLOCK = "unverified: hmc-tech.com";
const NEOWIN = "neowin.net/news/apple-launches-new-m4-pro-and-m4-max-processors (2024-10-30)";
const MACTECHNEWS = "mactechnews.de/news/article/M3-Pro-und-M3-Max-...-183639 (2023-10), from Apple's specifications";

/** By chip, the largest GPU of each first. */
export const CHIP_LIMITS: readonly ChipLimits[] = [
  limits("M4", 120, { cores: 10, ghz: 1.578, clockSource: M4_CLOCK }, NEOWIN),
  limits("M4 Pro", 273, { cores: 20, ghz: 1.578, clockSource: M4_CLOCK }, NEOWIN),
  limits("M4 Max", 546, { cores: 40, ghz: 1.578, clockSource: M4_CLOCK }, NEOWIN),
  limits(
    "M4 Max, 32 cores",
    410,
    { cores: 32, ghz: 1.578, clockSource: M4_CLOCK, isLargest: false },
    "americanfork.business/?p=76748 (2024-10), table of the MacBook Pro's chips",
  ),
  limits("M3 Max", 400, { cores: 40, ghz: 1.398, clockSource: M3_CLOCK }, MACTECHNEWS),
  limits("M3 Max, 30 cores", 300, { cores: 30, ghz: 1.398, clockSource: M3_CLOCK, isLargest: false }, MACTECHNEWS),
];
