// The browser of micrographs: the list, the picture with its overlays, and decisions by key.
import { at } from "./root.js";
import { MicrographView } from "./micrograph_view.js";

const LATER = 250; // ms without another choice before figures are asked for
const $ = (id) => document.getElementById(id);
const view = new MicrographView($("image"), { changed: keepPicks, said: (words) => ($("said").textContent = words) });
const state = { first: 0, total: 0, rows: [], chosen: null, details: null, wanted: 0, timer: 0 };

async function ask(path, sent) {
  const how = sent === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(sent) };
  for (;;) {
    const response = await fetch(at(path), how);
    if (!response.ok) throw new Error((await problemOf(response)) || `The server answered ${response.status}.`);
    const told = await response.json();
    if (!told.reading) return told;
    $("reading").hidden = false;
    await new Promise((done) => setTimeout(done, 400));
  }
}

async function problemOf(response) {
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return (page.querySelector("main p, .notice p") || page.body).textContent.trim().slice(0, 300);
}

async function list(first, choose = 0) {
  const sort = $("sort").value, down = sort.startsWith("-");
  const query = new URLSearchParams({ first, sort: sort.replace("-", ""), grade: $("grade").value, down });
  const told = await ask(`api/micrographs?${query}`);
  $("reading").hidden = true;
  const none = !told.total && !$("grade").value;
  $("nothing").hidden = !none;
  $("browser").hidden = none;
  Object.assign(state, { first, total: told.total, rows: told.rows });
  $("where").textContent = told.total ? `${first + 1} to ${first + told.rows.length} of ${told.total}` : "none of them";
  $("earlier").disabled = first === 0;
  $("later").disabled = first + told.rows.length >= told.total;
  showDecided(told.decided || 0);
  $("rows").replaceChildren(...told.rows.map(item));
  if (told.rows.length) select(choose < 0 ? told.rows.length - 1 : Math.min(choose, told.rows.length - 1));
}

function item(row, index) {
  const made = document.createElement("li");
  made.id = `row-${row.row}`;
  made.setAttribute("role", "option");
  made.addEventListener("click", () => select(index));
  fill(made, row);
  return made;
}

const MARKS = { good: "●", doubtful: "◆", bad: "×", "": "○" };
function fill(made, row) {
  const words = [row.verdict || "not judged", row.decided && `you: ${row.decided === "bad" ? "reject" : "accept"}`].filter(Boolean).join(", ");
  const mark = element("span", `mark ${row.decided || row.verdict || "none"}`, MARKS[row.decided || row.verdict]);
  mark.setAttribute("aria-hidden", "true");
  const numbers = [row.defocus && `${row.defocus.toFixed(2)} µm`, row.resolution && `${row.resolution.toFixed(1)} Å`].filter(Boolean).join(" · ");
  made.replaceChildren(mark, element("span", "row-name", row.name), element("span", "row-numbers", numbers),
    element("span", "unseen", words));
  made.classList.toggle("decided", Boolean(row.decided));
  made.title = `${row.name}: ${words}`;
}

function element(kind, name, text) {
  return Object.assign(document.createElement(kind), { className: name, textContent: text });
}

function select(index) {
  const items = $("rows").children;
  for (const each of items) each.setAttribute("aria-selected", "false");
  items[index].setAttribute("aria-selected", "true");
  items[index].scrollIntoView({ block: "nearest" });
  $("rows").setAttribute("aria-activedescendant", items[index].id);
  state.chosen = index;
  show(state.rows[index]);
}

async function step(by) {
  const next = state.chosen + by;
  if (next >= 0 && next < state.rows.length) return select(next);
  if (next < 0 && state.first > 0) return list(state.first - 100, -1);
  if (next >= state.rows.length && state.first + state.rows.length < state.total) return list(state.first + 100);
}

async function show(row) {
  const wanted = ++state.wanted;
  $("name").textContent = row.name;
  verdict(row);
  for (const id of ["spectrum-figure", "rings-figure", "motion-figure"]) $(id).hidden = true;
  const details = await ask(`api/micrographs/${row.row}`).catch(failed);
  if (wanted !== state.wanted || !details) return;
  state.details = details;
  describe(details);
  showImage(wanted);
  showPicks(wanted);
  clearTimeout(state.timer);
  state.timer = setTimeout(() => showFigures(details), LATER);
}

