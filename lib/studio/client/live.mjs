// Live data: server-sent events while the page is looked at. A hidden page lets go of its connection, of which a browser
// has six a host, and asks for what it missed when it is shown again.

/**
 * @param {string} address of the events, without its query
 * @param {{ known: () => Record<string, string | number>, onChange: (change: any) => void, onState: (connected: boolean) => void }} options
 */
export function listen(address, { known, onChange, onState }) {
  let source = null;
  const open = () => {
    if (source !== null || document.hidden) return;
    source = new EventSource(`${address}?${new URLSearchParams(known())}`);
    source.addEventListener("open", () => onState(true));
    source.addEventListener("error", () => onState(false));
    source.addEventListener("change", (event) => onChange(JSON.parse(event.data)));
  };
  const close = () => {
    source?.close();
    source = null;
  };
  document.addEventListener("visibilitychange", () => document.hidden ? close() : open());
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
}

/** Takes the main part of the page anew from the server, which renders it; the focus stays where it was. */
export async function reloadMain() {
  const response = await fetch(location.href, { cache: "no-store" });
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("main");
  const main = document.querySelector("main");
  const id = main.contains(document.activeElement) ? document.activeElement.id : "";
  const open = new Set([...main.querySelectorAll("details[open][id]")].map((details) => details.id));
  for (const details of fresh.querySelectorAll("details[id]")) details.open = open.has(details.id);
  const said = main.querySelector("#said")?.textContent ?? "";
  main.replaceChildren(...fresh.childNodes);
  if (main.querySelector("#said")) main.querySelector("#said").textContent = said;
  if (id) document.getElementById(id)?.focus({ preventScroll: true });
}
