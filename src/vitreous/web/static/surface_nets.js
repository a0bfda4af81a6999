// The surface of a map at a level, as triangles: naive surface nets (Gibson 1998, MICCAI, LNCS 1496:888).
// Each cell of eight voxels that the surface crosses has one vertex, the mean of the crossings of its twelve edges; each crossed edge
// has one quadrilateral, of the vertices of the four cells about it, its front towards the lower values.

/** Array that grows: values are appended, `all()` gives a copy of what there is. */
class Growing {
  constructor(kind, room) {
    this.kind = kind;
    this.held = new kind(room);
    this.length = 0;
  }
  room(count) {
    if (this.length + count <= this.held.length) return;
    const larger = new this.kind(2 * this.held.length + count);
    larger.set(this.held);
    this.held = larger;
  }
  all() {
    return this.held.slice(0, this.length);
  }
}

// Corners of a cell are numbered x + 2 y + 4 z; the edges as pairs of corners.
const EDGES = [[0, 1], [2, 3], [4, 5], [6, 7], [0, 2], [1, 3], [4, 6], [5, 7], [0, 4], [1, 5], [2, 6], [3, 7]].flat();

/** Add the vertex of the cell at (x, y, z), whose corners have the values `c`, and its normal: minus the mean gradient. */
function addVertex(positions, normals, c, level, x, y, z) {
  let count = 0, px = 0, py = 0, pz = 0;
  for (let e = 0; e < 24; e += 2) {
    const a = EDGES[e], b = EDGES[e + 1], va = c[a], vb = c[b];
    if (va > level === vb > level) continue;
    const t = (level - va) / (vb - va), step = b - a;
    px += (a & 1) + (step === 1 ? t : 0);
    py += ((a >> 1) & 1) + (step === 2 ? t : 0);
    pz += (a >> 2) + (step === 4 ? t : 0);
    count++;
  }
  positions.room(3);
  normals.room(3);
  const at = positions.length;
  positions.held[at] = x + px / count;
  positions.held[at + 1] = y + py / count;
  positions.held[at + 2] = z + pz / count;
  const gx = c[1] + c[3] + c[5] + c[7] - c[0] - c[2] - c[4] - c[6];
  const gy = c[2] + c[3] + c[6] + c[7] - c[0] - c[1] - c[4] - c[5];
  const gz = c[4] + c[5] + c[6] + c[7] - c[0] - c[1] - c[2] - c[3];
  const length = Math.hypot(gx, gy, gz) || 1;
  normals.held[at] = -gx / length;
  normals.held[at + 1] = -gy / length;
  normals.held[at + 2] = -gz / length;
  positions.length = normals.length = at + 3;
}

/** Add the two triangles of a quadrilateral, turned round if `back`. */
function addQuad(indices, a, b, c, d, back) {
  indices.room(6);
  const at = indices.length, held = indices.held;
  held[at] = held[at + 3] = a;
  held[at + 1] = back ? c : b;
  held[at + 2] = back ? b : c;
  held[at + 4] = back ? d : c;
  held[at + 5] = back ? c : d;
  indices.length = at + 6;
}

/**
 * Triangulate a level of a map.
 * @param values numbers, x fastest, then y, then z
 * @param shape [nx, ny, nz]
 * @param level in the numbers' own scale; what is above it is inside
 * @returns positions (x, y, z) in voxels, outward unit normals, and indices of triangles, counter-clockwise seen from outside
 */
export function surfaceNets(values, [nx, ny, nz], level) {
  const positions = new Growing(Float32Array, 1 << 16), normals = new Growing(Float32Array, 1 << 16);
  const indices = new Growing(Uint32Array, 1 << 18);
  const plane = nx * ny, vertexOf = new Int32Array(2 * plane), c = new Float64Array(8);
  for (let z = 0; z + 1 < nz; z++) {
    const here = (z & 1) * plane, below = plane - here;
    for (let y = 0; y + 1 < ny; y++) {
      let o = nx * (y + ny * z), cell = here + nx * y;
      let right = (values[o] > level) + (values[o + nx] > level) + (values[o + plane] > level) + (values[o + nx + plane] > level);
      for (let x = 0; x + 1 < nx; x++, o++, cell++) {
        const left = right, next = o + 1;
        right = (values[next] > level) + (values[next + nx] > level) + (values[next + plane] > level) + (values[next + nx + plane] > level);
        const inside = left + right;
        if (inside === 0 || inside === 8) continue;
        c[0] = values[o]; c[1] = values[next]; c[2] = values[o + nx]; c[3] = values[next + nx];
        c[4] = values[o + plane]; c[5] = values[next + plane]; c[6] = values[o + nx + plane]; c[7] = values[next + nx + plane];
        vertexOf[cell] = positions.length / 3;
        addVertex(positions, normals, c, level, x, y, z);
        const first = c[0] > level, under = below + nx * y + x;
        if (y && z && first !== c[1] > level)
          addQuad(indices, vertexOf[under - nx], vertexOf[under], vertexOf[cell], vertexOf[cell - nx], !first);
        if (x && z && first !== c[2] > level)
          addQuad(indices, vertexOf[under - 1], vertexOf[cell - 1], vertexOf[cell], vertexOf[under], !first);
        if (x && y && first !== c[4] > level)
          addQuad(indices, vertexOf[cell - nx - 1], vertexOf[cell - nx], vertexOf[cell], vertexOf[cell - 1], !first);
      }
    }
  }
  return { positions: positions.all(), normals: normals.all(), indices: indices.all() };
}

/** Indices without those of islands that have fewer than `share` of the largest island's vertices. */
export function withoutDust(indices, count, share = 0.01) {
  const parent = Int32Array.from({ length: count }, (_, i) => i);
  const root = (i) => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]];
    return i;
  };
  for (let i = 0; i < indices.length; i += 3) {
    const a = root(indices[i]);
    parent[root(indices[i + 1])] = a;
    parent[root(indices[i + 2])] = a;
  }
  const sizes = new Int32Array(count);
  let largest = 0;
  for (let i = 0; i < count; i++) largest = Math.max(largest, ++sizes[root(i)]);
  const kept = new Uint32Array(indices.length);
  let length = 0;
  for (let i = 0; i < indices.length; i += 3) {
    if (sizes[root(indices[i])] < share * largest) continue;
    kept[length++] = indices[i]; kept[length++] = indices[i + 1]; kept[length++] = indices[i + 2];
  }
  return kept.slice(0, length);
}
