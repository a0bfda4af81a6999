// The page of the maps: controls, the surface in space, sections, and what is laid over them.
import { RADIAL, VIRIDIS, drawBar, drawKey } from "./colours.js";
import { fetchModel, fetchVolume } from "./fetch_volume.js";
import { MapScene } from "./map_scene.js";
import { drawOutline, drawSection } from "./map_slices.js";
import { tubes } from "./tubes.js";

const element = (id) => document.getElementById(id);
const control = Object.fromEntries(["file", "threshold", "colour", "what", "model", "dust"].map((id) => [id, element(id)]));
const halves = element("controls").dataset.halves.split("|").filter(Boolean);
const PLAIN = [120, 170, 215], HALVES = [[64, 140, 214], [240, 140, 60]], OUTLINE = "#ffa62b";
const TUBE = 0.8; // Å

// ---------------------------------------------------------------- surfaces, made beside the page

const worker = new Worker(new URL("./nets_worker.js", import.meta.url), { type: "module" });
const wishes = new Map(); // number -> what is done with the mesh
let count = 0;
worker.onmessage = ({ data }) => {
  const done = wishes.get(data.number);
  wishes.delete(data.number);
  done(data);
};

/** Mesh of a map that the worker holds, and from where to where, in Å, it reaches from the middle. */
function meshOf(wish) {
  return new Promise((done) => {
    wishes.set(++count, done);
    worker.postMessage({ number: count, wish });
  });
}

/** Run the last of several calls, one at a time: while one runs, all but the newest of those that wait are dropped. */
function newest(work) {
  let busy = false, again = false;
  return async function run() {
    again = true;
    if (busy) return;
    busy = true;
    while (again) {
      again = false;
      await work().catch(complain);
    }
    busy = false;
  };
}

// ---------------------------------------------------------------- what is shown

const held = new Map(); // name -> Volume: "map", "half1", "half2", "local"
let grey = [0, 1], local = null, failed = false, framed = false;

async function hold(name, file, sparse = false) {
  const known = held.get(name);
  if (known?.file === file) return known;
  const volume = await fetchVolume(file, sparse);
  volume.file = file;
  held.set(name, volume);
  const { codes, ...meaning } = volume;
  worker.postMessage({ hold: { name, meaning, codes } });
  return volume;
}

function say(words, problem = false) {
  element("state").textContent = words;
  element("state").classList.toggle("problem", problem);
}

function complain(problem) {
  failed = true;
  say(problem.message, true);
}

const scene = made();
function made() {
  try {
    return new MapScene(element("space"), measure);
  } catch (problem) {
    complain(new Error(`This browser shows no surfaces: ${problem.message}. The sections below need no WebGL.`));
    return null;
  }
}

/** Read the chosen map, with a first threshold, and show all of it. */
async function open() {
  failed = false;
  say("Reading the map …");
  const volume = await hold("map", control.file.value);
  const most = Math.max(volume.sigmas(volume.high), 1);
  Object.assign(control.threshold, { max: most.toFixed(2), step: most > 40 ? 0.5 : 0.05 });
  control.threshold.value = volume.sigmas(volume.level);
  grey = volume.quantiles([0.005, 0.998]);
  framed = false;
  for (const axis of ["x", "y", "z"]) placeSlider(volume, axis);
  await recolour();
}

/** Read what the colours stand for, and draw all anew. */
async function recolour() {
  const file = control.colour.value, volume = held.get("map");
  local = null;
  if (file !== "radial" && file !== "plain") {
    const found = await hold("local", file, true);
    local = { volume: found, limits: volume.limitsWithin(volume.level, found) };
  }
  await redraw();
}

function wishedColour() {
  if (local) return { kind: "local", name: "local", limits: local.limits };
  return control.colour.value === "radial" ? { kind: "radial" } : { kind: "plain", colour: PLAIN };
}

/** Surfaces, sections and words at the threshold chosen. */
async function redraw() {
  const volume = held.get("map");
  if (!volume || failed) return;
  const sigmas = Number(control.threshold.value), began = performance.now();
  element("sigmas").textContent = `${sigmas.toFixed(2)} σ`;
  drawSections();
  if (!scene) return;
  const both = control.what.value === "halves" ? halves.length : 0, opacity = both ? 0.6 : control.model.value ? 0.55 : 1;
  const wanted = both ? halves.map((file, i) => [`half${i + 1}`, file, { kind: "plain", colour: HALVES[i] }]) : [["map", control.file.value, wishedColour()]];
  const found = [];
  for (const [name, file, colour] of wanted) {
    const shown = await hold(name, file);
    found.push([name, await meshOf({ name, level: shown.ofSigmas(sigmas), dust: control.dust.checked, colour })]);
  }
  const limits = found[0][1].limits, triangles = found.reduce((sum, [, { mesh }]) => sum + mesh.indices.length / 3, 0);
  frameOnce(volume, limits[1]);
  for (const name of both ? ["map"] : ["half1", "half2"]) scene.show(name, null);
  for (const [name, { mesh }] of found) scene.show(name, mesh, opacity);
  explainColours(both, limits);
  report(volume, sigmas, triangles, performance.now() - began);
}