function failed(problem) {
  $("said").textContent = problem.message;
}

async function showImage(wanted) {
  const { row, image, thumbnail, size, pixel_size: pixel, tracks } = state.details;
  view.describe({ size, pixel, tracks });
  if (!image && !thumbnail) return view.empty("The image is not in the project.");
  const slow = setTimeout(() => wanted === state.wanted && view.empty("The picture is being made …"), 2 * LATER);
  try {
    await view.load(at(`api/micrographs/${row}/image.png?resolution=${$("filter").value}`), () => wanted === state.wanted);
    if (!image) $("said").textContent = "The image lies outside the project: this is the small picture that assess made, with spoiled areas outlined.";
  } catch {
    if (wanted === state.wanted) view.empty("The image cannot be shown.");
  } finally {
    clearTimeout(slow);
  }
}

async function showPicks(wanted) {
  const file = $("picks").value;
  if (!file) return view.picks(null, 0);
  const told = await ask(`api/micrographs/${state.details.row}/picks?${new URLSearchParams({ file })}`).catch(failed);
  if (wanted !== state.wanted || !told) return;
  $("finish").disabled = !told.edited;
  view.picks(told, Number($("picks").selectedOptions[0].dataset.diameter) || 0);
  buttons();
}

function showFigures(details) {
  const source = (id, path) => {
    $(id).src = at(`api/micrographs/${details.row}/${path}`);
    $(`${id}-figure`).hidden = false;
  };
  if (details.fit) source("rings", "rings.svg");
  if (details.tracks) source("motion", "motion.svg");
}

const number = (value, digits) => (value === null || value === undefined ? "–" : value.toFixed(digits));
const spread = (ends, unit, digits) => (ends ? ` ± ${((ends[1] - ends[0]) / 2 / unit).toFixed(digits)}` : "");

function describe(details) {
  verdict(details);
  $("reasons").replaceChildren(...details.reasons.map((each) => {
    const made = element("li", each.grade, each.sentence || each.name);
    if (each.sentence) made.prepend(element("strong", "", `${each.name}: `));
    return made;
  }));
  const { fit, tracks, size, pixel_size: pixel } = details, rows = [];
  if (fit) {
    const { u, v, angle_deg: angle, phase_shift_deg: phase } = fit.defocus, ends = fit.intervals_95 || {};
    rows.push(["defocus", `${number((u + v) / 2e4, 3)}${spread(ends.mean, 1e4, 3)} µm`],
      ["astigmatism", `${number(u - v, 0)}${spread(ends.astigmatism, 1, 0)} Å at ${number(angle, 0)}°`],
      ["rings to", `${number(fit.resolution_angstrom, 1)} Å`]);
    if (phase) rows.push(["phase shift", `${number(phase, 0)}°`]);
    if (fit.tilt) rows.push(["tilt", `${number(fit.tilt.angle_deg, 1)}° about ${number(fit.tilt.axis_deg, 0)}°`]);
  }
  if (tracks) rows.push(["motion", `${number(tracks.figures.motion_total_angstrom, 1)} Å`]);
  if (size) rows.push(["size", `${size[0]} × ${size[1]} pixels${pixel ? ` of ${number(pixel, 3)} Å` : ""}`]);
  $("numbers").replaceChildren(...rows.map(([term, value]) => {
    const made = element("div", "", "");
    made.append(element("dt", "", term), element("dd", "", value));
    return made;
  }));
  showSpectrum(details);
}

function showSpectrum({ row, fit }) {
  $("spectrum-figure").hidden = !fit;
  if (!fit) return;
  $("spectrum").src = at(`api/micrographs/${row}/spectrum.png`);
  const reach = fit.edge && fit.resolution_angstrom ? 1 / (fit.resolution_angstrom * fit.edge) : 0, turn = (fit.defocus.angle_deg * Math.PI) / 180;
  $("reach").setAttribute("r", reach);
  const x = 0.97 * Math.cos(turn), y = -0.97 * Math.sin(turn);
  for (const [key, value] of Object.entries({ x1: -x, y1: -y, x2: x, y2: y })) $("axis").setAttribute(key, value);
}

