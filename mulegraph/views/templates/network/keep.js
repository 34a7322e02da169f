// Work that stays: notes, colours and marks; the state of the page as a small file, by names and transfers' ids.
const COLOURS = { amber: "#ffb000", pink: "#d6409f", green: "#00a878", blue: "#3d8bfd" };
const nameOf = (id) => (isGroup(id) ? "" : chart.nodes[id].name);
const numberOf = new Map(chart.nodes.map((node, id) => [node.name, id]));
const FORMAT = "mulegraph page 1";

function tellNote(parent, key, about) {
  const box = put(parent, "details", undefined, { class: "own" });
  box.open = Boolean(state.notes[key]);
  put(box, "summary", tr("note, mark"));
  const area = put(box, "textarea", undefined, { rows: "3", "aria-label": tr("note on {name}", { name: about }) });
  area.value = state.notes[key] || "";
  area.addEventListener("change", () => change("note", (now) => { if (area.value.trim()) now.notes[key] = area.value; else delete now.notes[key]; }));
  return box;
}
function tellOwnNode(parent, id) {
  const name = nameOf(id), box = tellNote(parent, name, labelOf(id)), tools = put(box, "p", undefined, { class: "tools" });
  for (const [colour, value] of Object.entries(COLOURS)) {
    const set = () => change("colour", (now) => { if (now.colours[name] === colour) delete now.colours[name]; else now.colours[name] = colour; });
    button(tools, word(colour), () => { set(); tell(); }, { "aria-pressed": String(state.colours[name] === colour) }).style.borderLeft = `12px solid ${value}`;
  }
}
function tellOwnArrow(parent, arrow) {
  const ids = arrow.transfers.map((each) => each.id), on = ids.every((id) => state.marked[id]);
  const box = tellNote(parent, ids.find((id) => state.notes[id]) || ids[0], `${labelOf(arrow.source)} → ${labelOf(arrow.target)}`);
  const tools = put(box, "p", undefined, { class: "tools" });
  button(tools, on ? tr("take the mark off") : tr("mark this arrow"), () => {
    change("mark", (now) => { for (const id of ids) if (on) delete now.marked[id]; else now.marked[id] = true; });
    tell();
  });
}

// ---- the file ----
const byName = (numbers) => Object.fromEntries(Object.entries(numbers).filter(([id]) => !isGroup(id)).map(([id, value]) => [nameOf(Number(id)), value]));
function asFile() {
  const moved = Object.fromEntries(Object.entries(state.moved).map(([layout, places]) => [layout, byName(places)]));
  return {
    format: FORMAT, subject: chart.subject, layout: state.layout, least: state.least, labels: state.labels, off: Object.keys(state.off), by: state.by,
    since: times.length ? times[state.since] : null, until: times.length ? times[state.until] : null,
    hidden: Object.keys(state.hidden).map((id) => nameOf(Number(id))), open: Object.keys(state.open).map((place) => nameOf(chart.groups[place].members[0])),
    moved, notes: state.notes, colours: state.colours, marked: Object.keys(state.marked),
  };
}
// The state that a file holds; what is no longer in this picture is counted and said, never dropped in silence.
function fromFile(kept) {
  if (!kept || kept.format !== FORMAT) throw new Error(tr("this is no state of a page"));
  if (kept.subject !== chart.subject) throw new Error(tr("this is the state of {kept}, and this page shows {shown}", { kept: kept.subject, shown: chart.subject }));
  const made = fresh(), lost = new Set(), ids = new Set(chart.transfers.map((each) => each.id));
  const place = (name) => { if (!numberOf.has(name)) lost.add(name); return numberOf.get(name); };
  Object.assign(made, { layout: chart.layouts[kept.layout] ? kept.layout : made.layout, least: Number(kept.least) || 0, labels: kept.labels !== false, by: kept.by || {} });
  for (const kind of kept.off || []) made.off[kind] = true;
  for (const name of kept.hidden || []) if (place(name) !== undefined) made.hidden[place(name)] = true;
  for (const name of kept.open || []) if (place(name) !== undefined && groupOf.has(place(name))) made.open[groupOf.get(place(name))] = true;
  for (const [layout, places] of Object.entries(kept.moved || {})) {
    for (const [name, at] of Object.entries(places)) if (place(name) !== undefined) (made.moved[layout] ||= {})[place(name)] = at;
  }
  for (const [key, text] of Object.entries(kept.notes || {})) {
    if (!numberOf.has(key) && !ids.has(key)) lost.add(key);
    made.notes[key] = String(text);
  }
  for (const [name, colour] of Object.entries(kept.colours || {})) if (place(name) !== undefined && COLOURS[colour]) made.colours[name] = colour;
  for (const id of kept.marked || []) { if (!ids.has(id)) lost.add(id); made.marked[id] = true; }
  if (times.length && kept.until !== null) [made.since, made.until] = [Math.min(after(kept.since), before(kept.until)), before(kept.until)];
  return { made, lost };
}
// Returns how many names of it stand not in this picture.
function openState(kept) {
  const { made, lost } = fromFile(kept);
  change("open", () => { state = made; });
  choose(null);
  fit();
  const notes = tr("opened with {n:note|notes}", { n: Object.keys(made.notes).length });
  say(lost.size ? `${notes}; ${tr("{n:name|names} in it stand not in this picture: {names}", { n: lost.size, names: [...lost].slice(0, 5).join(", ") })}` : notes);
  return lost.size;
}
Object.assign(saves, {
  keep() { save(`${JSON.stringify(asFile(), null, 1)}\n`, `${chart.title}.page.json`, "application/json"); },
  open() { $("state").click(); },
});
$("state").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  try { openState(JSON.parse(await file.text())); } catch (error) { say(`${file.name}: ${error.message}`); }
  event.target.value = "";
});
