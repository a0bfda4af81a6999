// The sphere of viewing directions, coloured by how often each was seen; turned by mouse or keys.
import { at } from "./root.js";
import { VIRIDIS, colourOf, drawBar } from "./colours.js";

const $ = (id) => document.getElementById(id);
const canvas = $("sphere"), paper = canvas.getContext("2d");
const ROWS = 90, COLUMNS = 180;
const file = canvas.dataset.file;
let texture = null, most = 2;
/** Rows: the axes of the screen (right, up, towards the reader) in the object's frame. */
let frame;
look("z");

async function open() {
  let response;
  do {
    response = await fetch(at(`api/directions/texture?${new URLSearchParams({ file })}`));
    if (response.status === 202) await new Promise((done) => setTimeout(done, 500));
  } while (response.status === 202);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  texture = new Float32Array(await response.arrayBuffer());
  const highest = texture.reduce((a, b) => Math.max(a, b), 0);
  most = Math.max(2, highest);
  drawBar($("bar"), VIRIDIS, [0, most], "Density over even coverage", "");
  const seldom = texture.reduce((sum, value, i) => sum + (value < 0.5) * weight(i), 0) / texture.reduce((sum, _, i) => sum + weight(i), 0);
  $("state").textContent = `${(100 * seldom).toFixed(0)} % of the sphere was seen less than half as often as if all views were equally frequent; the most frequent ` +
    `view ${highest.toFixed(1)} times as often. Drag or arrows turn; x, y, z look along an axis.`;
  $("views").hidden = false;
  $("views").src = at(`api/directions/views.svg?${new URLSearchParams({ file })}`);
  draw();
}

const weight = (i) => Math.sin((((i / COLUMNS) | 0) + 0.5) * (Math.PI / ROWS));

/** Density towards a unit vector, between the four places around it. */
function densityAt(x, y, z) {
  const row = Math.min(ROWS - 1, Math.max(0, (Math.acos(Math.min(1, Math.max(-1, z))) / Math.PI) * ROWS - 0.5));
  const column = ((Math.atan2(y, x) / (2 * Math.PI) + 0.5) * COLUMNS - 0.5 + COLUMNS) % COLUMNS;
  const r = Math.floor(row), c = Math.floor(column), v = row - r, u = column - c, below = Math.min(ROWS - 1, r + 1), next = (c + 1) % COLUMNS;
  const [a, b, d, e] = [texture[r * COLUMNS + c], texture[r * COLUMNS + next], texture[below * COLUMNS + c], texture[below * COLUMNS + next]];
  return (1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * d + u * e);
}

function draw() {
  const side = Math.round(canvas.clientWidth * Math.min(2, devicePixelRatio || 1));
  if (!texture || !side) return;
  canvas.width = canvas.height = side;
  const picture = paper.createImageData(side, side), { data } = picture, radius = 0.42 * side, middle = side / 2;
  for (let v = 0; v < side; v++) {
    for (let u = 0; u < side; u++) {
      const x = (u + 0.5 - middle) / radius, y = (middle - v - 0.5) / radius, flat = x * x + y * y;
      if (flat > 1) continue;
      const z = Math.sqrt(1 - flat), [right, up, out] = frame;
      const place = [0, 1, 2].map((i) => x * right[i] + y * up[i] + z * out[i]);
      const colour = colourOf(VIRIDIS, densityAt(...place) / most), shade = 0.72 + 0.28 * z;
      data.set([colour[0] * shade, colour[1] * shade, colour[2] * shade, Math.min(1, (1 - Math.sqrt(flat)) * radius + 0.2) * 255], 4 * (v * side + u));
    }
  }
  paper.putImageData(picture, 0, 0);
  lines(radius, middle);
}

/** Meridians and parallels on the near side, and the axes. */
function lines(radius, middle) {
  const ink = getComputedStyle(canvas).getPropertyValue("--ink").trim();
  const seen = (p) => [0, 1, 2].map((i) => frame[i][0] * p[0] + frame[i][1] * p[1] + frame[i][2] * p[2]);
  Object.assign(paper, { strokeStyle: "rgba(255,255,255,.4)", lineWidth: radius / 220 });
  const path = (points) => {
    paper.beginPath();
    let down = false;
    for (const each of points) {
      const [x, y, z] = seen(each);
      if (z > 0) paper[down ? "lineTo" : "moveTo"](middle + radius * x, middle - radius * y);
      down = z > 0;
    }
    paper.stroke();
  };
  const on = (rot, tilt) => [Math.cos(rot) * Math.sin(tilt), Math.sin(rot) * Math.sin(tilt), Math.cos(tilt)], round = [...Array(73).keys()].map((i) => (i * Math.PI) / 36);
  for (let i = 0; i < 6; i++) path(round.map((t) => on((i * Math.PI) / 6, t)));
  for (let i = 1; i < 6; i++) path(round.map((r) => on(r, (i * Math.PI) / 6)));
  Object.assign(paper, { font: `600 ${radius / 13}px system-ui, sans-serif`, textAlign: "center", textBaseline: "middle", strokeStyle: ink, fillStyle: ink });
  [["x", [1, 0, 0]], ["y", [0, 1, 0]], ["z", [0, 0, 1]]].forEach(([name, axis]) => {
    const [x, y, z] = seen(axis);
    if (z < -0.05) return;
    paper.beginPath();
    paper.moveTo(middle + radius * x, middle - radius * y);
    paper.lineTo(middle + 1.08 * radius * x, middle - 1.08 * radius * y);
    paper.stroke();
    if (z < 0.97) paper.fillText(name, middle + 1.14 * radius * x, middle - 1.14 * radius * y);
  });
}

function look(axis) {
  frame = { z: [[1, 0, 0], [0, 1, 0], [0, 0, 1]], y: [[-1, 0, 0], [0, 0, 1], [0, 1, 0]], x: [[0, 1, 0], [0, 0, 1], [1, 0, 0]] }[axis];
}

/** Turn the sphere: `across` and `up` in radians, as the near side moves. */
function turn(across, up) {
  const [right, top, out] = frame, mix = (a, b, angle) => a.map((each, i) => each * Math.cos(angle) - b[i] * Math.sin(angle));
  const turned = mix(out, right, across), side = right.map((each, i) => each * Math.cos(across) + out[i] * Math.sin(across));
  frame = [side, top.map((each, i) => each * Math.cos(up) + turned[i] * Math.sin(up)), mix(turned, top, up)];
  draw();
}

canvas.addEventListener("pointerdown", (event) => {
  let [x, y] = [event.clientX, event.clientY];
  const move = (next) => {
    const scale = 1 / (0.42 * canvas.clientWidth);
    turn((next.clientX - x) * scale, -(next.clientY - y) * scale);
    [x, y] = [next.clientX, next.clientY];
  };
  canvas.setPointerCapture(event.pointerId);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", () => canvas.removeEventListener("pointermove", move), { once: true });
});
canvas.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, 0.12], ArrowDown: [0, -0.12] }[event.key];
  if (step) turn(...step);
  else if ("xyz".includes(event.key)) {
    look(event.key);
    draw();
  } else return;
  event.preventDefault();
});
$("file")?.addEventListener("change", () => (location.href = at(`directions?${new URLSearchParams({ file: $("file").value })}`)));
new ResizeObserver(draw).observe(canvas);
open().catch((problem) => ($("state").textContent = `The directions cannot be shown: ${problem.message}.`));
