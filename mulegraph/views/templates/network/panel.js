// The side panel: what is known of what was chosen. Everything is put in as text, never as markup.
const panel = document.getElementById("panel");
const MOST_ROWS = 300;
function put(parent, tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = seen(text);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent.append(made);
  return made;
}
function button(parent, text, act, attributes = {}) {
  const made = put(parent, "button", text, { type: "button", ...attributes });
  made.addEventListener("click", act);
  return made;
}
function facts(parent, rows) {
  const list = put(parent, "dl");
  for (const [name, value] of rows) {
    if (value === undefined || value === null || value === "") continue;
    put(list, "dt", name);
    put(list, "dd", value);
  }
}
const plain = (name) => word(String(name).replaceAll("_", " "));
const told = (value) => (typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(4))) : String(value));

// Light what a line of the story is about; null lights all.
function shine(what) {
  shone = what && { ...what, numbers: new Set(what.transfers.map((each) => each.number)) };
}
function choose(what) {
  chosen = what;
  refresh();
  tell();
  for (const extra of extras.chosen) extra();
}
function tell() {
  panel.textContent = "";
  if (!chosen) tellAll();
  else if (chosen.arrow !== undefined) tellArrow(view.arrows.get(chosen.arrow));
  else if (isGroup(chosen.node)) tellGroup(chosen.node);
  else tellNode(chosen.node);
  panel.scrollTop = 0;
}
const shownTransfers = (test) => [...view.arrows.values()].flatMap((arrow) => arrow.transfers).filter(test).sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));

const MONEY_COLOURS = { cash: "#00795a", "from cash": "#00795a", "left our sight": "#c04000", "from other banks": "#c04000", "still there": "#0072b2", "own money": "#0072b2" };
// The story: lines that light what they are about, a bar of the money that adds up, and the next step.
function tellStory() {
  const { lines, money: parts, entered, command, because } = chart.story;
  const list = put(panel, "ol", undefined, { id: "story" });
  lines.forEach((line, place) => {
    const made = button(put(list, "li"), undefined, () => lightLine(place), { "aria-pressed": String(Boolean(shone && shone.key === place)) });
    put(made, "b", line.head);
    put(made, "span", line.words);
  });
  if (command) {
    const next = put(panel, "div", undefined, { id: "next" });
    put(next, "b", tr("Next"));
    put(next, "code", command);
    if (because) put(next, "p", because, { class: "hint" });
    button(next, tr("copy"), (event) => copy(command, event.target));
  }
  if (parts.length) {
    const box = put(panel, "div", undefined, { id: "money" }), bar = put(box, "div", undefined, { id: "bar", "aria-hidden": "true" });
    const table = put(box, "table"), first = put(table, "tr");
    put(first, "td", tr("traced"));
    put(first, "td", entered, { class: "n" });
    parts.forEach((part, place) => {
      const piece = put(bar, "span"), row = put(table, "tr"), name = put(row, "td");
      piece.style.width = `${part.share * 100}%`;
      piece.style.background = put(name, "i").style.background = MONEY_COLOURS[part.name] || "#6b7280";
      put(name, "span", `${place ? "+" : "="} ${part.words}`);
      put(row, "td", part.amount, { class: "n" });
    });
  }
}
function lightLine(place) {
  if (!chart.story || !chart.story.lines[place]) return;
  const line = chart.story.lines[place], ids = new Set(line.transfers), same = shone && shone.key === place;
  shine(same ? null : { key: place, nodes: line.nodes, transfers: chart.transfers.filter((each) => ids.has(each.id)) });
  choose(null);
}
function tellAll() {
  if (chart.story) tellStory();
  for (const extra of extras.all) extra(panel);
  put(panel, "h2", tr("In this picture"));
  const count = {};
  for (const id of view.nodes) count[kindOf(id)] = (count[kindOf(id)] || 0) + 1;
  const all = shownTransfers(() => true);
  facts(panel, [
    ...Object.keys(chart.kinds).filter((kind) => count[kind]).map((kind) => [chart.kinds[kind].title, count[kind].toLocaleString("en-US")]),
    [tr("transfers"), all.length.toLocaleString("en-US")],
    [tr("sum of transfers"), chart.amountName === "amount" ? money(all) : ""],
    [tr("from"), all.length ? fullTime(all[0].at) : ""],
    [tr("until"), all.length ? fullTime(all[all.length - 1].at) : ""],
  ]);
  // Who is named here stands accused: a score that says next to nothing names nobody.
  const suspects = [...view.nodes].filter((id) => !isGroup(id) && chart.nodes[id].score >= 0.1)
    .sort((a, b) => chart.nodes[b].score - chart.nodes[a].score).slice(0, 10);
  if (suspects.length) {
    put(panel, "h3", tr("Most suspicious here"));
    const list = put(panel, "ol", undefined, { class: "people" });
    for (const id of suspects) {
      const item = put(list, "li");
      button(item, labelOf(id), () => goTo(id));
      put(item, "span", ` ${scoreOf(chart.nodes[id].score)} ${word(roleOf(id))}`);
    }
  }
  if (chart.groups.some((group, place) => !state.open[place])) {
    put(panel, "h3", tr("Drawn as one"));
    const list = put(panel, "ul", undefined, { class: "people" });
    chart.groups.forEach((group, place) => {
      if (state.open[place] || !view.nodes.has(groupKey(place))) return;
      button(put(list, "li"), `${group.label}: ${tr("{n:node|nodes}", { n: group.members.length })}`, () => goTo(groupKey(place)));
    });
  }
  put(panel, "p", tr("Click an account, a device or an arrow for what is known of it. Press ? for all keys."), { class: "hint" });
}

