// Dots over two axes on a canvas: a million of them at once, an outline drawn around some.

/** Where more pixels than this hold a dot, dots are of one pixel. */
const MANY = 30000;
const LEFT = 72, BOTTOM = 52, TOP = 14, RIGHT = 18;

export class Scatter {
  #canvas; #paper; #x = new Float32Array(0); #y = this.#x; #axes = ["", ""]; #range = [0, 1, 0, 1]; #members = null; #outline = []; #told;
  #groups = null;
  mode = "lasso";

  /** `told.outlined(corners)` is called when an outline is closed, `told.chosen(index)` for a click on a dot. */
  constructor(canvas, told = {}) {
    this.#canvas = canvas;
    this.#paper = canvas.getContext("2d");
    this.#told = told;
    canvas.addEventListener("pointerdown", (event) => this.#press(event));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** Show the dots (x, y); `axes` are what is along each, with its unit. `groups`: {of: Uint8Array, looks: [[role, symbol], …]}. */
  show(x, y, axes, groups = null) {
    [this.#x, this.#y, this.#axes, this.#members, this.#outline, this.#groups] = [x, y, axes, null, [], groups];
    this.all();
  }

  all() {
    this.#range = [...limits(this.#x), ...limits(this.#y)];
    this.draw();
  }

  get range() { return [...this.#range]; }

  /** Mark the members: a bit a dot, the first in the highest bit; null for none. */
  mark(bits, outline) {
    this.#members = bits;
    this.#outline = outline;
    this.draw();
  }

  #ink(role) { return getComputedStyle(this.#canvas).getPropertyValue(`--${role}`).trim(); }

  /** Width and height in CSS pixels, and of the panel. */
  get #size() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    return { width, height, across: width - LEFT - RIGHT, up: height - TOP - BOTTOM };
  }

  #at(x, y) {
    const [x0, x1, y0, y1] = this.#range, { across, up } = this.#size;
    return [LEFT + ((x - x0) / (x1 - x0)) * across, TOP + (1 - (y - y0) / (y1 - y0)) * up];
  }

  #value(left, top) {
    const [x0, x1, y0, y1] = this.#range, { across, up } = this.#size;
    return [x0 + ((left - LEFT) / across) * (x1 - x0), y0 + (1 - (top - TOP) / up) * (y1 - y0)];
  }

  /** Draw before the next frame, once however often it is asked for. */
  draw() {
    this.#asked ||= requestAnimationFrame(() => {
      this.#asked = 0;
      this.#draw();
    });
  }
  #asked = 0;

  #draw() {
    const { width, height, across, up } = this.#size, ratio = devicePixelRatio || 1, paper = this.#paper;
    if (width <= 0 || up <= 0) return;
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    paper.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#drawAxes();
    const pixels = [Math.round(across * ratio), Math.round(up * ratio), ratio];
    if (this.#groups) this.#drawGroups(...pixels);
    else this.#drawDots(...pixels);
    this.#drawOutline(this.#outline, true);
  }

