"use strict";
// What is shown is a function of the chart (never changed) and the state (changed by people, and undone by them).
const chart = JSON.parse(document.getElementById("chart").textContent);
const SEPARATE = 24;  // so many transfers of one arrow are drawn one by one at most
const times = [...new Set(chart.transfers.map((each) => each.at))].sort((a, b) => a - b);
// What a transfer carries: by each rule of a trace, else just its amount; its value is the most of them.
chart.transfers.forEach((each, number) => { each.number = number; each.value = Math.max(...each.carried.map(Number)); });
const groupOf = new Map();
chart.groups.forEach((group, number) => group.members.forEach((member) => groupOf.set(member, number)));
const transfersOf = chart.nodes.map(() => []);
for (const each of chart.transfers) {
  transfersOf[each.source].push(each);
  if (each.target !== each.source) transfersOf[each.target].push(each);
}

const fresh = () => ({
  layout: chart.layout, since: 0, until: times.length - 1, by: {}, notes: {}, colours: {}, marked: {}, least: 0, off: {}, labels: true, apart: {}, hidden: {}, moved: {},
  open: {},
});
let state = fresh();
const past = [], future = [];
// What a page with a server adds to the panel (below the story, to a node, to an arrow), and who is told what is chosen.
const extras = { all: [], node: [], arrow: [], chosen: [] };
/** @type {NodeListOf<HTMLInputElement>} */
const KIND_BOXES = document.querySelectorAll("#kinds input");
/** @returns {any} */
const $ = (id) => document.getElementById(id);

// Change the state so that it can be undone; changes with the same name in a row are undone as one.
function change(name, how) {
  const before = JSON.stringify(state);
  how(state);
  if (JSON.stringify(state) === before) return;
  future.length = 0;
  if (!(past.length && past[past.length - 1].name === name && name.startsWith("~"))) past.push({ name, before });
  refresh();
}
function undo() {
  if (!past.length) return;
  const { name, before } = past.pop();
  future.push({ name, before: JSON.stringify(state) });
  state = JSON.parse(before);
  refresh();
}
function redo() {
  if (!future.length) return;
  const { name, before } = future.pop();
  past.push({ name, before: JSON.stringify(state) });
  state = JSON.parse(before);
  refresh();
}

const groupKey = (number) => `group ${number}`;
const isGroup = (id) => String(id).startsWith("group ");
const groupNumber = (id) => Number(String(id).slice(6));
// What stands for a node in the picture: itself, or the combo that it is in, unless that is open.
function standIn(node) {
  const group = groupOf.get(node);
  return group === undefined || state.open[group] ? node : groupKey(group);
}
// The mark that layouts know a node by: members of a combo have no place of their own in them.
const markOf = (id) => (!isGroup(id) && groupOf.has(id) ? groupKey(groupOf.get(id)) : String(id));
const kindOf = (id) => (isGroup(id) ? "group" : chart.nodes[id].kind);
// A role that has no letter says nothing, and known good is never lettered.
const roleOf = (id) => (chart.letters[chart.nodes[id].role] === chart.nodes[id].letter ? chart.nodes[id].role : "");
const labelOf = (id) => (isGroup(id) ? chart.groups[groupNumber(id)].label : chart.nodes[id].label);
const membersOf = (id) => (isGroup(id) ? chart.groups[groupNumber(id)].members : [id]);

// Whether a node is what the filters ask for; what is no account never is, once one of them is set.
const signsOf = chart.nodes.map((node) => new Set((node.findings || []).map((place) => chart.findings[place].sign)));
function matches(id) {
  const { bank, role, list, sign, score } = state.by, node = chart.nodes[id];
  if (!bank && !role && !list && !sign && !score) return true;
  return ["own", "other"].includes(node.kind) && (!bank || node.bank === bank) && (!role || roleOf(id) === role)
    && (!list || (node.lists || []).includes(list)) && (!sign || signsOf[id].has(sign)) && (!score || (node.score || 0) >= score);
}

// Whether what was written with a transfer holds a text, in capitals or not.
const refers = (each, text) => Boolean(each.reference) && String(each.reference).toLowerCase().includes(String(text).toLowerCase());

