// Particles over two columns; an outline is sent to the server, which says what it holds.
import { at } from "./root.js";
import { Scatter } from "./scatter.js";

const $ = (id) => document.getElementById(id);
const plot = new Scatter($("plot"), { outlined: take });
const state = { about: null, columns: new Map(), corners: null, wanted: 0 };

async function fetched(path, how) {
  const response = await fetch(at(path), how);
  if (response.ok) return response;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  throw new Error((page.querySelector("main p") || page.body).textContent.trim().slice(0, 300));
}

const query = (more = {}) => new URLSearchParams({ file: $("file").value, ...more });

async function open() {
  const wanted = ++state.wanted;
  let told;
  do {
    told = await (await fetched(`api/particles?${query()}`)).json();
    if (wanted !== state.wanted) return;
    $("reading").hidden = !told.reading;
    if (told.reading) await new Promise((done) => setTimeout(done, 400));
  } while (told.reading);
  Object.assign(state, { about: told });
  state.columns.clear();
  const kept = ["x", "y"].map((id) => $(id).value), labels = told.columns.map((each) => each.label);
  const asked = new URLSearchParams(location.search);
  ["x", "y"].forEach((id, i) => {
    $(id).replaceChildren(...told.columns.map((each) => new Option(named(each), each.label)));
    $(id).value = [kept[i], asked.get(id), told.first[i]].find((each) => labels.includes(each)) || "";
  });
  if (told.columns.length) await draw();
  else $("told").textContent = "The list has no column of numbers that differ.";
}

const named = ({ words, unit }) => (unit ? `${words} (${unit})` : words);
const titled = (label) => {
  const text = named(state.about.columns.find((each) => each.label === label));
  return text[0].toUpperCase() + text.slice(1);
};

async function values(label) {
  if (!state.columns.has(label)) state.columns.set(label, new Float32Array(await (await fetched(`api/particles/column?${query({ label })}`)).arrayBuffer()));
  return state.columns.get(label);
}

async function draw() {
  const labels = [$("x").value, $("y").value];
  const [x, y] = await Promise.all(labels.map(values));
  plot.show(x, y, labels.map(titled));
  const again = state.corners && [...state.corners.labels].join() === labels.join();
  if (state.corners?.bits) plot.mark(state.corners.bits, again ? state.corners.corners : []);
  $("caption").textContent = `${count(state.about.count)} particles, each a dot; darker where several lie. ` +
    (state.corners && !again ? `Orange: those of the lasso over ${state.corners.labels.map(titled).join(" and ")}.` : "");
}

const count = (value) => value.toLocaleString("en").replaceAll(",", "\u2009");

/** Digits that say where a corner is to a thousandth of the panel. */
function rounded(value, low, high) {
  const digits = Math.min(12, Math.max(0, 3 - Math.floor(Math.log10(high - low))));
  return Number(value.toFixed(digits)) || 0;
}

async function take(corners) {
  const [x0, x1, y0, y1] = plot.range, most = Math.min(200, Number($("plot").dataset.most));
  const every = Math.ceil(corners.length / most);
  const outline = corners.filter((_, i) => i % every === 0).map(([x, y]) => [rounded(x, x0, x1), rounded(y, y0, y1)]);
  const labels = [$("x").value, $("y").value];
  try {
    const response = await fetched(`api/particles/lasso?${query()}`, { method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify({ x: labels[0], y: labels[1], corners: outline }) });
    state.corners = { corners: outline, labels, bits: new Uint8Array(await response.arrayBuffer()), inside: Number(response.headers.get("x-count")) };
    plot.mark(state.corners.bits, outline);
    tell();
  } catch (problem) {
    $("told").textContent = problem.message;
  }
}

function tell() {
  const { corners } = state, button = $("select");
  $("clear").disabled = !corners;
  button.setAttribute("aria-disabled", String(!corners));
  if (!corners) {
    button.removeAttribute("href");
    $("told").textContent = "";
    return;
  }
  const share = (100 * corners.inside) / state.about.count;
  $("told").textContent = `${count(corners.inside)} of ${count(state.about.count)} inside (${share.toFixed(share < 10 ? 1 : 0)} %)`;
  const asked = { "paths:particles": state.about.path, lasso_columns: corners.labels.join("\n"), lasso: corners.corners.flat().join("\n"), lasso_keeps: $("keeps").value };
  button.href = at(`new/select?${new URLSearchParams(asked)}`);
}

function clear() {
  state.corners = null;
  plot.mark(null, []);
  tell();
  draw();
}

function box() {
  const ends = ["x0", "x1", "y0", "y1"].map((id, i) => ($(id).value.trim() === "" ? plot.range[i] : Number($(id).value)));
  if (ends.some(Number.isNaN)) return ($("told").textContent = "The ends of the box must be numbers.");
  const [x0, x1, y0, y1] = ends;
  take([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]);
}

const problem = (each) => ($("told").textContent = each.message);
$("file").addEventListener("change", () => {
  state.corners = null;
  tell();
  open().catch(problem);
});
for (const id of ["x", "y"]) $(id).addEventListener("change", () => draw().catch(problem));
for (const each of document.querySelectorAll("[name=drag]")) each.addEventListener("change", () => (plot.mode = each.value));
$("keeps").addEventListener("change", tell);
$("clear").addEventListener("click", clear);
$("box").addEventListener("click", box);
$("controls").addEventListener("submit", (event) => event.preventDefault());
open().catch(problem);
