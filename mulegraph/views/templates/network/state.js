"use strict";
// What is shown is a function of the chart (never changed) and the state (changed by people, and undone by them).
const chart = JSON.parse(document.getElementById("chart").textContent);
const SEPARATE = 24;  // so many transfers of one arrow are drawn one by one at most
const times = [...new Set(chart.transfers.map((each) => each.at))].sort((a, b) => a - b);
chart.transfers.forEach((each, number) => { each.number = number; each.value = Number(each.amount); });
const groupOf = new Map();
chart.groups.forEach((group, number) => group.members.forEach((member) => groupOf.set(member, number)));
const transfersOf = chart.nodes.map(() => []);
for (const each of chart.transfers) {
  transfersOf[each.source].push(each);
  if (each.target !== each.source) transfersOf[each.target].push(each);
}

const fresh = () => ({
  layout: chart.layout, until: times.length - 1, least: 0, off: {}, labels: true, apart: {}, hidden: {}, moved: {},
  open: Object.fromEntries(chart.groups.map((group, number) => [number, !group.collapsed])),
});
let state = fresh();
const past = [];

// Change the state so that it can be undone; changes with the same name in a row are undone as one.
function change(name, how) {
  const before = JSON.stringify(state);
  how(state);
  if (JSON.stringify(state) === before) return;
  if (!(past.length && past[past.length - 1].name === name && name.startsWith("~"))) past.push({ name, before });
  refresh();
}
function undo() {
  if (!past.length) return;
  state = JSON.parse(past.pop().before);
  refresh();
}

const groupKey = (number) => `group ${number}`;
const isGroup = (id) => String(id).startsWith("group ");
const groupNumber = (id) => Number(String(id).slice(6));
// What stands for a node in the picture: itself, or the group that it is folded into.
function standIn(node) {
  const group = groupOf.get(node);
  return group === undefined || state.open[group] ? node : groupKey(group);
}
const kindOf = (id) => (isGroup(id) ? "group" : chart.nodes[id].kind);
// A role that has no letter says nothing.
const roleOf = (id) => (chart.letters[chart.nodes[id].role] ? chart.nodes[id].role : "");
const labelOf = (id) => (isGroup(id) ? chart.groups[groupNumber(id)].label : chart.nodes[id].label);
const membersOf = (id) => (isGroup(id) ? chart.groups[groupNumber(id)].members : [id]);

// The nodes and arrows to be seen: {nodes: Set of ids, arrows: Map key → {source, target, transfers}, ties}.
function visible() {
  const end = times[state.until], shown = (node) => !state.off[chart.nodes[node].kind] && !state.hidden[node];
  const nodes = new Set(), arrows = new Map(), reached = new Set(), ties = new Map();
  for (const each of chart.transfers) {
    if (each.at > end || each.value < state.least || !shown(each.source) || !shown(each.target)) continue;
    const source = standIn(each.source), target = standIn(each.target);
    reached.add(each.source).add(each.target);
    if (source === target && isGroup(source)) continue;
    const pair = `${source}>${target}`, apart = state.apart[pair];
    const key = apart ? `${pair}#${each.number}` : pair;
    if (!arrows.has(key)) arrows.set(key, { key, pair, source, target, transfers: [], turn: 0, of: 1 });
    arrows.get(key).transfers.push(each);
  }
  for (const pair of Object.keys(state.apart)) {
    const drawn = [...arrows.values()].filter((arrow) => arrow.pair === pair);
    drawn.forEach((arrow, turn) => Object.assign(arrow, { turn, of: drawn.length }));
  }
  chart.nodes.forEach((node, number) => {
    // Who takes part in no transfer at all is always there; others when money first reaches them.
    if (shown(number) && (reached.has(number) || !transfersOf[number].length) && !["device", "holder"].includes(node.kind)) {
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

function placeOf(id) {
  const moved = (state.moved[state.layout] || {})[id];
  if (moved) return moved;
  if (!isGroup(id)) return chart.layouts[state.layout].place[id];
  const places = membersOf(id).map((member) => chart.layouts[state.layout].place[member]);
  return [0, 1].map((axis) => Math.round(places.reduce((sum, place) => sum + place[axis], 0) / places.length));
}

// ---- words ----
const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone: chart.coarse ? "UTC" : chart.zone, year: "numeric", month: "short", day: "numeric",
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const sorting = new Intl.DateTimeFormat("en-CA", { timeZone: chart.coarse ? "UTC" : chart.zone, year: "numeric", month: "2-digit", day: "2-digit" });
const parts = (at) => Object.fromEntries(clock.formatToParts(new Date(at / 1000)).map((part) => [part.type, part.value]));
function shortTime(at) {
  const part = parts(at), day = `${part.day} ${part.month.slice(0, 3)}`;
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
// Sums in whole minor units, so that a thousand cents are ten.
function sums(transfers) {
  const found = new Map();
  for (const each of transfers) {
    const digits = chart.currencies[each.currency] ?? places(each.amount);
    const unit = 10 ** digits, sum = found.get(each.currency) || { minor: 0, unit, digits };
    sum.minor += Math.round(each.value * unit);
    found.set(each.currency, sum);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([currency, sum]) => ({ currency, amount: sum.minor / sum.unit, digits: sum.digits }));
}
const number = (amount, digits) => amount.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const money = (transfers) => sums(transfers).map((sum) => `${number(sum.amount, sum.digits)} ${sum.currency}`).join(" + ") || "nothing";
const many = (count, word) => `${count.toLocaleString("en-US")} ${word}${count === 1 ? "" : "s"}`;
// Signs that hide or turn text are made visible.
const seen = (text) => String(text).replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, "\ufffd");
const short = (text, most = 22) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);
