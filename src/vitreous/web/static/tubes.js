// An atomic model as tubes from residue to residue.
import { rgb } from "./colours.js";

const SIDES = 6;
/** One a chain, in turn: the hues of the figures, light enough to be seen within a surface. */
const CHAINS = ["#0a65a8", "#c8520d", "#0b7a5c", "#8b4aa0", "#9a7400", "#3c8dc2", "#b4271f"].map(rgb);

/** Two unit vectors across the direction `d`. */
function across(d) {
  const other = Math.abs(d[0]) < 0.8 ? [1, 0, 0] : [0, 1, 0];
  const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const u = cross(d, other), length = Math.hypot(...u);
  const unit = u.map((each) => each / length);
  return [unit, cross(d, unit)];
}

/** Mesh of all strands, Å; `radius` of the tubes in Å. A strand of one place becomes a short piece. */
export function tubes(strands, radius) {
  const pieces = strands.flatMap(({ chain, places }) => piecesOf(chain, places, radius));
  const names = [...new Set(strands.map((each) => each.chain))];
  const positions = new Float32Array(pieces.length * SIDES * 6), normals = new Float32Array(positions.length);
  const colours = new Uint8Array(positions.length), indices = new Uint32Array(pieces.length * SIDES * 6);
  pieces.forEach(({ chain, from, to }, number) => {
    const along = to.map((each, c) => each - from[c]), length = Math.hypot(...along) || 1;
    const [u, v] = across(along.map((each) => each / length)), colour = CHAINS[names.indexOf(chain) % CHAINS.length];
    for (let side = 0; side < SIDES; side++) {
      const angle = (2 * Math.PI * side) / SIDES, out = u.map((each, c) => Math.cos(angle) * each + Math.sin(angle) * v[c]);
      const base = 2 * SIDES * number, vertex = base + 2 * side, next = base + 2 * ((side + 1) % SIDES);
      [from, to].forEach((end, which) => {
        positions.set(end.map((each, c) => each + radius * out[c]), 3 * (vertex + which));
        normals.set(out, 3 * (vertex + which));
        colours.set(colour, 3 * (vertex + which));
      });
      indices.set([vertex, next, vertex + 1, vertex + 1, next, next + 1], 6 * (SIDES * number + side));
    }
  });
  return { positions, normals, colours, indices };
}

function piecesOf(chain, places, radius) {
  const at = (i) => places.slice(3 * i, 3 * i + 3), count = places.length / 3;
  if (count === 1) return [{ chain, from: at(0).map((each, c) => each - (c === 2) * radius), to: at(0).map((each, c) => each + (c === 2) * radius) }];
  return Array.from({ length: count - 1 }, (_, i) => ({ chain, from: at(i), to: at(i + 1) }));
}
