// What the page of a study knows: its trials and curves, which change while the study runs, and the filters, which the reader
// changes. Views are told of both and draw themselves anew.

import { decodeTrial } from "./encoding.mjs";
import { filterTest, noFilters, studyAxes } from "./filters.mjs";

/** @param {any} data as embedded in the page */
export function studyState(data) {
  const names = data.parameters.map(({ name }) => name);
  const trials = new Map(), curves = new Map(), views = [];
  let list = [], axes = [], selected = [], filters = noFilters(), pending = false;
  const take = (change) => {
    for (const encoded of change.trials) trials.set(encoded[1], decodeTrial(encoded, names));
    for (const [key, points] of change.curves) {
      const merged = new Map([...curves.get(key) ?? [], ...points]);
      curves.set(key, [...merged].sort(([a], [b]) => a - b));
    }
    list = [...trials.values()].sort((a, b) => a.number - b.number);
    axes = studyAxes(data, list);
  };
  const select = () => (selected = list.filter(filterTest(filters, axes)));
  // A burst of events or of pointer moves is one drawing.
  const draw = () => {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => {
      pending = false;
      for (const view of views) view();
    });
  };
  take(data);
  select();
  return {
    data,
    curves,
    trials: () => list,
    trial: (key) => trials.get(key),
    axes: () => axes,
    selected: () => selected,
    filters: () => filters,
    onChange: (view) => void views.push(view),
    redraw: draw,
    update(change) {
      take(change);
      select();
      draw();
    },
    filter(changes) {
      filters = { ...filters, ...changes };
      select();
      draw();
    },
    filterAxis(id, filter) {
      const chosen = new Map(filters.axes);
      if (filter === null) chosen.delete(id);
      else chosen.set(id, filter);
      this.filter({ axes: chosen });
    },
  };
}
