// The way from a report to the notebook that it is made in. lib/notebook installs a hook; without one nothing is shown.

/** Shows one MIME bundle, such as { "text/markdown": "..." }, below the running cell. */
export type Display = (bundle: Record<string, unknown>) => void;

let installed: Display | null = null;

/** Installs the function that shows what a report records; null removes it. Returns the one before. */
export function setDisplay(display: Display | null): Display | null {
  const before = installed;
  installed = display;
  return before;
}

/** Whether something would be shown; figures are rendered only then. */
export function hasDisplay(): boolean {
  return installed !== null;
}

/** Shows a bundle when a hook is installed. */
export function show(bundle: Record<string, unknown>): void {
  installed?.(bundle);
}
