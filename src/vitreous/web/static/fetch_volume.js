// Maps and models, from the server.
import { at } from "./root.js";
import { Volume } from "./volume.js";

async function answered(path, query) {
  const answer = await fetch(at(`${path}?${new URLSearchParams(query)}`));
  if (answer.ok) return answer;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  throw new Error((page.querySelector("main") ?? page.body).textContent.trim().replace(/\s+/g, " ").slice(0, 400));
}

/** A map; `sparse` if its zeros stand for nothing known. Throws an Error that says why the server would not. */
export async function fetchVolume(file, sparse = false) {
  const answer = await answered("api/maps/volume", { file, sparse });
  return new Volume(JSON.parse(answer.headers.get("x-volume")), new Uint16Array(await answer.arrayBuffer()));
}

/** Strands of an atomic model: [{chain, places: [x, y, z, x, …]}, …] in Å. */
export async function fetchModel(file) {
  return (await answered("api/maps/model", { file })).json();
}
