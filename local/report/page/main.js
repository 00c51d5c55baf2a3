// The page: takes what the reader asks for, works out the lines and bills again, and shows them.
import { read, written } from "page/address.js";
import { YOURS, allInputs, changedWorkloads, input, settingsTable, workloadsTable } from "page/assumptions.js";
import { HOURS_PER_MONTH, Priced, cheapestRanges, crossings, grid, hoursAndDuty, lineOf, sharedInputs } from "page/bill.js";
import { amounts, choiceOf, fitness, headings, itemised, lineTable, notesOf } from "page/bills.js";
import { LineChart } from "page/chart.js";
import { Controls } from "page/controls.js";
import { Curves } from "page/curves.js";
import { figure, listen, make } from "page/figures.js";
import { Formulas } from "page/formulas.js";
import { counted, dollars, plain, tidy } from "page/numbers.js";
import { dependence } from "page/processors.js";

const SECONDS_PER_HOUR = 3600;
const MAX_MARKS = 8; // crossings that are marked in the chart
const data = JSON.parse(document.getElementById("data").textContent);
const by = (id) => document.getElementById(id);
const model = { formulas: new Formulas(data.nodes), bills: data.bills };
const rates = grid(data.from_rate, data.to_rate);
const inputs = allInputs(data);
const bounds = Object.fromEntries(Object.entries(inputs).map(([name, { low, high }]) => [name, [low, high]]));
let changes = {};
let visible = new Set();

// What an update works with: the reader's state as inputs of the cost model.
function scenario(state) {
  const workloads = changedWorkloads(data, changes);
  const [hours, duty] = hoursAndDuty(state);
  const mix = Object.entries(state.mix).filter(([, weight]) => weight > 0);
  const sum = mix.reduce((all, [, weight]) => all + weight, 0);
  const shares = mix.map(([name, weight]) => ({ name, share: weight / sum }));
  return { state, workloads, shared: sharedInputs(workloads, state), shares, rate: state.rate, requests: state.rate * SECONDS_PER_HOUR * hours * duty, notes: shares.map(({ name }) => data.workload_notes[name]) };
}

function settingsOf(key) {
  const own = Object.entries(changes).filter(([name]) => name.startsWith(`${key}:`));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(key.length + 1), value]));
}

const pricedOf = (one, now, changed = {}, processors = null) => new Priced(model, one, { ...now.shared, ...changed }, { ...now.state, processors }, settingsOf(one.key));

const drawnBefore = new Map(); // a line by its configuration, with all that it depends on: the rate is not of it

function lineFor(one, now, processors = null) {
  const key = `${one.key} ${processors}`;
  const depends = JSON.stringify([now.shared, now.state.memory_mb, now.state.utilisation, settingsOf(one.key)]);
  const before = drawnBefore.get(key);
  if (before?.depends === depends) return before.line;
  const line = lineOf(pricedOf(one, now, {}, processors), rates);
  drawnBefore.set(key, { depends, line });
  return line;
}

// The share of right answers that a run counted on a platform of this kind.
function rightShare(one, now) {
  const found = now.shares.map(({ name, share }) => ({ name, share, count: data.right[one.on_lambda ? "lambda" : "container"][name] }));
  const share = found.reduce((all, part) => all + part.share * (part.count ? part.count.right / part.count.asked : 1), 0);
  const counts = found.filter(({ count }) => count).map(({ name, count }) => `${name}: ${plain(count.right)} of ${plain(count.asked)}`);
  return { share: share || 1, known: found.every(({ count }) => count), counts: counts.join(", ") };
}

const rateText = (rate) => `${plain(rate, 3)}/s`;
const region = (label, table) => make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, table);

