// Scales of colour: numbers to red, green and blue (0 to 255).

/** Viridis (Smith & van der Walt, CC0), as the figures use it. */
export const VIRIDIS = ["#440154", "#48186a", "#472d7b", "#424086", "#3b528b", "#33638d", "#2c728e", "#26828e", "#21918c", "#1fa088",
  "#28ae80", "#3fbc73", "#5ec962", "#84d44b", "#addc30", "#d8e219", "#fde725"].map(rgb);
/** Core to rim, as the report's picture of the map. */
export const RADIAL = [[50, 80, 168], [40, 118, 192], [86, 178, 214], [190, 226, 232], [250, 238, 214]];
export const UNKNOWN = [150, 156, 163];

/** "#0a65a8" as [10, 101, 168]. */
export function rgb(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

/** Colour of `share` (0 to 1) on a scale, linear between its entries. */
export function colourOf(scale, share) {
  const at = Math.min(Math.max(share, 0), 1) * (scale.length - 1), low = Math.min(Math.floor(at), scale.length - 2);
  return scale[low].map((from, c) => from + (at - low) * (scale[low + 1][c] - from));
}

/** Colour of `value` between `limits`; grey if it is not a number. */
export function colourBetween(scale, value, [low, high]) {
  return Number.isNaN(value) ? UNKNOWN : colourOf(scale, (value - low) / (high - low || 1));
}

/** Draw a bar with its two limits and what they are of; empties `element` first. */
export function drawBar(element, scale, limits, title, unit) {
  const canvas = document.createElement("canvas"), number = (value) => value.toFixed(Math.abs(limits[1] - limits[0]) < 10 ? 1 : 0);
  canvas.width = 256;
  canvas.height = 1;
  const paper = canvas.getContext("2d"), row = paper.createImageData(256, 1);
  for (let i = 0; i < 256; i++) row.data.set([...colourOf(scale, i / 255), 255], 4 * i);
  paper.putImageData(row, 0, 0);
  element.replaceChildren(words(`${title}: ${number(limits[0])} ${unit}`), canvas, words(`${number(limits[1])} ${unit}`));
}

/** Say what each colour stands for: `entries` are [words, colour]; empties `element` first. */
export function drawKey(element, entries) {
  const patch = (colour) => {
    const made = words("");
    made.className = "patch";
    made.style.background = `rgb(${colour})`;
    return made;
  };
  element.replaceChildren(...entries.flatMap(([text, colour]) => [patch(colour), words(text)]));
}

function words(text) {
  return Object.assign(document.createElement("span"), { textContent: text });
}
