// The one stream of a page. Every module may listen: document.addEventListener("project", (event) => event.detail ...).
import { at } from "./root.js";

const OFTEN = 2000; // ms between two looks at parts that change all the time
let version = null;
let stream = null;
let looked = 0;
let fetching = false;

function listen() {
  stream = new EventSource(at("api/events"));
  stream.addEventListener("project", (event) => {
    const told = JSON.parse(event.data);
    document.dispatchEvent(new CustomEvent("project", { detail: told }));
    show(told);
  });
}

function show(told) {
  for (const job of told.jobs) {
    for (const place of document.querySelectorAll(`[data-progress="${CSS.escape(job.job)}"]`)) {
      if (job.state === "running" && place.textContent !== job.progress) place.textContent = job.progress;
      const bar = place.parentElement.querySelector("progress");
      if (bar && job.fraction !== null) bar.value = job.fraction;
    }
  }
  for (const place of document.querySelectorAll("[data-usage]")) place.textContent = told.usage;
  const anew = version !== null && version !== told.version;
  version = told.version;
  const often = document.querySelector('[data-live="often"]') && told.jobs.some((job) => job.state === "running") && Date.now() - looked > OFTEN;
  if (anew) renew("[data-live]");
  else if (often) renew('[data-live="often"]');
}

// Parts marked data-live are drawn by the server and put in place here, so that there is one template for both.
async function renew(which) {
  if (fetching || !document.querySelector(which)) return;
  fetching = true;
  looked = Date.now();
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const old of document.querySelectorAll(which)) replace(old, fresh.getElementById(old.id));
    document.dispatchEvent(new CustomEvent("renewed"));
  } finally {
    fetching = false;
  }
}

// What is inside is exchanged, not the part itself: a screen reader goes on listening to it.
function replace(old, now) {
  if (!now || old.innerHTML === now.innerHTML) return;
  const focus = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  old.className = now.className;
  old.replaceChildren(...now.childNodes);
  if (focus) old.querySelector(`[href="${CSS.escape(focus)}"]`)?.focus();
}

// A page that nobody looks at holds no connection: browsers allow six.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    stream?.close();
    stream = null;
  } else if (!stream) listen();
});
if (!document.hidden) listen();
