// Taking things along: tables as text, the picture as PNG and SVG, the case as CSV and JSON.
function asText(rows, separator) {
  // A spreadsheet would run a cell that begins like this.
  const safe = (text) => (/^[=+@\t\r]/.test(text) ? `'${text}` : text);
  const cell = (text) => (separator === "," && /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text.replace(/[\t\n\r]/g, " "));
  const line = (values) => values.map((value) => cell(safe(String(value ?? "")))).join(separator);
  const names = COLUMNS.map(([name]) => (name === "at" ? `at (${chart.coarse ? "day" : chart.zone})` : name));
  return [line(names), ...rows.map((each) => line(COLUMNS.map(([, of]) => of(each))))].join("\n") + "\n";
}
async function copy(text, from) {
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = put(document.body, "textarea", undefined, { "aria-label": tr("text to copy") });
    area.value = text;
    area.select();
    done = document.execCommand("copy");
    area.remove();
  }
  const was = from.textContent;
  from.textContent = done ? tr("copied") : tr("cannot copy");
  setTimeout(() => { from.textContent = was; }, 1500);
}
function save(content, name, type) {
  const link = document.createElement("a"), address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  link.href = address;
  link.download = seen(name).replace(/[^\p{L}\p{N}~. -]/gu, "_").slice(0, 120);
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
const fileName = (ending) => `${chart.title}.${ending}`;
function wholePicture() {
  const [left, top, right, bottom] = extent(), wide = right - left, high = bottom - top + FOOT;
  const scale = Math.min(2, 12_000 / wide, 12_000 / high), canvas = document.createElement("canvas");
  canvas.width = Math.ceil(wide * scale);
  canvas.height = Math.ceil(high * scale);
  const ctx = canvas.getContext("2d");
  ctx.fillStyle = PAPER;
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  drawAll(ctx, scale);
  drawFoot(ctx, scale, high);
  return canvas;
}
const saves = {
  png() {
    wholePicture().toBlob((blob) => save(blob, fileName("png")));
  },
  svg() {
    save(asSvg(), fileName("svg"), "image/svg+xml");
  },
  csv() {
    save(asText(shownTransfers(() => true), ","), fileName("csv"), "text/csv");
  },
  json() {
    const { title, facts: about, zone, notes, findings } = chart;
    const named = chart.nodes.map(({ findings: _, ...node }) => node);
    const transfers = chart.transfers.map((each) => ({
      id: each.id, at: new Date(each.at / 1000).toISOString(), from: chart.nodes[each.source].label, to: chart.nodes[each.target].label,
      [chart.amountName]: amountOf(each), currency: each.currency, channel: each.channel, ...(each.reference ? { reference: each.reference } : {}),
    }));
    save(JSON.stringify({ title, facts: about, zone, notes, nodes: named, transfers, findings }, null, 1), fileName("json"), "application/json");
  },
};
const FOOT = 56;
// Title, legend and notes under an exported picture, so that it can be read without its page.
function drawFoot(ctx, scale, high) {
  ctx.save();
  ctx.scale(scale, scale);
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  let x = 20;
  const y = high - FOOT + 12;
  for (const [name, kind] of Object.entries(chart.kinds)) {
    if (![...view.nodes].some((id) => kindOf(id) === name)) continue;
    ctx.save();
    ctx.translate(x + 8, y);
    shape(ctx, kind, 8, "");
    ctx.restore();
    ctx.textAlign = "left";
    write(ctx, kind.title, x + 22, y, 12, INK);
    x += 40 + widthAt(ctx, kind.title, 12);
  }
  const roles = Object.keys(chart.letters).filter((role) => [...view.nodes].some((id) => !isGroup(id) && roleOf(id) === role));
  const flagged = [...view.nodes].some((id) => !isGroup(id) && (chart.nodes[id].lists || []).some((each) => each !== chart.good));
  if (flagged) {
    ctx.save();
    ctx.translate(x - 4, y + 17);
    mark(ctx, ["flag"]);
    ctx.restore();
    write(ctx, tr("on a list"), x + 22, y, 12, INK);
    x += 40 + widthAt(ctx, tr("on a list"), 12);
  }
  write(ctx, [tr("wider arrow: more money"), tr("larger account: more money passed it"), ...(chart.nodes.some((each) => each.score > 0) ? [tr("darker: higher score")] : []), ...(byCurrency.size === 1 ? [tr("all amounts are in {currency}", { currency: mainCurrency })] : []), ...roles.map((role) => `${chart.letters[role]} ${word(role)}`)].join("   "), x + 6, y, 12, INK);
  write(ctx, short(seen([chart.title, ...chart.notes].join(" · ")), 220), 20, y + 24, 11, LINE);
  ctx.restore();
}
function asSvg() {
  const [left, top, right, bottom] = extent(), wide = right - left, high = bottom - top + FOOT, paper = new SvgContext();
  drawAll(paper, 1);
  drawFoot(paper, 1, high);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${high}" viewBox="0 0 ${wide} ${high}"><title>${escaped(chart.title)}</title>`
    + `<rect width="${wide}" height="${high}" fill="${PAPER}"/>${paper.lines.join("\n")}</svg>`;
}
const escaped = (text) => seen(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
// A drawing context that writes down what is drawn: what the screen shows is what the file holds.
class SvgContext {
  constructor() {
    this.lines = [];
    this.path = [];
    this.stack = [];
    this.now = { matrix: [1, 0, 0, 1, 0, 0], fillStyle: "#000", strokeStyle: "#000", lineWidth: 1, globalAlpha: 1, font: "12px sans-serif", textAlign: "start", textBaseline: "alphabetic", dash: [] };
    for (const name of Object.keys(this.now)) {
      Object.defineProperty(this, name, { get: () => this.now[name], set: (value) => { this.now[name] = value; } });
    }
    this.measure = document.createElement("canvas").getContext("2d");
  }
  save() { this.stack.push({ ...this.now }); }
  restore() { this.now = this.stack.pop() || this.now; }
  transform(a, b, c, d, e, f) {
    const [A, B, C, D, E, F] = this.now.matrix;
    this.now.matrix = [A * a + C * b, B * a + D * b, A * c + C * d, B * c + D * d, A * e + C * f + E, B * e + D * f + F];
  }
  translate(x, y) { this.transform(1, 0, 0, 1, x, y); }
  scale(x, y) { this.transform(x, 0, 0, y, 0, 0); }
  rotate(turn) { this.transform(Math.cos(turn), Math.sin(turn), -Math.sin(turn), Math.cos(turn), 0, 0); }
  setLineDash(dash) { this.now.dash = dash; }
  getLineDash() { return this.now.dash; }
  at(x, y) {
    const [a, b, c, d, e, f] = this.now.matrix;
    return `${(a * x + c * y + e).toFixed(1)} ${(b * x + d * y + f).toFixed(1)}`;
  }
  beginPath() { this.path = []; }
  closePath() { if (this.path.length) this.path.push("Z"); }
  strokeRect(x, y, wide, high) { this.beginPath(); this.rect(x, y, wide, high); this.stroke(); this.beginPath(); }
  moveTo(x, y) { this.path.push(`M${this.at(x, y)}`); }
  lineTo(x, y) { this.path.push(`${this.path.length ? "L" : "M"}${this.at(x, y)}`); }
  quadraticCurveTo(a, b, x, y) { this.path.push(`Q${this.at(a, b)} ${this.at(x, y)}`); }
  bezierCurveTo(a, b, c, d, x, y) { this.path.push(`C${this.at(a, b)} ${this.at(c, d)} ${this.at(x, y)}`); }
  arc(x, y, radius, from, to) {
    const turn = Math.min(Math.abs(to - from), 2 * Math.PI - 1e-4), [a, b] = this.now.matrix, size = (radius * Math.hypot(a, b)).toFixed(1);
    this.lineTo(x + radius * Math.cos(from), y + radius * Math.sin(from));
    for (const half of [0.5, 1]) {
      this.path.push(`A${size} ${size} 0 0 1 ${this.at(x + radius * Math.cos(from + turn * half), y + radius * Math.sin(from + turn * half))}`);
    }
  }
  rect(x, y, wide, high) { this.moveTo(x, y); this.lineTo(x + wide, y); this.lineTo(x + wide, y + high); this.lineTo(x, y + high); this.closePath(); }
  clearRect() {}
  get size() { const [a, b] = this.now.matrix; return Math.hypot(a, b); }
  look() { return `opacity="${this.now.globalAlpha}"`; }
  fill() { if (this.path.length) this.lines.push(`<path d="${this.path.join("")}" fill="${escaped(this.now.fillStyle)}" ${this.look()}/>`); }
  stroke() {
    if (!this.path.length) return;
    const dash = this.now.dash.length ? ` stroke-dasharray="${this.now.dash.join(" ")}"` : "";
    this.lines.push(`<path d="${this.path.join("")}" fill="none" stroke="${escaped(this.now.strokeStyle)}" stroke-width="${(this.now.lineWidth * this.size).toFixed(2)}"${dash} ${this.look()}/>`);
  }
  fillRect(x, y, wide, high) { this.beginPath(); this.rect(x, y, wide, high); this.fill(); this.beginPath(); }
  measureText(text) { this.measure.font = this.now.font; return this.measure.measureText(text); }
  text(words, x, y, look) {
    const anchor = { center: "middle", right: "end" }[this.now.textAlign] || "start", base = { middle: "central", top: "hanging" }[this.now.textBaseline] || "auto";
    const [place_x, place_y] = this.at(x, y).split(" "), [, bold, size] = this.now.font.match(/^(bold )?([\d.]+)px/) || [null, "", "12"];
    this.lines.push(`<text x="${place_x}" y="${place_y}" font-family="system-ui, sans-serif" font-size="${(Number(size) * this.size).toFixed(1)}"${bold ? ' font-weight="700"' : ""} text-anchor="${anchor}" dominant-baseline="${base}" ${look} ${this.look()}>${escaped(words)}</text>`);
  }
  fillText(words, x, y) { this.text(words, x, y, `fill="${escaped(this.now.fillStyle)}"`); }
  strokeText(words, x, y) { this.text(words, x, y, `fill="none" stroke="${escaped(this.now.strokeStyle)}" stroke-width="${(this.now.lineWidth * this.size).toFixed(1)}" stroke-linejoin="round"`); }
}