// Scores near one do not rank by two decimals: they are told as odds, too.
function scoreOf(score) {
  const odds = score / (1 - score);
  return score.toFixed(2) + (score < 0.9 ? "" : odds > 1e6 ? ` ${tr("(over 1,000,000 to 1)")}` : ` ${tr("({n} to 1)", { n: Math.round(odds) })}`);
}
const rolesIn = (node) => ((node.roles || []).length > 1 || ((node.roles || [])[0] || {}).role !== node.role ? (node.roles || []).map((each) => tr("{role} in {case}", { role: word(each.role), case: each.case })).join(", ") : "");
function tellNode(id) {
  const node = chart.nodes[id], mine = shownTransfers((each) => each.source === id || each.target === id);
  put(panel, "h2", node.label);
  const came = mine.filter((each) => each.target === id), went = mine.filter((each) => each.source === id);
  const account = ["own", "other"].includes(node.kind);
  facts(panel, [
    [tr("what"), chart.kinds[node.kind].title], [tr("role"), word(roleOf(id))], [tr("roles in cases"), rolesIn(node)],
    [tr("hops from the payment"), node.generation], [tr("still there"), node.maximum === undefined ? "" : between(Number(node.minimum), Number(node.maximum), places(node.maximum))], [tr("bank"), node.bank], [tr("holder"), node.holder],
    [tr("opened"), node.opened_on], [tr("on lists"), (node.lists || []).map(plain).join(", ")],
    [tr("score"), account && node.score !== undefined ? scoreOf(node.score) : ""], [tr("cases"), (node.cases || []).filter((each) => !chart.links[each]).join(" ")],
    [tr("received here"), came.length ? tr("{sum} in {count}", { sum: money(came), count: tr("{n:transfer|transfers}", { n: came.length }) }) : ""],
    [tr("paid here"), went.length ? tr("{sum} in {count}", { sum: money(went), count: tr("{n:transfer|transfers}", { n: went.length }) }) : ""],
  ]);
  const linked = (node.cases || []).filter((each) => chart.links[each] && each !== chart.subject);
  if (linked.length) {
    const line = put(panel, "p", `${tr("also in")} `);
    for (const each of linked) { put(line, "a", each, { href: chart.links[each] }); line.append(" "); }
  }
  for (const extra of extras.node) extra(panel, id);
  tellOwnNode(panel, id);
  const tools = put(panel, "p", undefined, { class: "tools" });
  if (groupOf.has(id)) button(tools, tr("close its combo"), () => fold(id));
  button(tools, tr("hide"), () => hide(id));
  const tied = chart.ties.filter((tie) => tie.source === id || tie.target === id).map((tie) => (tie.source === id ? tie.target : tie.source));
  if (tied.length) {
    put(panel, "h3", node.kind === "device" ? tr("Used by") : node.kind === "holder" ? tr("Owns") : tr("Devices and holder"));
    const list = put(panel, "ul", undefined, { class: "people" });
    for (const other of tied) button(put(list, "li"), chart.nodes[other].label, () => goTo(other));
  }
  const own = (place) => node.label === chart.findings[place].subject_id;
  const all = node.findings || [];
  tellFindings(account ? all.filter(own) : all, tr("Why flagged"));
  if (account) tellFindings(all.filter((place) => !own(place)), tr("Named in"));
  if (mine.length) {
    put(panel, "h3", tr("Transfers in this picture"));
    transferTable(panel, mine, tr("transfers of {account}", { account: node.label }));
  }
}
function tellFindings(numbers, title) {
  if (!numbers.length) return;
  put(panel, "h3", `${title}: ${tr("{n:finding|findings}", { n: numbers.length })}`);
  numbers.forEach((place, turn) => {
    const finding = chart.findings[place], card = put(panel, "details", undefined, { class: "finding" });
    if (turn === 0 && title === tr("Why flagged")) card.open = true;
    const head = put(card, "summary");
    put(head, "b", `${finding.sign} ${finding.score.toFixed(2)}`);
    put(head, "span", ` ${finding.reason}`);
    put(card, "p", word(finding.title));
    const table = put(card, "table"), row = put(put(table, "thead"), "tr");
    for (const name of [tr("measured"), tr("value"), tr("threshold")]) put(row, "th", name, { scope: "col" });
    const body = put(table, "tbody");
    for (const [name, value, limit] of finding.measured) {
      const each = put(body, "tr");
      put(each, "td", name);
      put(each, "td", value, { class: "n" });
      put(each, "td", limit);
    }
    if (finding.other_thresholds) put(card, "p", `${tr("Other thresholds:")} ${finding.other_thresholds}`, { class: "dim" });
    const asked = finding.benign.filter(([, , why]) => why !== NOT_ASKED);
    benign(card, tr("Perhaps innocent"), asked.filter(([, result]) => result === "passed"), "✓");
    benign(card, tr("Tried, and does not fit"), asked.filter(([, result]) => result !== "passed"), "✗");
    const others = finding.benign.filter(([, , why]) => why === NOT_ASKED).map(([name]) => plain(name));
    if (others.length) put(card, "p", `${tr("Explain no such sign:")} ${others.join(", ")}`, { class: "dim" });
    const ids = new Set(finding.evidence), evidence = chart.transfers.filter((each) => ids.has(each.id));
    if (evidence.length) {
      put(card, "p", tr("Evidence: {n:transfer|transfers}", { n: finding.evidence.length })
        + (evidence.length < finding.evidence.length ? `, ${tr("of which {n} are in this picture", { n: evidence.length })}` : ""));
      transferTable(card, evidence, tr("evidence {finding}", { finding: finding.finding }));
    }
  });
}
const NOT_ASKED = "does not explain this sign";
function benign(parent, head, tests, sign) {
  if (!tests.length) return;
  put(parent, "p", `${head}:`, { class: "benign" });
  const list = put(parent, "ul");
  for (const [name, , why] of tests) put(list, "li", `${sign} ${plain(name)}: ${why}`);
}
function tellArrow(one) {
  // Also when its transfers are drawn one by one, the pair is told as a whole.
  const together = [...view.arrows.values()].filter((each) => each.pair === one.pair).flatMap((each) => each.transfers);
  const arrow = { ...one, transfers: together };
  put(panel, "h2", `${labelOf(arrow.source)} → ${labelOf(arrow.target)}`);
  facts(panel, [
    [tr("transfers"), arrow.transfers.length], [tr("sum"), money(arrow.transfers)],
    [tr("first"), fullTime(arrow.transfers[0].at)], [tr("last"), fullTime(arrow.transfers[arrow.transfers.length - 1].at)],
  ]);
  for (const extra of extras.arrow) extra(panel, arrow);
  tellOwnArrow(panel, arrow);
  const tools = put(panel, "p", undefined, { class: "tools" });
  if (state.apart[arrow.pair]) button(tools, tr("draw as one arrow"), () => separate(arrow.pair, false));
  else if (arrow.transfers.length > 1 && arrow.transfers.length <= SEPARATE) button(tools, tr("draw one by one"), () => separate(arrow.pair, true));
  for (const end of [arrow.source, arrow.target]) button(tools, labelOf(end), () => goTo(end));
  transferTable(panel, arrow.transfers, tr("{payer} to {payee}", { payer: labelOf(arrow.source), payee: labelOf(arrow.target) }));
}
function tellGroup(id) {
  const group = chart.groups[groupNumber(id)], inside = new Set(group.members);
  put(panel, "h2", group.label);
  const mine = shownTransfers((each) => inside.has(each.source) || inside.has(each.target));
  facts(panel, [
    [tr("what"), group.why], [tr("holds"), tr("{n:node|nodes}", { n: group.members.length })], [tr("transfers to and from it"), money(mine)],
  ]);
  button(put(panel, "p", undefined, { class: "tools" }), "open", () => unfold(groupNumber(id)));
  put(panel, "h3", tr("In it"));
  const list = put(panel, "ul", undefined, { class: "people" });
  for (const member of group.members.slice(0, MOST_ROWS)) put(list, "li", chart.nodes[member].label + (roleOf(member) ? ` (${word(roleOf(member))})` : ""));
  if (group.members.length > MOST_ROWS) put(list, "li", tr("and {n} more", { n: group.members.length - MOST_ROWS }));
}

