// Gives what marimo puts on a lesson the names that it lacks, for those who do not see it: its menu, the editors of exercises, and
// the outline, which is reached by keys where it can be scrolled.
const named = () => {
  for (const button of document.querySelectorAll('button[aria-haspopup="menu"]:not([aria-label])'))
    if (!button.textContent.trim()) button.setAttribute("aria-label", "Menu of the lesson");
  for (const editor of document.querySelectorAll(".cm-content:not([aria-label])")) editor.setAttribute("aria-label", "Your function");
  for (const outline of document.querySelectorAll("div.overflow-auto.absolute:not([tabindex])")) outline.tabIndex = 0;
};
new MutationObserver(named).observe(document, { childList: true, subtree: true });
named();
