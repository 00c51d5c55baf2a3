// The scenario in the page's address, after the #: what differs from how the page opens.

const PLAIN = ["rate", "duty", "hours_a_day", "outside", "memory_mb", "utilisation", "speed"];

const number = (text) => (text.trim() === "" || !Number.isFinite(Number(text)) ? null : Number(text));

// The state, the changed inputs and the lines shown, as the part after the #.
export function written({ state, changes, visible }, { defaults, configurations }) {
  const parts = new URLSearchParams();
  for (const name of PLAIN) if (state[name] !== defaults[name]) parts.set(name, state[name] ?? "");
  for (const [name, weight] of Object.entries(state.mix)) if (weight !== defaults.mix[name]) parts.set(`mix.${name}`, weight);
  for (const [name, value] of Object.entries(changes)) parts.set(`set.${name}`, value);
  const shown = configurations.filter((one) => visible.has(one.key)).map((one) => one.key);
  if (configurations.some((one) => one.shown !== visible.has(one.key))) parts.set("lines", shown.join(","));
  return parts.toString();
}

// What an address says, as far as it is known and within bounds.
export function read(text, { defaults, configurations }, bounds) {
  const state = structuredClone(defaults);
  const changes = {};
  let visible = new Set(configurations.filter((one) => one.shown).map((one) => one.key));
  for (const [name, value] of new URLSearchParams(text)) {
    const amount = number(value);
    if (name === "lines") visible = new Set(configurations.map((one) => one.key).filter((key) => value.split(",").includes(key)));
    else if (name === "outside") state.outside = value === "idle" ? "idle" : "off";
    else if (name === "memory_mb") state.memory_mb = amount !== null && amount >= 128 && amount <= 10240 ? amount : null;
    else if (amount === null) continue;
    else if (name.startsWith("mix.") && name.slice(4) in state.mix) state.mix[name.slice(4)] = Math.min(1e9, Math.max(0, amount));
    else if (name.startsWith("set.") && bounds[name.slice(4)]) {
      const [low, high] = bounds[name.slice(4)];
      if (amount >= low && amount <= high) changes[name.slice(4)] = amount;
    } else if (PLAIN.includes(name)) state[name] = within(name, amount, defaults);
  }
  return { state, changes, visible };
}

const BOUNDS = { rate: [1e-6, 1e8], duty: [1e-6, 1], hours_a_day: [0.1, 24], utilisation: [0.01, 1], speed: [0.01, 100] };

function within(name, amount, defaults) {
  const [low, high] = BOUNDS[name];
  return amount >= low && amount <= high ? amount : defaults[name];
}
