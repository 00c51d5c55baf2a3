// Bills out of the formulas: of a configuration's every choice, the cheapest that serves a rate, and crossings of lines.

export const HOURS_PER_MONTH = 730;
const GRAIN = 1.015; // between two rates at which lines are worked out: about a pixel
const SAME = 1e-12; // two costs nearer than this share are one

// Hours of a month in which a configuration stands, and the share of them under load.
export function hoursAndDuty({ hours_a_day, duty, outside }) {
  const share = hours_a_day / 24;
  return outside === "off" ? [HOURS_PER_MONTH * share, duty] : [HOURS_PER_MONTH, duty * share];
}

// The inputs that a reader's state has for every configuration alike.
export function sharedInputs(workloads, state) {
  const [hours, duty] = hoursAndDuty(state);
  const inputs = { hours, duty, speed: state.speed };
  for (const [name, workload] of Object.entries(workloads)) {
    inputs[`${name}.share`] = state.mix[name] ?? 0;
    for (const [key, value] of Object.entries(workload)) {
      if (value === null || typeof value !== "object") inputs[`${name}.${key}`] = value;
      else for (const [size, ms] of Object.entries(value)) inputs[`${name}.${key}.${size}`] = ms;
    }
  }
  return inputs;
}

// A configuration with numbers for all its inputs: what it costs, and up to where it serves.
export class Priced {
  // `processors`: 0 where the fleets' are as slow as is possible of them, 1 where they are as fast; else as taken.
  constructor({ formulas, bills }, configuration, shared, { memory_mb, utilisation, processors }, settings = {}) {
    Object.assign(this, { configuration, bills });
    const seen = new Set();
    this.choices = [];
    for (const choice of configuration.choices) {
      const own = { ...choice.inputs, ...settings };
      if (memory_mb && "lambda.memory_mb" in own) own["lambda.memory_mb"] = memory_mb;
      if (utilisation) for (const key of Object.keys(own)) if (key.endsWith(".spare")) own[key.replace("spare", "utilisation")] = utilisation;
      for (const [name, bounds] of Object.entries(choice.speeds)) own[name] *= bounds[processors] ?? 1;
      const key = JSON.stringify([choice.bill, own]);
      if (seen.has(key)) continue;
      seen.add(key);
      const bound = formulas.bind({ ...shared, ...own });
      const bill = bills[choice.bill];
      const limits = bill.limits.filter((limit) => bound.at(limit.when, 0) > 0).map((limit) => ({ ...limit, rate: bound.at(limit.rate, 0) }));
      const limit = limits.reduce((least, one) => (least && least.rate <= one.rate ? least : one), null);
      this.choices.push({ choice, bound, bill, limit, month: bound.follow(bill.month) });
    }
  }

  // The cheapest choice that serves the rate, null where none does.
  cheapest(rate) {
    let best = null;
    let least = Infinity;
    for (const one of this.choices) {
      if (one.limit && rate > one.limit.rate) continue;
      const month = one.month(rate);
      if (month < least) [best, least] = [one, month];
    }
    return best && { ...best, cost: least };
  }

  // Dollars a month at a rate, null where no choice serves it.
  month(rate) {
    return this.cheapest(rate)?.cost ?? null;
  }

  // The itemised bill of the cheapest choice that serves; where none does, of the one that serves most.
  bill(rate) {
    const best = this.cheapest(rate) ?? this.choices.reduce((most, other) => (other.limit.rate > most.limit.rate ? other : most));
    const { bound, bill, limit, choice } = best;
    const number = (at) => bound.at(at, rate);
    const written = ([pieces, values]) => (plain) => pieces.map((piece, at) => piece + (at < values.length ? (typeof values[at] === "string" ? values[at] : plain(number(values[at]))) : "")).join("");
    const quantity = (one) => ({ ...one, value: number(one.amount), how: one.how && written(one.how) });
    const items = bill.items
      .filter((item) => number(item.when) > 0)
      .map((item) => ({ ...item, month: number(item.cost), factors: item.factors.map(quantity), inputs: item.inputs.map(quantity) }));
    const month = items.reduce((sum, item) => sum + item.month, 0);
    return { items, month, serves: !limit || rate <= limit.rate, limit: limit && { ...limit, why: written(limit.why) }, chosen: choice.chosen };
  }
}