function verdict(row) {
  const by = row.decided ? "your decision" : "";
  const grade = row.decided || row.verdict;
  $("verdict").textContent = grade || "not judged";
  $("verdict").className = `badge verdict-${grade || "none"}`;
  $("score").textContent = by || (row.score === null ? "" : `score ${row.score.toFixed(2)}`);
  $("accept").setAttribute("aria-pressed", String(row.decided === "good"));
  $("reject").setAttribute("aria-pressed", String(row.decided === "bad"));
}

async function decide(word, back = false) {
  const row = state.rows[state.chosen];
  if (!row) return;
  const told = await ask(`api/micrographs/${row.row}/decision`, { verdict: back ? "" : word, reason: "" }).catch(failed);
  if (!told) return;
  const index = state.rows.findIndex((each) => each.row === told.row);
  if (index >= 0) {
    state.rows[index] = told;
    fill($("rows").children[index], told);
  }
  if (state.rows[state.chosen].row === told.row) verdict(told);
  showDecided(told.count);
}

function showDecided(count) {
  $("decided").textContent = count ? `${count} decided by you` : "";
  $("judge").hidden = !count || !$("judge").dataset.like;
  const query = new URLSearchParams({ like: $("judge").dataset.like, "paths:overrides": $("judge").dataset.file });
  $("judge").href = at(`new/assess?${query}`);
}

async function keepPicks(added, removed) {
  buttons();
  const file = $("picks").value;
  const told = await ask(`api/micrographs/${state.details.row}/picks?${new URLSearchParams({ file })}`, { added, removed }).catch(failed);
  if (told) $("finish").disabled = !told.edited;
}

function buttons() {
  $("undo").disabled = !view.canUndo;
  $("revert").disabled = !view.isEdited;
}

async function finish() {
  const told = await ask(`api/picks?${new URLSearchParams({ file: $("picks").value })}`, {}).catch(failed);
  if (told) location.href = at(`new/extract?${new URLSearchParams({ "paths:coordinates": told.file })}`);
}

function flip(id) {
  $(id).checked = !$(id).checked;
  $(id).dispatchEvent(new Event("change"));
}

const KEYS = {
  ArrowDown: () => step(1), ArrowUp: () => step(-1), j: () => step(1), k: () => step(-1), a: () => decide("accept"), r: () => decide("reject"),
  c: () => decide("", true),
  p: () => flip("show-picks"), m: () => flip("show-motion"), e: () => flip("edit"), u: () => view.undo(),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const field = event.target.closest("select, textarea, input:not([type=checkbox]), summary");
  if (field || (event.target === $("image") && event.key.startsWith("Arrow"))) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

for (const word of ["accept", "reject"]) $(word).addEventListener("click", () => decide(word, $(word).getAttribute("aria-pressed") === "true"));
$("earlier").addEventListener("click", () => list(Math.max(0, state.first - 100)));
$("later").addEventListener("click", () => list(state.first + 100));
for (const id of ["grade", "sort"]) $(id).addEventListener("change", () => list(0).catch(failed));
for (const id of ["black", "white"]) $(id).addEventListener("input", () => view.stretch(Number($("black").value), Number($("white").value)));
for (const [id, name] of [["show-picks", "picks"], ["show-motion", "motion"], ["edit", "editing"]]) {
  $(id).addEventListener("change", () => view.show(name, $(id).checked));
}
$("filter").addEventListener("change", () => showImage(state.wanted));
$("picks").addEventListener("change", () => showPicks(state.wanted));
$("undo").addEventListener("click", () => view.undo());
$("revert").addEventListener("click", () => view.revert());
$("finish").addEventListener("click", finish);

const asked = new URLSearchParams(location.search);
if (asked.get("grade")) $("grade").value = asked.get("grade");
const row = Number(asked.get("row") || 0);
list(100 * Math.floor(row / 100), row % 100).catch((problem) => {
  $("reading").hidden = false;
  $("reading").textContent = problem.message;
});
