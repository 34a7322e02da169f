// What people do: pick, fold, filter, search, play, undo; by mouse and by keyboard alike.

function goTo(id) {
  if (!isGroup(id) && !view.nodes.has(id)) {
    const folded = standIn(id);
    if (!view.nodes.has(folded)) return;
    id = folded;
  }
  choose({ node: id });
  const [x, y] = placeNow(id);
  picture.moveTo({ position: { x, y }, scale: Math.max(picture.getScale(), 0.7) });
}
const hide = (id) => change("hide", (now) => { for (const member of membersOf(id)) now.hidden[member] = true; tell(); });
function fold(id) {
  const place = groupOf.get(id);
  if (place === undefined) return;
  change("fold", (now) => { delete now.open[place]; });
  choose({ node: groupKey(place) });
}
function unfold(place) {
  const more = chart.groups[place].members.length;
  if (view.nodes.size + more > chart.most) {
    say(tr("{n:node|nodes} more would be over {most}: close another one first", { n: more, most: chart.most }));
    return;
  }
  change("unfold", (now) => { now.open[place] = true; });
  choose(null);
}
// A double click: a combo opens, and a member of an open one closes it.
function toggle(id) {
  if (isGroup(id)) unfold(groupNumber(id));
  else if (groupOf.has(id)) fold(id);
  else say(tr("{name} is drawn by itself: there is nothing to open or close", { name: labelOf(id) }));
}
function separate(pair, apart) {
  change("separate", (now) => { if (apart) now.apart[pair] = true; else delete now.apart[pair]; });
  const arrow = [...view.arrows.values()].find((each) => each.pair === pair);
  choose(arrow ? { arrow: arrow.key } : null);
}

picture.on("click", ({ nodes: [node], pointer: { canvas: { x, y } } }) => {
  const arrow = node === undefined ? arrowAt(x, y) : null;
  if (node !== undefined) choose({ node });
  else if (arrow) choose({ arrow: arrow.key });
  else if (chosen || shone) { shine(null); choose(null); }
});
picture.on("doubleClick", ({ nodes: [node] }) => { if (node !== undefined) toggle(node); });
// What is under the mouse says its name and sums.
const tip = $("tip");
function tellTip(event) {
  const box = $("picture").getBoundingClientRect(), dom = { x: event.clientX - box.left, y: event.clientY - box.top };
  const { x, y } = picture.DOMtoCanvas(dom), id = picture.getNodeAt(dom), arrow = id === undefined ? arrowAt(x, y) : null;
  tip.hidden = id === undefined && !arrow;
  if (tip.hidden) return;
  const of = (test) => money([...view.arrows.values()].filter(test).flatMap((each) => each.transfers));
  tip.textContent = seen(arrow ? `${labelOf(arrow.source)} → ${labelOf(arrow.target)}` : labelOf(id)) + "\n"
    + (arrow ? `${wordsOf(arrow)[0]}, ${wordsOf(arrow)[1]}` : tr("received {came}\npaid {went}", { came: of((each) => each.target === id), went: of((each) => each.source === id) }));
  tip.style.left = `${Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8)}px`;
  tip.style.top = `${Math.min(event.clientY + 14, window.innerHeight - tip.offsetHeight - 8)}px`;
}
let lastMove = null;
$("picture").addEventListener("mousemove", (event) => {
  if (event.buttons) { tip.hidden = true; return; }
  if (!lastMove) requestAnimationFrame(() => { tellTip(lastMove); lastMove = null; });
  lastMove = event;
});
$("picture").addEventListener("mouseleave", () => { tip.hidden = true; });
picture.on("hoverNode", () => { $("picture").classList.add("over"); });
picture.on("blurNode", () => { $("picture").classList.remove("over"); });
picture.on("dragging", () => { for (const arrow of view.arrows.values()) delete arrow.line; });
picture.on("dragEnd", ({ nodes: [node] }) => {
  picture.unselectAll();
  if (node === undefined) return;
  const { x, y } = picture.body.nodes[node];
  change("move", (now) => { (now.moved[now.layout] ||= {})[node] = [Math.round(x), Math.round(y)]; });
});

