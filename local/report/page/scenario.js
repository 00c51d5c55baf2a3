// What the reader asks for, turned into what the cost model takes; as local/report/scenario.py has it.
import { Mix, faster } from "./work.js";

const HOURS_PER_MONTH = 730;

// Hours of a month in which it stands, and the share of them under load.
export function hoursAndDuty({ hours_a_day, duty, outside }) {
  const share = hours_a_day / 24;
  return outside === "off" ? [HOURS_PER_MONTH * share, duty] : [HOURS_PER_MONTH, duty * share];
}

// The configuration with the reader's memory and utilisation target in place of its own.
export function adjusted(configuration, { memory_mb, utilisation, settings = {} }) {
  const parts = {};
  for (const [name, part] of Object.entries(configuration.parts)) {
    parts[name] = { ...part, ...settings[`${configuration.key} ${name}`] };
    if (memory_mb && "memory_mb" in part) parts[name].memory_mb = memory_mb;
    if (utilisation && "spare" in part) parts[name].utilisation = utilisation;
  }
  return { ...configuration, parts };
}

export function mixOf(works, { mix, speed }) {
  return new Mix(Object.fromEntries(Object.entries(works).map(([name, work]) => [name, faster(work, speed)])), mix);
}
