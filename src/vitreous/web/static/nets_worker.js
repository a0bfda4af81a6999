// Beside the page, so that it stays alive: surfaces of the maps that were handed over.
import { extent, openness, solidShare, vertexColours } from "./shading.js";
import { surfaceNets, withoutDust } from "./surface_nets.js";
import { Volume } from "./volume.js";

const volumes = new Map();

/** Mesh of one map in Å from its first voxel, coloured, and from where to where it reaches from the middle, in Å. */
function made({ name, level, dust, colour }) {
  const volume = volumes.get(name), code = volume.code(level), { origin } = volume;
  const found = surfaceNets(volume.codes, volume.size, code);
  const indices = dust ? found.indices : withoutDust(found.indices, found.positions.length / 3);
  const bright = openness(found, solidShare(volume.codes, volume.size, code), 3);
  const positions = found.positions.map((i) => volume.place(i)), limits = extent(positions, indices, origin);
  // What the wish itself says of limits, as of local resolution, goes before.
  const wish = { limits, ...colour, volume: volumes.get(colour.name) };
  return { mesh: { positions, normals: found.normals, indices, colours: vertexColours(wish, positions, origin, bright) }, limits };
}

self.onmessage = ({ data }) => {
  if (data.hold) {
    volumes.set(data.hold.name, new Volume(data.hold.meaning, data.hold.codes));
    return;
  }
  const { mesh, limits } = made(data.wish);
  self.postMessage({ number: data.number, mesh, limits }, Object.values(mesh).map((each) => each.buffer));
};
