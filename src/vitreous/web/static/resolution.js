// Curves read at one frequency.
import { at } from "./root.js";

const $ = (id) => document.getElementById(id);
const job = $("shell").dataset.job;
let told;

async function open() {
  told = await (await fetch(at(`api/resolution?${new URLSearchParams({ job })}`))).json();
  $("shell").max = told.k.length - 1;
  const falls = told.curves.corrected.findIndex((value, i) => i && value < 1 / 7);
  $("shell").value = falls > 0 ? falls : told.k.length >> 1;
  show();
}

function show() {
  const shell = Number($("shell").value), { k, words, curves } = told, number = (value) => (value === null || value === undefined ? "–" : value.toFixed(3));
  $("at").textContent = k[shell] ? `${(1 / k[shell]).toFixed(2)} Å (${k[shell].toFixed(4)} Å⁻¹)` : "–";
  $("shell").setAttribute("aria-valuetext", $("at").textContent);
  $("values").replaceChildren(...Object.entries(words).filter(([name]) => curves[name]).map(([name, text]) => {
    const row = document.createElement("tr");
    const band = name === "corrected" && curves.low ? ` (95 %: ${number(curves.low[shell])} to ${number(curves.high[shell])})` : "";
    for (const each of [text, number(curves[name][shell]) + band]) row.append(Object.assign(document.createElement("td"), { textContent: each }));
    return row;
  }));
}

$("shell").addEventListener("input", show);
$("job")?.addEventListener("change", () => (location.href = at(`resolution?${new URLSearchParams({ job: $("job").value })}`)));
open();
