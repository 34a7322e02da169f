// Drawing: vis-network keeps places, dragging and zooming; shapes, labels and lanes are drawn here.
const { INK, PAPER, LINE, FLAG, TICK } = chart.colours;
const picture = new vis.Network(
  document.getElementById("picture"),
  { nodes: new vis.DataSet(), edges: [] },
  {
    physics: { enabled: false },
    interaction: { hover: true, keyboard: { enabled: false }, multiselect: false, selectConnectedEdges: false, tooltipDelay: 1e9 },
    nodes: { shape: "custom", ctxRenderer: drawNode, label: undefined },
  },
);
const nodes = picture.body.data.nodes;
let view = { nodes: new Set(), arrows: new Map(), ties: new Map() };
let lit = null, chosen = null;  // ids that are highlighted (null: all), and what is chosen: {node} or {arrow}
let paidBy = new Set(), paidTo = new Set();
let backFrom = new Map();  // arrows that lead back, by their payer
let written = { names: 0, amounts: 0 };  // how many there was room for, when it was last drawn
let shone = null;  // numbers of the transfers that a line of the story lights (null: none chosen)

function refresh() {
  view = visible();
  if (chosen && chosen.node !== undefined && !view.nodes.has(chosen.node)) chosen = null;
  if (chosen && chosen.arrow !== undefined && !view.arrows.has(chosen.arrow)) chosen = null;
  setLit();
  for (const arrow of view.arrows.values()) arrow.width = widthOf(arrow);
  backFrom = new Map();
  for (const arrow of view.arrows.values()) {
    if (chart.layouts[state.layout].routes[`${markOf(arrow.source)}>${markOf(arrow.target)}`]) continue;
    if (!backFrom.has(arrow.source)) backFrom.set(arrow.source, []);
    backFrom.get(arrow.source).push(arrow);
  }
  paidBy = new Set([...view.arrows.values()].map((arrow) => arrow.source));
  paidTo = new Set([...view.arrows.values()].map((arrow) => arrow.target));
  renew(nodes, [...view.nodes].map((id) => { const [x, y] = placeOf(id); return { id, x, y }; }));
  for (const id of view.nodes) giveBox(picture.body.nodes[id]);
  tellState();
  picture.redraw();
}
// vis-network draws only nodes whose box is in sight, and a custom shape has none until it has been drawn: its box stays
// a point at 0, 0, and once that is out of sight so is every node. Here the box is always around where the node is.
function giveBox(node) {
  if (Object.getOwnPropertyDescriptor(node.shape, "boundingBox")?.get) return;
  const around = () => { const radius = radiusOf(node.id) + 30; return { left: node.x - radius, top: node.y - radius, right: node.x + radius, bottom: node.y + radius }; };
  Object.defineProperty(node.shape, "boundingBox", { get: around });
}
const known = new Map();
function renew(set, rows) {
  const was = known.get(set) || new Map(), now = new Map(rows.map((row) => [row.id, JSON.stringify(row)]));
  set.remove([...was.keys()].filter((id) => !now.has(id)));
  set.update(rows.filter((row) => was.get(row.id) !== now.get(row.id)));
  known.set(set, now);
}
function setLit() {
  if (!chosen) {
    lit = shone ? new Set([...shone.nodes, ...shone.transfers.flatMap((each) => [each.source, each.target])].map(standIn)) : null;
    return;
  }
  const ends = chosen.node !== undefined ? [chosen.node] : [view.arrows.get(chosen.arrow).source, view.arrows.get(chosen.arrow).target];
  lit = new Set(ends);
  if (chosen.node === undefined) return;
  for (const line of [...view.arrows.values(), ...view.ties.values()]) {
    if (line.source === chosen.node) lit.add(line.target);
    if (line.target === chosen.node) lit.add(line.source);
  }
}
const pairOf = (key) => (view.arrows.get(key) || {}).pair;
const isShone = (line) => !shone || (line.transfers ? line.transfers.some((each) => shone.numbers.has(each.number)) : lit.has(line.source) && lit.has(line.target));
const touches = (line) => (!chosen ? isShone(line) : chosen.node !== undefined ? line.source === chosen.node || line.target === chosen.node : line.pair !== undefined && line.pair === pairOf(chosen.arrow));

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
// ---- ways: level beside every column and curved in the channels between them, as `views/ways.py` has it ----
function wayOf(arrow) {
  const layout = chart.layouts[state.layout], from = placeNow(arrow.source), to = placeNow(arrow.target);
  if (layout.axis) {
    const x = timeX(arrow.transfers[0].at);
    return { pieces: [[[x, from[1]], [x, from[1]], [x, to[1]], [x, to[1]]]], tip: 0 };
  }
  const bends = layout.routes[`${markOf(arrow.source)}>${markOf(arrow.target)}`];
  if (!bends) {
    const same = backFrom.get(arrow.source), [x, y, fan] = chart.pen.back;
    const end = [from[0] + x, from[1] - y + (same.length > 1 ? fan * same.indexOf(arrow) / (same.length - 1) : 0)];
    return { pieces: [[from, from, end, end]], tip: 0, back: true };
  }
  const aside = arrow.of > 1 ? (arrow.turn / (arrow.of - 1) - 0.5) * Math.min(24, 12 * (arrow.of - 1)) : 0;
  const points = [from, ...bends.map(moveDown), to].map(([x, y]) => [x, y + aside]), pieces = [];
  for (let place = 1; place < points.length; place += 1) {
    const [[x, y], [toX, toY]] = [points[place - 1], points[place]];
    const leave = [x + chart.pen.stub, y], arrive = [toX - chart.pen.stub, toY], middle = (leave[0] + arrive[0]) / 2;
    pieces.push([[x, y], [x, y], leave, leave], [leave, [middle, y], [middle, toY], arrive], [arrive, arrive, [toX, toY], [toX, toY]]);
  }
  return { pieces, tip: reachOf(arrow.target) + 2 };
}
function onPiece(piece, along) {
  const weights = [(1 - along) ** 3, 3 * (1 - along) ** 2 * along, 3 * (1 - along) * along ** 2, along ** 3];
  return [0, 1].map((axis) => weights.reduce((sum, weight, place) => sum + weight * piece[place][axis], 0));
}
// An arrow as a line of points, for the mouse and for tests.
const lineOf = (arrow) => arrow.line || wayOf(arrow).pieces.flatMap((piece) => Array.from({ length: 17 }, (_, step) => onPiece(piece, step / 16)));
function drawArrow(ctx, arrow) {
  if (arrow.source === arrow.target) return;
  const { pieces, tip } = wayOf(arrow), last = pieces[pieces.length - 1], head = Math.max(6 + arrow.width * 1.1, Math.min(7 / zoomNow, 30));
  const length = Math.hypot(last[3][0] - last[0][0], last[3][1] - last[0][1]) || 1;
  const along = [(last[3][0] - last[0][0]) / length, (last[3][1] - last[0][1]) / length];
  const end = [last[3][0] - along[0] * tip, last[3][1] - along[1] * tip], neck = [end[0] - along[0] * head, end[1] - along[1] * head];
  if (arrow.transfers.some((each) => state.marked[each.id])) drawMark(ctx, pieces);
  ctx.globalAlpha = touches(arrow) ? (chosen || shone ? 0.9 : 0.75) : 0.3;
  ctx.strokeStyle = ctx.fillStyle = touches(arrow) && (chosen || shone) ? INK : LINE;
  ctx.lineWidth = Math.max(arrow.width, Math.min(1.1 / zoomNow, 5));
  ctx.beginPath();
  ctx.moveTo(...pieces[0][0]);
  for (const piece of pieces.slice(0, -1)) ctx.bezierCurveTo(...piece[1], ...piece[2], ...piece[3]);
  ctx.lineTo(end[0] - along[0] * head * 0.6, end[1] - along[1] * head * 0.6);
  ctx.stroke();
  ctx.beginPath();
  ctx.moveTo(...end);
  ctx.lineTo(neck[0] - along[1] * head * 0.5, neck[1] + along[0] * head * 0.5);
  ctx.lineTo(neck[0] + along[1] * head * 0.5, neck[1] - along[0] * head * 0.5);
  ctx.closePath();
  ctx.fill();
}
// An arrow that somebody marked has a broad band under it.
function drawMark(ctx, pieces) {
  ctx.globalAlpha = 0.55;
  ctx.strokeStyle = COLOURS.amber;
  ctx.lineWidth = Math.max(14, 6 / zoomNow);
  ctx.beginPath();
  ctx.moveTo(...pieces[0][0]);
  for (const piece of pieces) ctx.bezierCurveTo(...piece[1], ...piece[2], ...piece[3]);
  ctx.stroke();
}
function drawTies(ctx) {
  ctx.strokeStyle = LINE;
  ctx.lineWidth = 1;
  ctx.setLineDash([4, 4]);
  const ways = chart.layouts[state.layout].ties, drawn = new Map(ways.map(([head, account, way]) => [`${head}-${account}`, way]));
  for (const tie of view.ties.values()) {
    const [one, other] = [markOf(tie.source), markOf(tie.target)], straight = drawn.get(`${one}-${other}`);
    const way = straight || drawn.get(`${other}-${one}`), [head, account] = straight ? [tie.source, tie.target] : [tie.target, tie.source];
    if (!way) continue;
    const points = way.map(moveDown), [from, to] = [placeNow(head), placeNow(account)];
    points[0] = from;
    points[points.length - 1] = to;
    if (points.length > 3) points[points.length - 2][1] = to[1] + 18;
    else if (points.length === 3) points[1] = [from[0], to[1]];
    ctx.globalAlpha = touches(tie) ? 0.6 : 0.12;
    ctx.beginPath();
    points.forEach((point, place) => ctx[place ? "lineTo" : "moveTo"](...point));
    ctx.stroke();
  }
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}
// So many arrows take longer to draw than a frame: while the picture is dragged they are plain lines along their ways.
const PLAIN_FROM = 800;
let plainLines = null;
function drawPlain(ctx) {
  if (!plainLines) {
    plainLines = new Path2D();
    for (const arrow of view.arrows.values()) {
      const { pieces } = wayOf(arrow);
      plainLines.moveTo(pieces[0][0][0], pieces[0][0][1]);
      for (const [, , , [x, y]] of pieces) plainLines.lineTo(x, y);
    }
  }
  ctx.globalAlpha = 0.5;
  ctx.strokeStyle = LINE;
  ctx.lineWidth = Math.min(1 / zoomNow, 5);
  ctx.stroke(plainLines);
  ctx.globalAlpha = 1;
}
function drawLines(ctx) {
  if (dragged && view.arrows.size >= PLAIN_FROM) { drawPlain(ctx); return; }
  drawTies(ctx);
  const arrows = [...view.arrows.values()];
  for (const arrow of arrows) if (!touches(arrow)) drawArrow(ctx, arrow);
  for (const arrow of arrows) if (touches(arrow)) drawArrow(ctx, arrow);
  ctx.globalAlpha = 1;
}
// The arrow under a point of the picture.
function arrowAt(x, y) {
  let best = null, near = 7 / zoomNow;
  for (const arrow of view.arrows.values()) {
    if (arrow.source === arrow.target) continue;
    const line = arrow.line ||= lineOf(arrow);
    for (let place = 1; place < line.length; place += 1) {
      const [[ax, ay], [bx, by]] = [line[place - 1], line[place]], long = (bx - ax) ** 2 + (by - ay) ** 2;
      const share = long ? Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / long)) : 0;
      const away = Math.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay));
      if (away < near) { near = away; best = arrow; }
    }
  }
  return best;
}

