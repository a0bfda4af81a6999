// Stand on a row of the graph to see the lines that lead to it and from it.
function light(name) {
  const graph = document.getElementById("graph");
  if (!graph) return;
  graph.classList.toggle("chosen", Boolean(name));
  for (const rail of graph.querySelectorAll(".rail")) rail.classList.toggle("lit", Boolean(name) && (rail.dataset.from === name || rail.dataset.to === name));
}
const rowOf = (event) => event.target.closest?.("[data-row]")?.dataset.row ?? "";
document.addEventListener("mouseover", (event) => light(rowOf(event)));
document.addEventListener("focusin", (event) => light(rowOf(event)));