function showCrossings(lines, found, ranges, now) {
  const computed = (text, detail) => make("td", { class: "n" }, figure(text, "computed", now.notes, detail));
  const monthly = (rate) => counted((rate * now.requests) / now.rate);
  const rows = ranges.map(({ line, start, until }, at) => {
    const edge = until * (1 - 1e-12);
    return make("tr", {}, make("th", { scope: "row", text: line.name }), computed(at ? plain(start, 4) : "0", at ? `over this rate ${line.name} costs less than every other line shown` : "the chart's left end stands for it"), computed(plain(until, 4), until < data.to_rate ? "where the next line becomes the cheaper one, or this one ends" : "the chart's right end"), computed(monthly(until), "at that rate, with the duty cycle and hours above"), computed(dollars(line.priced.month(edge)), `${line.name} at ${plain(until)} requests/s, a month`));
  });
  const cheapest = make("table", {}, make("caption", { text: "The cheapest platform" }), make("thead", {}, headings(["platform", "over requests/s", "up to", "requests a month there", "$ a month there"], (at) => at > 0)), make("tbody", {}, ...rows));
  const body = make("tbody");
  for (const { other, found: crossed } of found) {
    for (const one of crossed) {
      body.append(make("tr", {}, make("th", { scope: "row", text: other.name }), computed(plain(one.rate, 5), one.step ? "a step, as by one more machine, passes the other line here" : `here both cost ${dollars(one.cost)} a month`), computed(monthly(one.rate), "at that rate"), computed(dollars(one.cost), "of the line that is the cheaper one up to here"), make("td", { text: one.above }), make("td", { text: one.step ? "by a step" : "they meet" })));
    }
    if (!crossed.length) body.append(make("tr", {}, make("th", { scope: "row", text: other.name }), make("td", { colspan: 5, text: "nowhere in this range" })));
  }
  const caption = lines.length ? `Where ${lines[0].name} crosses` : "No line is shown";
  const crossed = make("table", {}, make("caption", { text: caption }), make("thead", {}, headings(["the line of", "at requests/s", "requests a month", "$ a month", "cheaper beyond it", "how"], (at) => at >= 1 && at <= 3)), body);
  by("crossings").replaceChildren(region("The cheapest platform", cheapest), region(caption, crossed));
}

function marksOf(found, ranges) {
  const marks = [];
  const mark = (rate, cost) => {
    if (marks.length < MAX_MARKS && marks.every((one) => Math.abs(Math.log(one.rate / rate)) > 0.02)) marks.push({ rate, cost, text: rateText(rate) });
  };
  const change = ({ line, start }) => mark(start, line.priced.month(start * (1 + 1e-9)));
  ranges.slice(1, 2).forEach(change); // the answer, then the first line's crossings, then what else changes
  for (const { found: crossed } of found) crossed.slice(0, 1).forEach(({ rate, cost }) => mark(rate, cost));
  ranges.slice(2).forEach(change);
  // Texts that would stand on each other: the first of them is enough, the circles stay.
  marks.sort((one, other) => one.rate - other.rate);
  let last = 0;
  for (const one of marks) {
    if (Math.log10(one.rate / last) < 0.25) one.text = "";
    else last = one.rate;
  }
  return marks;
}

// The rows of the table at this rate; each row's name turns its line on and off.
function showBills(body, configurations, now, toggles) {
  const bills = configurations.map((one) => ({ one, bill: pricedOf(one, now).bill(now.rate) }));
  const eligible = ({ one, bill }) => bill.serves && (!toggles || visible.has(one.key));
  const least = Math.min(...bills.filter(eligible).map(({ bill }) => bill.month));
  for (const { one, bill } of bills) {
    const row = body.querySelector(`[data-key="${one.key}"]`);
    row.classList.toggle("least", eligible({ one, bill }) && bill.month === least);
    row.classList.toggle("off", toggles && !visible.has(one.key));
    const cells = amounts(bill, now.requests, rightShare(one, now), data.prices, now.notes);
    row.replaceChildren(row.firstElementChild, ...cells, make("td", { class: "choice", text: choiceOf(bill), title: fitness(bill) }));
  }
  return bills;
}

function showItemised(element, bills, now) {
  const open = new Set([...element.querySelectorAll("details[open]")].map((one) => one.dataset.key));
  element.replaceChildren(
    ...bills.map(({ one, bill }) => {
      const summary = `${one.name}: ${dollars(bill.month)} a month${choiceOf(bill) && ` (${choiceOf(bill)})`}`;
      const details = make("details", { "data-key": one.key, open: open.has(one.key) }, make("summary", { text: summary }), make("p", { class: "hint", text: one.about }));
      details.fill = () => details.childElementCount < 3 && details.append(region(`Bill of ${one.name}`, itemised(bill, data, now.notes)));
      details.addEventListener("toggle", () => details.open && details.fill());
      if (details.open) details.fill();
      return details;
    }),
  );
}

