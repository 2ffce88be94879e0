// Imported by demo.ipynb; the freshness tests change a copy of it.
export const STEP = 3;
