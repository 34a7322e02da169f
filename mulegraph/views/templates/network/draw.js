// Drawing: vis-network keeps places, dragging and zooming; shapes, labels and lanes are drawn here.
const { INK, PAPER, LINE, FLAG, TICK } = chart.colours;
const picture = new vis.Network(
  document.getElementById("picture"),
  { nodes: new vis.DataSet(), edges: new vis.DataSet() },
  {
    physics: { enabled: false },
    interaction: { hover: true, keyboard: { enabled: false }, multiselect: false, selectConnectedEdges: false, tooltipDelay: 1e9 },
    nodes: { shape: "custom", ctxRenderer: drawNode, label: undefined },
    edges: { font: { size: 0 }, selectionWidth: 0, hoverWidth: 0, chosen: false, color: { inherit: false } },
  },
);
const nodes = picture.body.data.nodes, edges = picture.body.data.edges;
let view = { nodes: new Set(), arrows: new Map(), ties: new Map() };
let lit = null, chosen = null;  // ids that are highlighted (null: all), and what is chosen: {node} or {arrow}
let busy = false;  // while a large picture is dragged: arrows are plain lines, and labels wait
const LARGE = 1500;

function refresh() {
  view = visible();
  if (chosen && chosen.node !== undefined && !view.nodes.has(chosen.node)) chosen = null;
  if (chosen && chosen.arrow !== undefined && !view.arrows.has(chosen.arrow)) chosen = null;
  setLit();
  renew(nodes, [...view.nodes].map((id) => { const [x, y] = placeOf(id); return { id, x, y }; }));
  renew(edges, [...[...view.ties.values()].map(tieLine), ...[...view.arrows.values()].map(arrowLine)]);
  tellState();
  picture.setOptions({ interaction: { hideEdgesOnDrag: view.nodes.size + edges.length > LARGE } });
  picture.redraw();
}
const known = new Map();
function renew(set, rows) {
  const was = known.get(set) || new Map(), now = new Map(rows.map((row) => [row.id, JSON.stringify(row)]));
  set.remove([...was.keys()].filter((id) => !now.has(id)));
  set.update(rows.filter((row) => was.get(row.id) !== now.get(row.id)));
  known.set(set, now);
}
function setLit() {
  if (!chosen) { lit = null; return; }
  const ends = chosen.node !== undefined ? [chosen.node] : [view.arrows.get(chosen.arrow).source, view.arrows.get(chosen.arrow).target];
  lit = new Set(ends);
  if (chosen.node === undefined) return;
  for (const line of [...view.arrows.values(), ...view.ties.values()]) {
    if (line.source === chosen.node) lit.add(line.target);
    if (line.target === chosen.node) lit.add(line.source);
  }
}
const pairOf = (key) => (view.arrows.get(key) || {}).pair;
const touches = (line) => !chosen || (chosen.node !== undefined ? line.source === chosen.node || line.target === chosen.node : line.pair !== undefined && line.pair === pairOf(chosen.arrow));

const most = new Map();  // the largest arrow of each currency, which is the thickest
const pairs = new Map();
for (const each of chart.transfers) {
  const pair = `${each.source}>${each.target}`;
  (pairs.get(pair) || pairs.set(pair, []).get(pair)).push(each);
}
for (const transfers of pairs.values()) {
  for (const sum of sums(transfers)) most.set(sum.currency, Math.max(most.get(sum.currency) || 0, sum.amount));
}
function widthOf(arrow) {
  const share = Math.max(...sums(arrow.transfers).map((sum) => sum.amount / most.get(sum.currency)));
  return Math.min(9, Math.max(chart.pen.thinnest, chart.pen.thickest + 2 * Math.log10(share || 1)));
}
function arrowLine(arrow) {
  const [from, to] = [placeOf(arrow.source), placeOf(arrow.target)], length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
  const bend = Math.min(chart.pen.bend, chart.pen.mostBend / length) + (arrow.turn - (arrow.of - 1) / 2) * Math.min(0.12, 40 / length);
  arrow.width = widthOf(arrow);
  arrow.bend = bend;
  return {
    id: arrow.key, from: arrow.source, to: arrow.target, width: arrow.width,
    color: { color: touches(arrow) && chosen ? INK : LINE, opacity: touches(arrow) ? (chosen ? 0.9 : faint()) : 0.12 },
    arrows: { to: { enabled: true, scaleFactor: 0.45 + arrow.width / 14 } },
    smooth: { enabled: Math.abs(bend) > 0.001, type: bend < 0 ? "curvedCCW" : "curvedCW", roundness: Math.abs(bend) },
  };
}
// Where thousands of arrows cross, each is fainter, so that what many of them share is seen.
const faint = () => Math.min(0.8, Math.max(0.22, 0.8 - 0.35 * Math.log10(view.arrows.size / 100)));
function tieLine(tie) {
  return {
    id: tie.key, from: tie.source, to: tie.target, width: 1, dashes: [4, 4], arrows: "", smooth: false,
    color: { color: LINE, opacity: touches(tie) ? 0.6 : 0.1 },
  };
}

