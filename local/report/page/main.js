// The page: takes what the reader asks for, computes the lines and bills again, and shows them.
import { amounts, choiceOf, fitness, headings, itemised, lineTable } from "./bills.js";
import { assumptionInput, settingsTable, worksTable } from "./assumptions.js";
import { Chart } from "./chart.js";
import { Controls } from "./controls.js";
import { figure, listen, make } from "./figures.js";
import { cheapestRanges, costAt, crossings, lineOf } from "./lines.js";
import { cheapest } from "./model.js";
import { dollars, plain } from "./numbers.js";
import { adjusted, hoursAndDuty, mixOf } from "./scenario.js";

const HOURS_PER_MONTH = 730;
const SECONDS_PER_HOUR = 3600;
const MARKS = 8; // crossings that are marked in the chart
const data = JSON.parse(document.getElementById("data").textContent);
const by = (id) => document.getElementById(id);
const { book } = data;
let works = structuredClone(data.works);
let settings = {};
const visible = new Set(data.configurations.filter((one) => one.shown).map((one) => one.key));

// What an update works with: the reader's state as circumstances of the cost model.
function circumstances(state) {
  const [hours, duty] = hoursAndDuty(state);
  const asked = { ...state, settings };
  return { asked, hours, duty, mix: mixOf(works, asked), rate: state.rate };
}

const drawnBefore = new Map(); // a line by its configuration, with all that it depends on: the rate is not of it

function lineFor(one, now) {
  const depends = JSON.stringify([{ ...now.asked, rate: null }, works]);
  const before = drawnBefore.get(one.key);
  if (before?.depends === depends) return before.line;
  const line = lineOf(book, adjusted(one, now.asked), now.mix, now.hours, now.duty, HOURS_PER_MONTH, data.from_rate, data.to_rate);
  drawnBefore.set(one.key, { depends, line });
  return line;
}

const billFor = (one, now) => cheapest(book, adjusted(one, now.asked), now.mix, now.rate, now.hours, now.duty);

const workNotes = (now) => now.mix.shares.map(({ work }) => data.work_notes[work.name]);

// The share of right answers that a run counted on a platform of this kind.
function rightShare(one, now) {
  const counted = data.right[one.on_lambda ? "lambda" : "container"];
  let [share, known, told] = [0, true, []];
  for (const { work, share: weight } of now.mix.shares) {
    const found = counted[work.name];
    if (!found) known = false;
    else told.push(`${work.name}: ${plain(found.right)} of ${plain(found.asked)}`);
    share += weight * (found ? found.right / found.asked : 1);
  }
  return { share: share || 1, known, told: told.join(", ") };
}

// Where the cheapest platform changes, and where the first line shown crosses the others.
function allCrossings(lines) {
  const [first, ...others] = lines;
  return first ? others.map((other) => ({ other, found: crossings(first, other, data.from_rate) })) : [];
}

const rateText = (rate) => `${plain(rate, 3)}/s`;

function showCrossings(element, lines, found, ranges, notes) {
  const told = (text, detail) => make("td", { class: "n" }, figure(text, "computed", notes, detail));
  const number = (at) => at !== 0;
  const rows = ranges.map((range, at) => {
    const line = lines.find((one) => one.name === range.label);
    const piece = line.pieces.find((one) => one.until >= range.until * (1 - 1e-12)) ?? line.pieces.at(-1);
    const from = at ? plain(range.start, 4) : "0";
    return make("tr", {}, make("th", { scope: "row", text: range.label }), told(from, at ? `over this rate ${range.label} costs less than every other line shown` : "the chart's left end stands for it"), told(plain(range.until, 4), range.until < data.to_rate ? "where the next line becomes the cheaper one, or this one ends" : "the chart's right end"), told(dollars(costAt(piece, range.until)), `${range.label} at ${plain(range.until)} requests/s`));
  });
  const cheapestTable = make("table", {}, make("caption", { text: "The cheapest platform" }), make("thead", {}, headings(["platform", "over requests/s", "up to", "$ an hour there"], number)), make("tbody", {}, ...rows));
  const body = make("tbody");
  for (const { other, found: crossed } of found) {
    for (const one of crossed) {
      const about = one.rough ? "≈ " : "";
      body.append(make("tr", {}, make("th", { scope: "row", text: other.name }), told(about + plain(one.rate, 5), one.step ? "a step, as by one more machine, passes the other line here" : `here both cost ${dollars(one.cost)} an hour`), told(dollars(one.cost), "of the line that is the cheaper one up to here"), make("td", { text: one.above }), make("td", { text: one.step ? "by a step" : "they meet" })));
    }
    if (!crossed.length) body.append(make("tr", {}, make("th", { scope: "row", text: other.name }), make("td", { colspan: 4, text: "nowhere in this range" })));
  }
  const caption = lines.length ? `Where ${lines[0].name} crosses` : "No line is shown";
  const crossedTable = make("table", {}, make("caption", { text: caption }), make("thead", {}, headings(["the line of", "at requests/s", "$ an hour", "cheaper beyond it", "how"], (at) => at === 1 || at === 2)), body);
  element.replaceChildren(make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "The cheapest platform" }, cheapestTable), make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, crossedTable));
}

