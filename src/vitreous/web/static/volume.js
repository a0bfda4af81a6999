// A map as the server sends it, and its values at places in Å.

/** Å from the middle of the file's first voxel are turned into indices of `volume`, and back, by its spacing and first value. */
export class Volume {
  /** @param meaning what the server says of the codes; @param codes Uint16Array, x fastest */
  constructor(meaning, codes) {
    Object.assign(this, meaning);
    this.codes = codes;
    const [nz, ny, nx] = meaning.shape;
    this.size = [nx, ny, nz];
    this.scale = (meaning.high - meaning.low) / 65535;
  }

  value(code) {
    return this.low + code * this.scale;
  }

  code(value) {
    return this.scale ? (value - this.low) / this.scale : 0;
  }

  sigmas(value) {
    return this.sigma ? (value - this.mean) / this.sigma : 0;
  }

  ofSigmas(sigmas) {
    return this.mean + sigmas * this.sigma;
  }

  /** Å of the index `i` along any axis. */
  place(i) {
    return this.first + i * this.voxel_size;
  }

  index(angstrom) {
    return (angstrom - this.first) / this.voxel_size;
  }

  /** The point that poses turn about, voxel n // 2 of the file, as (x, y, z) in Å. */
  get origin() {
    const [z, y, x] = this.file_shape, voxel = this.voxel_size / this.block;
    return [x, y, z].map((side) => Math.floor(side / 2) * voxel);
  }

  /** Value at a place in Å between those of the eight neighbours that are known (not 0); NaN where none is. */
  known(x, y, z) {
    const [nx, ny, nz] = this.size;
    const i = this.index(x), j = this.index(y), k = this.index(z);
    const i0 = Math.floor(i), j0 = Math.floor(j), k0 = Math.floor(k);
    let sum = 0, weight = 0;
    for (let c = 0; c < 8; c++) {
      const a = i0 + (c & 1), b = j0 + ((c >> 1) & 1), d = k0 + (c >> 2);
      if (a < 0 || b < 0 || d < 0 || a >= nx || b >= ny || d >= nz) continue;
      const value = this.value(this.codes[a + nx * (b + ny * d)]);
      if (value <= 0) continue;
      const w = (1 - Math.abs(i - a)) * (1 - Math.abs(j - b)) * (1 - Math.abs(k - d));
      sum += w * value;
      weight += w;
    }
    return weight > 1e-6 ? sum / weight : NaN;
  }

  /** Values below which the given shares (rising) of the voxels lie. */
  quantiles(shares) {
    const counts = new Uint32Array(65536), total = this.codes.length;
    for (const code of this.codes) counts[code]++;
    let below = 0, code = 0;
    return shares.map((share) => {
      while (code < 65535 && below + counts[code] < share * total) below += counts[code++];
      return this.value(code);
    });
  }

  /** Between which values of `other` all but the outermost 2 % lie, where this map is above `level`; some 50 000 places are asked. */
  limitsWithin(level, other) {
    const [nx, ny] = this.size, least = this.code(level), inside = [];
    for (let o = 0; o < this.codes.length; o++) if (this.codes[o] > least) inside.push(o);
    const step = Math.max(1, Math.floor(inside.length / 50000)), found = [];
    for (let i = 0; i < inside.length; i += step) {
      const o = inside[i], value = other.known(...[o % nx, Math.floor(o / nx) % ny, Math.floor(o / (nx * ny))].map((each) => this.place(each)));
      if (!Number.isNaN(value)) found.push(value);
    }
    found.sort((a, b) => a - b);
    if (!found.length) return [0, 1];
    const [low, high] = [0.02, 0.98].map((share) => found[Math.round(share * (found.length - 1))]);
    return [low, Math.max(high, low + 0.1)];
  }
}