let zoomNow = 1;
// In pixels of the chart; never so small on the screen that the kind cannot be told, never into its neighbour.
function radiusOf(id) {
  return Math.max(sizeOf(id), Math.min(8 / zoomNow, chart.layouts[state.layout].axis ? 19 : 28));
}
function sizeOf(id) {
  return isGroup(id) ? chart.kinds.group.radius + Math.min(8, Math.sqrt(membersOf(id).length)) : chart.looks[id].radius;
}
// An account is filled by its score and ringed by its role; its size is the money that passed it.
const lookOf = (id) => (isGroup(id) ? null : chart.looks[id]);
const reachOf = (id) => radiusOf(id) + (!isGroup(id) && chart.looks[id].ring ? 4.5 : 0);
function shape(ctx, kind, radius, letter, look = null) {
  if (look && look.ring) {
    ctx.beginPath();
    ctx.arc(0, 0, radius + 3, 0, 2 * Math.PI);
    ctx.closePath();
    ctx.fillStyle = PAPER;
    ctx.strokeStyle = look.ring;
    ctx.lineWidth = 3;
    ctx.fill();
    ctx.stroke();
  }
  ctx.beginPath();
  if (kind.corners.length) kind.corners.forEach(([x, y], corner) => ctx[corner ? "lineTo" : "moveTo"](x * radius, y * radius));
  else ctx.arc(0, 0, radius, 0, 2 * Math.PI);
  ctx.closePath();
  ctx.fillStyle = look ? look.fill : kind.hollow ? PAPER : kind.colour;
  ctx.strokeStyle = kind.colour;
  ctx.lineWidth = 2.5;
  ctx.setLineDash(kind.dashed ? [4, 3] : []);
  ctx.fill();
  ctx.stroke();
  ctx.setLineDash([]);
  if (!letter) return;
  ctx.fillStyle = look ? look.ink : kind.hollow ? kind.colour : PAPER;
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
// A small sheet: somebody wrote a note here.
function noteMark(ctx, x, y) {
  ctx.fillStyle = "#fff3b0";
  ctx.strokeStyle = INK;
  ctx.lineWidth = 1.2;
  ctx.beginPath();
  ctx.rect(x - 11, y - 9, 14, 14);
  ctx.fill();
  ctx.stroke();
  ctx.fillStyle = INK;
  ctx.fillRect(x - 8, y - 5, 8, 1.4);
  ctx.fillRect(x - 8, y - 1, 8, 1.4);
}
function drawNode({ ctx, id, x, y, state: { hover } }) {
  const radius = radiusOf(id);
  return {
    drawNode() {
      ctx.translate(x, y);
      ctx.globalAlpha = !lit || lit.has(id) ? 1 : 0.38;
      if ((chosen && chosen.node === id) || hover) {
        ctx.beginPath();
        ctx.arc(0, 0, radius + 6, 0, 2 * Math.PI);
        ctx.fillStyle = hover && !(chosen && chosen.node === id) ? "#dbe7f3" : "#ffd54a";
        ctx.fill();
      }
      const node = isGroup(id) ? {} : chart.nodes[id], colour = COLOURS[state.colours[node.name]];
      if (colour) {
        ctx.beginPath();
        ctx.arc(0, 0, radius + 8, 0, 2 * Math.PI);
        ctx.fillStyle = colour;
        ctx.fill();
      }
      shape(ctx, chart.kinds[kindOf(id)], radius, isGroup(id) ? String(membersOf(id).length) : node.letter || "", lookOf(id));
      if (state.notes[node.name]) noteMark(ctx, -radius, -radius);
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
  const key = `${past.length} ${future.length} ${shone ? shone.key : ""} ${state.since} ${state.until} ${state.least} ${JSON.stringify(chosen)} ${view.nodes.size} ${view.arrows.size}`;
  if (rankedFor === key) return ranked;
  rankedFor = key;
  ranked = [
    ...[...view.nodes].map((id) => ({ node: id, weight: (lit && lit.has(id) ? 300 : 100) + rank(id) })),
    ...[...view.arrows.values()].filter((arrow) => arrow.source !== arrow.target)
      .map((arrow) => ({ arrow, weight: (touches(arrow) && chosen ? 200 : 0) + arrow.width })),
  ].sort((a, b) => b.weight - a.weight);
  return ranked;
}
// Finding room for labels takes longer than a frame. While the picture is dragged they stay where they were placed, and
// what comes into sight is named when it is let go.
let placed = [], placing = false, dragged = false;
function paint(ctx, draw) {
  draw(ctx);
  if (placing) placed.push(draw);
}
function tellLabels(ctx) {
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  if (dragged) { for (const draw of placed) draw(ctx); return; }
  placed = [];
  placing = true;
  drawLabels(ctx, picture.getScale(), onScreen());
  placing = false;
}
picture.on("dragStart", ({ nodes: [node] }) => { dragged = node === undefined; plainLines = null; });
picture.on("dragEnd", () => { dragged = false; picture.redraw(); });
function drawLabels(ctx, scale, within) {
  written = { names: 0, amounts: 0 };
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
      if (!inside(x, y)) continue;
      const words = short(seen(labelOf(node)), isGroup(node) ? 34 : 22), wide = widthAt(ctx, words, size);
      const spot = nameSpots(node, x, y, wide, size).find(([left, low]) => free(left, low, wide, size * 1.1));
      if (!spot) continue;
      const alpha = lit && !lit.has(node) ? 0.55 : 1;
      paint(ctx, (on) => { on.globalAlpha = alpha; write(on, words, ...spot, size, INK); on.globalAlpha = 1; });
      written.names += 1;
    } else if (state.labels && (!chosen || touches(arrow))) {
      const { pieces, back } = wayOf(arrow), [from, to] = [pieces[0][0], pieces[pieces.length - 1][3]];
      if (!back && Math.hypot(from[0] - to[0], from[1] - to[1]) < size * 2.4) continue;
      drawAmount(ctx, arrow, { pieces, back, size }, free, inside);
    }
  }
}
// Amount and time where there is room for both, else the amount alone, else without its currency, where there is but one.
function drawAmount(ctx, arrow, { pieces, back, size }, free, inside) {
  const [amount, when, bare] = wordsOf(arrow, back);
  for (const told of [[amount, when], [amount], [bare]]) {
    const [words] = told;
    const wide = Math.max(...told.map((line, place) => widthAt(ctx, line, size * (place ? 0.82 : 0.92)))), high = size * (told.length === 2 ? 2.1 : 1.05);
    const spot = labelSpots(pieces, back, wide, size).find(([x, y]) => inside(x, y) && free(x, y, wide, high));
    if (!spot) continue;
    const [x, y] = spot;
    paint(ctx, (on) => {
      on.globalAlpha = 0.88;
      on.fillStyle = PAPER;
      on.fillRect(x - wide / 2, y - high / 2, wide, high);
      on.globalAlpha = 1;
      write(on, words, x, y - (told.length === 2 ? size * 0.45 : 0), size * 0.92, INK);
      if (told.length === 2) write(on, when, x, y + size * 0.5, size * 0.82, LINE);
    });
    written.amounts += 1;
    return;
  }
}
// Where a name may stand: under its node, else beside it, on the side that no arrow uses, or a little lower than it runs.
function nameSpots(node, x, y, wide, size) {
  const radius = reachOf(node), aside = radius + wide / 2 + 3, off = size * 0.65;
  if (chart.layouts[state.layout].axis) return [[x - radius - 6 - wide / 2, y]];
  const under = [x, y + radius + size * 0.8];
  if (!paidTo.has(node)) return [under, [x - aside, y], [x - aside, y + off], [x + aside, y + off]];
  if (!paidBy.has(node)) return [under, [x + aside, y], [x + aside, y + off], [x - aside, y + off]];
  return [under, [x + aside, y + off], [x - aside, y + off], [x + aside, y - off], [x - aside, y - off]];
}
// Where an amount may stand: in the channels that its arrow crosses, the first and the last one first.
function labelSpots(pieces, back, wide, size) {
  if (chart.layouts[state.layout].axis) return chart.pen.labelPlaces.map((along) => onPiece(pieces[0], along)).map(([x, y]) => [x + wide / 2 + 5, y]);
  if (back) return [[pieces[0][3][0] + wide / 2 + 4, pieces[0][3][1]]];
  const channels = pieces.length === 1 ? pieces : pieces.filter((_, place) => place % 3 === 1);
  const on = [...new Set([channels[0], channels[channels.length - 1], ...channels])].flatMap((piece) => chart.pen.labelPlaces.map((along) => onPiece(piece, along)));
  // On its arrow, else just above or under it.
  return [...on, ...[-0.7, 0.7, -1.2, 1.2].flatMap((rows) => on.map(([x, y]) => [x, y + rows * size]))];
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
function wordsOf(arrow, back) {
  arrow.words ||= [
    (back ? `↩ ${short(seen(labelOf(arrow.target)))} ` : "") + money(arrow.transfers) + (arrow.transfers.length > 1 ? ` (${arrow.transfers.length}×)` : ""),
    span(arrow.transfers[0].at, arrow.transfers[arrow.transfers.length - 1].at),
  ];
  arrow.words[2] = byCurrency.size === 1 ? arrow.words[0].replaceAll(` ${mainCurrency}`, "") : arrow.words[0];
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
// ---- lanes and heads behind, labels before ----
const LANE = 150;  // pixels on the screen for the names of lanes
function extent(scale = 1) {
  const [left, top, right, bottom] = boxOf();
  return [left - (chart.layouts[state.layout].lanes.length ? LANE / scale : 0), top, right, bottom];
}
function drawAxis(ctx, size, top, bottom) {
  const [left, right] = chart.layouts[state.layout].axis, first = times[0], last = times[times.length - 1];
  ctx.strokeStyle = "#d5dde6";
  ctx.lineWidth = 1;
  for (const id of view.nodes) {
    const [x, y] = placeNow(id);
    if (x > 20 || (!isGroup(id) && ["device", "holder"].includes(chart.nodes[id].kind))) continue;
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(right, y);
    ctx.stroke();
  }
  for (const at of ticks(first, last, (right - left) / (size * 11))) {
    ctx.fillText(shortTime(at), timeX(at), top + size * 1.2);
    ctx.beginPath();
    ctx.moveTo(timeX(at), top + size * 2.2);
    ctx.lineTo(timeX(at), bottom);
    ctx.stroke();
  }
}
function drawBack(ctx, scale) {
  const layout = chart.layouts[state.layout], [left, top, right, bottom] = extent(scale), size = Math.max(12, 10 / scale);
  layout.lanes.forEach(([from, to, words], number) => {
    ctx.fillStyle = number % 2 ? "#ffffff" : "#eef2f6";
    ctx.fillRect(left, lowered(from), right - left, lowered(to) - lowered(from));
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.font = `bold ${size}px system-ui, sans-serif`;
    ctx.fillStyle = LINE;
    ctx.fillText(short(seen(words)), left + 8 / scale, (lowered(from) + lowered(to)) / 2);
  });
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (const frame of layout.frames) {
    if (layout.frames.length > 1) {
      ctx.strokeStyle = "#cbd5e1";
      ctx.lineWidth = 1 / scale;
      ctx.strokeRect(frame.left, lowered(frame.top), frame.right - frame.left, lowered(frame.bottom) - lowered(frame.top));
    }
    ctx.font = `${size}px system-ui, sans-serif`;
    ctx.fillStyle = LINE;
    let end = -Infinity;
    for (const [x, y, words] of frame.heads) {
      const half = words.length * size * 0.28;
      if (x - half < end) continue;
      ctx.fillText(words, x, lowered(y));
      end = x + half + size;
    }
  }
  ctx.font = `${size}px system-ui, sans-serif`;
  ctx.fillStyle = LINE;
  if (layout.axis && times.length) drawAxis(ctx, size, top, bottom);
}
const onScreen = () => {
  const box = picture.canvas.frame.canvas, low = picture.DOMtoCanvas({ x: -60, y: -30 }), high = picture.DOMtoCanvas({ x: box.clientWidth + 60, y: box.clientHeight + 30 });
  return [low.x, low.y, high.x, high.y];
};
picture.on("beforeDrawing", (ctx) => {
  zoomNow = picture.getScale();
  drawBack(ctx, zoomNow);
  drawLines(ctx);
});
picture.on("afterDrawing", tellLabels);
// The whole picture onto any context, with the origin at its upper left corner.
function drawAll(ctx, scale) {
  const [left, top] = extent();
  zoomNow = 1;
  ctx.save();
  ctx.scale(scale, scale);
  ctx.translate(-left, -top);
  drawBack(ctx, 1);
  drawLines(ctx);
  for (const id of picture.body.nodeIndices) picture.body.nodes[id].draw(ctx);
  drawLabels(ctx, 1, [-Infinity, -Infinity, Infinity, Infinity]);
  ctx.restore();
}
function fit() {
  const box = picture.canvas.frame.canvas, [left, top, right, bottom] = boxOf(), layout = chart.layouts[state.layout];
  const [start, end] = layout.axis ? [70, 90] : [layout.lanes.length ? LANE : 0, 0], edge = 10;
  const scaleOf = (aside) => Math.min((box.clientWidth - start - end - 2 * aside) / (right - left || 1), (box.clientHeight - 2 * edge) / (bottom - top || 1), 1.5);
  // Names beside the outer columns need so many pixels of the screen, however small the picture is.
  const scale = scaleOf(Math.max(edge, 78 - 105 * scaleOf(edge)));
  picture.moveTo({ position: { x: (left + right - (start - end) / scale) / 2, y: (top + bottom) / 2 }, scale });
}
