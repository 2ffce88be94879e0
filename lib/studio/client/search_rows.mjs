// What a search of the site finds, and in which order.

/** How many hits are listed. */
export const MOST_HITS = 40;

/** Kinds of what can be found; the first are listed first. */
export const SEARCH_KINDS = ["report", "study", "section", "figure", "table", "claim", "record", "cell"];

/**
 * @typedef {[kind: number, title: string, text: string, href: string]} SearchEntry
 *   `kind`: place in SEARCH_KINDS; `title`: what it is called; `text`: where it is from; `href`: from the site's root
 */

/**
 * Entries that hold every word, in title or text; those whose title holds or begins with the words come first.
 * @param {readonly SearchEntry[]} entries @param {string} words
 * @returns {{ hits: SearchEntry[], count: number }} at most MOST_HITS of `count`
 */
export function searchEntries(entries, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter((word) => word !== "");
  if (wanted.length === 0) return { hits: [], count: 0 };
  const found = [];
  for (const entry of entries) {
    const title = entry[1].toLowerCase();
    const text = `${title} ${entry[2].toLowerCase()}`;
    if (!wanted.every((word) => text.includes(word))) continue;
    const inTitle = wanted.every((word) => title.includes(word));
    const rank = (inTitle ? 0 : 2) + (inTitle && title.startsWith(wanted[0]) ? 0 : 1);
    found.push({ entry, order: rank * SEARCH_KINDS.length + entry[0] });
  }
  found.sort((a, b) => a.order - b.order); // stable: in the site's order within a rank
  return { hits: found.slice(0, MOST_HITS).map(({ entry }) => entry), count: found.length };
}
