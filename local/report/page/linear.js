// Numbers that know how they change with the rate, as local/cost/linear.py has them, here in floating point:
// intercept + slope * rate for every rate in (start, at].

const NEAR = 1e-9; // how near to a whole number, or to a tier's end, a float is taken for it

export class Linear {
  constructor(intercept, slope, at, start = 0) {
    this.intercept = intercept;
    this.slope = slope;
    this.at = at;
    this.start = start;
  }
  get value() {
    return this.intercept + this.slope * this.at;
  }
}

export const following = (rate) => new Linear(0, 1, rate);

export const valueOf = (amount) => (amount instanceof Linear ? amount.value : amount);

const lifted = (amount, at) => (amount instanceof Linear ? amount : new Linear(amount, 0, at));

export function plus(one, other) {
  if (!(one instanceof Linear)) [one, other] = [other, one];
  if (!(one instanceof Linear)) return one + other;
  if (!(other instanceof Linear)) return new Linear(one.intercept + other, one.slope, one.at, one.start);
  const start = Math.max(one.start, other.start);
  return new Linear(one.intercept + other.intercept, one.slope + other.slope, one.at, start);
}

export function times(one, other) {
  if (!(one instanceof Linear)) [one, other] = [other, one];
  if (!(one instanceof Linear)) return one * other;
  if (!(other instanceof Linear)) return new Linear(one.intercept * other, one.slope * other, one.at, one.start);
  if (one.slope && other.slope) throw new Error("the product of two numbers that both follow the rate is no line");
  const [line, factor] = other.slope ? [other, one.intercept] : [one, other.intercept];
  return new Linear(line.intercept * factor, line.slope * factor, one.at, Math.max(one.start, other.start));
}

export const minus = (one, other) => plus(one, times(other, -1));

export function larger(one, other) {
  const two = lifted(other, one.at);
  const [a, b] = [one.value, two.value];
  const gap = b - a;
  const same = Math.abs(gap) <= 1e-13 * Math.max(Math.abs(a), Math.abs(b));
  const [intercept, slope] = [two.intercept - one.intercept, two.slope - one.slope];
  const second = same ? slope < 0 : gap > 0;
  const chosen = second ? two : one;
  const falling = second ? -slope : slope; // of the other less the chosen one
  let start = Math.max(one.start, two.start);
  if (falling < 0) {
    const meeting = -intercept / slope;
    if (meeting < one.at) start = Math.max(start, meeting);
  }
  return new Linear(chosen.intercept, chosen.slope, one.at, start);
}

export const roundedUp = (value) => Math.ceil(value - NEAR * Math.max(1, Math.abs(value)));

export function whole(amount) {
  const count = roundedUp(amount.value);
  const start = amount.slope ? Math.max(amount.start, (count - 1 - amount.intercept) / amount.slope) : amount.start;
  return new Linear(count, 0, amount.at, start);
}

// What a volume costs at a price in tiers, on top of what used up the same tiers before; as Price.charge in book.py.
export function charge(price, volume, before = 0) {
  if (before instanceof Linear || before) {
    return minus(charge(price, plus(volume, before)), charge(price, before));
  }
  let low = 0;
  let cost = 0;
  let rate = 0;
  for (const tier of price.tiers) {
    rate = tier.price;
    if (tier.upto === null || valueOf(volume) <= tier.upto * (1 + NEAR)) break;
    cost += ((tier.upto - low) * tier.price) / price.per;
    low = tier.upto;
  }
  const result = plus(times(plus(volume, -low), rate / price.per), cost);
  if (volume instanceof Linear && volume.slope > 0 && low) {
    result.start = Math.max(result.start, (low - volume.intercept) / volume.slope);
  }
  return result;
}
