// Numbers, times and parameters as readers see them. Used by the pages as they are rendered and by their scripts.

const MINUS = "\u2212";
const NBSP = "\u00a0";

/** @param {string} text @returns {string} with everything escaped that HTML would take for markup */
export function escapeText(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** @param {number | null | undefined} value @returns {string} with four significant digits: `0.1234`, `1,182,272`, `1.2e-7` */
export function formatNumber(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "";
  if (Number.isInteger(value)) return value.toLocaleString("en-US").replace("-", MINUS);
  const size = Math.abs(value);
  const text = size < 1e-3 || size >= 1e6
    ? value.toExponential(3).replace(/\.?0+e/, "e").replace("e+", "e")
    : size >= 1000
    ? Math.round(value).toLocaleString("en-US")
    : String(Number(value.toPrecision(4)));
  return text.replaceAll("-", MINUS);
}

/** @param {number | null | undefined} value @returns {string} a measured value: four significant digits, zeros at the end too */
export function formatMeasured(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return "";
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1000 ? value.toPrecision(4).replaceAll("-", MINUS) : formatNumber(value);
}

/** @param {unknown} value of a parameter @returns {string} */
export function formatValue(value) {
  if (value === undefined) return "";
  // Parameters are names of choices: 1024, not 1,024.
  if (typeof value === "number") {
    return Number.isInteger(value) ? String(value).replace("-", MINUS) : formatNumber(value);
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** @param {Record<string, unknown>} parameters @returns {string} `studentDim 256, seed 1` */
export function formatParameters(parameters) {
  return Object.entries(parameters).map(([name, value]) => `${name} ${formatValue(value)}`).join(", ");
}

/** @param {number | null | undefined} seconds @returns {string} `0.8 s`, `42 s`, `3 min 5 s`, `2 h 4 min` */
export function formatSeconds(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "";
  if (seconds < 9.95) return `${seconds.toFixed(1)}${NBSP}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}${NBSP}s`;
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole % 3600 / 60)];
  if (hours >= 48) return `${Math.round(hours / 24)}${NBSP}days`;
  if (hours > 0) return `${hours}${NBSP}h ${minutes}${NBSP}min`;
  return `${minutes}${NBSP}min ${whole % 60}${NBSP}s`;
}

/** @param {number | null | undefined} bytes @returns {string} `512 MB` */
export function formatBytes(bytes) {
  if (bytes === null || bytes === undefined) return "";
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)}${NBSP}${units[power]}`;
}

/** @param {string | null | undefined} iso @returns {string} `2026-11-22 04:36 UTC` */
export function formatTime(iso) {
  return iso ? `${iso.slice(0, 10)}${NBSP}${iso.slice(11, 16)}${NBSP}UTC` : "";
}

/** The states of a trial as words; the order in which they are listed. */
export const STATES = ["running", "waiting", "finished", "pruned", "failed", "cancelled", "interrupted"];

/** @param {string} state @returns {string} a state as HTML: a mark and a word, so that colour is not needed */
export function stateBadge(state) {
  return `<span class="state ${escapeText(state)}">${escapeText(state)}</span>`;
}
