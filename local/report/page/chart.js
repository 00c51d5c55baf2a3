// Draws cost lines and curves with Vega, in the reader's colour scheme; shows what is under the pointer.
import { dollars, plain } from "page/numbers.js";

const ERRORS = 1; // Vega's level of that name: it warns of every dataset that is empty for a while
const MAX_STEP = 1.25; // of the rate between two points of a line: straight strokes look right on log axes
const STRAIGHT = 0.002; // share by which a point may miss the stroke between its neighbours
const LABEL_HEIGHT = 14;
const NARROW = 640;

// A line's costs as few points. A part ends where the line has a gap.
export function pointsOf({ name, rates, costs }) {
  const points = [];
  let part = 0;
  let last = -1; // the last point that was kept
  const keep = (at) => {
    points.push({ name, rate: rates[at], cost: costs[at], part, at: points.length });
    last = at;
  };
  for (let at = 0; at < rates.length; at += 1) {
    if (costs[at] === null) {
      if (last >= 0) [part, last] = [part + 1, -1];
    } else if (last < 0 || at === rates.length - 1 || costs[at + 1] === null) keep(at);
    else {
      const share = (rates[at] - rates[last]) / (rates[at + 1] - rates[last]);
      const between = costs[last] + share * (costs[at + 1] - costs[last]);
      if (Math.abs(between - costs[at]) > STRAIGHT * costs[at] || rates[at + 1] / rates[last] > MAX_STEP) keep(at);
    }
  }
  return points;
}

const dark = window.matchMedia("(prefers-color-scheme: dark)");

function theme() {
  const style = getComputedStyle(document.documentElement);
  const [ink, soft, grid, card] = ["--ink", "--soft", "--line", "--card"].map((name) => style.getPropertyValue(name).trim());
  const axis = { labelColor: soft, titleColor: soft, gridColor: grid, domainColor: grid, tickColor: grid };
  return {
    background: "transparent",
    aria: false, // the element says what it is, and the tables say the rest
    font: "system-ui, sans-serif",
    view: { stroke: "transparent" },
    axis: { ...axis, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", gridOpacity: 0.7 },
    point: { fill: card, stroke: ink },
    text: { color: ink, fontSize: 12 },
    rule: { color: ink },
    style: { halo: { stroke: card, strokeWidth: 4, strokeJoin: "round", fontSize: 12 } },
  };
}

// A chart in an element, of datasets by name.
export class Chart {
  constructor(element, spec, { height = 420, right = 0 } = {}) {
    Object.assign(this, { element, spec, height, right, view: null, rows: null, drawing: null });
    dark.addEventListener("change", () => this.rows && this.embed());
    window.addEventListener("beforeprint", () => this.view?.resize().run());
  }

  get narrow() {
    return this.element.clientWidth < NARROW;
  }

  async show(rows) {
    this.rows = rows;
    if (!this.drawing) this.embed();
    await this.drawing;
    for (const [name, values] of Object.entries(this.rows)) this.view.data(name, values);
    await this.view.runAsync();
  }

  embed() {
    const height = this.narrow ? Math.min(300, this.height) : this.height;
    const padding = { left: 5, top: 5, bottom: 5, right: this.narrow ? 5 : 5 + this.right };
    const options = { ast: true, actions: false, defaultStyle: false, renderer: "svg", tooltip: false, config: theme(), logLevel: ERRORS };
    const spec = { ...this.spec, height, padding, datasets: this.rows, autosize: { type: "fit-x", contains: "padding" } };
    this.drawing = window.vegaEmbed(this.element, spec, options).then(({ view }) => {
      this.view = view;
      this.drawn?.(view);
    });
    return this.drawing;
  }
}

// The chart of cost lines. `chosen` is called with the rate that was clicked.
export class LineChart extends Chart {
  constructor(element, spec, chosen) {
    super(element, spec, { right: 150 });
    Object.assign(this, { chosen, lines: [] });
    this.readout = element.parentElement.querySelector(".readout");
  }

  drawn(view) {
    view.addEventListener("pointermove", (event) => this.tell(this.rateAt(event), event));
    view.addEventListener("pointerout", () => this.tell(null));
    view.addEventListener("click", (event) => this.rateAt(event) && this.chosen?.(this.rateAt(event)));
  }

  async draw(lines, marks, rate) {
    this.lines = lines;
    const rows = { lines: lines.flatMap(pointsOf), marks, labels: [], here: rate ? [{ rate }] : [] };
    await this.show(rows);
    if (!this.narrow) {
      this.rows.labels = this.labels();
      await this.show(this.rows);
    }
    this.element.dataset.points = rows.lines.length;
  }

  // Each line's name at its right end, none over another. Where there is no room for them, the table has the colours.
  labels() {
    const y = this.view.scale("y");
    const ends = this.lines
      .map(({ name, rates, costs }) => {
        const at = costs.findLastIndex((cost) => cost !== null);
        return at < 0 ? null : { name, rate: rates[at], y: y(costs[at]) };
      })
      .filter(Boolean)
      .sort((one, other) => one.y - other.y);
    for (const [at, end] of ends.entries()) if (at) end.y = Math.max(end.y, ends[at - 1].y + LABEL_HEIGHT);
    const below = ends.length ? ends.at(-1).y - this.view.height() : 0;
    let limit = Infinity;
    if (below > 0) {
      for (const end of ends.toReversed()) {
        limit = Math.min(limit - LABEL_HEIGHT, this.view.height());
        end.y = Math.min(end.y, limit);
        limit = end.y;
      }
    }
    return ends.map((end) => ({ name: end.name, rate: end.rate, cost: y.invert(end.y) }));
  }

  rateAt(event) {
    const box = this.element.querySelector("svg").getBoundingClientRect();
    const rate = this.view.scale("x").invert(event.clientX - box.left - this.view.origin()[0]);
    const [low, high] = this.view.scale("x").domain();
    return rate >= low && rate <= high ? rate : null;
  }

  // What each line costs at a rate, beside the pointer.
  tell(rate, event) {
    this.readout.hidden = rate === null;
    if (rate === null) return;
    const costs = this.lines
      .map((line) => [line.priced.month(rate), line.name])
      .filter(([cost]) => cost !== null)
      .sort(([one], [other]) => one - other);
    this.readout.replaceChildren(`${plain(rate, 3)} requests/s, $ a month`);
    for (const [cost, name] of costs) {
      const row = document.createElement("div");
      row.append(`${dollars(cost)} `, name);
      this.readout.append(row);
    }
    const box = this.element.getBoundingClientRect();
    const x = event.clientX - box.left;
    this.readout.style.left = `${x > box.width / 2 ? x - this.readout.offsetWidth - 14 : x + 14}px`;
    this.readout.style.top = `${Math.max(0, Math.min(event.clientY - box.top - 20, box.height - this.readout.offsetHeight))}px`;
  }
}