// Rates from `bottom` to `top`, close enough for a chart.
export function grid(bottom, top, step = GRAIN) {
  const rates = [];
  for (let rate = bottom; rate < top; rate *= step) rates.push(rate);
  return [...rates, top];
}

// A line's costs at the rates of a grid, null where it does not serve.
export const lineOf = (priced, rates) => ({ priced, name: priced.configuration.name, rates, costs: rates.map((rate) => priced.month(rate)) });

// The rate between two others at which `left` stops to hold, by halving.
function boundary(left, low, high) {
  for (let turn = 0; turn < 60 && high - low > 1e-13 * high; turn += 1) {
    const middle = (low + high) / 2;
    if (left(middle)) low = middle;
    else high = middle;
  }
  return low;
}

const sign = (first, second) => (Math.abs(second - first) <= SAME * Math.abs(first) ? 0 : Math.sign(second - first));

const DEPTH = 12; // halvings of the part between two rates in which lines may change places and back
const MOST_LOOKS = 2_000; // rates that are looked at for one pair of lines, at most

// Whether two lines, which rise with the rate, reach the same height between two rates.
const mayMeet = (low, high) => low.first < high.second && low.second < high.first;

// Where two lines change places, up to where the first of them ends. A fleet that grows in steps may overtake a line and
// fall behind again within a step that no rate of the grid shows, so parts in which lines may meet are halved.
export function crossings(one, other) {
  const found = [];
  let cheaper = 0;
  let looks = MOST_LOOKS;
  const point = (rate) => {
    looks -= 1;
    const [first, second] = [one.priced.month(rate), other.priced.month(rate)];
    return { rate, first, second, sign: sign(first, second) };
  };
  const note = (low, high) => {
    const before = cheaper;
    const rate = boundary((between) => sign(one.priced.month(between), other.priced.month(between)) === before, low.rate, high.rate);
    const [a, b] = [one.priced.month(rate), other.priced.month(rate)];
    found.push({ rate, cost: Math.min(a, b), step: Math.abs(a - b) > 1e-6 * a, below: before > 0 ? one.name : other.name, above: before > 0 ? other.name : one.name });
  };
  const part = (low, high, depth) => {
    if (depth && looks > 0 && mayMeet(low, high)) {
      const middle = point((low.rate + high.rate) / 2);
      if (middle.first !== null && middle.second !== null) {
        part(low, middle, depth - 1);
        part(middle, high, depth - 1);
        return;
      }
    }
    if (cheaper && high.sign && high.sign !== cheaper) note(low, high);
    cheaper = high.sign || cheaper;
  };
  let before = null;
  for (const [at, rate] of one.rates.entries()) {
    const [first, second] = [one.costs[at], other.costs[at]];
    if (first === null || second === null) break;
    const now = { rate, first, second, sign: sign(first, second) };
    if (before) part(before, now, DEPTH);
    else cheaper = now.sign;
    before = now;
  }
  return found;
}

// Which line is the cheapest where: ranges with the line of each.
export function cheapestRanges(lines) {
  if (!lines.length) return [];
  const best = (costs) => costs.reduce((least, cost, at) => (cost !== null && (least < 0 || cost < costs[least]) ? at : least), -1);
  const { rates } = lines[0];
  const result = [];
  let current = -1;
  for (const [at, rate] of rates.entries()) {
    const now = best(lines.map((line) => line.costs[at]));
    if (now !== current && at) {
      const before = current;
      const edge = boundary((between) => best(lines.map((line) => line.priced.month(between))) === before, rates[at - 1], rate);
      if (result.length) result.at(-1).until = edge;
      if (now >= 0) result.push({ line: lines[now], start: edge, until: rates.at(-1) });
    } else if (!at && now >= 0) {
      result.push({ line: lines[now], start: rate, until: rates.at(-1) });
    }
    current = now;
  }
  return result;
}