// The nodes and arrows to be seen: {nodes: Set of ids, arrows: Map key → {source, target, transfers}, ties}.
function visible() {
  const start = times[state.since], end = times[state.until], shown = (node) => !state.off[chart.nodes[node].kind] && !state.hidden[node];
  const nodes = new Set(), arrows = new Map(), reached = new Set(), ties = new Map();
  for (const each of chart.transfers) {
    if (each.at < start || each.at > end || (state.by.channel && each.channel !== state.by.channel)) continue;
    if (state.by.reference && !refers(each, state.by.reference)) continue;
    if (!(matches(each.source) || matches(each.target)) || each.value < state.least || !shown(each.source) || !shown(each.target)) continue;
    const source = standIn(each.source), target = standIn(each.target);
    reached.add(each.source).add(each.target);
    if (source === target && isGroup(source)) continue;
    const pair = `${source}>${target}`, apart = state.apart[pair];
    // On the time axis those of a pair that would stand on each other are one arrow.
    const axis = chart.layouts[state.layout].axis;
    const key = axis ? `${pair}@${Math.round(timeX(each.at) / 9)}` : apart ? `${pair}#${each.number}` : pair;
    if (!arrows.has(key)) arrows.set(key, { key, pair, source, target, transfers: [], turn: 0, of: 1 });
    arrows.get(key).transfers.push(each);
  }
  for (const pair of Object.keys(state.apart)) {
    const drawn = [...arrows.values()].filter((arrow) => arrow.pair === pair);
    drawn.forEach((arrow, turn) => Object.assign(arrow, { turn, of: drawn.length }));
  }
  chart.nodes.forEach((node, number) => {
    // Who takes part in no transfer at all is always there; others when money first reaches them.
    if (shown(number) && (reached.has(number) || (!transfersOf[number].length && matches(number))) && !["device", "holder"].includes(node.kind)) {
      nodes.add(standIn(number));
    }
  });
  for (const tie of chart.ties) {
    const [own, other] = [standIn(tie.source), standIn(tie.target)];
    const hub = chart.nodes[tie.target].kind === "device" ? tie.target : tie.source;
    if (!shown(hub) || own === other) { if (shown(hub)) nodes.add(own); continue; }
    const account = hub === tie.target ? tie.source : tie.target;
    if (!nodes.has(standIn(account)) || !shown(account)) continue;
    nodes.add(standIn(hub));
    ties.set(`${own}-${other}`, { key: `${own}-${other}`, source: own, target: other });
  }
  return { nodes, arrows, ties };
}

// ---- places: a layout knows combos that are closed; those that are open make room in their column ----
function timeX(at) {
  const [left, right] = chart.layouts[state.layout].axis, first = times[0], last = times[times.length - 1];
  return last > first ? left + (right - left) * (at - first) / (last - first) : (left + right) / 2;
}
// Rows of room that open combos need, by y: all that is lower moves down by them, so nothing changes its order.
let room = [], roomFor = null;
function makeRoom() {
  const key = `${state.layout} ${JSON.stringify(state.open)}`;
  if (roomFor === key) return;
  roomFor = key;
  const need = new Map(), row = chart.layouts[state.layout].axis ? chart.pen.row * 0.8 : chart.pen.row;
  for (const number of Object.keys(state.open)) {
    const at = chart.layouts[state.layout].place[groupKey(number)];
    if (at) need.set(at[1], Math.max(need.get(at[1]) || 0, (chart.groups[number].members.length - 1) * row));
  }
  room = [...need].sort(([a], [b]) => a - b);
}
function lowered(y) {
  makeRoom();
  return room.reduce((sum, [at, more]) => (y > at ? sum + more : sum), y);
}
const moveDown = ([x, y]) => [x, lowered(y)];
function placeOf(id) {
  const moved = (state.moved[state.layout] || {})[id];
  if (moved) return moved;
  const layout = chart.layouts[state.layout], group = isGroup(id) ? undefined : groupOf.get(id);
  const [x, y] = moveDown(layout.place[markOf(id)]);
  if (group === undefined || !state.open[group]) return [x, y];
  return [x, y + chart.groups[group].members.indexOf(id) * chart.pen.row * (layout.axis ? 0.8 : 1)];
}
function boxOf() {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const frame of chart.layouts[state.layout].frames) {
    [left, top, right, bottom] = [Math.min(left, frame.left), Math.min(top, lowered(frame.top)), Math.max(right, frame.right), Math.max(bottom, lowered(frame.bottom))];
  }
  for (const [x, y] of Object.values(state.moved[state.layout] || {})) {
    [left, top, right, bottom] = [Math.min(left, x - 60), Math.min(top, y - 40), Math.max(right, x + 60), Math.max(bottom, y + 50)];
  }
  return left < right ? [left, top, right, bottom] : [-200, -200, 200, 200];
}