let zoomNow = 1;
// In pixels of the chart; never so small on the screen that the kind cannot be told, never into its neighbour.
function radiusOf(id) {
  return Math.max(sizeOf(id), Math.min(8 / zoomNow, 28));
}
function sizeOf(id) {
  return isGroup(id) ? chart.kinds.group.radius + Math.min(16, Math.sqrt(membersOf(id).length)) : chart.kinds[kindOf(id)].radius;
}
function shape(ctx, kind, radius, letter) {
  ctx.beginPath();
  if (kind.corners.length) kind.corners.forEach(([x, y], corner) => ctx[corner ? "lineTo" : "moveTo"](x * radius, y * radius));
  else ctx.arc(0, 0, radius, 0, 2 * Math.PI);
  ctx.closePath();
  ctx.fillStyle = kind.hollow ? PAPER : kind.colour;
  ctx.strokeStyle = kind.colour;
  ctx.lineWidth = 2.5;
  ctx.setLineDash(kind.dashed ? [4, 3] : []);
  ctx.fill();
  ctx.stroke();
  ctx.setLineDash([]);
  if (!letter) return;
  ctx.fillStyle = kind.hollow ? kind.colour : PAPER;
  ctx.font = `bold ${(radius * 1.07).toFixed(1)}px system-ui, sans-serif`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(letter, 0, 1);
}
function mark(ctx, lists) {
  const good = lists.every((each) => each === chart.good);
  ctx.beginPath();
  ctx.strokeStyle = ctx.fillStyle = good ? TICK : FLAG;
  ctx.lineWidth = good ? 3 : 2;
  for (const [x, y, start] of good ? [[10, -19, 1], [14, -14], [22, -24]] : [[9, -9, 1], [9, -25], [20, -25], [16, -21], [20, -17], [9, -17]]) ctx[start ? "moveTo" : "lineTo"](x, y);
  if (!good) ctx.fill();
  ctx.stroke();
}
function drawNode({ ctx, id, x, y, state: { hover } }) {
  const radius = radiusOf(id);
  return {
    drawNode() {
      ctx.translate(x, y);
      ctx.globalAlpha = !lit || lit.has(id) ? 1 : 0.18;
      if ((chosen && chosen.node === id) || hover) {
        ctx.beginPath();
        ctx.arc(0, 0, radius + 6, 0, 2 * Math.PI);
        ctx.fillStyle = hover && !(chosen && chosen.node === id) ? "#dbe7f3" : "#ffd54a";
        ctx.fill();
      }
      const node = isGroup(id) ? {} : chart.nodes[id];
      shape(ctx, chart.kinds[kindOf(id)], radius, isGroup(id) ? String(membersOf(id).length) : chart.letters[node.role] || "");
      if (node.lists && node.lists.length) {
        ctx.scale(radius / 15, radius / 15);
        mark(ctx, node.lists);
      }
    },
    nodeDimensions: { width: 2 * radius, height: 2 * radius },
  };
}

