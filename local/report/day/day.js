// The page of a simulated day: shows the run that the sliders choose out of those that were simulated. It models nothing.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const platforms = [...new Set(data.runs.map((run) => run.platform))];
const chosen = Object.fromEntries(platforms.map((name) => [name, data.runs.find((run) => run.platform === name && run.own).settings]));
const LABELS = { target: "CPU target", minimum: "fewest tasks or pods", memory: "memory, MB", provisioned: "provisioned (warm) environments" };
const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 190, LEFT = 48, RIGHT = 12, TOP = 26, BOTTOM = 24;
const NARROW = 760;
let WIDTH = 900, parts = 8;

const same = (one, other) => Object.keys(one).every((key) => one[key] === other[key]);
const run = (name) => data.runs.find((one) => one.platform === name && same(chosen[name], one.settings));
const number = (value) => value === null ? "-" : value >= 1000 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(3)));
const short = (value) => value >= 1e6 ? `${number(value / 1e6)}M` : value >= 1e4 ? `${number(value / 1e3)}k` : number(value);
const dollars = (value) => "$" + value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const clock = (at) => {
  const minutes = Math.round((data.start + at * data.seconds / data.rate.length) / 60) % 1440;
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
};

function element(kind, attributes, text) {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function ticks(high, log, low) {
  if (log) {
    const found = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) found.push(10 ** power);
    return found;
  }
  const rough = high / 3, size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * size).find((one) => one >= rough);
  return Array.from({ length: Math.floor(high / step) + 1 }, (_, at) => at * step);
}

function chart(title, lines, log) {
  const values = lines.flatMap((line) => line.values).filter((value) => value > 0);
  const peak = Math.max(0, ...values), high = log ? Math.max(peak, 1) : (peak || 1) * 1.05, low = Math.min(...values, high);
  const marks = ticks(high, log, low);
  const bottom = log ? Math.log10(marks[0]) : 0, top = log ? Math.log10(marks.at(-1)) || bottom + 1 : high;
  const x = (at) => LEFT + at / data.rate.length * (WIDTH - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - ((log ? Math.log10(Math.max(value, marks[0])) : value) - bottom) / ((top - bottom) || 1) * (HEIGHT - TOP - BOTTOM);
  const svg = element("svg", { class: "day", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title} over the day` });
  svg.append(element("text", { class: "title", x: 0, y: 15 }, title));
  for (const mark of marks) {
    svg.append(element("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(mark), y2: y(mark) }));
    svg.append(element("text", { x: LEFT - 6, y: y(mark) + 4, "text-anchor": "end" }, short(mark)));
  }
  for (let part = 0; part <= parts; part++) {
    const at = part / parts * data.rate.length;
    svg.append(element("text", { x: x(at), y: HEIGHT - 6, "text-anchor": part === parts ? "end" : "middle" }, clock(at)));
  }
  for (const line of lines) {
    const path = line.values.map((value, at) => `${at ? "L" : "M"}${x(at).toFixed(1)} ${y(value ?? 0).toFixed(1)}`).join("");
    if (line.area) svg.append(element("path", { class: "area", d: `${path}L${x(line.values.length - 1)} ${y(0)}L${LEFT} ${y(0)}Z` }));
    svg.append(element("path", { class: line.name, d: path }));
  }
  const here = element("line", { class: "here", x1: -9, x2: -9, y1: TOP, y2: HEIGHT - BOTTOM });
  svg.append(here);
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const place = ((event.clientX - box.left) / box.width * WIDTH - LEFT) / (WIDTH - LEFT - RIGHT);
    point(Math.max(0, Math.min(data.rate.length - 1, Math.floor(place * data.rate.length))), x);
  });
  return svg;
}

function point(at, x) {
  for (const line of document.querySelectorAll(".here")) { line.setAttribute("x1", x(at)); line.setAttribute("x2", x(at)); }
  const said = platforms.map((name) => {
    const one = run(name);
    return `${one.name}: ${number(one.units[at])} up, ${dollars(one.cost[at])}/h, p99 ${number(one.p99[at])} ms, ${number(one.lost[at])} lost`;
  });
  document.getElementById("readings").textContent = `${clock(at)}, ${number(data.rate[at])} requests/s. ${said.join("; ")}.`;
}

function draw() {
  WIDTH = window.innerWidth < NARROW ? 400 : 900;
  parts = window.innerWidth < NARROW ? 4 : 8;
  const charts = document.getElementById("charts");
  charts.querySelectorAll("svg").forEach((one) => one.remove());
  const lines = (key) => platforms.map((name) => ({ name, values: run(name)[key] }));
  charts.append(
    chart("requests/s", [{ name: "top", values: data.rate, area: true }], false),
    chart("environments, tasks or pods (logarithmic)", lines("units"), true),
    chart("dollars an hour", lines("cost"), false),
    chart("p99 in ms, the worst minute (logarithmic)", lines("p99"), true),
    chart("requests lost in each interval", lines("lost"), false),
  );
  const body = document.querySelector("#table tbody");
  const least = Math.min(...platforms.map((name) => run(name).day));
  body.replaceChildren(...platforms.map((name) => {
    const one = run(name), row = document.createElement("tr"), head = document.createElement("th"), mark = document.createElement("span");
    head.scope = "row";
    mark.className = `mark ${name}`;
    head.append(mark, one.name);
    row.append(head);
    if (one.day === least) row.className = "least";
    const waited = (one.shares.cold + one.shares.pod + one.shares.node) * 100;
    for (const text of [dollars(one.day), dollars(one.month), number(one.latency.p50), number(one.latency.p95), number(one.latency.p99), number(waited), number(one.shares.lost * 100)]) {
      const cell = document.createElement("td");
      cell.className = "n";
      cell.textContent = text;
      row.append(cell);
    }
    return row;
  }));
  const hours = Object.fromEntries(platforms.map((name) => [name, 0]));
  data.rate.forEach((_, at) => { hours[platforms.reduce((best, name) => run(name).cost[at] < run(best).cost[at] ? name : best)] += 1; });
  document.getElementById("cheapest").textContent = "Share of the time in which each is the cheapest: " +
    platforms.map((name) => `${run(name).name} ${Math.round(hours[name] / data.rate.length * 100)} %`).join(", ") + ".";
}

function control(name, key) {
  const values = [...new Set(data.runs.filter((one) => one.platform === name).map((one) => one.settings[key]))];
  const box = document.createElement("div"), label = document.createElement("label"), output = document.createElement("output"), input = document.createElement("input");
  box.className = "slider";
  input.type = "range";
  input.id = `${name}-${key}`;
  input.min = 0;
  input.max = values.length - 1;
  input.step = 1;
  input.value = values.indexOf(chosen[name][key]);
  label.htmlFor = output.htmlFor = input.id;
  label.textContent = LABELS[key];
  const show = () => {
    output.textContent = key === "target" ? `${Math.round(values[input.value] * 100)} %` : values[input.value].toLocaleString("en-US");
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => { chosen[name] = { ...chosen[name], [key]: values[input.value] }; show(); draw(); });
  show();
  box.append(label, output, input);
  return box;
}

const controls = document.getElementById("controls");
for (const name of platforms) {
  const heading = document.createElement("h2"), mark = document.createElement("span");
  mark.className = `mark ${name}`;
  heading.append(mark, run(name).name);
  controls.append(heading, ...Object.keys(chosen[name]).map((key) => control(name, key)));
}
draw();
window.addEventListener("resize", () => { if ((window.innerWidth < NARROW) !== (WIDTH === 400)) draw(); });