function marksOf(found, ranges, lines) {
  const marks = ranges.slice(1).map((range) => {
    const line = lines.find((one) => one.name === range.label);
    const piece = line.pieces.find((one) => one.until > range.start);
    return { rate: range.start, cost: costAt(piece, range.start), text: rateText(range.start) };
  });
  for (const { found: crossed } of found) {
    for (const { rate, cost } of crossed.slice(0, 1)) {
      if (marks.length < MARKS && marks.every((one) => Math.abs(Math.log(one.rate / rate)) > 0.02)) marks.push({ rate, cost, text: rateText(rate) });
    }
  }
  return marks;
}

// The rows of the table at this rate; each row's name turns its line on and off.
function showBills(body, configurations, now, toggles) {
  const requests = now.rate * SECONDS_PER_HOUR * now.hours * now.duty;
  const notes = workNotes(now);
  const bills = configurations.map((one) => ({ one, bill: billFor(one, now) }));
  const costs = bills.filter(({ one, bill }) => bill.serves && (!toggles || visible.has(one.key))).map(({ bill }) => bill.month);
  const least = Math.min(...costs);
  for (const { one, bill } of bills) {
    const row = body.querySelector(`[data-key="${one.key}"]`);
    row.classList.toggle("least", bill.serves && bill.month === least && (!toggles || visible.has(one.key)));
    row.classList.toggle("off", toggles && !visible.has(one.key));
    const cells = amounts(bill, HOURS_PER_MONTH, requests, rightShare(one, now), notes);
    row.replaceChildren(row.firstElementChild, ...cells, make("td", { class: "choice", text: choiceOf(bill), title: fitness(bill) }));
  }
  return bills;
}

