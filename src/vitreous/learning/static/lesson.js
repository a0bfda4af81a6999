// Gives what marimo puts on a lesson the names that it lacks, for those who do not see it: its menu, the editors of exercises,
// the numbers of a matrix, and the outline, which is reached by keys where it can be scrolled. Widgets of marimo are trees of
// their own (shadow roots) inside the page, and trees of their own inside those; each is watched, for what a widget shows may
// come long after the widget.
const watched = new WeakSet();

const watch = (root) => {
  if (watched.has(root)) return;
  watched.add(root);
  new MutationObserver(() => named(root)).observe(root, { childList: true, subtree: true });
  named(root);
};

const named = (root) => {
  for (const button of root.querySelectorAll('button[aria-haspopup="menu"]:not([aria-label])'))
    if (!button.textContent.trim()) button.setAttribute("aria-label", "Menu of the lesson");
  for (const editor of root.querySelectorAll(".cm-content:not([aria-label])")) editor.setAttribute("aria-label", "Your function");
  for (const outline of root.querySelectorAll("div.overflow-auto.absolute:not([tabindex])")) outline.tabIndex = 0;
  for (const entry of root.querySelectorAll("td[aria-valuenow]:not([role])")) becomeSpinButton(entry);
  for (const each of root.querySelectorAll("*")) if (each.shadowRoot) watch(each.shadowRoot);
};

// An entry of a matrix holds a value between bounds, which a cell of a table may not: it is a spin button, and its table a frame.
const becomeSpinButton = (entry) => {
  entry.setAttribute("role", "spinbutton");
  for (const part of [entry.closest("table"), entry.closest("tbody"), entry.closest("tr")]) part?.setAttribute("role", "presentation");
};

watch(document);
