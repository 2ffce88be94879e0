// The script of every page: what a page has is brought to life. The page reads without it, but for the charts.

import { comparisonView, curvesView, parallelView, scatterView } from "./chart_views.mjs";
import { claimsView } from "./claims_view.mjs";
import { filterView } from "./filter_view.mjs";
import { listen, reloadMain } from "./live.mjs";
import { machinesView } from "./machines_view.mjs";
import { searchView } from "./search_view.mjs";
import { studyState } from "./study_state.mjs";
import { tableView } from "./table_view.mjs";

const MILLISECONDS_BETWEEN_WORDS = 10_000;

/** The card at the pointer. */
function tooltip() {
  const card = document.createElement("div");
  card.id = "card";
  card.hidden = true;
  card.setAttribute("role", "tooltip");
  document.body.append(card);
  return {
    show(html, { pageX, pageY }) {
      card.innerHTML = html;
      card.hidden = false;
      const width = document.documentElement.clientWidth;
      card.style.left = `${Math.max(8, Math.min(pageX + 14, width - card.offsetWidth - 8))}px`;
      card.style.top = `${pageY + 16}px`;
    },
    hide: () => (card.hidden = true),
  };
}

/** What the data of a study's page says, as functions. */
function withFunctions(data) {
  const sign = data.objectives[0].direction === "maximize" ? -1 : 1;
  return {
    ...data,
    linkTo: ({ key, hasPage }) => hasPage ? `trials/${key}.html` : null,
    bestOf: (trials) =>
      trials.filter(({ state, values }) => state === "finished" && typeof values[0] === "number")
        .reduce((best, trial) => best === null || sign * trial.values[0] < sign * best.values[0] ? trial : best, null),
  };
}

function studyPage(data) {
  const state = studyState(withFunctions(data));
  const tip = tooltip();
  const part = (id) => document.getElementById(id);
  state.onChange(filterView(part("filters"), state));
  state.onChange(tableView(part("trials"), state));
  state.onChange(parallelView(part("parallel"), state));
  state.onChange(scatterView(part("scatter"), state, tip));
  state.onChange(curvesView(part("curves"), state, tip));
  let width = 0;
  new ResizeObserver(() => {
    if (document.body.clientWidth === width) return;
    width = document.body.clientWidth;
    state.redraw();
  }).observe(document.body);
  addEventListener("keydown", (event) => event.key === "Escape" && tip.hide());
  if (data.live) followStudy(state);
  else state.redraw();
}

function followStudy(state) {
  let { revision, summaryState } = state.data;
  const say = announcer();
  listen("events", {
    // The study may have ended since the page was made, which changes no trial.
    known: () => ({ since: revision, state: summaryState }),
    onState: showConnection,
    onChange(change) {
      ({ revision, summaryState } = change);
      document.getElementById("summary").innerHTML = change.summaryHtml;
      say(change.said);
      state.update(change);
    },
  });
}

/** Tells readers of the page by ear, not more often than they can listen. */
function announcer() {
  const region = document.getElementById("said");
  let last = -Infinity, timer = 0;
  return (words) => {
    clearTimeout(timer);
    const wait = Math.max(0, last + MILLISECONDS_BETWEEN_WORDS - performance.now());
    timer = setTimeout(() => {
      last = performance.now();
      if (region.textContent !== words) region.textContent = words;
    }, wait);
  };
}

function showConnection(connected) {
  const place = document.getElementById("connection");
  place.textContent = connected ? "live" : "not connected";
  place.className = connected ? "live" : "lost";
}

/** Pages that the server renders anew when something changed. */
function followPage({ events, key }) {
  let busy = false, again = false, revision = -1;
  const refresh = async () => {
    if (busy) return void (again = true);
    busy = true;
    await reloadMain().catch(() => showConnection(false));
    busy = false;
    if (again) [again] = [false, refresh()];
  };
  listen(events, {
    known: () => ({ since: revision }),
    onState: showConnection,
    onChange(change) {
      ({ revision } = change);
      // Without a trial, it is the study that has ended: a trial that ran is interrupted.
      if (key === undefined || change.keys.length === 0 || change.keys.includes(key)) refresh();
    },
  });
}

/** The curves of two studies in one chart. */
function comparisonPage({ compared, metric }) {
  const figure = document.getElementById("curves");
  if (figure === null) return;
  const draw = comparisonView(figure, compared, metric);
  let width = 0;
  new ResizeObserver(() => {
    if (figure.clientWidth !== width) draw();
    width = figure.clientWidth;
  }).observe(figure);
}

/** Buttons that ask the running study for something, without leaving the page. */
function requests() {
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form.request");
    if (!form) return;
    event.preventDefault();
    const said = document.getElementById("said");
    try {
      const response = await fetch(form.action, { method: "POST", headers: { accept: "application/json" } });
      const answer = await response.json();
      said.textContent = answer.message;
      said.classList.toggle("wrong", !response.ok);
    } catch {
      said.textContent = "The studio did not answer; is it still running?";
      said.classList.add("wrong");
    }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    navigator.clipboard.writeText(button.dataset.copy).then(() => (button.textContent = "Copied"), () => {});
  });
}

const element = document.getElementById("page-data");
const pageData = element === null ? {} : JSON.parse(element.textContent);
requests();
const search = document.getElementById("search");
if (search !== null) searchView(search);
if (pageData.trials) studyPage(pageData);
else if (pageData.compared) comparisonPage(pageData);
else if (pageData.machines) machinesView(pageData);
else if (pageData.claims) claimsView();
else if (pageData.events) followPage(pageData);