function showItemised(element, bills, notes) {
  const open = new Set([...element.querySelectorAll("details[open]")].map((one) => one.dataset.key));
  element.replaceChildren(
    ...bills.map(({ one, bill }) => {
      const fill = () => {
        const table = itemised(bill, HOURS_PER_MONTH, book.meanings, notes);
        details.append(make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Bill of ${one.name}` }, table));
      };
      const details = make("details", { "data-key": one.key, open: open.has(one.key) }, make("summary", { text: `${one.name}: ${dollars(bill.month / HOURS_PER_MONTH)} an hour${choiceOf(bill) && ` (${choiceOf(bill)})`}` }), make("p", { class: "hint", text: one.about }));
      details.fill = () => details.childElementCount < 3 && fill();
      details.addEventListener("toggle", () => details.open && details.fill());
      if (details.open) details.fill();
      return details;
    }),
  );
}

function headline(now, lines, bills, ranges) {
  const shown = bills.filter(({ one, bill }) => visible.has(one.key) && bill.serves).sort((a, b) => a.bill.month - b.bill.month);
  if (!shown.length) return by("headline").replaceChildren("No platform that is shown serves this rate.");
  const { one, bill } = shown[0];
  const names = now.mix.shares.map(({ work, share }) => (now.mix.shares.length === 1 ? work.name : `${plain(share * 100, 3)} % ${work.name}`)).join(", ");
  const figureOf = figure(dollars(bill.month / HOURS_PER_MONTH), "computed", workNotes(now), "the cheapest bill below, an hour");
  const parts = [`At ${plain(now.rate)} requests/s of ${names}, `, make("strong", { text: one.name }), " is the cheapest: ", figureOf, " an hour. "];
  const first = ranges[0];
  if (ranges.length > 1 && lines.length) parts.push(make("strong", { text: first.label }), ` is the cheapest up to `, make("strong", {}, figure(`${plain(first.until, 3)} requests/s`, "computed", workNotes(now), "where its line and the next cheapest one change places")), ".");
  return by("headline").replaceChildren(...parts);
}

const chart = new Chart(by("chart"), data.spec, (rate) => controls.setRate(rate));
const storageChart = by("storage-chart") && new Chart(by("storage-chart"), data.storage_spec, (rate) => controls.setRate(rate));
let due = false;

async function update() {
  due = false;
  const { state } = controls;
  const problem = by("problem");
  problem.textContent = "";
  try {
    if (!Object.values(state.mix).some((weight) => weight > 0)) throw new Error("Give at least one service a share of the mix.");
    const now = circumstances(state);
    const lines = data.configurations.filter((one) => visible.has(one.key)).map((one) => lineFor(one, now)).filter((line) => line.pieces.length);
    const ranges = lines.length ? cheapestRanges(lines, data.from_rate) : [];
    const found = allCrossings(lines);
    const bills = showBills(by("bills").tBodies[0], data.configurations, now, true);
    by("rate-shown").textContent = plain(now.rate);
    headline(now, lines, bills, ranges);
    showCrossings(by("crossings"), lines, found, ranges, workNotes(now));
    showItemised(by("itemised"), bills.filter(({ one }) => visible.has(one.key)), workNotes(now));
    by("line-table").replaceChildren(lineTable(lines, data.table_rates, workNotes(now)));
    await chart.show(lines, marksOf(found, ranges, lines), now.rate);
    if (storageChart) await showStorage(now);
  } catch (fault) {
    problem.textContent = fault.message;
  }
  document.body.dataset.updates = Number(document.body.dataset.updates ?? 0) + 1;
}

async function showStorage(now) {
  const lines = data.storage.map((one) => lineFor(one, now)).filter((line) => line.pieces.length);
  const bills = showBills(by("storage-bills").tBodies[0], data.storage, now, false);
  showItemised(by("storage-itemised"), bills, workNotes(now));
  const ranges = lines.length ? cheapestRanges(lines, data.from_rate) : [];
  await storageChart.show(lines, marksOf([], ranges, lines), now.rate);
}

function changed(all = false) {
  if (all) buildAssumptions(true);
  if (!due) {
    due = true;
    requestAnimationFrame(update);
  }
}

function buildAssumptions(again = false) {
  if (again) {
    works = structuredClone(data.works);
    settings = {};
  }
  const sources = (name, path) => ({ kind: data.work_kinds[name][path] ?? data.work_kinds[name][""], notes: [data.assumed_notes[path] ?? data.work_notes[name]] });
  const showWorks = () => by("works").replaceChildren(worksTable(data.works, works, data.work_fields, sources, changed));
  showWorks();
  for (const place of document.querySelectorAll("[data-assumption]")) {
    assumptionInput(place, data.works, works, data.work_fields[place.dataset.assumption], () => {
      showWorks();
      changed();
    });
  }
  by("settings").replaceChildren(
    ...[...data.configurations, ...data.storage].map((one) =>
      make("details", {}, make("summary", { text: one.name }), settingsTable(one, data.setting_fields, settings, data.configuration_notes[one.key], changed)),
    ),
  );
}

listen(data.notes);
const controls = new Controls(by("controls"), data.defaults, changed);
buildAssumptions();
for (const box of document.querySelectorAll("[data-toggle]")) {
  box.addEventListener("change", () => {
    if (box.checked) visible.add(box.dataset.toggle);
    else visible.delete(box.dataset.toggle);
    changed();
  });
}
const opened = [];
window.addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("#itemised details:not([open]), #storage-itemised details:not([open])")) {
    one.fill();
    one.open = true;
    opened.push(one);
  }
});
window.addEventListener("afterprint", () => opened.splice(0).forEach((one) => (one.open = false)));
update();
