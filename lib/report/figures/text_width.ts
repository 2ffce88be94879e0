// Widths of text for layout decisions inside figure specs, from a small table rather than font files: specs are pure
// functions that also run where no file can be read.

// Advance widths of DejaVu Sans in thousandths of an em, by group of characters.
const NARROW = /[ijl.,:;'|!() \[\]ftrI-]/;
const WIDE = /[mwMWOQGD@%=+×≤≥→]/;

/** About how wide `text` is in DejaVu Sans, in CSS pixels; rather too wide than too narrow. */
export function dejaVuWidth(text: string, sizePx: number): number {
  let thousandths = 0;
  for (const character of text) thousandths += NARROW.test(character) ? 375 : WIDE.test(character) ? 880 : 640;
  return (thousandths / 1000) * sizePx;
}