// ---- words ----
// The language of the page: `words` are its translations of what the scripts say, none in English.
const word = (text) => (Object.hasOwn(chart.words, text) ? chart.words[text] : text);
// A text with its facts; `{n:account|accounts}` is the number and its noun, one or many.
function tr(text, facts = {}) {
  return word(text).replace(/{(\w+)(?::([^}|]*)\|([^}]*))?}/g, (_, name, one, others) => {
    const told = typeof facts[name] === "number" ? facts[name].toLocaleString("en-US") : facts[name];
    return one === undefined ? told : `${told} ${told === "1" ? one : others}`;
  });
}
// Round local times between two, no more than so many, at most.
const STEPS = [1, 5, 15, 60, 180, 360, 720, 1440, 2880, 10080, 43200, 129600, 525600].map((minutes) => minutes * 6e7);
function offset(at) {
  const part = parts(at), months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  return Date.UTC(Number(part.year), months.indexOf(part.month.slice(0, 3)), Number(part.day), Number(part.hour), Number(part.minute), Number(part.second)) * 1000 - Math.floor(at / 1e6) * 1e6;
}
function ticks(first, last, most) {
  if (!(last > first)) return [first];
  const step = STEPS.find((each) => (last - first) / each <= most) || STEPS[STEPS.length - 1], found = [], from = first + offset(first);
  for (let local = Math.ceil(from / step) * step; local - offset(first) <= last + step; local += step) {
    const at = local - offset(local - offset(first));
    if (at >= first && at <= last) found.push(at);
  }
  return found;
}
const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone: chart.coarse ? "UTC" : chart.zone, year: "numeric", month: "short", day: "numeric",
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const sorting = new Intl.DateTimeFormat("en-CA", { timeZone: chart.coarse ? "UTC" : chart.zone, year: "numeric", month: "2-digit", day: "2-digit" });
const parts = (at) => Object.fromEntries(clock.formatToParts(new Date(at / 1000)).map((part) => [part.type, part.value]));
function shortTime(at) {
  const part = parts(at), day = `${part.day} ${word(part.month.slice(0, 3))}`;
  return chart.coarse ? day : `${day} ${part.hour}:${part.minute}`;
}
function fullTime(at) {
  const part = parts(at), day = sorting.format(new Date(at / 1000));
  return chart.coarse ? day : `${day} ${part.hour}:${part.minute}:${part.second}`;
}
function span(first, last) {
  const [one, other] = [shortTime(first), shortTime(last)];
  if (one === other) return one;
  const same = sorting.format(new Date(first / 1000)) === sorting.format(new Date(last / 1000));
  return same && !chart.coarse ? `${one}–${other.slice(-5)}` : `${one} – ${other}`;
}
const places = (amount) => (String(amount).split(".")[1] || "").length;
// Sums in whole minor units, so that a thousand cents are ten. Rules of a trace are summed apart, and the range is over
// their sums; the same money can pass an arrow twice, so no sum is above what was traced.
function sums(transfers) {
  const found = new Map();
  for (const each of transfers) {
    const digits = chart.currencies[each.currency] ?? places(each.carried[0]), unit = 10 ** digits;
    if (!found.has(each.currency)) found.set(each.currency, { unit, digits, minor: each.carried.map(() => 0) });
    const sum = found.get(each.currency);
    each.carried.forEach((carried, rule) => { sum.minor[rule] += Math.round(Number(carried) * unit); });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([currency, { unit, digits, minor }]) => {
    const most = minor.map((each, rule) => (chart.traced.length ? Math.min(each, Math.round(Number(chart.traced[rule]) * unit)) : each));
    return { currency, low: Math.min(...most) / unit, amount: Math.max(...most) / unit, digits };
  });
}
const number = (amount, digits) => amount.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const between = (low, high, digits) => (low === high ? number(high, digits) : `${number(low, digits)}–${number(high, digits)}`);
const money = (transfers) => sums(transfers).map((sum) => `${between(sum.low, sum.amount, sum.digits)} ${sum.currency}`).join(" + ") || tr("nothing");
// Signs that hide or turn text are made visible.
const seen = (text) => String(text).replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, "\ufffd");
const short = (text, most = 22) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);
