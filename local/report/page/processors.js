// Whether the answer depends on how fast the fleets' processors are: the same lines with them slow, and fast.
import { cheapestRanges } from "page/bill.js";
import { figure, make } from "page/figures.js";
import { plain } from "page/numbers.js";

const SAME = 1.25; // two rates nearer than this are one
const SHORT = 1.3; // a range that ends so soon is a step of a machine, and is not told
const TOLD = 4; // ranges
const ENDS = ["If they are as slow as is possible", "If they are as fast as is possible"];
const DETAIL = "worked out with the speed of the fleets' processors at that end of what is known of them";

// Which line is the cheapest where, without those that are it for a short while.
function told(lines) {
  const found = [];
  for (const { line, start, until } of cheapestRanges(lines)) {
    if (until / start < SHORT && found.length) found.at(-1).until = until;
    else if (found.at(-1)?.name === line.name) found.at(-1).until = until;
    else found.push({ name: line.name, until });
  }
  return found;
}

const near = (one, other) => Math.max(one / other, other / one) < SAME;
const same = (one, other) => one.length === other.length && one.every(({ name, until }, at) => name === other[at].name && near(until, other[at].until));
const cheapestAt = (ranges, rate) => (ranges.find(({ until }) => rate <= until) ?? ranges.at(-1))?.name;

// Sentences below the headline: `lineAt` gives a configuration's line with the processors at an end, or as taken.
export function dependence(configurations, lineAt, now) {
  if (!configurations.some((one) => one.choices.some(({ speeds }) => Object.keys(speeds).length))) return [];
  const ranges = (end) => told(configurations.map((one) => lineAt(one, end)).filter((line) => line.costs.some((cost) => cost !== null)));
  const taken = ranges(null);
  const parts = [];
  for (const [end, words] of ENDS.entries()) {
    const found = ranges(end);
    if (!found.length || same(found, taken)) continue;
    parts.push(parts.length ? " " : "How fast the fleets' processors are is not certain. ", words);
    if (cheapestAt(found, now.rate) !== cheapestAt(taken, now.rate)) parts.push(", ", make("strong", { text: cheapestAt(found, now.rate) }), " is the cheapest at this rate");
    parts.push(": ");
    for (const [at, { name, until }] of found.slice(0, TOLD).entries()) {
      if (at) parts.push(", ");
      if (at === found.length - 1) parts.push(at ? `${name} above` : `${name} at every rate`);
      else parts.push(`${name} up to `, figure(`${plain(until, 3)}/s`, "computed", now.notes, DETAIL));
    }
    parts.push(".");
  }
  return parts.length ? parts : ["That holds for every speed that the fleets' processors may have."];
}