  /** Dots of few kinds, each with a colour and a symbol of its own: drawn once, and laid pixel by pixel where it belongs. */
  #drawGroups(wide, high, ratio) {
    const { of, looks } = this.#groups, reach = this.#x.length > 2000 ? 2 : 3.2;
    const stamps = looks.map(([role, symbol]) => stamp(symbol, this.#ink(role), reach, ratio)), side = stamps[0].width;
    const [x0, x1, y0, y1] = this.#range, across = wide / (x1 - x0), up = high / (y1 - y0), picture = new ImageData(wide, high);
    for (let i = 0; i < this.#x.length; i++) {
      const left = Math.round((this.#x[i] - x0) * across - side / 2), top = Math.round((y1 - this.#y[i]) * up - side / 2);
      if (left > -side && left < wide && top > -side && top < high) lay(stamps[of[i]], picture, left, top);
    }
    this.#layOver(picture);
  }

  #clip() {
    const { across, up } = this.#size;
    this.#paper.save();
    this.#paper.beginPath();
    this.#paper.rect(LEFT - 4, TOP - 4, across + 8, up + 8);
    this.#paper.clip();
  }

  #drawDots(wide, high, ratio) {
    const all = new Uint32Array(wide * high), chosen = this.#members ? new Uint32Array(wide * high) : null;
    const [x0, x1, y0, y1] = this.#range, across = wide / (x1 - x0), up = high / (y1 - y0);
    for (let i = 0; i < this.#x.length; i++) {
      if (!(this.#x[i] >= x0 && this.#x[i] <= x1 && this.#y[i] >= y0 && this.#y[i] <= y1)) continue;
      const column = Math.min(wide - 1, ((this.#x[i] - x0) * across) | 0), row = Math.max(0, high - 1 - (((this.#y[i] - y0) * up) | 0));
      (chosen && this.#members[i >> 3] & (128 >> (i & 7)) ? chosen : all)[row * wide + column]++;
    }
    for (const counts of chosen ? [all, chosen] : [all]) widen(counts, wide, high, 2.2 * ratio);
    this.#paint(all, wide, high, this.#ink(chosen ? "muted" : "blue"));
    if (chosen) this.#paint(chosen, wide, high, this.#ink("orange"));
  }

  /** Lay counts over the paper: the more, the more opaque, by their logarithm. */
  #paint(counts, wide, high, colour) {
    const most = counts.reduce((a, b) => Math.max(a, b), 1), red = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
    const picture = new ImageData(wide, high), { data } = picture;
    const scale = 165 / Math.log(1 + most);
    for (let i = 0; i < counts.length; i++) {
      if (!counts[i]) continue;
      data[4 * i] = red[0]; data[4 * i + 1] = red[1]; data[4 * i + 2] = red[2];
      data[4 * i + 3] = 90 + scale * Math.log(1 + counts[i]);
    }
    this.#layOver(picture);
  }

  #layOver(picture) {
    const made = new OffscreenCanvas(picture.width, picture.height), { across, up } = this.#size;
    made.getContext("2d").putImageData(picture, 0, 0);
    this.#paper.drawImage(made, LEFT, TOP, across, up);
  }

  #drawAxes() {
    const paper = this.#paper, { width, height, across, up } = this.#size, [x0, x1, y0, y1] = this.#range;
    paper.clearRect(0, 0, width, height);
    Object.assign(paper, { font: "12.5px system-ui, sans-serif", lineWidth: 1, textBaseline: "middle" });
    const [ink, faint] = [this.#ink("ink"), this.#ink("faint")];
    for (const [low, high, along] of [[x0, x1, "x"], [y0, y1, "y"]]) {
      for (const { value, words } of ticks(low, high, along === "x" ? across / 90 : Math.max(3, up / 50))) {
        const [left, top] = this.#at(along === "x" ? value : x0, along === "x" ? y0 : value);
        paper.strokeStyle = faint;
        paper.beginPath();
        paper.moveTo(left, top);
        paper.lineTo(along === "x" ? left : LEFT + across, along === "x" ? TOP : top);
        paper.stroke();
        paper.fillStyle = ink;
        paper.textAlign = along === "x" ? "center" : "right";
        paper.fillText(words, along === "x" ? left : LEFT - 8, along === "x" ? TOP + up + 15 : top);
      }
    }
    paper.textAlign = "center";
    paper.font = "600 13px system-ui, sans-serif";
    paper.fillText(this.#axes[0], LEFT + across / 2, height - 10);
    paper.save();
    paper.translate(11, TOP + up / 2);
    paper.rotate(-Math.PI / 2);
    paper.fillText(this.#axes[1], 0, 0);
    paper.restore();
  }

  #drawOutline(corners, closed) {
    if (corners.length < 2) return;
    const paper = this.#paper;
    this.#clip();
    Object.assign(paper, { strokeStyle: this.#ink("ink"), lineWidth: 1.8 });
    paper.setLineDash([6, 4]);
    paper.beginPath();
    corners.forEach(([x, y], i) => (i ? paper.lineTo(...this.#at(x, y)) : paper.moveTo(...this.#at(x, y))));
    if (closed) paper.closePath();
    paper.stroke();
    paper.restore();
  }

  #place(event) {
    const box = this.#canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #press(event) {
    if (event.button) return;
    const from = this.#place(event), range = [...this.#range], corners = [this.#value(...from)];
    let moved = false;
    const move = (next) => {
      const [left, top] = this.#place(next);
      moved ||= Math.hypot(left - from[0], top - from[1]) > 4;
      if (!moved) return;
      if (this.mode === "lasso") {
        corners.push(this.#value(left, top));
        this.#drawOutline(corners.slice(-2), false);
      } else {
        const { across, up } = this.#size, [x0, x1, y0, y1] = range;
        const right = ((left - from[0]) / across) * (x1 - x0), down = ((top - from[1]) / up) * (y1 - y0);
        this.#range = [x0 - right, x1 - right, y0 + down, y1 + down];
        this.draw();
      }
    };
    const end = () => {
      this.#canvas.removeEventListener("pointermove", move);
      if (moved && this.mode === "lasso" && corners.length > 2) this.#told.outlined?.(corners);
      if (!moved) this.#told.chosen?.(this.#nearest(...from));
    };
    this.#canvas.setPointerCapture(event.pointerId);
    this.#canvas.addEventListener("pointermove", move);
    this.#canvas.addEventListener("pointerup", end, { once: true });
  }

  #nearest(left, top) {
    let best = -1, least = 100;
    for (let i = 0; i < this.#x.length; i++) {
      const [u, v] = this.#at(this.#x[i], this.#y[i]), apart = (u - left) ** 2 + (v - top) ** 2;
      if (apart < least) [best, least] = [i, apart];
    }
    return best;
  }

  #wheel(event) {
    if (this.#told.fixed) return;
    event.preventDefault();
    this.#zoom(Math.exp(event.deltaY / 400), ...this.#value(...this.#place(event)));
  }

  #zoom(by, x = (this.#range[0] + this.#range[1]) / 2, y = (this.#range[2] + this.#range[3]) / 2) {
    const [x0, x1, y0, y1] = this.#range;
    this.#range = [x + by * (x0 - x), x + by * (x1 - x), y + by * (y0 - y), y + by * (y1 - y)];
    this.draw();
  }

  #key(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key], [x0, x1, y0, y1] = this.#range;
    if (step && !this.#told.stepped) {
      const [u, v] = [0.1 * step[0] * (x1 - x0), 0.1 * step[1] * (y1 - y0)];
      this.#range = [x0 + u, x1 + u, y0 + v, y1 + v];
      this.draw();
    } else if (event.key === "+" || event.key === "=") this.#zoom(1 / 1.4);
    else if (event.key === "-") this.#zoom(1.4);
    else if (event.key === "0") this.all();
    else return;
    event.preventDefault();
  }
}

/** The pixels of one dot, `reach` in CSS pixels. */
function stamp(symbol, colour, reach, ratio) {
  const side = 2 * Math.ceil(1.4 * reach * ratio + 1), paper = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true });
  paper.setTransform(ratio, 0, 0, ratio, side / 2, side / 2);
  paper.fillStyle = paper.strokeStyle = colour;
  if (symbol === "cross") {
    paper.lineWidth = 1.6;
    paper.moveTo(-reach, -reach); paper.lineTo(reach, reach);
    paper.moveTo(-reach, reach); paper.lineTo(reach, -reach);
    paper.stroke();
  } else {
    const wide = 1.4 * reach;
    if (symbol === "diamond") [[0, -wide], [wide, 0], [0, wide], [-wide, 0]].forEach((corner) => paper.lineTo(...corner));
    else paper.arc(0, 0, reach, 0, 2 * Math.PI);
    paper.fill();
  }
  return paper.getImageData(0, 0, side, side);
}

/** Lay a small picture over a large one, its corner at (left, top); a stamp for each dot by the canvas itself takes seconds. */
function lay({ data: small, width: side }, { data, width, height }, left, top) {
  for (let row = Math.max(0, -top); row < Math.min(side, height - top); row++) {
    for (let column = Math.max(0, -left); column < Math.min(side, width - left); column++) {
      const from = 4 * (row * side + column), to = 4 * ((top + row) * width + left + column), alpha = small[from + 3] / 255;
      if (!alpha) continue;
      const under = (data[to + 3] / 255) * (1 - alpha), whole = alpha + under;
      for (let k = 0; k < 3; k++) data[to + k] = (small[from + k] * alpha + data[to + k] * under) / whole;
      data[to + 3] = 255 * whole;
    }
  }
}

/** Make dots of single pixels wide enough to be seen, where there are not too many. */
function widen(counts, wide, high, radius) {
  const places = [];
  for (let at = 0; at < counts.length; at++) if (counts[at] && places.push([at, counts[at]]) > MANY) return;
  const reach = Math.floor(radius);
  for (const [at, count] of places) {
    const column = at % wide, row = (at / wide) | 0;
    for (let v = Math.max(0, row - reach); v <= Math.min(high - 1, row + reach); v++) {
      for (let u = Math.max(0, column - reach); u <= Math.min(wide - 1, column + reach); u++) {
        if ((u - column) ** 2 + (v - row) ** 2 <= radius ** 2) counts[v * wide + u] = Math.max(counts[v * wide + u], count);
      }
    }
  }
}

/** Limits that hold all finite values, with a margin. */
export function limits(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high && value < Infinity) high = value;
  }
  if (!(low <= high)) return [0, 1];
  const margin = 0.04 * (high - low || Math.abs(high) || 1);
  return [low - margin, high + margin];
}

/** About `most` round values between two limits, in words. */
export function ticks(low, high, most) {
  const rough = (high - low) / Math.max(2, most), power = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 5, 10].find((each) => each * power >= rough) * power;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), found = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) {
    const value = k * step || 0;
    found.push({ value, words: (Math.abs(value) >= 1e6 ? value.toExponential(1) : value.toFixed(Math.min(digits, 8))).replace("-", "−") });
  }
  return found;
}
