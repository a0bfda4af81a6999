// Sections through a map across z, y and x, with the outline of its surface.
import { VIRIDIS, colourBetween } from "./colours.js";

/** Axis looked along: index of the axis, of the one to the right and of the one up; as the figures of the report have them. */
export const PLANES = { z: [2, 0, 1], y: [1, 0, 2], x: [0, 1, 2] };

/**
 * Draw the section number `at` across an axis, grey between `limits`, row 0 at the bottom.
 * @param local null, or {volume, limits}: what is known is coloured by it
 */
export function drawSection(canvas, volume, axis, at, limits, local) {
  const [along, right, up] = PLANES[axis], { size, codes } = volume, steps = [1, size[0], size[0] * size[1]];
  const width = size[right], height = size[up], low = volume.code(limits[0]), range = volume.code(limits[1]) - low || 1;
  canvas.width = width;
  canvas.height = height;
  const paper = canvas.getContext("2d", { willReadFrequently: true }), image = paper.createImageData(width, height), place = [0, 0, 0];
  place[along] = volume.place(at);
  for (let v = 0; v < height; v++)
    for (let u = 0, o = at * steps[along] + v * steps[up]; u < width; u++, o += steps[right]) {
      const grey = Math.min(Math.max((255 * (codes[o] - low)) / range, 0), 255);
      let colour = [grey, grey, grey];
      if (local) {
        place[right] = volume.place(u);
        place[up] = volume.place(v);
        const value = local.volume.known(...place);
        if (!Number.isNaN(value)) colour = colourBetween(VIRIDIS, value, local.limits).map((each) => each * (0.35 + (0.65 * grey) / 255));
      }
      image.data.set([...colour, 255], 4 * (u + width * (height - 1 - v)));
    }
  paper.putImageData(image, 0, 0);
}

/** Draw the outline of what is above `level` in that section over `canvas`, which has several pixels a voxel. */
export function drawOutline(canvas, volume, axis, at, level, colour) {
  const [along, right, up] = PLANES[axis], { size, codes } = volume, steps = [1, size[0], size[0] * size[1]];
  const width = size[right], height = size[up], zoom = Math.max(1, Math.round(480 / Math.max(width, height)));
  canvas.width = width * zoom;
  canvas.height = height * zoom;
  const paper = canvas.getContext("2d"), code = volume.code(level);
  paper.strokeStyle = colour;
  paper.lineWidth = 1.5;
  paper.beginPath();
  const put = (u, v) => [(u + 0.5) * zoom, (height - 0.5 - v) * zoom];
  for (let v = 0; v + 1 < height; v++)
    for (let u = 0, o = at * steps[along] + v * steps[up]; u + 1 < width; u++, o += steps[right]) {
      const a = codes[o], b = codes[o + steps[right]], c = codes[o + steps[up]], d = codes[o + steps[right] + steps[up]];
      const inside = (a > code) + (b > code) + (c > code) + (d > code);
      if (inside === 0 || inside === 4) continue;
      const ends = crossings(a, b, c, d, code).map(([x, y]) => put(u + x, v + y));
      for (let e = 0; e + 1 < ends.length; e += 2) {
        paper.moveTo(...ends[e]);
        paper.lineTo(...ends[e + 1]);
      }
    }
  paper.stroke();
}

/** Where the level crosses the sides of a square with the values a (0, 0), b (1, 0), c (0, 1), d (1, 1): two points, or four in a saddle. */
function crossings(a, b, c, d, level) {
  const t = (from, to) => (level - from) / (to - from), found = [];
  if (a > level !== b > level) found.push([t(a, b), 0]);
  if (b > level !== d > level) found.push([1, t(b, d)]);
  if (c > level !== d > level) found.push([t(c, d), 1]);
  if (a > level !== c > level) found.push([0, t(a, c)]);
  return found;
}