function tellState() {
  tellFilters();
  $("undo").disabled = !past.length;
  $("redo").disabled = !future.length;
  const all = [...view.arrows.values()].reduce((sum, arrow) => sum + arrow.transfers.length, 0);
  const inside = chart.transfers.filter((each) => isGroup(standIn(each.source)) && standIn(each.source) === standIn(each.target)).length;
  $("shown").textContent = tr("{n:transfer|transfers} of {all} shown", { n: all, all: chart.transfers.length })
    + (inside ? `, ${tr("{n} inside groups", { n: inside })}` : "")
    + (Object.keys(state.hidden).length ? `, ${tr("{n:node|nodes} hidden", { n: Object.keys(state.hidden).length })}` : "");
  tellTimes();
  if (!chosen) tell();
}
const say = (words) => { $("said").textContent = words; };

// ---- buttons and keys ----
const zoom = (by) => picture.moveTo({ scale: Math.min(4, Math.max(0.03, picture.getScale() * by)) });
const pan = (x, y) => { const at = picture.getViewPosition(), by = 80 / picture.getScale(); picture.moveTo({ position: { x: at.x + x * by, y: at.y + y * by } }); };
function step(by) {
  const order = [...view.nodes].sort((a, b) => { const [p, q] = [placeNow(a), placeNow(b)]; return p[0] - q[0] || p[1] - q[1]; });
  if (!order.length) return;
  const at = chosen && chosen.node !== undefined ? order.indexOf(chosen.node) : by > 0 ? -1 : 0;
  goTo(order[(at + by + order.length) % order.length]);
}
function reset() {
  change("reset", () => { state = fresh(); });
  shine(null);
  choose(null);
  fit();
}
const keys = {
  f: fit, "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), n: () => step(1), p: () => step(-1),
  ArrowLeft: () => pan(-1, 0), ArrowRight: () => pan(1, 0), ArrowUp: () => pan(0, -1), ArrowDown: () => pan(0, 1),
  e: () => chosen && chosen.node !== undefined && toggle(chosen.node), Enter: () => chosen && chosen.node !== undefined && toggle(chosen.node),
  h: () => chosen && chosen.node !== undefined && hide(chosen.node), Delete: () => chosen && chosen.node !== undefined && hide(chosen.node),
  u: undoAll, r: redoAll, " ": () => play.click(), "/": () => $("find").focus(), "?": () => $("help").showModal(), Escape: () => { shine(null); choose(null); },
  ...Object.fromEntries([1, 2, 3, 4, 5].map((line) => [String(line), () => lightLine(line - 1)])),
  "[": () => setUntil(state.until - 1), "]": () => setUntil(state.until + 1),
};
function undoAll() {
  undo();
  tell();
}
function redoAll() {
  redo();
  tell();
}
document.addEventListener("keydown", (/** @type {KeyboardEvent & { target: any }} */ event) => {
  if ((event.ctrlKey || event.metaKey) && ["z", "y"].includes(event.key.toLowerCase()) && !event.target.matches("input, textarea")) {
    event.preventDefault();
    if (event.key.toLowerCase() === "y" || event.shiftKey) redoAll(); else undoAll();
    return;
  }
  if (event.target.id === "find" && event.key === "Escape") { event.target.value = ""; search(""); $("picture").focus(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea, dialog *")) return;
  // Keys that a button, a table or the page itself uses stay theirs unless the picture has the focus.
  const own = event.target === $("picture") || event.target === document.body;
  if (!own && [" ", "Enter", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"].includes(event.key)) return;
  const act = keys[event.key];
  if (act) { event.preventDefault(); act(); }
});
const buttons = { fit, in: () => zoom(1.25), out: () => zoom(0.8), undo: undoAll, redo: redoAll, reset, keys: () => $("help").showModal(), print: () => window.print(), ...saves };
for (const [name, act] of Object.entries(buttons)) $(name).addEventListener("click", act);
$("close").addEventListener("click", () => $("help").close());
function fillTable() {
  if (!$("rows").childElementCount) transferTable($("rows"), chart.transfers, chart.title);
}
$("all").addEventListener("toggle", () => { if ($("all").open) fillTable(); });
// On paper the picture is an image of all of it: a canvas would be stretched to the paper's shape.
window.addEventListener("beforeprint", () => {
  $("all").open = true;
  fillTable();
  $("paper").src = wholePicture().toDataURL();
});
window.addEventListener("resize", () => { drawTimes(); });

if (chart.kept) state = fromFile(chart.kept).made;
if (chart.start !== null) chosen = { node: standIn(chart.start) };
refresh();
tell();
fit();
if (chart.served) carryOn();
document.documentElement.dataset.ready = "yes";