// The answer in a sentence or two: what is cheapest here, by how much, and from where on something else is.
function headline(now, bills, ranges) {
  const serving = bills.filter(({ one, bill }) => visible.has(one.key) && bill.serves).sort((a, b) => a.bill.month - b.bill.month);
  if (!serving.length) return by("headline").replaceChildren("No platform that is shown serves this rate.");
  const [best, ...others] = serving;
  const rival = others.find(({ one }) => one.on_lambda !== best.one.on_lambda) ?? others[0];
  const names = now.shares.map(({ name, share }) => (now.shares.length === 1 ? name : `${plain(share * 100, 3)} % ${name}`)).join(", ");
  const money = (amount, bill, detail) => make("strong", {}, figure(dollars(amount), "computed", notesOf(bill, data.prices, now.notes), detail));
  const parts = [`At ${plain(now.rate)} requests/s (${counted(now.requests)} a month${typed(now)}) of ${names}, `, make("strong", { text: best.one.name }), " costs ", money(best.bill.month, best.bill, "the cheapest bill below, a month"), " a month"];
  if (rival) parts.push(": cheaper by ", money(rival.bill.month - best.bill.month, rival.bill, `${dollars(rival.bill.month)} − ${dollars(best.bill.month)}`), ` a month than ${rival.one.name}`);
  parts.push(". ");
  if (ranges.length > 1) {
    const [first, next] = ranges;
    parts.push(`Below `, make("strong", {}, figure(`${plain(first.until, 3)} requests/s`, "computed", now.notes, "where its line and the next cheapest one change places")), ` (${counted((first.until * now.requests) / now.rate)} a month) `, make("strong", { text: first.line.name }), ` is the cheapest, above it ${next.line.name}.`);
  }
  const shown = data.configurations.filter((one) => visible.has(one.key));
  by("depends").replaceChildren(...dependence(shown, (one, end) => lineFor(one, now, end), now));
  return by("headline").replaceChildren(...parts);
}

// What the reader typed beside the rate: how peaked the traffic is, how long handlers take, how much memory functions have.
function typed({ state, workloads, shares }) {
  const peak = state.duty < 1 ? `, the peak ${plain(1 / state.duty, 3)} times the mean` : "";
  const own = shares.filter(({ name }) => `${name}.cpu_ms` in changes).map(({ name }) => `${plain(workloads[name].cpu_ms, 3)} ms of CPU for ${name}`);
  const memory = state.memory_mb ? [`functions of ${plain(state.memory_mb)} MB`] : [];
  return peak + [...own, ...memory].map((one) => `, ${one}`).join("");
}

const chosen = (rate) => controls.setRate(rate);
const chart = new LineChart(by("chart"), data.spec, chosen);
const storageChart = by("storage-chart") && new LineChart(by("storage-chart"), data.storage_spec, chosen);
const curves = new Curves(data, { pricedOf, rates: grid(data.from_rate / 1000, data.to_rate, 1.03) });
let due = false;

async function update() {
  due = false;
  const { state } = controls;
  const problem = by("problem");
  problem.textContent = "";
  try {
    if (!Object.values(state.mix).some((weight) => weight > 0)) throw new Error("Give at least one service a share of the mix.");
    const now = scenario(state);
    const lines = data.configurations.filter((one) => visible.has(one.key)).map((one) => lineFor(one, now)).filter((line) => line.costs.some((cost) => cost !== null));
    const ranges = cheapestRanges(lines);
    const found = lines.slice(1).map((other) => ({ other, found: crossings(lines[0], other) }));
    const bills = showBills(by("bills").tBodies[0], data.configurations, now, true);
    by("rate-shown").textContent = plain(now.rate);
    headline(now, bills, ranges);
    showCrossings(lines, found, ranges, now);
    showItemised(by("itemised"), bills.filter(({ one }) => visible.has(one.key)), now);
    by("line-table").replaceChildren(lineTable(lines, data.table_rates, now.notes));
    showInputs();
    showHandlers(now);
    remember(state);
    await chart.draw(lines, marksOf(found, ranges), now.rate);
    await curves.show(now);
    if (storageChart) await showStorage(now);
  } catch (fault) {
    problem.textContent = fault.message;
  }
  document.body.dataset.updates = Number(document.body.dataset.updates ?? 0) + 1;
}

async function showStorage(now) {
  const lines = data.storage.map((one) => lineFor(one, now));
  const bills = showBills(by("storage-bills").tBodies[0], data.storage, now, false);
  showItemised(by("storage-itemised"), bills, now);
  by("storage-answer").replaceChildren(...cheapestStorage(now, bills));
  await storageChart.draw(lines, marksOf([], cheapestRanges(lines)), now.rate);
}

// One sentence: which storage tier is the cheapest at the chosen rate, and which comes next.
function cheapestStorage(now, bills) {
  const serving = bills.filter(({ bill }) => bill.serves).sort((a, b) => a.bill.month - b.bill.month);
  if (!serving.length) return ["No storage tier here serves this rate."];
  const [best, next] = serving;
  const money = ({ bill }) => make("strong", {}, figure(dollars(bill.month / HOURS_PER_MONTH), "computed", notesOf(bill, data.prices, now.notes), "its bill below, an hour"));
  const parts = [`At ${plain(now.rate)} requests/s the cheapest storage tier is `, make("strong", { text: best.one.name }), ", which costs ", money(best), " an hour"];
  if (next) parts.push(`; ${next.one.name} comes next with `, money(next));
  return [...parts, "."];
}

