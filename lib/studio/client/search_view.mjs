// The search of the site. The list of what there is comes as a script of its own when it is first needed: pages open without it, and a
// script is what a page on disk may load.

import { escapeText } from "./format.mjs";
import { SEARCH_KINDS, searchEntries } from "./search_rows.mjs";

/** @param {HTMLFormElement} form */
export function searchView(form) {
  const input = form.querySelector("input"), list = form.querySelector("ul"), said = form.querySelector("output");
  const { root } = form.dataset;
  let entries = null, loading = false;
  const close = () => (list.hidden = true);
  const draw = () => {
    if (entries === null) return load();
    const { hits, count } = searchEntries(entries, input.value);
    said.textContent = input.value.trim() === "" ? "" : `${count.toLocaleString("en-US")} found`;
    list.innerHTML = hits.map(([kind, title, text, href]) =>
      `<li><a href="${escapeText(root + href)}"><span class="kind">${SEARCH_KINDS[kind]}</span> ` +
      `<span class="title">${escapeText(title)}</span> <span class="why">${escapeText(text)}</span></a></li>`
    ).join("");
    list.hidden = hits.length === 0;
  };
  const load = () => {
    if (loading) return;
    loading = true;
    const script = document.createElement("script");
    script.src = `${root}assets/search.js`;
    script.addEventListener("load", () => {
      entries = globalThis.latentLabSearch;
      draw();
    });
    script.addEventListener("error", () => {
      loading = false;
      said.textContent = "The list of what can be found is missing.";
    });
    document.head.append(script);
  };
  input.addEventListener("focus", () => entries === null ? load() : draw());
  input.addEventListener("input", draw);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    list.querySelector("a")?.click();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      close();
      input.focus();
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
    (links[at] ?? (at < 0 ? input : links.at(-1)))?.focus();
  });
  document.addEventListener("click", (event) => !form.contains(event.target) && close());
  form.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !form.contains(event.relatedTarget)) close();
  });
}
