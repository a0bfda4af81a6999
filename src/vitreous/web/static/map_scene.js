// Surfaces in space: x to the right, y up, z towards the reader, as three.js and CONVENTIONS.md both have it, so nothing is mirrored.
import * as three from "./vendor/three.js";

const STEP = Math.PI / 12;
const turned = (x, y, z, angle) => new three.Quaternion().setFromAxisAngle(new three.Vector3(x, y, z).normalize(), angle);
/** How the map is turned to be seen along an axis, as the sections are: from +z (x right, y up), −y (x right, z up), +x (y right, z up). */
const VIEWS = { z: turned(0, 0, 1, 0), y: turned(1, 0, 0, -Math.PI / 2), x: turned(1, 1, 1, (-2 * Math.PI) / 3) };

export class MapScene {
  /** Draw on `canvas`; `moved` is told after each change of view. Throws where the browser has no WebGL. */
  constructor(canvas, moved) {
    this.canvas = canvas;
    this.moved = moved;
    this.renderer = new three.WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.renderer.outputColorSpace = three.LinearSRGBColorSpace;
    this.scene = new three.Scene();
    this.turning = new three.Group();
    this.centred = new three.Group();
    this.turning.add(this.centred);
    this.scene.add(this.turning, ...lamps());
    this.camera = new three.OrthographicCamera();
    this.half = this.reach = 100;
    this.shift = [0, 0];
    this.parts = new Map();
    this.listen();
    new ResizeObserver(() => this.resize()).observe(canvas.parentElement);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** Put the point `origin` (Å) in the middle, and show `reach` Å to each side of it. */
  frame(origin, reach) {
    this.centred.position.set(...origin.map((each) => -each));
    this.reach = reach;
    this.half = Math.min(this.half, 1.2 * reach);
    this.view("z");
  }

  /** Show a mesh under a name in place of the one that had it; null takes it away. */
  show(name, mesh, opacity = 1) {
    const old = this.parts.get(name);
    if (old) {
      this.centred.remove(old);
      old.geometry.dispose();
      old.material.dispose();
      this.parts.delete(name);
    }
    if (mesh) {
      const part = partOf(mesh, opacity);
      this.parts.set(name, part);
      this.centred.add(part);
    }
    this.draw();
  }

  /** Look along an axis, with the whole map in sight. */
  view(axis) {
    this.turning.quaternion.copy(VIEWS[axis]);
    this.half = this.reach;
    this.shift = [0, 0];
    this.draw();
  }

  /** Turn by angles: the front goes right with the first, up with the second. */
  turn(right, up) {
    this.turning.quaternion.premultiply(turned(0, 1, 0, right)).premultiply(turned(1, 0, 0, -up));
    this.draw();
  }

  zoom(factor) {
    this.half = Math.min(Math.max(this.half * factor, 0.02 * this.reach), 4 * this.reach);
    this.draw();
  }

  /** Move what is seen by a share of the picture's height, right and up. */
  move(right, up) {
    this.shift = [this.shift[0] - 2 * right * this.half, this.shift[1] - 2 * up * this.half];
    this.draw();
  }

  /** Where the map's x (0), y (1) or z (2) points: right, up, towards the reader. */
  direction(axis) {
    return new three.Vector3().setComponent(axis, 1).applyQuaternion(this.turning.quaternion).toArray();
  }

  /** Å across a pixel of the page. */
  get pixel() {
    return (2 * this.half) / this.canvas.clientHeight;
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement;
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
    this.renderer.setSize(width, height, false);
    this.draw();
  }

  draw() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      const { clientWidth: width, clientHeight: height } = this.canvas, wide = (this.half * width) / height, [x, y] = this.shift;
      const far = 2 * this.reach + this.half;
      Object.assign(this.camera, { left: x - wide, right: x + wide, top: y + this.half, bottom: y - this.half, near: 0, far: 2 * far });
      this.camera.position.set(0, 0, far);
      this.camera.updateProjectionMatrix();
      this.scene.fog = new three.Fog(0, far - 0.3 * this.reach, far + 3 * this.reach);
      this.scene.fog.color.setRGB(...paper(this.canvas));
      this.renderer.render(this.scene, this.camera);
      this.moved();
    });
  }

  listen() {
    const canvas = this.canvas;
    let from = null;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      from = [event.clientX, event.clientY];
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!from) return;
      const right = (event.clientX - from[0]) / canvas.clientHeight, up = (from[1] - event.clientY) / canvas.clientHeight;
      from = [event.clientX, event.clientY];
      if (event.shiftKey || event.buttons & 2) this.move(right, up);
      else this.turn(Math.PI * right, Math.PI * up);
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (from = null));
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(0.001 * event.deltaY));
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const done = this.key(event);
      if (done) event.preventDefault();
    });
  }

  key({ key, shiftKey, ctrlKey, metaKey, altKey }) {
    if (ctrlKey || metaKey || altKey) return false;
    const arrows = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[key];
    if (arrows && shiftKey) this.move(0.05 * arrows[0], 0.05 * arrows[1]);
    else if (arrows) this.turn(STEP * arrows[0], STEP * arrows[1]);
    else if (key === "+" || key === "=") this.zoom(0.87);
    else if (key === "-") this.zoom(1.15);
    else if (key in VIEWS) this.view(key);
    else return false;
    return true;
  }
}

function lamps() {
  const lamp = (strength, ...from) => {
    const light = new three.DirectionalLight(0xffffff, strength);
    light.position.set(...from);
    return light;
  };
  return [lamp(2.4, -0.45, 0.65, 0.85), lamp(0.7, 0.8, -0.1, 0.5), new three.HemisphereLight(0xffffff, 0xaaaaaa, 1.3)];
}

function partOf(mesh, opacity) {
  const shape = new three.BufferGeometry();
  shape.setAttribute("position", new three.BufferAttribute(mesh.positions, 3));
  shape.setAttribute("normal", new three.BufferAttribute(mesh.normals, 3));
  shape.setAttribute("color", new three.BufferAttribute(mesh.colours, 3, true));
  shape.setIndex(new three.BufferAttribute(mesh.indices, 1));
  const material = new three.MeshPhongMaterial({ vertexColors: true, side: three.DoubleSide, shininess: 28, transparent: opacity < 1, opacity });
  material.specular.setRGB(0.09, 0.09, 0.09);
  const part = new three.Mesh(shape, material);
  part.frustumCulled = false;
  return part;
}

/** Colour behind the canvas, 0 to 1. */
function paper(element) {
  const found = getComputedStyle(element.parentElement).backgroundColor.match(/[\d.]+/g).map(Number);
  return found.slice(0, 3).map((each) => each / 255);
}