// As the command writes it: exact, and a range where rules of tracing differ.
function amountOf(each) {
  const ordered = [...each.carried].sort((a, b) => Number(a) - Number(b)), last = ordered[ordered.length - 1];
  return Number(ordered[0]) === Number(last) ? last : `${ordered[0]}–${last}`;
}
const IS_FOLLOWED = chart.transfers.some((each) => each.followed);
const COLUMNS = [["at", (each) => fullTime(each.at)], ["transfer", (each) => each.id], ["from", (each) => chart.nodes[each.source].label],
  ["to", (each) => chart.nodes[each.target].label], [chart.amountName, amountOf], ["currency", (each) => each.currency], ["channel", (each) => each.channel],
  ...(IS_FOLLOWED ? [["followed", (each) => each.followed || ""]] : []),
  ...(chart.transfers.some((each) => each.reference) ? [["reference", (each) => each.reference || ""]] : [])];
const timeHead = () => tr("at ({zone})", { zone: chart.coarse ? tr("day") : chart.zone });
function transferTable(parent, rows, name) {
  const tools = put(parent, "p", undefined, { class: "tools" });
  button(tools, tr("copy"), (event) => copy(asText(rows, "\t"), event.target));
  button(tools, "CSV", () => save(asText(rows, ","), `${name}.csv`, "text/csv"));
  // What is wider than the panel is scrolled, also by the keyboard.
  const box = put(parent, "div", undefined, { class: "wide", tabindex: "0", role: "region", "aria-label": name });
  const table = put(box, "table"), head = put(put(table, "thead"), "tr");
  for (const title of [word(chart.amountName), ...(IS_FOLLOWED ? [tr("of it followed")] : []), timeHead(), tr("from"), tr("to"), tr("channel"), tr("transfer")]) {
    put(head, "th", title, { scope: "col", ...([word(chart.amountName), tr("of it followed")].includes(title) ? { class: "n" } : {}) });
  }
  const body = put(table, "tbody");
  for (const each of rows.slice(0, MOST_ROWS)) {
    const row = put(body, "tr");
    put(row, "td", money([each]), { class: "n" });
    if (IS_FOLLOWED) put(row, "td", each.followed || "", { class: "n" });
    put(row, "td", fullTime(each.at), { class: "time" });
    put(row, "td", short(chart.nodes[each.source].label, 40));
    put(row, "td", short(chart.nodes[each.target].label, 40));
    put(row, "td", word(each.channel));
    put(row, "td", each.id);
  }
  if (rows.length > MOST_ROWS) put(parent, "p", tr("and {n:more row|more rows}: they are in the CSV", { n: rows.length - MOST_ROWS }));
}
