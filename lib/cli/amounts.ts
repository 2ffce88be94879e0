// Numbers as command lines print them.

/** A number in so many significant digits, with commas between thousands and never with an exponent. */
export const inDigits = (value: number, digits = 3): string =>
  value.toLocaleString("en-US", { minimumSignificantDigits: digits, maximumSignificantDigits: digits });

/** A whole number with commas between thousands. */
export const thousands = (value: number): string => value.toLocaleString("en-US");

/** Bytes in GB. */
export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