/** Put the map in the middle, so that all of it is in sight: once, or it would jump with the threshold. */
function frameOnce(volume, reach) {
  if (framed || !reach) return;
  scene.frame(volume.origin, 1.08 * reach);
  framed = true;
}

function explainColours(both, radial) {
  const bar = element("bar");
  if (both) drawKey(bar, [["half-map 1", HALVES[0]], ["half-map 2", HALVES[1]]]);
  else if (local) drawBar(bar, VIRIDIS, local.limits, "Local resolution", "Å");
  else if (control.colour.value === "radial") drawBar(bar, RADIAL, radial, "Distance from the middle", "Å");
  else bar.replaceChildren();
}

function report(volume, sigmas, triangles, milliseconds) {
  const value = volume.ofSigmas(sigmas).toPrecision(3), [x, y, z] = [...volume.file_shape].reverse(), fine = volume.voxel_size / volume.block;
  const blocks = volume.block > 1 ? `, shown as means of ${volume.block} × ${volume.block} × ${volume.block} voxels` : "";
  const surface = triangles ? `${triangles.toLocaleString("en")} triangles in ${(milliseconds / 1000).toFixed(2)} s` : "nothing lies above it";
  say(`${x} × ${y} × ${z} voxels of ${fine.toFixed(3)} Å${blocks}. Surface at ${sigmas.toFixed(2)} σ (density ${value}): ${surface}.`);
  element("state").dataset.triangles = triangles;
}

/** The model, moved to Å from the map's first voxel. */
async function remodel() {
  const file = control.model.value, volume = held.get("map");
  if (!scene || !volume) return;
  let residues = 0;
  if (!file) scene.show("model", null);
  else {
    const strands = await fetchModel(file);
    for (const strand of strands) strand.places = strand.places.map((each, i) => each - volume.corner[i % 3]);
    scene.show("model", tubes(strands, TUBE));
    residues = strands.reduce((sum, { places }) => sum + places.length / 3, 0);
  }
  await redraw();
  element("state").dataset.model = residues;
}

// ---------------------------------------------------------------- sections

const sectionPart = (axis, selector) => document.querySelector(selector.replace("?", `[data-axis="${axis}"]`));

function placeSlider(volume, axis) {
  const side = volume.size["xyz".indexOf(axis)], middle = volume.index(volume.origin["xyz".indexOf(axis)]);
  Object.assign(sectionPart(axis, "input?"), { max: side - 1, value: Math.round(middle) });
}

function drawSections(axes = ["z", "y", "x"]) {
  const volume = held.get("map"), level = volume.ofSigmas(Number(control.threshold.value));
  for (const axis of axes) {
    const at = Number(sectionPart(axis, "input?").value), c = "xyz".indexOf(axis);
    sectionPart(axis, "output?").textContent = `${(volume.place(at) - volume.origin[c]).toFixed(0)} Å from the middle`;
    drawSection(sectionPart(axis, ".section-stack? .section-picture"), volume, axis, at, grey, local);
    drawOutline(sectionPart(axis, ".section-stack? .section-outline"), volume, axis, at, level, OUTLINE);
  }
}

// ---------------------------------------------------------------- scale and axes

/** Bar of a round length and the directions of x, y and z, after each change of view. */
function measure() {
  const most = 0.22 * element("space").clientWidth * scene.pixel, power = 10 ** Math.floor(Math.log10(most));
  const length = [5, 2, 1].find((step) => step * power <= most) * power;
  element("scale-bar").style.width = `${length / scene.pixel}px`;
  element("scale-words").textContent = length >= 1000 ? `${length / 10} nm` : `${length} Å`;
  for (const part of document.querySelectorAll("#axes [data-axis]")) {
    const [x, y, z] = scene.direction(Number(part.dataset.axis)), far = part.tagName === "text" ? 33 : 25;
    const name = part.tagName === "text" ? ["x", "y"] : ["x2", "y2"];
    part.setAttribute(name[0], far * x);
    part.setAttribute(name[1], -far * y);
    part.style.opacity = 0.65 + 0.35 * z;
  }
}

// ---------------------------------------------------------------- controls

const refresh = newest(redraw);
control.threshold.addEventListener("input", refresh);
for (const name of ["what", "dust"]) control[name].addEventListener("change", refresh);
control.colour.addEventListener("change", newest(recolour));
control.model.addEventListener("change", newest(remodel));
control.file.addEventListener("change", () => location.assign(`?${new URLSearchParams({ file: control.file.value })}`));
for (const button of document.querySelectorAll("[data-view]")) button.addEventListener("click", () => scene?.view(button.dataset.view));
for (const axis of ["x", "y", "z"]) sectionPart(axis, "input?").addEventListener("input", () => drawSections([axis]));
element("space").addEventListener("keydown", ({ key }) => {
  if (key !== "[" && key !== "]") return;
  control.threshold[key === "[" ? "stepDown" : "stepUp"](4);
  refresh();
});
newest(open)();
