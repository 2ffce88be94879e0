// The script of index.html: cards behind numbers, sorting, live figures in the reader's theme. Plain browser JavaScript,
// kept as text because it is inlined; without it the page shows static figures and links to the table of records.

export const pageScript = String.raw`
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("report-data").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");

  // --- Cards: what stands behind a number ---
  const card = document.getElementById("card");
  let shownFor = null, pinned = false, hideTimer = 0;

  const row = (name, value) => {
    if (value === "" || value === null || value === undefined) return [];
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name;
    dd.textContent = value;
    return [dt, dd];
  };
  // Links of the card: to this page's rows and, in a site, to the notebook's cell.
  const linked = (links) => (links || []).flatMap(([text, href], i) => {
    const a = document.createElement(href ? "a" : "span");
    a.textContent = text;
    if (href) a.href = href;
    return i === 0 ? [a] : [", ", a];
  });
  const linkRow = (name, links) => {
    const parts = row(name, links && links.length > 0 ? " " : "");
    if (parts.length > 0) parts[1].replaceChildren(...linked(links));
    return parts;
  };
  const fill = (record) => {
    const title = document.createElement("p"), list = document.createElement("dl");
    title.textContent = record.shown;
    const interval = record.interval &&
      +record.interval.low.toPrecision(6) + " to " + +record.interval.high.toPrecision(6) + " (" + +(record.interval.confidence * 100).toFixed(3) + "%, " +
      record.interval.method + ")";
    const exact = record.value === null ? "" : String(record.value) + (record.unit && record.unit !== "1" ? " " + record.unit : "");
    list.append(
      ...linkRow("Record", [[record.id, "#record-" + record.id]]), ...row("Quantity", record.quantity), ...row("Value", exact),
      ...row("Samples", "n = " + record.n), ...row("Interval", interval), ...row("Kind", record.kind),
      ...row("Machine", data.machines[record.machine] || (record.machine === "any" ? "" : record.machine)),
      ...row("Source", record.provenance.source), ...row("Inputs", record.provenance.inputs.join(", ")),
      ...row("Run again", record.provenance.rerun), ...linkRow("Made by", record.madeBy), ...linkRow("Shown in", record.shownIn),
      ...linkRow("Claims", record.claims.map((id) => [id, "#claim-" + id])), ...row("Note", record.note),
    );
    card.replaceChildren(title, list);
  };
  const hide = () => {
    clearTimeout(hideTimer);
    card.hidden = true;
    if (shownFor) shownFor.removeAttribute("aria-describedby");
    shownFor = null;
    pinned = false;
  };
  const place = () => {
    const at = shownFor.getBoundingClientRect();
    const below = at.bottom + card.offsetHeight + 16 < innerHeight || at.top < card.offsetHeight + 16;
    card.style.top = scrollY + (below ? at.bottom + 8 : at.top - card.offsetHeight - 8) + "px";
    const left = Math.min(at.left, document.documentElement.clientWidth - card.offsetWidth - 12);
    card.style.left = scrollX + Math.max(12, left) + "px";
  };
  const show = (link) => {
    clearTimeout(hideTimer);
    if (shownFor === link) return;
    hide();
    const record = data.records[link.dataset.record];
    if (!record) return;
    fill(record);
    card.hidden = false;
    shownFor = link;
    link.setAttribute("aria-describedby", "card");
    place();
  };
  const later = () => {
    clearTimeout(hideTimer);
    if (!pinned) hideTimer = setTimeout(hide, 150);
  };
  const numberOf = (event) => event.target.closest ? event.target.closest("a.number") : null;
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const link = numberOf(event);
    if (link && !pinned) show(link);
    else if (card.contains(event.target)) clearTimeout(hideTimer);
    else if (shownFor) later();
  });
  document.addEventListener("focusin", (event) => {
    const link = numberOf(event);
    if (link) show(link);
    else if (!card.contains(event.target)) hide();
  });
  document.addEventListener("click", (event) => {
    const link = numberOf(event);
    if (link) {
      event.preventDefault();
      const again = pinned && shownFor === link;
      show(link);
      if (again) hide();
      else pinned = true;
    } else if (!card.contains(event.target) || event.target.closest("a")) hide();
  });
  document.addEventListener("keydown", (event) => {
    const from = shownFor, inside = card.contains(event.target);
    if (event.key === "Escape") {
      hide();
      if (inside && from) from.focus();
    } else if (event.key === "Tab" && !event.shiftKey && pinned && event.target === shownFor) {
      // The card stands at the end of the page: from the number that it belongs to, Tab leads into it.
      event.preventDefault();
      card.querySelector("a").focus();
    }
  });
  document.addEventListener("scroll", (event) => {
    // Moving the focus into a table scrolls its box: the card follows.
    if (event.target !== document && shownFor && event.target.contains(shownFor)) place();
  }, true);

  // --- Tables: sorted by a click on a column's head ---
  const keyOf = (cell) => {
    const text = cell.dataset.sort ?? (cell.querySelector("a.number") ? "" : cell.textContent.trim());
    return text === "" ? null : text;
  };
  const compare = (a, b) => {
    const [x, y] = [Number(a), Number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en", { numeric: true }) : x - y;
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    if (body.rows.length < 2) continue;
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.title = "Sort by this column";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const descending = head.getAttribute("aria-sort") === "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        const rows = [...body.rows].map((tr) => ({ tr, key: keyOf(tr.cells[column]) }));
        rows.sort((a, b) => {
          if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
          return (descending ? -1 : 1) * compare(a.key, b.key);
        });
        body.append(...rows.map(({ tr }) => tr));
      });
    });
  }

  // --- Figures: live, in the reader's theme and width ---
  const NARROW = 560;
  const recolored = (value) => {
    if (!dark.matches) return structuredClone(value);
    let text = JSON.stringify(value);
    for (const [light, other] of data.darkColors) text = text.replaceAll(light, other);
    return JSON.parse(text);
  };
  // Tick labels that would touch on a narrow screen are left out, the outer ones last.
  const thinTicks = (axis, plotWidth) => {
    if (!axis || axis.tickmode !== "array" || !axis.ticktext || !axis.range) return;
    const [low, high] = axis.range;
    const at = (i) => ((axis.type === "log" ? Math.log10(axis.tickvals[i]) : axis.tickvals[i]) - low) / (high - low) * plotWidth;
    const all = axis.tickvals.map((_, i) => i), kept = [];
    for (const i of [all.at(-1), ...all]) {
      const half = (k) => axis.ticktext[k].replace(/<.*?>/g, "").length * 3.6 + 4;
      if (kept.every((k) => Math.abs(at(k) - at(i)) >= half(k) + half(i))) kept.push(i);
    }
    axis.ticktext = axis.ticktext.map((text, i) => (kept.includes(i) ? text : ""));
    axis.tickangle = 0;
  };
  const makeNarrow = (traces, layout, width) => {
    const base = layout.template.layout || {};
    for (const axis of [base.xaxis, base.yaxis]) {
      if (axis) Object.assign(axis, { tickfont: { size: 11 }, title: { standoff: 8, font: { size: 13 } } });
    }
    if (base.legend) base.legend.font = { size: 12 };
    layout.margin = { b: 48, l: 48, r: 12, t: 20 };
    layout.dragmode = false;
    thinTicks(layout.xaxis, width - 90);
    layout.annotations = (layout.annotations || []).filter((item) => item.name !== "beside-plot");
    for (const trace of traces) {
      if (trace.meta && trace.meta.narrowLegend) trace.showlegend = true;
      if (trace.meta && trace.meta.narrowMode) trace.mode = trace.meta.narrowMode;
    }
  };
  const figureFor = (figure, width) => {
    const { keepSize } = figure.layout.meta || {};
    const narrow = width < NARROW && !keepSize;
    const { data: traces, layout } = recolored({ data: figure.data, layout: figure.layout });
    layout.template = layout.template || structuredClone(dark.matches ? data.templates.dark : data.templates.light);
    layout.width = keepSize ? figure.width : Math.min(width, Math.max(figure.width, 860));
    layout.height = narrow ? Math.min(figure.height, Math.max(340, width)) : figure.height;
    if (narrow) makeNarrow(traces, layout, width);
    return { traces, layout };
  };
  const drawn = new Map();
  const draw = (box) => {
    const { traces, layout } = figureFor(data.figures[box.dataset.figure], box.clientWidth);
    let target = drawn.get(box);
    if (!target) {
      target = document.createElement("div");
      box.append(target);
      box.classList.add("live");
      if ((data.figures[box.dataset.figure].layout.meta || {}).keepSize) box.style.overflow = "auto"; // many panels: scrolled, not squeezed
      box.title = "Drag to zoom in, double-click to zoom out";
      drawn.set(box, target);
    }
    Plotly.react(target, traces, layout, { displayModeBar: false });
  };
  const library = document.getElementById("plotly-script");
  // plotly.js is most of the page: it runs when the first figure comes near the screen, and until then the static ones are shown.
  const start = () => {
    if (typeof Plotly !== "undefined") return;
    const script = document.createElement("script");
    script.textContent = library.textContent;
    document.head.append(script);
  };
  if (library) {
    // Drawn when they come near the screen: a long report opens at once.
    const near = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting || drawn.has(target)) continue;
        start();
        draw(target);
      }
    }, { rootMargin: "600px" });
    // After the page is shown: a figure at its top would else hold it back.
    const observe = () => document.querySelectorAll("[data-figure]").forEach((box) => near.observe(box));
    addEventListener("load", () => requestAnimationFrame(() => setTimeout(observe)));
    dark.addEventListener("change", () => drawn.forEach((_, box) => draw(box)));
    let width = innerWidth, timer = 0;
    addEventListener("resize", () => {
      if (innerWidth === width) return;
      width = innerWidth;
      clearTimeout(timer);
      timer = setTimeout(() => drawn.forEach((_, box) => draw(box)), 120);
    });
  }

  // --- Links into closed details, and paper ---
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const box = target && target.closest("details");
    if (box) {
      box.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", reveal);
  reveal();
  addEventListener("beforeprint", hide);
})();
`.trim();
