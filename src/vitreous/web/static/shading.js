// Colours of a surface's vertices, darker in hollows.
import { RADIAL, VIRIDIS, colourBetween } from "./colours.js";

/** Share of solid in blocks of `block` voxels a side, blurred over three blocks; its size, and a lookup in voxels. */
export function solidShare(values, [nx, ny, nz], level, block = 4) {
  const size = [nx, ny, nz].map((side) => Math.max(1, Math.ceil(side / block))), [bx, by] = size;
  const share = new Float32Array(size[0] * size[1] * size[2]), each = 1 / block ** 3;
  for (let z = 0, o = 0; z < nz; z++)
    for (let y = 0; y < ny; y++) {
      const row = bx * (((y / block) | 0) + by * ((z / block) | 0));
      for (let x = 0; x < nx; x++, o++) if (values[o] > level) share[row + ((x / block) | 0)] += each;
    }
  const blurred = [1, bx, bx * by].reduce((from, step, axis) => blurredAlong(from, size, step, axis), share);
  return (x, y, z) => linear(blurred, size, (x + 0.5) / block - 0.5, (y + 0.5) / block - 0.5, (z + 0.5) / block - 0.5);
}

function blurredAlong(from, size, step, axis) {
  const to = new Float32Array(from.length), n = size[axis];
  for (let i = 0; i < from.length; i++) {
    const at = ((i / step) | 0) % n;
    to[i] = (from[i] * 2 + (at ? from[i - step] : 0) + (at + 1 < n ? from[i + step] : 0)) / 4;
  }
  return to;
}

function linear(values, [nx, ny, nz], x, y, z) {
  const clamp = (v, n) => Math.min(Math.max(v, 0), n - 1);
  x = clamp(x, nx); y = clamp(y, ny); z = clamp(z, nz);
  const i = Math.min(x | 0, Math.max(nx - 2, 0)), j = Math.min(y | 0, Math.max(ny - 2, 0)), k = Math.min(z | 0, Math.max(nz - 2, 0));
  const fx = x - i, fy = y - j, fz = z - k, dx = nx > 1 ? 1 : 0, dy = ny > 1 ? nx : 0, dz = nz > 1 ? nx * ny : 0;
  const o = i + nx * (j + ny * k), mix = (a, b, t) => a + (b - a) * t;
  const at = (p) => mix(mix(values[p], values[p + dx], fx), mix(values[p + dy], values[p + dx + dy], fx), fy);
  return mix(at(o), at(o + dz), fz);
}

/** Least and greatest distance, in Å, of the vertices that are used from `origin`; [0, 0] if none is. */
export function extent(places, indices, origin) {
  let least = Infinity, most = 0;
  for (const v of indices) {
    const away = Math.hypot(places[3 * v] - origin[0], places[3 * v + 1] - origin[1], places[3 * v + 2] - origin[2]);
    least = Math.min(least, away);
    most = Math.max(most, away);
  }
  return [Math.min(least, most), most];
}

/** How bright each vertex is, 0.45 to 1: the less, the more solid stands in front of it. */
export function openness({ positions, normals }, share, reach) {
  const bright = new Float32Array(positions.length / 3);
  for (let v = 0, p = 0; v < bright.length; v++, p += 3) {
    const near = share(...[0, 1, 2].map((c) => positions[p + c] + reach * normals[p + c]));
    const far = share(...[0, 1, 2].map((c) => positions[p + c] + 2.5 * reach * normals[p + c]));
    bright[v] = Math.min(Math.max(1.15 - 0.9 * near - 0.6 * far, 0.45), 1);
  }
  return bright;
}

/**
 * Colours of the vertices, three bytes each.
 * @param wish {kind: "plain", colour}, {kind: "radial", limits} or {kind: "local", volume, limits}
 * @param places vertices in Å from the file's first voxel; @param origin of the map, in Å
 */
export function vertexColours(wish, places, origin, bright) {
  const tint = { plain: () => wish.colour, radial: radial(wish, places, origin), local: local(wish, places) }[wish.kind];
  const colours = new Uint8Array(places.length);
  for (let v = 0; v < bright.length; v++) {
    const colour = tint(3 * v);
    for (let c = 0; c < 3; c++) colours[3 * v + c] = colour[c] * bright[v];
  }
  return colours;
}

function radial({ limits }, places, origin) {
  return (p) => colourBetween(RADIAL, Math.hypot(...origin.map((each, c) => places[p + c] - each)), limits);
}

function local({ volume, limits }, places) {
  return (p) => colourBetween(VIRIDIS, volume.known(places[p], places[p + 1], places[p + 2]), limits);
}
