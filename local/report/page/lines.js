// Cost lines as straight pieces, their envelopes and crossings; as local/cost/lines.py and crossings.py have them.
import { billOf, choicesOf } from "./model.js";

const SAME = 1e-12; // two costs nearer than this share are one
const GRAIN = 1.008; // pieces narrower than this factor of the rate are drawn as one chord: thinner than a pixel

// The pieces of one choice from `bottom` to `top`, found from the right: each bill tells down to which rate it holds.
function piecesOf(hourAt, label, bottom, top, limit) {
  let at = limit === null ? top : Math.min(top, limit);
  const pieces = [];
  let next = null;
  while (at > bottom) {
    const { intercept, slope, start } = next ?? hourAt(at);
    next = null;
    let low = Math.max(start, bottom);
    if (at / low > GRAIN || low === bottom) {
      pieces.push({ start: low, until: at, intercept, slope, label });
    } else {
      low = Math.max(bottom, at / GRAIN);
      next = hourAt(low);
      const chord = (intercept + slope * at - next.intercept - next.slope * low) / (at - low);
      pieces.push({ start: low, until: at, intercept: intercept + slope * at - chord * at, slope: chord, label, rough: true });
    }
    at = low;
  }
  return pieces.reverse();
}

// The line of a configuration in dollars an hour, averaged over `spread` hours.
export function lineOf(book, configuration, mix, hours, duty, spread, bottom, top) {
  const lines = choicesOf(configuration).map((choice) => {
    const hourAt = (rate) => {
      const { intercept, slope, start } = billOf(book, configuration, choice, mix, rate, hours, duty).line;
      return { intercept: intercept / spread, slope: slope / spread, start };
    };
    const { limit } = billOf(book, configuration, choice, mix, 0, hours, duty);
    return piecesOf(hourAt, choice.chosen.join(), bottom, top, limit && limit.rate);
  });
  return { name: configuration.name, pieces: lines.reduce((one, other) => envelope(one, other, bottom)) };
}

export const costAt = (piece, rate) => piece.intercept + piece.slope * rate;

function* overlay(one, other, bottom) {
  let [i, j, low] = [0, 0, bottom];
  while (i < one.length || j < other.length) {
    const [first, second] = [one[i], other[j]];
    const high = Math.min(first?.until ?? Infinity, second?.until ?? Infinity);
    yield [low, high, first, second];
    if (first?.until === high) i += 1;
    if (second?.until === high) j += 1;
    low = high;
  }
}

function meeting(start, until, first, second) {
  if (first.slope === second.slope) return null;
  const rate = (second.intercept - first.intercept) / (first.slope - second.slope);
  return start < rate && rate < until ? rate : null;
}

function joined(pieces) {
  const result = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (last && last.intercept === piece.intercept && last.slope === piece.slope && last.label === piece.label) {
      last.until = piece.until;
    } else {
      result.push({ ...piece });
    }
  }
  return result;
}

// The cheaper of two lines at every rate. Equal costs go to the first.
export function envelope(one, other, bottom) {
  const result = [];
  for (const [start, until, first, second] of overlay(one, other, bottom)) {
    if (!first || !second) {
      result.push({ ...(first ?? second), start, until });
      continue;
    }
    const rate = meeting(start, until, first, second);
    for (const [low, high] of rate === null ? [[start, until]] : [[start, rate], [rate, until]]) {
      const middle = (low + high) / 2;
      const best = costAt(first, middle) <= costAt(second, middle) ? first : second;
      result.push({ ...best, start: low, until: high });
    }
  }
  return joined(result);
}

// 1 where the first line is cheaper just over `start`, -1 where the second is, 0 where they are one.
function signAt(first, second, start) {
  const gap = costAt(second, start) - costAt(first, start);
  const same = Math.abs(gap) <= SAME * Math.abs(costAt(first, start));
  return Math.sign(same ? second.slope - first.slope : gap);
}

// Where two lines change places, up to where the first of them ends.
export function crossings(one, other, bottom) {
  const found = [];
  let [cheaper, before, costBefore] = [0, 0, 0];
  for (const [start, until, first, second] of overlay(one.pieces, other.pieces, bottom)) {
    if (!first || !second) break;
    const rough = Boolean(first.rough || second.rough);
    const tell = (rate, cost, step) =>
      found.push({ rate, cost, step, rough, below: cheaper > 0 ? other.name : one.name, above: cheaper > 0 ? one.name : other.name });
    const begins = signAt(first, second, start);
    if (cheaper && begins && begins !== cheaper) {
      cheaper = begins;
      tell(start, costBefore, Math.abs(before) > SAME * costBefore);
    }
    cheaper = begins || cheaper;
    const rate = meeting(start, until, first, second);
    if (rate !== null) {
      cheaper = -cheaper;
      tell(rate, costAt(first, rate), false);
    }
    before = costAt(first, until) - costAt(second, until);
    costBefore = Math.min(costAt(first, until), costAt(second, until));
  }
  return found;
}

// Which line is the cheapest where.
export function cheapestRanges(lines, bottom) {
  const named = lines.map((line) => line.pieces.map((piece) => ({ ...piece, label: line.name })));
  const result = [];
  for (const piece of named.reduce((one, other) => envelope(one, other, bottom), [])) {
    const last = result.at(-1);
    if (last?.label === piece.label) last.until = piece.until;
    else result.push({ start: piece.start, until: piece.until, label: piece.label });
  }
  return result;
}
