// The gallery of class averages: one picture from the server, a button for each class cut out of it.
import { at } from "./root.js";

const $ = (id) => document.getElementById(id);
const job = $("select").dataset.job;
const chosen = new Set();
let about, picture;

async function open() {
  about = await (await fetch(at(`api/classes?${new URLSearchParams({ job })}`))).json();
  picture = new Image();
  picture.src = at(`api/classes/sheet.png?${new URLSearchParams({ job })}`);
  await picture.decode();
  choose("judged");
}

const ways = {
  judged: (each) => each.kept, all: () => true, none: () => false, others: (each) => !chosen.has(each.class),
};

function choose(way) {
  const kept = about.classes.filter(ways[way]);
  chosen.clear();
  kept.forEach((each) => chosen.add(each.class));
  draw();
}

function sorted() {
  const by = $("sort").value, sign = by === "count" ? -1 : 1;
  const value = (each) => each[by] ?? (sign > 0 ? Infinity : 0);
  return [...about.classes].sort((a, b) => sign * (value(a) - value(b)) || a.class - b.class);
}

function draw() {
  const focused = document.activeElement.dataset?.class;
  $("gallery").replaceChildren(...sorted().map(tile));
  if (focused) $("gallery").querySelector(`[data-class="${focused}"]`)?.focus();
  tell();
}

function tile(each) {
  const made = document.createElement("li"), button = document.createElement("button"), canvas = document.createElement("canvas");
  const { side, columns } = about, index = each.class - 1;
  canvas.width = canvas.height = side;
  canvas.getContext("2d").drawImage(picture, (index % columns) * side, Math.floor(index / columns) * side, side, side, 0, 0, side, side);
  button.type = "button";
  button.dataset.class = each.class;
  button.setAttribute("aria-pressed", String(chosen.has(each.class)));
  const words = [each.count !== undefined && `${each.count} particles`, each.resolution_angstrom && `${each.resolution_angstrom.toFixed(0)}\u00a0Å`].filter(Boolean);
  const text = document.createElement("span");
  text.append(Object.assign(document.createElement("b"), { textContent: `${each.class}` }), ` ${words.join(", ")}`);
  button.setAttribute("aria-label", `Class ${each.class}: ${words.join(", ")}${each.reasons?.length ? `; ${each.reasons.join("; ")}` : ""}`);
  button.title = each.reasons?.join("\n") || "";
  button.append(canvas, text);
  if (each.kept === false) button.append(Object.assign(document.createElement("small"), { textContent: short(each.reasons) }));
  button.addEventListener("click", () => {
    if (!chosen.delete(each.class)) chosen.add(each.class);
    button.setAttribute("aria-pressed", String(chosen.has(each.class)));
    tell();
  });
  made.append(button);
  return made;
}

const short = (reasons) => (reasons?.[0] || "left out").split(",")[0];

function tell() {
  const kept = about.classes.filter((each) => chosen.has(each.class)), of = (list) => list.reduce((sum, each) => sum + (each.count || 0), 0);
  $("told").textContent = about.selects ? `${kept.length} of ${about.classes.length} classes chosen, with ${of(kept)} of ${of(about.classes)} particles`
    : `${about.classes.length} running averages of a live session: to be looked at; classify2d gives classes to choose from`;
  $("select").hidden = !about.selects || !kept.length;
  const classes = ranges(kept.map((each) => each.class));
  const asked = { classes, "from:particles": `${job}/particles`, "from:verdicts": `${job}/verdicts`, "from:averages": `${job}/classes` };
  $("select").href = at(`new/select?${new URLSearchParams(asked)}`);
}

/** [1, 2, 3, 7] as "1-3,7". */
function ranges(numbers) {
  const found = [];
  for (const each of numbers.sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last && last[1] === each - 1) last[1] = each;
    else found.push([each, each]);
  }
  return found.map(([a, b]) => (a === b ? a : `${a}-${b}`)).join(",");
}

function go(event) {
  const tiles = [...$("gallery").querySelectorAll("button")], here = tiles.indexOf(document.activeElement);
  if (here < 0) return;
  const top = tiles[0].getBoundingClientRect().top, row = tiles.filter((each) => each.getBoundingClientRect().top === top).length;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row }[event.key];
  if (!step || !tiles[here + step]) return;
  event.preventDefault();
  tiles[here + step].focus();
}

$("gallery").addEventListener("keydown", go);
$("sort").addEventListener("change", draw);
$("size").addEventListener("input", () => $("gallery").style.setProperty("--tile", `${$("size").value}px`));
$("job")?.addEventListener("change", () => (location.href = at(`classes?${new URLSearchParams({ job: $("job").value })}`)));
for (const each of document.querySelectorAll("[data-choose]")) each.addEventListener("click", () => choose(each.dataset.choose));
open().catch((problem) => ($("told").textContent = `The averages cannot be shown: ${problem.message}`));