// ---- labels: as many as there is room for, the most telling first, never smaller than can be read ----
function rank(id) {
  if (chosen && chosen.node === id) return 9;
  if (lit && lit.has(id)) return 8;
  if (isGroup(id)) return 5;
  const node = chart.nodes[id];
  return { subject: 7, victim: 6, collector: 5, "cash-out": 4, consolidator: 4, beneficiary: 4 }[node.role]
    || ((node.lists || []).length ? 4 : node.kind === "frontier" ? 4 : node.kind === "device" ? 2 : 1 + (node.score || 0));
}
let ranked = [], rankedFor = null;
function inOrder() {
  const key = `${past.length} ${state.until} ${state.least} ${JSON.stringify(chosen)} ${view.nodes.size} ${view.arrows.size}`;
  if (rankedFor === key) return ranked;
  rankedFor = key;
  ranked = [
    ...[...view.nodes].map((id) => ({ node: id, weight: (lit && lit.has(id) ? 300 : 100) + rank(id) })),
    ...[...view.arrows.values()].filter((arrow) => arrow.source !== arrow.target)
      .map((arrow) => ({ arrow, weight: (touches(arrow) && chosen ? 200 : 0) + arrow.width })),
  ].sort((a, b) => b.weight - a.weight);
  return ranked;
}
function drawLabels(ctx, scale, within) {
  const size = Math.max(12, 10 / scale), taken = new Map(), cell = 160 / scale;
  const free = (x, y, wide, high, take) => {
    const box = [x - wide / 2, y - high / 2, x + wide / 2, y + high / 2], cells = [];
    for (let i = Math.floor(box[0] / cell); i <= Math.floor(box[2] / cell); i += 1) {
      for (let j = Math.floor(box[1] / cell); j <= Math.floor(box[3] / cell); j += 1) cells.push(`${i} ${j}`);
    }
    if (!take && cells.some((key) => (taken.get(key) || []).some((other) => box[2] > other[0] && other[2] > box[0] && box[3] > other[1] && other[3] > box[1]))) return false;
    for (const key of cells) (taken.get(key) || taken.set(key, []).get(key)).push(box);
    return true;
  };
  const inside = (x, y) => x >= within[0] && x <= within[2] && y >= within[1] && y <= within[3];
  for (const id of view.nodes) {
    const [x, y] = placeNow(id), radius = radiusOf(id);
    if (inside(x, y)) free(x, y, 2 * radius, 2 * radius, true);
  }
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  for (const { node, arrow } of inOrder()) {
    if (node !== undefined) {
      const [x, y] = placeNow(node);
      if (!inside(x, y) || (lit && !lit.has(node))) continue;
      const words = short(seen(labelOf(node))), low = y + radiusOf(node) + size * 0.85;
      if (free(x, low, widthAt(ctx, words, size), size * 1.15)) write(ctx, words, x, low, size, INK);
    } else if (state.labels && (!chosen || touches(arrow))) {
      const [from, to] = [placeNow(arrow.source), placeNow(arrow.target)];
      if (Math.hypot(from[0] - to[0], from[1] - to[1]) < size * 4) continue;
      const [words, when] = wordsOf(arrow);
      const wide = Math.max(widthAt(ctx, words, size * 0.92), widthAt(ctx, when, size * 0.82)), high = size * 2.1;
      for (const along of chart.pen.labelPlaces) {
        const [x, y] = alongArrow(arrow, along);
        if (!inside(x, y)) continue;
        if (free(x, y, wide, high)) {
          write(ctx, words, x, y - size * 0.45, size * 0.92, INK);
          write(ctx, when, x, y + size * 0.5, size * 0.82, LINE);
          break;
        }
      }
    }
  }
}
const widths = new Map();
// Pixels of words at a size; measured once, since thousands are asked for in every picture.
function widthAt(ctx, words, size) {
  if (!widths.has(words)) {
    ctx.font = "100px system-ui, sans-serif";
    widths.set(words, ctx.measureText(words).width / 100);
  }
  return widths.get(words) * size + 4;
}
function wordsOf(arrow) {
  arrow.words ||= [
    money(arrow.transfers) + (arrow.transfers.length > 1 ? ` (${arrow.transfers.length}×)` : ""),
    span(arrow.transfers[0].at, arrow.transfers[arrow.transfers.length - 1].at),
  ];
  return arrow.words;
}
function write(ctx, words, x, y, size, ink) {
  ctx.font = `${size.toFixed(1)}px system-ui, sans-serif`;
  ctx.lineWidth = size / 3;
  ctx.strokeStyle = PAPER;
  ctx.strokeText(words, x, y);
  ctx.fillStyle = ink;
  ctx.fillText(words, x, y);
}
function placeNow(id) {
  const node = picture.body.nodes[id];
  return node ? [node.x, node.y] : placeOf(id);
}
function alongArrow(arrow, along) {
  const [from, to] = [placeNow(arrow.source), placeNow(arrow.target)], across = [to[0] - from[0], to[1] - from[1]];
  const middle = [(from[0] + to[0]) / 2 + across[1] * arrow.bend, (from[1] + to[1]) / 2 - across[0] * arrow.bend];
  const weights = [(1 - along) ** 2, 2 * along * (1 - along), along ** 2];
  return [0, 1].map((axis) => weights[0] * from[axis] + weights[1] * middle[axis] + weights[2] * to[axis]);
}

