// Bills as tables: what each platform costs at the chosen rate, and every item of it.
import { costAt } from "./lines.js";
import { valueOf } from "./linear.js";
import { dollars, plain } from "./numbers.js";
import { figure, make } from "./figures.js";

const MILLION = 1e6;

// What an item was computed from, in words and numbers, a line each.
function computed(item, meaning) {
  const factors = item.factors.map((factor) => `${plain(valueOf(factor.amount), 8)} ${factor.name}`).join(" × ");
  const price = item.price.tiers.length > 1 ? "graduated price" : `$${plain(item.price.tiers[0].price, 9)}`;
  const per = item.price.per === 1 ? "" : ` / ${plain(item.price.per)}`;
  const free = item.free ? `, less ${plain(item.free)} free` : "";
  const ways = [...item.factors, ...(item.given ?? [])].filter((one) => one.how);
  return [
    meaning,
    `${factors}${free} × ${price}${per} = ${dollars(item.month.value)} a month`,
    ...ways.map((one) => `${one.name} ${plain(valueOf(one.amount), 6)}: ${one.how()}`),
  ].join("\n");
}

const rowsOf = (item) => [item.price, ...[...item.factors, ...(item.given ?? [])].map((one) => one.row).filter(Boolean)].map((row) => row.note);

// The notes of everything that a bill was computed from: its price rows and the works.
export const notesOf = (bill, works) => [...works, ...bill.items.flatMap(rowsOf)];

// One itemised bill.
export function itemised(bill, spread, meanings, works) {
  const table = make("table", {}, make("thead", {}, headings(["item", "what it is", "$ an hour", "$ a month"], (at) => at >= 2)));
  const body = table.appendChild(make("tbody"));
  for (const item of bill.items) {
    const detail = computed(item, meanings[item.name]);
    const cell = (amount) => make("td", { class: "n" }, figure(dollars(amount), "priced", rowsOf(item), detail));
    body.append(make("tr", {}, make("th", { scope: "row", text: item.name }), make("td", { text: meanings[item.name] }), cell(item.month.value / spread), cell(item.month.value)));
  }
  const total = (amount) => make("td", { class: "n" }, figure(dollars(amount), "computed", notesOf(bill, works), "the sum of the items above"));
  table.append(make("tfoot", {}, make("tr", {}, make("th", { scope: "row", text: "total" }), make("td", { text: fitness(bill) }), total(bill.month / spread), total(bill.month))));
  return table;
}

// A row of column heads; `right` tells which of them stand over numbers.
export function headings(names, right = () => false) {
  return make("tr", {}, ...names.map((text, at) => make("th", { scope: "col", text, class: right(at) ? "n" : null })));
}

const CHOICES = { memory_mb: (value) => `${plain(value)} MB`, vcpu: (value) => `${value} vCPU` };

// What was chosen from a configuration's lists, as people say it.
export function choiceOf({ choice }) {
  return choice.chosen.map(([key, value]) => CHOICES[key]?.(value) ?? String(value)).join(", ");
}

// Whether it serves the rate.
export function fitness(bill) {
  if (!bill.limit) return "it grows with the rate";
  const why = `up to ${plain(bill.limit.rate, 4)} requests/s (${bill.limit.name}: ${bill.limit.why()})`;
  return bill.serves ? `serves ${why}` : `NOT ENOUGH: serves ${why}`;
}

// The amounts of a bill as cells: an hour, a month, a million requests, a million right ones.
export function amounts(bill, spread, requests, right, works) {
  if (!bill.serves) {
    return [make("td", { colspan: 4, class: "no", text: `does not serve this rate: ${bill.limit.name}, up to ${plain(bill.limit.rate, 4)}/s`, title: fitness(bill) })];
  }
  const items = bill.items.map((item) => `${item.name} ${dollars(item.month.value / spread)}`).join(" + ");
  const notes = notesOf(bill, works);
  const cell = (amount, detail) => make("td", { class: "n" }, figure(dollars(amount), "computed", notes, detail));
  const million = (bill.month / requests) * MILLION;
  const told = right.known ? `${dollars(million)} / ${plain(right.share * 100, 6)} % right answers (${right.told})` : "no run counted right answers on this platform; taken as all right";
  return [
    cell(bill.month / spread, `${items}, an hour`),
    cell(bill.month, `${dollars(bill.month / spread)} × ${spread} h`),
    cell(million, `${dollars(bill.month)} / ${plain(requests)} requests a month × 1,000,000`),
    cell(million / right.share, told),
  ];
}

// Costs of lines at round rates: the chart as a table.
export function lineTable(lines, rates, notes) {
  const table = make("table", {}, make("thead", {}, headings(["platform", ...rates.map((rate) => `${plain(rate)}/s`)], (at) => at >= 1)));
  const body = table.appendChild(make("tbody"));
  for (const line of lines) {
    const cells = rates.map((rate) => {
      const piece = line.pieces.find((one) => one.start < rate && rate <= one.until) ?? (line.pieces[0]?.start === rate ? line.pieces[0] : null);
      const told = () => figure(dollars(costAt(piece, rate)), "computed", notes, `${line.name} at ${plain(rate)} requests/s, an hour`);
      return make("td", { class: "n" }, piece ? told() : "–");
    });
    body.append(make("tr", {}, make("th", { scope: "row", text: line.name }), ...cells));
  }
  return table;
}
