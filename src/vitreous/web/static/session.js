// The session in its order: dots for micrographs, and numbers of a live session, asked for again while it goes on.
import { at } from "./root.js";
import { Scatter } from "./scatter.js";

const $ = (id) => document.getElementById(id);
const AGAIN = 15000; // ms
const LOOKS = [["blue", "dot"], ["yellow", "diamond"], ["orange", "cross"]];
const GRADES = ["good", "doubtful", "bad"];
const plots = new Map();

async function look() {
  const response = await fetch(at("api/session"));
  const told = await response.json();
  if (told.reading) return void setTimeout(look, 500);
  $("nothing").hidden = told.names.length > 0 || Boolean(told.live);
  $("course").hidden = !told.names.length;
  $("source").hidden = !told.names.length && !told.live;
  if (told.names.length || told.live) show(told);
  if (told.live && told.live.state !== "ended") setTimeout(look, AGAIN);
}

function show(told) {
  const counts = GRADES.map((grade, i) => `${told.grades.filter((each) => each === i).length} ${grade}`).join(", ");
  $("source").textContent = `${told.names.length} micrographs of ${told.source}: ${counts}. ${told.live ? stands(told.live) : ""}`;
  if (told.live) live(told.live);
  const number = Float32Array.from(told.names, (_, i) => i + 1), groups = { of: Uint8Array.from(told.grades), looks: LOOKS };
  for (const each of told.series) {
    const plot = plots.get(each.title) || panel(each, told);
    plot.show(number, Float32Array.from(each.values, (value) => value ?? NaN), ["Micrograph", each.unit], groups);
  }
  far(told);
}

function stands(live) {
  const when = new Date(1000 * live.updated).toLocaleTimeString("en-GB");
  return `As of ${when}: ${live.message || live.state}.`;
}

function panel(series, told) {
  const figure = document.createElement("figure"), heading = document.createElement("h2"), canvas = document.createElement("canvas");
  heading.textContent = series.title;
  heading.title = series.unit ? `${series.label}, ${series.unit}` : series.label;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${series.title} over the number of the micrograph; ${spread(series)}`);
  figure.append(heading, canvas);
  $("courses").append(figure);
  const plot = new Scatter(canvas, { fixed: true, chosen: (index) => index >= 0 && open(told.names[index], index) });
  plot.mode = "none";
  plots.set(series.title, plot);
  return plot;
}

function spread({ values, unit }) {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  return `${known[0]} to ${known.at(-1)} ${unit}, median ${known[known.length >> 1]}`;
}

function open(_, index) {
  location.href = at(`micrographs?row=${index}`);
}

/** Micrographs that lie farthest from the median of any series, by the spread of that series. */
function far(told) {
  const worst = told.names.map(() => [0, ""]);
  for (const { values, title } of told.series) {
    const known = values.filter((value) => value !== null).sort((a, b) => a - b), middle = known[known.length >> 1];
    const away = known.map((value) => Math.abs(value - middle)).sort((a, b) => a - b), usual = away[away.length >> 1] || away.at(-1) || 1;
    values.forEach((value, i) => {
      const distance = value === null ? 0 : Math.abs(value - middle) / usual;
      if (distance > worst[i][0]) worst[i] = [distance, title];
    });
  }
  const order = told.names.map((_, i) => i).sort((a, b) => worst[b][0] - worst[a][0]).slice(0, 20), kept = $("far").value;
  $("far").replaceChildren(...order.map((i) => new Option(`${told.names[i]}: ${worst[i][1].toLowerCase()}`, i)));
  if (kept && order.includes(Number(kept))) $("far").value = kept;
  point();
}

const point = () => ($("look").href = at(`micrographs?row=${$("far").value}`));

function live(told) {
  const number = (value, digits = 0) => (value === null || value === undefined ? "–" : value.toFixed(digits));
  const tiles = [
    ["Movies done", told.done, "", `${told.arrived} arrived, ${told.queued + told.waiting.length} waiting, ${told.set_aside.length} set aside`],
    ["Particles", told.particles, "", ""],
    ["Lag", number(told.lag_seconds.now), "s", `median ${number(told.lag_seconds.median)} s, worst ${number(told.lag_seconds.worst)} s`],
    ["Pace", number(told.movies_per_hour), "movies/h", ""],
    ["Disk", number(told.disk.free_bytes / 1e9), "GB free", told.disk.hours_left === null ? "" : `for about ${number(told.disk.hours_left)} h`],
  ];
  $("tiles").hidden = false;
  $("tiles").replaceChildren(...tiles.map(([name, value, unit, note]) => {
    const made = make("div", "tile", ""), shown = make("dd", "", "");
    shown.append(make("span", "value", String(value)), make("span", "unit", ` ${unit}`));
    if (note) shown.append(make("small", "note", note));
    made.append(make("dt", "", name), shown);
    return made;
  }));
  const warnings = [...(told.state === "held" ? [told.message] : []), ...(told.warnings || [])];
  $("warnings").replaceChildren(...warnings.map((words) => make("p", "notice warn", words)));
  $("aside").hidden = !told.set_aside.length;
  $("aside").querySelector("tbody").replaceChildren(...told.set_aside.slice(-50).reverse().map(({ path, reason }) => {
    const row = make("tr", "", "");
    row.append(make("td", "", path.split("/").at(-1)), make("td", "", reason));
    return row;
  }));
}

function make(kind, name, text) {
  return Object.assign(document.createElement(kind), { className: name, textContent: text });
}

$("far").addEventListener("change", point);
look().catch((problem) => ($("source").textContent = `The session cannot be shown: ${problem.message}.`));