// What the handlers take: the field of each service that moves all that depends on it.
function showHandlers(now) {
  for (const place of document.querySelectorAll("[data-handler]")) {
    const name = place.dataset.handler;
    const key = `${name}.cpu_ms`;
    const field = place.querySelector("input");
    if (field !== document.activeElement) field.value = tidy(now.workloads[name].cpu_ms);
    const yours = key in changes;
    field.classList.toggle("changed", yours);
    const kind = yours ? YOURS : data.workload_kinds[name].cpu_ms ?? data.workload_kinds[name][""];
    place.querySelector(".kind").replaceChildren(figure(kind, kind, yours ? [] : [data.workload_notes[name]], yours ? `it was ${plain(data.workloads[name].cpu_ms)} ms; measured durations on Lambda moved with it` : "CPU of a request"));
  }
}

function remember(state) {
  const text = written({ state, changes, visible }, data);
  history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
}

function recall() {
  const found = read(location.hash.slice(1), data, bounds);
  ({ changes, visible } = found);
  controls.state = found.state;
  controls.show();
  for (const box of document.querySelectorAll("[data-toggle]")) box.checked = visible.has(box.dataset.toggle);
}

function changed(all = false) {
  if (all) {
    changes = {};
    visible = new Set(data.configurations.filter((one) => one.shown).map((one) => one.key));
    for (const box of document.querySelectorAll("[data-toggle]")) box.checked = visible.has(box.dataset.toggle);
  }
  if (!due) {
    due = true;
    requestAnimationFrame(update);
  }
}

function change(name, value) {
  if (value === null) delete changes[name];
  else changes[name] = value;
  changed();
}

// All inputs with their numbers; the focus stays where it was.
function showInputs() {
  const focused = document.activeElement?.dataset?.input;
  const workloads = changedWorkloads(data, changes);
  by("workloads").replaceChildren(workloadsTable(data, inputs, workloads, changes, change));
  for (const place of document.querySelectorAll("[data-assumption]")) {
    const names = Object.keys(data.workloads).map((name) => `${name}.${place.dataset.assumption}`);
    const first = names.find((name) => data.workloads[inputs[name].service][inputs[name].key]) ?? names[0];
    const all = (_, value) => {
      for (const name of names) change(name, value);
    };
    const now = changes[first] ?? inputs[first].value;
    const notes = first in changes ? [] : [data.assumed_notes[inputs[first].key] ?? data.workload_notes[inputs[first].service]];
    const kind = first in changes ? YOURS : "assumed";
    place.replaceChildren(input(first, { ...inputs[first], service: "every service" }, now, all), figure(kind, kind, notes, inputs[first].help));
  }
  const open = new Set([...by("settings").querySelectorAll("details[open]")].map((one) => one.dataset.key));
  by("settings").replaceChildren(
    ...[...data.configurations, ...data.storage].map((one) =>
      make("details", { "data-key": one.key, open: open.has(one.key) }, make("summary", { text: one.name }), settingsTable(one, data, inputs, changes, change)),
    ),
  );
  if (focused) document.querySelector(`[data-input="${CSS.escape(focused)}"]`)?.focus();
}

listen(data.notes);
const controls = new Controls(by("controls"), data.defaults, changed);
recall();
window.addEventListener("hashchange", () => {
  recall();
  changed();
});
for (const place of document.querySelectorAll("[data-handler]")) {
  const field = place.querySelector("input");
  field.addEventListener("change", () => {
    const value = field.value === "" || !field.checkValidity() ? null : Number(field.value);
    change(`${place.dataset.handler}.cpu_ms`, value === data.workloads[place.dataset.handler].cpu_ms ? null : value);
  });
}
for (const box of document.querySelectorAll("[data-toggle]")) {
  box.addEventListener("change", () => {
    if (box.checked) visible.add(box.dataset.toggle);
    else visible.delete(box.dataset.toggle);
    changed();
  });
}
const opened = [];
window.addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("#itemised details:not([open]), #storage-itemised details:not([open]), #experiments details:not([open])")) {
    one.fill?.();
    one.open = true;
    opened.push(one);
  }
});
window.addEventListener("afterprint", () => opened.splice(0).forEach((one) => (one.open = false)));
update();
