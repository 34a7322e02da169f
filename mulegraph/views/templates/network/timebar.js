// The time bar: real time with dates, two handles, zoom, sums of amounts, and lines for the account that is chosen.
const play = $("play"), bar = $("times"), handles = { since: $("since"), until: $("until") };
let seenFrom = times[0], seenTo = times[times.length - 1];  // what the bar shows of all time
let playhead = null, brush = null;

// The currency of most transfers: bars of another cannot stand on the same scale, and are dots.
const byCurrency = new Map();
for (const each of chart.transfers) byCurrency.set(each.currency, (byCurrency.get(each.currency) || 0) + 1);
const mainCurrency = [...byCurrency].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([currency]) => currency)[0];

const barX = (at) => (seenTo > seenFrom ? (at - seenFrom) / (seenTo - seenFrom) : 0.5) * bar.clientWidth;
const barTime = (x) => seenFrom + (seenTo - seenFrom) * Math.min(Math.max(x / bar.clientWidth, 0), 1);
// The places of the first transfer at or after a time, and of the last at or before it.
function after(at) { const place = times.findIndex((each) => each >= at); return place < 0 ? times.length - 1 : place; }
function before(at) { let place = times.length - 1; while (place > 0 && times[place] > at) place -= 1; return place; }
const within = (place) => Math.min(Math.max(place, 0), times.length - 1);
function setSpan(since, until) {
  const [from, to] = [within(Math.min(since, until)), within(Math.max(since, until))];
  change("~span", (now) => { now.since = from; now.until = to; });
}
const setUntil = (place) => setSpan(Math.min(state.since, within(place)), place);
function showTimes(from, to) {
  const [first, last] = [times[0], times[times.length - 1]], least = Math.min(last - first, 60e6);
  if (to - from < least) [from, to] = [(from + to - least) / 2, (from + to + least) / 2];
  [seenFrom, seenTo] = [Math.max(first, from), Math.min(last, to)];
  drawTimes();
}
const zoomToSpan = () => {
  const [from, to] = [times[state.since], times[state.until]], edge = (to - from) * 0.04 || 60e6;
  showTimes(from - edge, to + edge);
};
const wholeTime = () => { setSpan(0, times.length - 1); showTimes(times[0], times[times.length - 1]); };

// ---- by mouse: a handle is dragged, elsewhere a span is drawn; the wheel zooms where it stands ----
const barPlace = (event) => event.clientX - bar.getBoundingClientRect().left;
function follow(event, move, end) {
  const stopped = () => { window.removeEventListener("pointermove", move); window.removeEventListener("pointerup", stopped); if (end) end(); };
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", stopped);
  event.preventDefault();
}
for (const [name, handle] of Object.entries(handles)) {
  handle.addEventListener("pointerdown", (event) => {
    handle.focus();
    follow(event, (moved) => {
      const at = barTime(barPlace(moved));
      if (name === "since") setSpan(Math.min(after(at), state.until), state.until);
      else setSpan(state.since, Math.max(before(at), state.since));
    });
  });
  handle.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 10, PageDown: -10, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined || !times.length) return;
    event.preventDefault();
    event.stopPropagation();
    const place = within(state[name] + by);
    if (name === "since") setSpan(Math.min(place, state.until), state.until);
    else setSpan(state.since, Math.max(place, state.since));
  });
}
bar.addEventListener("pointerdown", (event) => {
  const start = barPlace(event);
  follow(event, (moved) => { brush = [start, barPlace(moved)]; drawTimes(); }, () => {
    const drawnSpan = brush;
    brush = null;
    if (drawnSpan && Math.abs(drawnSpan[1] - drawnSpan[0]) > 4) {
      const [from, to] = drawnSpan.map(barTime).sort((a, b) => a - b);
      if (times.some((at) => at >= from && at <= to)) setSpan(after(from), before(to));
      else say(tr("no transfer in this span of time"));
    }
    drawTimes();
  });
});
bar.addEventListener("wheel", (event) => {
  event.preventDefault();
  const at = barTime(barPlace(event)), by = event.deltaY < 0 ? 0.7 : 1 / 0.7;
  showTimes(at - (at - seenFrom) * by, at + (seenTo - at) * by);
}, { passive: false });
bar.addEventListener("dblclick", wholeTime);

// ---- play: in real proportion, so that a burst is one and a pause is one ----
let playing = null;
function stop() {
  if (playing) cancelAnimationFrame(playing);
  playing = playhead = null;
  play.textContent = tr("▶ play");
  drawTimes();
}
play.addEventListener("click", () => {
  if (playing) { stop(); return; }
  if (times.length < 2) return;
  const last = state.until > state.since ? state.until : times.length - 1, from = times[state.since], to = times[last];
  const lasts = Math.min(12_000, Math.max(2_500, 400 * (last - state.since))), begun = performance.now();
  play.textContent = tr("❚❚ stop");
  const frame = () => {
    const share = Math.min(1, (performance.now() - begun) / lasts);
    playhead = from + (to - from) * share;
    setSpan(state.since, share < 1 ? Math.max(before(playhead), state.since) : last);
    drawTimes();
    playing = share < 1 ? requestAnimationFrame(frame) : null;
    if (share === 1) stop();
  };
  playing = requestAnimationFrame(frame);
});

