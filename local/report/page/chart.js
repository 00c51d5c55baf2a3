// Draws cost lines with Vega, in the reader's colour scheme; tells what is under the pointer.
import { costAt } from "./lines.js";
import { dollars, plain } from "./numbers.js";

const ERRORS = 1; // Vega's level of that name: it warns of every dataset that is empty for a while
const STEP = 1.25; // of the rate between two points of a piece: straight strokes look right on log axes

// A line's pieces as points. A part ends where the line has a gap.
export function pointsOf(line) {
  const points = [];
  let [part, last] = [0, null];
  for (const piece of line.pieces) {
    if (last !== null && piece.start > last * (1 + 1e-12)) part += 1;
    for (let rate = piece.start; rate < piece.until; rate *= STEP) {
      points.push({ name: line.name, rate, cost: costAt(piece, rate), part, at: points.length });
    }
    points.push({ name: line.name, rate: piece.until, cost: costAt(piece, piece.until), part, at: points.length });
    last = piece.until;
  }
  return points;
}

const dark = window.matchMedia("(prefers-color-scheme: dark)");

function theme() {
  const style = getComputedStyle(document.documentElement);
  const [ink, soft, grid] = ["--ink", "--soft", "--line"].map((name) => style.getPropertyValue(name).trim());
  const font = "system-ui, sans-serif";
  const axis = { labelColor: soft, titleColor: soft, gridColor: grid, domainColor: grid, tickColor: grid };
  return {
    background: "transparent",
    aria: false, // the element says what it is, and the tables say the rest
    font,
    view: { stroke: "transparent" },
    axis: { ...axis, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", gridOpacity: 0.7 },
    point: { fill: style.getPropertyValue("--card").trim(), stroke: ink },
    text: { color: ink, fontSize: 12 },
    rule: { color: ink },
    style: { halo: { stroke: style.getPropertyValue("--card").trim(), strokeWidth: 4, strokeJoin: "round", fontSize: 12 } },
  };
}

// A chart in an element. `chosen` is called with the rate that was clicked.
export class Chart {
  constructor(element, spec, chosen) {
    Object.assign(this, { element, spec, chosen, view: null, rows: null, drawing: null, lines: [] });
    this.readout = element.parentElement.querySelector(".readout");
    dark.addEventListener("change", () => this.embed());
    window.addEventListener("beforeprint", () => this.view?.resize().run());
  }

  async show(lines, marks, rate) {
    this.lines = lines;
    this.rows = { lines: lines.flatMap(pointsOf), marks, here: rate ? [{ rate }] : [] };
    if (!this.drawing) this.embed();
    await this.drawing;
    for (const [name, rows] of Object.entries(this.rows)) this.view.data(name, rows);
    await this.view.runAsync();
    this.element.dataset.points = this.rows.lines.length;
  }

  embed() {
    const height = this.element.clientWidth < 500 ? 300 : 420;
    const options = { ast: true, actions: false, defaultStyle: false, renderer: "svg", tooltip: false, config: theme(), logLevel: ERRORS };
    const spec = { ...this.spec, height, datasets: this.rows, autosize: { type: "fit-x", contains: "padding" } };
    this.drawing = window.vegaEmbed(this.element, spec, options).then(({ view }) => {
      this.view = view;
      view.addEventListener("pointermove", (event) => this.tell(this.rateAt(event), event));
      view.addEventListener("pointerout", () => this.tell(null));
      view.addEventListener("click", (event) => this.rateAt(event) && this.chosen?.(this.rateAt(event)));
    });
    return this.drawing;
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
      .map((line) => [line.name, line.pieces.find((piece) => piece.start < rate && rate <= piece.until)])
      .filter(([, piece]) => piece)
      .map(([name, piece]) => [costAt(piece, rate), name])
      .sort(([one], [other]) => one - other);
    this.readout.replaceChildren(`${plain(rate, 3)} requests/s`);
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
