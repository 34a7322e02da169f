// A page in a notebook's widget tells what is chosen, and chooses what it is told; nobody else is listened to.
function chosenNow() {
  if (!chosen) return shone ? { nodes: shone.nodes, transfers: shone.transfers } : { nodes: [], transfers: [] };
  if (chosen.arrow !== undefined) {
    const pair = pairOf(chosen.arrow), ids = new Set([...view.arrows.values()].filter((each) => each.pair === pair).flatMap((each) => each.transfers));
    return { nodes: [], transfers: [...ids] };
  }
  const inside = new Set(membersOf(chosen.node));
  return { nodes: [...inside], transfers: shownTransfers((each) => inside.has(each.source) || inside.has(each.target)) };
}
let toldLast = "";
extras.chosen.push(() => {
  const { nodes: ids, transfers } = chosenNow();
  const told = { mulegraph: "chosen", nodes: ids.map((id) => chart.nodes[id].name), transfers: transfers.map((each) => each.id) };
  if (JSON.stringify(told) === toldLast) return;
  toldLast = JSON.stringify(told);
  window.parent.postMessage(told, "*");
});
window.addEventListener("message", ({ source, data }) => {
  if (source !== window.parent || !data || data.mulegraph !== "choose") return;
  const transfer = chart.transfers.find((each) => each.id === data.name);
  if (transfer) goToTransfer(transfer);
  else if (numberOf.has(data.name)) goTo(numberOf.get(data.name));
});
