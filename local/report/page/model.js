// The cost model, as local/cost/model.py has it: work, rate, configuration and prices in, an itemised bill out.
// Golden cases hold both to the same dollars.
import { AROUND } from "./around.js";
import { COMPUTE } from "./compute.js";
import { charge, following, larger, plus, times } from "./linear.js";
import { plain } from "./numbers.js";

const HOURS_PER_MONTH = 730;
const SECONDS_PER_HOUR = 3600;
const GB = 1e9;
const PARTS = { ...COMPUTE, ...AROUND };
const ON_LAMBDA = ["lambda", "managed_instances"];

// The circumstances in which the parts of a configuration are priced; as Case in local/cost/work.py.
class Case {
  constructor(book, region, parts, mix, rate, hours, duty) {
    Object.assign(this, { book, region, mix, hours, duty, constants: book.constants });
    this.rate = following(rate);
    this.onLambda = ON_LAMBDA.some((name) => name in parts);
    this.addresses = Object.entries(parts).reduce((all, [name, part]) => all + (PARTS[name].addresses?.(part) ?? 0), 0);
  }
  price(service, dimension) {
    const row = this.book.prices[`${this.region} ${service} ${dimension}`];
    if (!row) throw new Error(`no price of ${service} ${dimension} in ${this.region}`);
    return row;
  }
  instance(name) {
    return this.book.instances[name];
  }
  requests(rate = this.rate, name = "requests") {
    const share = this.duty === 1 ? "" : ` × ${plain(this.duty)} of them under load`;
    const how = () => `${plain(rate.value)}/s × 3,600 s × ${plain(this.hours)} h${share}`;
    return { name, amount: times(rate, SECONDS_PER_HOUR * this.hours * this.duty), how };
  }
  gigabytes(each) {
    const { amount } = this.requests();
    const how = () => `${plain(amount.value)} requests × ${plain(each)} bytes / 1,000,000,000`;
    return { name: "GB", amount: times(amount, each / GB), unit: "GB", how };
  }
  running() {
    return { name: "hours", amount: this.hours, unit: "h" };
  }
  kept() {
    const how = () => `${plain(this.hours)} h / ${HOURS_PER_MONTH} h`;
    return { name: "months", amount: this.hours / HOURS_PER_MONTH, unit: "month", how };
  }
}

function monthOf(item) {
  const volume = item.factors.reduce((all, factor) => times(factor.amount, all), 1);
  if (!item.free) return charge(item.price, volume, item.before);
  const beyond = (amount) => charge(item.price, larger(plus(amount, -item.free), 0));
  const before = item.before || times(volume, 0);
  return plus(beyond(plus(volume, before)), times(beyond(before), -1));
}

// The bill of one choice of a configuration for a month: a dollar amount that knows its slope, items, limits.
export function billOf(book, configuration, choice, mix, rate, hours, duty) {
  const given = new Case(book, configuration.region, choice.parts, mix, rate, hours, duty);
  const [items, limits] = [[], []];
  const nothing = times(given.rate, 0);
  let month = nothing;
  for (const [name, part] of Object.entries(choice.parts)) {
    for (const item of PARTS[name].items(part, given)) {
      item.month = plus(nothing, monthOf(item));
      month = plus(month, item.month);
      items.push(item);
    }
    limits.push(...(PARTS[name].limits?.(part, given) ?? []));
  }
  const limit = limits.reduce((least, one) => (least && least.rate <= one.rate ? least : one), null);
  return { choice, items, limit, month: month.value, line: month, serves: !limit || rate <= limit.rate, rate };
}

// The bill of the cheapest choice that serves the rate; where none does, of the one that serves most.
export function cheapest(book, configuration, mix, rate, hours, duty) {
  const bills = choicesOf(configuration).map((choice) => billOf(book, configuration, choice, mix, rate, hours, duty));
  const serving = bills.filter((bill) => bill.serves);
  if (serving.length) return serving.reduce((best, bill) => (bill.month < best.month ? bill : best));
  return bills.reduce((best, bill) => (bill.limit.rate > best.limit.rate ? bill : best));
}

// Every way to choose one value of each list of a configuration, with what was chosen.
export function choicesOf(configuration) {
  let choices = [{ chosen: [], parts: {} }];
  for (const [name, settings] of Object.entries(configuration.parts)) {
    choices = choices.map(({ chosen, parts }) => ({ chosen, parts: { ...parts, [name]: {} } }));
    for (const [key, setting] of Object.entries(settings)) {
      const several = Array.isArray(setting);
      choices = choices.flatMap(({ chosen, parts }) =>
        (several ? setting : [setting]).map((value) => ({
          chosen: several && setting.length > 1 ? [...chosen, [key, value]] : chosen,
          parts: { ...parts, [name]: { ...parts[name], [key]: value } },
        })),
      );
    }
  }
  return choices;
}
