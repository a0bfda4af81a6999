// A micrograph on a canvas: grey between two values, picks and motion over it, edited by mouse or keys. x to the right, y upwards.

/** Colours on pictures, as in vitreous.views.palette. */
const LIME = "#2fd67c", AMBER = "#ffa62b", PINK = "#f765d8", SKY = "#93d2ff";
/** Pixels of the canvas along the longer side. */
const SIDE = 1024;
/** Radius of a circle where the diameter of the particle is not known, as a share of the longer side. */
const USUAL = 1 / 60;

export class MicrographView {
  #canvas; #paper; #told; #pixels = null; #grey = null; #levels = [0, 255]; #shown = { picks: true, motion: false, editing: false };
  #size = null; #pixel = null; #tracks = null; #list = null; #diameter = 0; #added = []; #removed = []; #done = [];
  #view = { scale: 1, x: 0, y: 0 }; #cursor = null; #words = "";

  /** `told.changed(added, removed)` is called after each edit, `told.said(words)` when there is something to say. */
  constructor(canvas, told) {
    this.#canvas = canvas;
    this.#paper = canvas.getContext("2d");
    this.#told = told;
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.#press(event));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => this.draw());
  }

  get canUndo() { return this.#done.length > 0; }
  get isEdited() { return this.#added.length + this.#removed.length > 0; }

  /** What is known of the micrograph that comes next: width and height in pixels, Å per pixel, tracks. */
  describe({ size, pixel, tracks }) {
    this.#size = size; this.#pixel = pixel; this.#tracks = tracks; this.#list = null; this.#done = []; this.#cursor = null;
    this.#added = []; this.#removed = [];
    this.#view = { scale: 1, x: 0, y: 0 };
  }

  /** Fetch the picture and draw it, if `wanted()` still holds then. */
  async load(address, wanted) {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    if (!wanted()) return;
    const made = new OffscreenCanvas(picture.naturalWidth, picture.naturalHeight), paper = made.getContext("2d", { willReadFrequently: true });
    paper.drawImage(picture, 0, 0);
    this.#pixels = paper.getImageData(0, 0, made.width, made.height);
    this.#grey = Uint8Array.from({ length: made.width * made.height }, (_, i) => this.#pixels.data[4 * i]);
    this.#size ||= [made.width, made.height];
    const longer = Math.max(made.width, made.height);
    this.#canvas.width = Math.round((SIDE * made.width) / longer);
    this.#canvas.height = Math.round((SIDE * made.height) / longer);
    this.#words = "";
    this.#develop();
  }

  /** Nothing to show, and why. */
  empty(words) {
    this.#pixels = null;
    this.#words = words;
    this.draw();
  }

  /** Grey values shown black and white. */
  stretch(black, white) {
    this.#levels = [black, Math.max(white, black + 5)];
    this.#develop();
  }

  show(what, shown) {
    this.#shown[what] = shown;
    this.#canvas.classList.toggle("editing", this.#shown.editing);
    if (what === "editing" && shown && !this.#cursor && this.#size) this.#cursor = this.#size.map((side) => side / 2);
    this.draw();
  }

  /** The picks: `x`, `y` in pixels, and what was `added` and `removed`; `diameter` in Å, 0 if not known. */
  picks(list, diameter) {
    this.#list = list; this.#diameter = diameter; this.#done = [];
    this.#added = list ? list.added.map((each) => [...each]) : [];
    this.#removed = list ? list.removed.map((each) => [...each]) : [];
    this.#tell();
    this.draw();
  }

  undo() {
    const last = this.#done.pop();
    if (!last) return;
    [this.#added, this.#removed] = last;
    this.#changed();
  }

  revert() {
    this.#done.push([this.#added, this.#removed]);
    [this.#added, this.#removed] = [[], []];
    this.#changed();
  }

  #develop() {
    if (!this.#pixels) return;
    const [black, white] = this.#levels, table = new Uint8Array(256), { data } = this.#pixels;
    for (let i = 0; i < 256; i++) table[i] = Math.min(255, Math.max(0, (255 * (i - black)) / (white - black)));
    for (let i = 0; i < this.#grey.length; i++) data[4 * i] = data[4 * i + 1] = data[4 * i + 2] = table[this.#grey[i]];
    this.made = new OffscreenCanvas(this.#pixels.width, this.#pixels.height);
    this.made.getContext("2d").putImageData(this.#pixels, 0, 0);
    this.draw();
  }

  /** Canvas pixels of a place in the micrograph; pixel (0, 0) is the lower left one. */
  #onCanvas([x, y]) {
    const [width, height] = this.#size, { scale, x: left, y: top } = this.#view;
    return [((x + 0.5) / width) * this.#canvas.width * scale - left, (1 - (y + 0.5) / height) * this.#canvas.height * scale - top];
  }

  #inMicrograph(x, y) {
    const [width, height] = this.#size, { scale, x: left, y: top } = this.#view;
    return [((x + left) / scale / this.#canvas.width) * width - 0.5, (1 - (y + top) / scale / this.#canvas.height) * height - 0.5];
  }

  /** Radius of a circle, in pixels of the micrograph. */
  get #radius() {
    return this.#diameter && this.#pixel ? this.#diameter / this.#pixel / 2 : Math.max(...this.#size) * USUAL;
  }

  draw() {
    const paper = this.#paper, { width, height } = this.#canvas;
    paper.setTransform(1, 0, 0, 1, 0, 0);
    paper.fillStyle = "#000";
    paper.fillRect(0, 0, width, height);
    if (!this.#pixels) {
      paper.fillStyle = "#fff";
      paper.font = "26px sans-serif";
      paper.textAlign = "center";
      return paper.fillText(this.#words, width / 2, height / 2, width - 40);
    }
    const { scale, x, y } = this.#view;
    paper.imageSmoothingEnabled = (scale * width) / this.made.width < 6;
    paper.drawImage(this.made, -x, -y, width * scale, height * scale);
    if (this.#shown.motion) this.#drawTracks();
    if (this.#shown.picks && this.#list) this.#drawPicks();
    if (this.#shown.editing && this.#cursor && document.activeElement === this.#canvas) this.#drawCursor();
    this.#drawBar();
  }

  #line(colour, width = 2, dashes = []) {
    Object.assign(this.#paper, { strokeStyle: colour, lineWidth: width * (this.#canvas.width / 700) });
    this.#paper.setLineDash(dashes);
  }

  #circles(places, colour, dashes = []) {
    const radius = ((this.#radius / this.#size[0]) * this.#canvas.width) * this.#view.scale;
    this.#line(colour, 1.8, dashes);
    for (const place of places) {
      const [x, y] = this.#onCanvas(place);
      this.#paper.beginPath();
      this.#paper.arc(x, y, radius, 0, 2 * Math.PI);
      this.#paper.stroke();
    }
  }

  #found() {
    return this.#list.x.map((x, i) => [x, this.#list.y[i]]);
  }

  #isRemoved([x, y]) {
    return this.#removed.some(([u, v]) => Math.abs(u - x) < 0.01 && Math.abs(v - y) < 0.01);
  }

  #drawPicks() {
    const found = this.#found();
    this.#circles(found.filter((each) => !this.#isRemoved(each)), LIME);
    this.#circles(this.#removed, AMBER, [4, 7]);
    this.#circles(this.#added, PINK);
  }

  #drawCursor() {
    const [x, y] = this.#onCanvas(this.#cursor), reach = 16;
    this.#line("#fff", 2);
    this.#paper.beginPath();
    this.#paper.moveTo(x - reach, y); this.#paper.lineTo(x + reach, y);
    this.#paper.moveTo(x, y - reach); this.#paper.lineTo(x, y + reach);
    this.#paper.stroke();
  }

  /** Tracks, enlarged so that the longest is a sixth of the field. */
  #drawTracks() {
    if (!this.#tracks || !this.#pixel) return;
    const { places_pixels: places, tracks_angstrom: tracks, size_pixels: [width] } = this.#tracks;
    const shrink = this.#size[0] / width, reach = Math.max(1e-3, ...tracks.flatMap((t) => t.map(([x, y]) => Math.hypot(x - t[0][0], y - t[0][1]))));
    const factor = round((Math.max(...this.#size) * this.#pixel) / 6 / reach);
    tracks.forEach((track, i) => {
      const from = places[i].map((each) => each * shrink);
      const path = track.map(([x, y]) => this.#onCanvas([from[0] + (factor * (x - track[0][0])) / this.#pixel, from[1] + (factor * (y - track[0][1])) / this.#pixel]));
      this.#line(AMBER, 2.4);
      this.#paper.beginPath();
      path.forEach(([x, y], k) => (k ? this.#paper.lineTo(x, y) : this.#paper.moveTo(x, y)));
      this.#paper.stroke();
      this.#paper.fillStyle = SKY;
      this.#paper.beginPath();
      this.#paper.arc(...path[0], 5, 0, 2 * Math.PI);
      this.#paper.fill();
    });
    this.#write(`motion enlarged ${factor} times`, 16, 16 + 24, "left");
  }

  #write(words, x, y, align) {
    const paper = this.#paper;
    Object.assign(paper, { font: "600 24px system-ui, sans-serif", textAlign: align, fillStyle: "#fff", strokeStyle: "#000", lineWidth: 5, lineJoin: "round" });
    paper.setLineDash([]);
    paper.strokeText(words, x, y);
    paper.fillText(words, x, y);
  }

  #drawBar() {
    if (!this.#pixel) return;
    const { width, height } = this.#canvas, across = (this.#size[0] * this.#pixel) / this.#view.scale, length = round(0.22 * across);
    const shown = (length / across) * width;
    this.#paper.fillStyle = "#000";
    this.#paper.fillRect(14, height - 26, shown + 4, 12);
    this.#paper.fillStyle = "#fff";
    this.#paper.fillRect(16, height - 24, shown, 8);
    this.#write(length >= 1000 ? `${length / 10} nm` : `${length} Å`, 16, height - 38, "left");
  }

  #place(event) {
    const box = this.#canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * this.#canvas.width, ((event.clientY - box.top) / box.height) * this.#canvas.height];
  }

  #wheel(event) {
    event.preventDefault();
    this.#zoom(Math.exp(-event.deltaY / 400), ...this.#place(event));
  }

  #zoom(by, x = this.#canvas.width / 2, y = this.#canvas.height / 2) {
    const scale = Math.min(16, Math.max(1, this.#view.scale * by)), ratio = scale / this.#view.scale;
    this.#view = { scale, x: (this.#view.x + x) * ratio - x, y: (this.#view.y + y) * ratio - y };
    this.#hold();
  }

  /** Keep the picture filled. */
  #hold() {
    for (const [key, side] of [["x", this.#canvas.width], ["y", this.#canvas.height]]) {
      this.#view[key] = Math.min(Math.max(this.#view[key], 0), side * (this.#view.scale - 1));
    }
    this.draw();
  }

  #press(event) {
    if (event.button || !this.#pixels) return;
    const from = this.#place(event), start = { ...this.#view };
    let moved = false;
    const move = (next) => {
      const [x, y] = this.#place(next);
      moved ||= Math.hypot(x - from[0], y - from[1]) > 6;
      if (moved) {
        this.#view = { ...start, x: start.x + from[0] - x, y: start.y + from[1] - y };
        this.#hold();
      }
    };
    const end = () => {
      this.#canvas.removeEventListener("pointermove", move);
      if (!moved && this.#shown.editing) this.#toggle(this.#inMicrograph(...from));
    };
    this.#canvas.setPointerCapture(event.pointerId);
    this.#canvas.addEventListener("pointermove", move);
    this.#canvas.addEventListener("pointerup", end, { once: true });
  }

  #key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (steps && this.#size) {
      const size = (event.shiftKey ? 0.02 : 0.2) * 2 * this.#radius;
      this.#cursor = (this.#cursor || this.#size.map((side) => side / 2)).map((each, axis) => Math.min(this.#size[axis] - 1, Math.max(0, each + steps[axis] * size)));
      this.#tell();
      this.draw();
    } else if (event.key === "Enter" && this.#shown.editing && this.#cursor) this.#toggle(this.#cursor);
    else if (event.key === "+" || event.key === "=") this.#zoom(1.4);
    else if (event.key === "-") this.#zoom(1 / 1.4);
    else if (event.key === "0") this.#zoom(1e-9);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Add a pick at a place, or take away (or put back) the one that is there. */
  #toggle(place) {
    if (!this.#list || !this.#size) return this.#told.said("There are no picks yet. They come from vitreous pick.");
    const near = (list) => list.findIndex(([x, y]) => Math.hypot(x - place[0], y - place[1]) < 0.6 * this.#radius);
    const [added, removed] = [[...this.#added], [...this.#removed]], kept = this.#found().filter((each) => !this.#isRemoved(each));
    this.#done.push([this.#added, this.#removed]);
    if (near(added) >= 0) added.splice(near(added), 1);
    else if (near(removed) >= 0) removed.splice(near(removed), 1);
    else if (near(kept) >= 0) removed.push(kept[near(kept)]);
    else added.push(place.map((each, axis) => Math.min(this.#size[axis] - 1, Math.max(0, Math.round(10 * each) / 10))));
    [this.#added, this.#removed] = [added, removed];
    this.#changed();
  }

  #changed() {
    this.#tell();
    this.draw();
    this.#told.changed(this.#added, this.#removed);
  }

  #tell() {
    if (!this.#list) return this.#told.said("");
    const count = this.#list.x.length - this.#removed.length + this.#added.length;
    const hand = this.isEdited ? `: ${this.#added.length} added (pink), ${this.#removed.length} taken away (amber, dashed)` : "";
    const cursor = this.#shown.editing && this.#cursor ? `; cursor at ${this.#cursor.map((each) => each.toFixed(0)).join(", ")}` : "";
    this.#told.said(`${count} picks${hand}${cursor}`);
  }
}

/** The largest of 1, 2, 5 times a power of ten that is at most `value`; at least 1. */
function round(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return power * [5, 2, 1].find((each) => each * power <= Math.max(value, 1));
}