// ---- lanes and heads behind, labels before ----
// The box around all nodes with room for what is written about them, which is wider the smaller the scale.
function extent(scale = 1) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const id of view.nodes) {
    const [x, y] = placeNow(id);
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
  }
  if (left > right) return [-200, -200, 200, 200];
  const [start, above, beside, below] = MARGINS(chart.layouts[state.layout]).map((pixels) => pixels / scale);
  return [left - start, top - above, right + beside, bottom + below];
}
// Pixels on the screen: names of lanes stand at the left, heads of columns above.
const MARGINS = (layout) => [layout.lanes.length ? 150 : 75, layout.columns.length ? 56 : 30, 75, 45];
function drawBack(ctx, scale) {
  const layout = chart.layouts[state.layout], [left, top, right] = extent(scale), size = Math.max(12, 10 / scale);
  const [start, above] = MARGINS(layout).map((pixels) => pixels / scale);
  layout.lanes.forEach(([from, to, words], number) => {
    ctx.fillStyle = number % 2 ? "#ffffff" : "#eef2f6";
    ctx.fillRect(left, from, right - left, to - from);
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.font = `bold ${size}px system-ui, sans-serif`;
    ctx.fillStyle = LINE;
    ctx.fillText(short(seen(words)), left + 8 / scale, (from + to) / 2);
  });
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.font = `${size}px system-ui, sans-serif`;
  ctx.fillStyle = LINE;
  let end = -Infinity;
  for (const [x, words] of layout.columns) {
    const half = words.length * size * 0.28;
    if (x - half < end || x < left + start - 1 || x > right) continue;
    ctx.fillText(words, x, top + above * 0.3);
    end = x + half + size;
  }
}
const onScreen = () => {
  const box = picture.canvas.frame.canvas, low = picture.DOMtoCanvas({ x: -60, y: -30 }), high = picture.DOMtoCanvas({ x: box.clientWidth + 60, y: box.clientHeight + 30 });
  return [low.x, low.y, high.x, high.y];
};
// All arrows in one stroke: thousands of them a sixtieth of a second.
function drawLines(ctx, scale) {
  ctx.beginPath();
  for (const line of [...view.ties.values(), ...view.arrows.values()]) {
    ctx.moveTo(...placeNow(line.source));
    ctx.lineTo(...placeNow(line.target));
  }
  ctx.strokeStyle = "#a9b2bd";
  ctx.lineWidth = 1 / scale;
  ctx.stroke();
}
picture.on("beforeDrawing", (ctx) => {
  zoomNow = picture.getScale();
  drawBack(ctx, zoomNow);
  if (busy) drawLines(ctx, zoomNow);
});
picture.on("afterDrawing", (ctx) => { if (!busy) drawLabels(ctx, picture.getScale(), onScreen()); });
// The whole picture onto any context, with the origin at its upper left corner.
function drawAll(ctx, scale) {
  const [left, top] = extent();
  zoomNow = 1;
  ctx.save();
  ctx.scale(scale, scale);
  ctx.translate(-left, -top);
  drawBack(ctx, 1);
  for (const id of picture.body.edgeIndices) picture.body.edges[id].draw(ctx);
  for (const id of picture.body.nodeIndices) picture.body.nodes[id].draw(ctx);
  for (const id of picture.body.edgeIndices) picture.body.edges[id].drawArrows(ctx);
  drawLabels(ctx, 1, [-Infinity, -Infinity, Infinity, Infinity]);
  ctx.restore();
}
function fit() {
  const box = picture.canvas.frame.canvas, [left, top, right, bottom] = extent(Infinity);
  const [start, above, beside, below] = MARGINS(chart.layouts[state.layout]);
  const scale = Math.min((box.clientWidth - start - beside) / (right - left || 1), (box.clientHeight - above - below) / (bottom - top || 1), 1.25);
  const position = { x: (left + right - (start - beside) / scale) / 2, y: (top + bottom - (above - below) / scale) / 2 };
  picture.moveTo({ position, scale });
}
