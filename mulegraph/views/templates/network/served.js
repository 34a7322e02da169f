// A page with a server behind it: pictures that lead on, and what is done with a case.
{% include "serve/ask.js" %}
const served = chart.served, CARRIED = "mulegraph carried";
// The next picture opens as this one is, as far as it holds the same.
async function lead(what) {
  say(tr("drawing …"));
  try {
    const { address } = await ask("/draw", { drawing: served.drawing, ...what });
    if (what.what === "expand") sessionStorage.setItem(CARRIED, JSON.stringify(carried()));
    location.href = address;
  } catch (error) {
    say(error.message);
  }
}
// A span of all times stays one of all: what is new may be earlier or later.
function carried() {
  const all = state.since === 0 && state.until === times.length - 1;
  return { ...asFile(), ...(all ? { since: null, until: null } : {}) };
}
async function act(what) {
  try {
    const { said } = await ask(`/case/${served.case}/act`, what);
    say(`${served.case}: ${said}`);
    return true;
  } catch (error) {
    say(error.message);
    return false;
  }
}
// A form of a line: what is typed and chosen goes to the server; it is emptied when that is done.
function form(parent, words, fields, done) {
  const made = put(parent, "form", undefined, { class: "act" }), inputs = {};
  for (const [name, label, choices] of fields) {
    const box = put(made, "label", `${label} `);
    inputs[name] = choices ? put(box, "select") : put(box, "input", undefined, { type: name === "until" ? "date" : "text", autocomplete: "off" });
    for (const each of choices || []) put(inputs[name], "option", word(each), { value: each });
  }
  put(made, "button", words, { type: "submit" });
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value]));
    if (await done(given)) made.reset();
  });
  return made;
}
let from = null;  // the account that a way is looked for from
const accountOf = (id) => (["own", "other"].includes(chart.nodes[id].kind) ? chart.nodes[id].name : "");
extras.node.push((parent, id) => {
  const account = accountOf(id);
  if (!account) return;
  const tools = put(parent, "p", undefined, { class: "tools asks" });
  if (!served.traces) button(tools, tr("expand"), () => lead({ what: "expand", account }), { title: tr("draw its counterparties and latest transfers") });
  const came = shownTransfers((each) => each.target === id), first = came.length ? came[0].at : (shownTransfers((each) => each.source === id)[0] || {}).at;
  button(tools, tr("trace from here"), () => lead({ what: "trace", account, since: first ?? null }), { title: tr("where all went that it paid from its first receipt here on") });
  if (from === null || from === account) button(tools, tr("path to …"), () => { from = account; say(tr("choose the account to which money of {account} may have come", { account })); tell(); }, { "aria-pressed": String(from === account) });
  else button(tools, tr("path from {account} to here", { account: short(from) }), () => lead({ what: "path", account: from, to: account }));
  if (!served.case) return;
  const box = put(parent, "details", undefined, { class: "own" });
  put(box, "summary", tr("decide on this account"));
  form(box, tr("decide"), [["choice", tr("as"), served.decisions], ["text", tr("reason")]], (given) => act({ what: "dispose", account, ...given }));
  form(box, tr("hold"), [["until", tr("until")], ["text", tr("reason")]], (given) => act({ what: "hold", account, ...given }));
});
extras.arrow.push((parent, arrow) => {
  const tools = put(parent, "p", undefined, { class: "tools asks" });
  for (const each of arrow.transfers.slice(0, 5)) button(tools, tr("trace {id}", { id: each.id }), () => lead({ what: "trace", payment: each.id }), { title: tr("where the {sum} went", { sum: money([each]) }) });
  if (arrow.transfers.length) button(tools, tr("whence {id}", { id: arrow.transfers[0].id }), () => lead({ what: "back", payment: arrow.transfers[0].id }), { title: tr("where its money came from") });
});
extras.all.push((parent) => {
  if (!served.case) return;
  const box = put(parent, "details", undefined, { class: "own", id: "acts" });
  put(box, "summary", tr("work on the case ({state})", { state: served.state }));
  form(box, tr("note"), [["text", tr("note")]], (given) => act({ what: "note", ...given }));
  form(box, tr("assign"), [["text", tr("to")]], (given) => act({ what: "assign", ...given }));
  form(box, tr("close"), [["choice", tr("as"), served.ends], ["text", tr("reason")]], (given) => act({ what: "close", ...given }));
  form(box, tr("snooze"), [["until", tr("until")], ["text", tr("reason")]], (given) => act({ what: "snooze", ...given }));
  form(box, tr("reopen"), [["text", tr("reason")]], (given) => act({ what: "reopen", ...given }));
});
Object.assign(chart.links, served.other_cases);
// On the case's own page *keep* puts the work into the workspace, and no file is saved.
if (served.own) saves.keep = () => act({ what: "keep", text: JSON.stringify(asFile()) });
function carryOn() {
  const before = sessionStorage.getItem(CARRIED);
  sessionStorage.removeItem(CARRIED);
  if (before && !openState(JSON.parse(before))) say("");
}
