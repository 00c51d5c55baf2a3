// Bills as tables: what each platform costs at the chosen rate, and every item of it.
import { HOURS_PER_MONTH } from "page/bill.js";
import { figure, make } from "page/figures.js";
import { dollars, plain } from "page/numbers.js";

const MILLION = 1e6;

// What an item was computed from, in words and numbers, a line each.
function computed(item, price, meaning) {
  const factors = item.factors.map((factor) => `${plain(factor.value, 8)} ${factor.name}`).join(" × ");
  const amount = price.tiers.length > 1 ? "graduated price" : `$${plain(price.tiers[0], 9)}`;
  const per = price.per === 1 ? "" : ` / ${plain(price.per)}`;
  const free = item.free ? `, less ${plain(item.free)} free` : "";
  const ways = [...item.factors, ...item.inputs].filter((one) => one.how);
  return [
    meaning,
    `${factors}${free} × ${amount}${per} = ${dollars(item.month)} a month`,
    ...ways.map((one) => `${one.name} ${plain(one.value, 6)}: ${one.how(plain)}`),
  ].join("\n");
}

const rowsOf = (item) => [item.price, ...[...item.factors, ...item.inputs].map((one) => one.row).filter((row) => row !== undefined)];

// The notes of everything that a bill was computed from: its price rows and the workloads.
export const notesOf = (bill, prices, workloads) => [...workloads, ...bill.items.flatMap(rowsOf).map((row) => prices[row].note)];

// One itemised bill.
export function itemised(bill, { prices, meanings }, workloads) {
  const table = make("table", {}, make("thead", {}, headings(["item", "$ a month", "$ an hour", "what it is"], (at) => at === 1 || at === 2)));
  const body = table.appendChild(make("tbody"));
  for (const item of bill.items) {
    const detail = computed(item, prices[item.price], meanings[item.name]);
    const cell = (amount) => make("td", { class: "n" }, figure(dollars(amount), "priced", rowsOf(item).map((row) => prices[row].note), detail));
    body.append(make("tr", {}, make("th", { scope: "row", text: item.name }), cell(item.month), cell(item.month / HOURS_PER_MONTH), make("td", { text: meanings[item.name] })));
  }
  const total = (amount) => make("td", { class: "n" }, figure(dollars(amount), "computed", notesOf(bill, prices, workloads), "the sum of the items above"));
  table.append(make("tfoot", {}, make("tr", {}, make("th", { scope: "row", text: "total" }), total(bill.month), total(bill.month / HOURS_PER_MONTH), make("td", { text: fitness(bill) }))));
  return table;
}

// A row of column heads; `right` tells which of them stand over numbers.
export function headings(names, right = () => false) {
  return make("tr", {}, ...names.map((text, at) => make("th", { scope: "col", text, class: right(at) ? "n" : null })));
}

const CHOICES = { memory_mb: (value) => `${plain(value)} MB`, vcpu: (value) => `${value} vCPU`, replicas: (value) => `${value} replicas` };

// What was chosen from a configuration's lists, as people say it.
export function choiceOf({ chosen }) {
  return chosen.map(([key, value]) => CHOICES[key]?.(value) ?? String(value)).join(", ");
}

// Whether it serves the rate.
export function fitness(bill) {
  if (!bill.limit) return "it grows with the rate";
  const why = `up to ${plain(bill.limit.rate, 4)} requests/s (${bill.limit.name}: ${bill.limit.why(plain)})`;
  return bill.serves ? `serves ${why}` : `NOT ENOUGH: serves ${why}`;
}

// The amounts of a bill as cells: a month, an hour, a million requests, a million right ones.
export function amounts(bill, requests, right, prices, workloads) {
  if (!bill.serves) {
    return [make("td", { colspan: 4, class: "no", text: `does not serve this rate: ${bill.limit.name}, up to ${plain(bill.limit.rate, 4)}/s`, title: fitness(bill) })];
  }
  const items = bill.items.map((item) => `${item.name} ${dollars(item.month)}`).join(" + ");
  const notes = notesOf(bill, prices, workloads);
  const cell = (amount, detail) => make("td", { class: "n" }, figure(dollars(amount), "computed", notes, detail));
  const million = (bill.month / requests) * MILLION;
  const counted = right.known ? `${dollars(million)} / ${plain(right.share * 100, 6)} % right answers (${right.counts})` : "no run counted right answers on this platform; taken as all right";
  return [
    cell(bill.month, `${items}, a month`),
    cell(bill.month / HOURS_PER_MONTH, `${dollars(bill.month)} / ${HOURS_PER_MONTH} h`),
    cell(million, `${dollars(bill.month)} / ${plain(requests)} requests a month × 1,000,000`),
    cell(million / right.share, counted),
  ];
}

// Costs of lines at round rates: the chart as a table.
export function lineTable(lines, rates, notes) {
  const table = make("table", {}, make("thead", {}, headings(["$ a month", ...rates.map((rate) => `${plain(rate)}/s`)], (at) => at >= 1)));
  const body = table.appendChild(make("tbody"));
  for (const line of lines) {
    const cells = rates.map((rate) => {
      const cost = line.priced.month(rate);
      const shown = () => figure(dollars(cost), "computed", notes, `${line.name} at ${plain(rate)} requests/s, a month`);
      return make("td", { class: "n" }, cost === null ? "–" : shown());
    });
    body.append(make("tr", {}, make("th", { scope: "row", text: line.name }), ...cells));
  }
  return table;
}
