// Filters and finding. Filters of accounts keep who matches and whom they deal with; a filter's name is told beside it.
const accountsOnly = chart.nodes.filter((node) => ["own", "other"].includes(node.kind));
const CHOICES = {
  bank: accountsOnly.map((node) => node.bank),
  role: accountsOnly.map((node) => (chart.letters[node.role] === node.letter ? node.role : "")),
  sign: chart.findings.map((finding) => finding.sign),
  list: accountsOnly.flatMap((node) => node.lists || []),
  channel: chart.transfers.map((each) => each.channel),
};
for (const [name, values] of Object.entries(CHOICES)) {
  const box = $(`by${name}`), known = [...new Set(values.filter(Boolean))].sort();
  box.parentElement.hidden = known.length < (name === "list" || name === "sign" ? 1 : 2);
  put(box, "option", tr("any"), { value: "" });
  for (const value of known) put(box, "option", plain(value), { value });
  box.addEventListener("change", () => change("filter", (now) => { if (box.value) now.by[name] = box.value; else delete now.by[name]; }));
}
$("byscore").addEventListener("input", (event) => change("~score", (now) => {
  const least = Math.max(Number(event.target.value) || 0, 0);
  if (least) now.by.score = least; else delete now.by.score;
}));
$("byreference").parentElement.hidden = !chart.transfers.some((each) => each.reference);
$("byreference").addEventListener("input", (event) => change("~reference", (now) => {
  const holds = event.target.value.trim();
  if (holds) now.by.reference = holds; else delete now.by.reference;
}));
$("layout").addEventListener("change", (event) => {
  change("layout", (now) => { now.layout = event.target.value; });
  fit();
});
$("least").addEventListener("input", (event) => change("~least", (now) => { now.least = Math.max(Number(event.target.value) || 0, 0); }));
$("amounts").addEventListener("change", (event) => change("amounts", (now) => { now.labels = event.target.checked; }));
for (const box of KIND_BOXES) {
  box.addEventListener("change", () => change("kinds", (now) => { if (box.checked) delete now.off[box.value]; else now.off[box.value] = true; }));
}
function tellFilters() {
  $("layout").value = state.layout;
  $("amounts").checked = state.labels;
  if (document.activeElement !== $("least")) $("least").value = state.least || "";
  if (document.activeElement !== $("byscore")) $("byscore").value = state.by.score || "";
  if (document.activeElement !== $("byreference")) $("byreference").value = state.by.reference || "";
  for (const name of Object.keys(CHOICES)) $(`by${name}`).value = state.by[name] || "";
  for (const box of KIND_BOXES) box.checked = !state.off[box.value];
  const set = Object.entries(state.by).map(([name, value]) => `${word(name)} ${name === "score" ? "≥ " : ""}${name === "reference" ? value : plain(value)}`);
  $("filtered").textContent = set.length ? `${tr("filters")}: ${set.join(", ")}` : tr("filters");
  $("filtered").classList.toggle("set", set.length > 0);
}

// ---- finding: accounts by any of their names; transfers by id, and by their exact amount ----
let hits = [], hit = -1;
function search(text) {
  const wanted = text.trim().toLowerCase(), amount = Number(wanted.replaceAll(",", ""));
  const inNode = (node) => [node.label, node.holder, node.bank].some((each) => each && String(each).toLowerCase().includes(wanted));
  const inTransfer = (each) => String(each.id).toLowerCase() === wanted || refers(each, wanted) || (amount > 0 && each.carried.some((carried) => Number(carried) === amount));
  hits = wanted ? [
    ...chart.nodes.map((node, id) => ({ node: id })).filter(({ node }) => inNode(chart.nodes[node])),
    ...chart.transfers.filter(inTransfer).map((transfer) => ({ transfer })),
  ] : [];
  if (wanted && !hits.length) hits = chart.transfers.filter((each) => String(each.id).toLowerCase().includes(wanted)).map((transfer) => ({ transfer }));
  hit = hits.length ? 0 : -1;
  found();
}
function goToTransfer(transfer) {
  const arrow = [...view.arrows.values()].find((each) => each.transfers.includes(transfer));
  if (!arrow) { say(tr("transfer {id} is not shown: see the filters, the time, and what is drawn as one", { id: transfer.id })); return; }
  choose({ arrow: arrow.key });
  const [[a, b], [c, d]] = [placeNow(arrow.source), placeNow(arrow.target)];
  picture.moveTo({ position: { x: (a + c) / 2, y: (b + d) / 2 } });
}
function found() {
  const words = $("find").value.trim();
  $("hits").textContent = words ? (hits.length ? tr("{n} of {all}", { n: hit + 1, all: hits.length }) : tr("none")) : "";
  if (hit < 0 && chosen) choose(null);
  if (hit < 0) return;
  const { node, transfer } = hits[hit];
  if (transfer) { goToTransfer(transfer); return; }
  goTo(node);
  if (!view.nodes.has(standIn(node))) say(tr("{name} is not shown: see the filters and the time", { name: labelOf(node) }));
}
$("find").addEventListener("input", (event) => search(event.target.value));
$("find").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !hits.length) return;
  hit = (hit + (event.shiftKey ? hits.length - 1 : 1)) % hits.length;
  found();
});
