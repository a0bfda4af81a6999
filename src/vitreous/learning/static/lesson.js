// Gives the menu that marimo puts on a lesson the name that it lacks, for those who do not see its three dots.
const named = () => {
  for (const button of document.querySelectorAll('button[aria-haspopup="menu"]:not([aria-label])'))
    if (!button.textContent.trim()) button.setAttribute("aria-label", "Menu of the lesson");
};
new MutationObserver(named).observe(document, { childList: true, subtree: true });
named();