// ---- drawing ----
function drawTimes() {
  const wide = bar.clientWidth, high = bar.clientHeight, ctx = bar.getContext("2d");
  if (!times.length || !wide) return;
  const dots = window.devicePixelRatio || 1, foot = high - 14;
  bar.width = wide * dots;
  bar.height = high * dots;
  ctx.scale(dots, dots);
  const heights = new Array(Math.floor(wide / 4) + 1).fill(0), shown = new Array(heights.length).fill(false), others = [];
  for (const each of chart.transfers) {
    if (each.at < seenFrom || each.at > seenTo) continue;
    const column = Math.min(Math.floor(barX(each.at) / 4), heights.length - 1);
    if (each.currency === mainCurrency) heights[column] += each.value; else others.push(barX(each.at));
    if (each.at >= times[state.since] && each.at <= times[state.until]) shown[column] = true;
  }
  const largest = Math.max(...heights) || 1;
  heights.forEach((amount, column) => {
    const tall = amount ? Math.max(2, (amount / largest) * (foot - 2)) : 0;
    ctx.fillStyle = shown[column] ? chart.kinds.own.colour : "#b8c4d0";
    ctx.fillRect(column * 4, foot - tall, 3, tall);
  });
  ctx.fillStyle = chart.kinds.frontier.colour;
  for (const x of others) ctx.fillRect(x - 1, foot - 3, 3, 3);
  drawDates(ctx, wide, foot);
  drawOwnLines(ctx, foot);
  if (brush) { ctx.fillStyle = "#0072b233"; ctx.fillRect(Math.min(...brush), 0, Math.abs(brush[1] - brush[0]), foot); }
  if (playhead !== null) { ctx.fillStyle = FLAG; ctx.fillRect(barX(playhead), 0, 1.5, foot); }
  placeHandles(wide);
}
function drawDates(ctx, wide, foot) {
  ctx.fillStyle = LINE;
  ctx.fillRect(0, foot, wide, 1);
  ctx.font = "11px system-ui, sans-serif";
  ctx.textBaseline = "top";
  let end = -Infinity;
  for (const at of ticks(seenFrom, seenTo, wide / 92)) {
    const words = shortTime(at), half = ctx.measureText(words).width / 2, x = Math.min(Math.max(barX(at), half), wide - half);
    ctx.fillRect(barX(at), foot, 1, 3);
    if (x - half < end) continue;
    ctx.textAlign = "center";
    ctx.fillText(words, x, foot + 3);
    end = x + half + 8;
  }
}
// What the chosen account has received and paid so far here, in the main currency; by a trace's rules at most.
function ownLines() {
  const id = chosen && chosen.node;
  if (id === undefined || id === null) return null;
  const inside = new Set(membersOf(id)), came = [], went = [];
  let [received, paid] = [0, 0];
  for (const each of chart.transfers) {
    if (each.currency !== mainCurrency || inside.has(each.source) === inside.has(each.target)) continue;
    if (inside.has(each.target)) came.push([each.at, received += each.value]);
    else went.push([each.at, paid += each.value]);
  }
  return { came, went, most: Math.max(received, paid), received, paid };
}
function drawOwnLines(ctx, foot) {
  const lines = ownLines();
  if (!lines || !lines.most) return;
  for (const [steps, colour, dash] of [[lines.came, TICK, []], [lines.went, FLAG, [5, 3]]]) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = 2;
    ctx.setLineDash(dash);
    ctx.beginPath();
    let y = foot;
    ctx.moveTo(0, y);
    for (const [at, sum] of steps) {
      const x = barX(at);
      ctx.lineTo(x, y);
      y = foot - (sum / lines.most) * (foot - 4);
      ctx.lineTo(x, y);
    }
    ctx.lineTo(bar.clientWidth, y);
    ctx.stroke();
  }
  ctx.setLineDash([]);
}
function placeHandles(wide) {
  for (const [name, handle] of Object.entries(handles)) {
    const x = barX(times[state[name]]);
    handle.style.left = `${Math.min(Math.max(x, 0), wide)}px`;
    handle.classList.toggle("away", x < -1 || x > wide + 1);
  }
}
function tellTimes() {
  const all = !state.since && state.until >= times.length - 1;
  const span = !times.length ? tr("no transfers") : all ? tr("all times") : state.since
    ? tr("{first} to {last}", { first: fullTime(times[state.since]), last: fullTime(times[state.until]) }) : tr("until {last}", { last: fullTime(times[state.until]) });
  $("moment").textContent = span;
  const moved = shownTransfers(() => true), digits = chart.currencies[mainCurrency] ?? 2, own = ownLines();
  const most = chart.traced.length ? `${tr("at most")} ` : "";
  $("spansum").textContent = (chart.amountName === "amount" ? tr("{sum} in {count}", { sum: money(moved), count: tr("{n:transfer|transfers}", { n: moved.length }) }) : tr("{n:transfer|transfers}", { n: moved.length }))
    + (own && own.most ? `; ${tr("{name}: received {came} (line), paid {went} (dashed) {currency}", { name: short(seen(labelOf(chosen.node))), came: most + number(own.received, digits), went: most + number(own.paid, digits), currency: mainCurrency })}` : "");
  for (const [name, handle] of Object.entries(handles)) {
    handle.setAttribute("aria-valuemin", "0");
    handle.setAttribute("aria-valuemax", String(Math.max(times.length - 1, 0)));
    handle.setAttribute("aria-valuenow", String(Math.max(state[name], 0)));
    handle.setAttribute("aria-valuetext", times.length ? fullTime(times[state[name]]) : tr("no transfers"));
  }
  drawTimes();
}
$("zoomtime").addEventListener("click", zoomToSpan);
$("alltime").addEventListener("click", wholeTime);
