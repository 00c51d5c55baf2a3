// Numbers that the reader may contest: the works, and the settings of the configurations, each an input.
import { figure, make } from "./figures.js";
import { headings } from "./bills.js";

// The value at a path such as lambda_ms.128.
const at = (table, path) => path.split(".").reduce((found, key) => found?.[key], table);

function put(table, path, value) {
  const keys = path.split(".");
  const last = keys.pop();
  keys.reduce((found, key) => found[key], table)[last] = value;
}

function input(label, value, low, high, changed, now = value) {
  const field = make("input", { type: "number", step: "any", min: low, max: high, value: now, "aria-label": label });
  field.classList.toggle("changed", now !== value);
  field.addEventListener("change", () => {
    const given = field.value === "" || !field.checkValidity() ? null : Number(field.value);
    if (given === null) field.value = value;
    field.classList.toggle("changed", given !== null && given !== value);
    changed(given ?? value);
  });
  return field;
}

// A grid of every number of the works: a row for each field, a column for each service.
export function worksTable(original, works, fields, sources, changed) {
  const names = Object.keys(works);
  const maps = (key) => [...new Set(names.flatMap((name) => Object.keys(works[name][key])))].sort((a, b) => a - b).map((size) => [`${key}.${size}`, { help: `${key} at ${size} MB`, low: 0, high: 1e12 }]);
  const rows = [...Object.entries(fields), ...maps("lambda_ms"), ...maps("lambda_billed_ms")];
  const body = make("tbody");
  for (const [path, { help, low, high }] of rows) {
    const cells = names.map((name) => {
      const value = at(original[name], path);
      if (value === undefined) return make("td", {});
      const { kind, notes } = sources(name, path);
      const take = (given) => {
        put(works[name], path, given);
        changed();
      };
      const field = input(`${name}: ${help}`, value, low, high, take, at(works[name], path));
      return make("td", { class: "n" }, field, figure(kind[0], kind, notes, `${name}: ${help}`));
    });
    body.append(make("tr", {}, make("th", { scope: "row" }, make("code", { text: path }), ` ${help}`), ...cells));
  }
  return make("table", { class: "grid" }, make("thead", {}, headings(["of a request", ...names], (at) => at >= 1)), body);
}

// An assumption that holds for every service alike: an input in its own place of the list.
export function assumptionInput(place, original, works, { help, low, high }, changed) {
  const path = place.dataset.assumption;
  const names = Object.keys(works);
  const assumed = names.map((name) => at(original[name], path)).find(Boolean) ?? 0;
  const field = input(`every service: ${help}`, assumed, low, high, (given) => {
    for (const name of names) put(works[name], path, given);
    changed();
  });
  place.replaceChildren(field);
}

// The settings of a configuration that are numbers.
export function settingsTable(configuration, helps, settings, note, changed) {
  const body = make("tbody");
  for (const [part, values] of Object.entries(configuration.parts)) {
    for (const [key, value] of Object.entries(values)) {
      if (typeof value !== "number" || !(key in helps[part]) || (key === "utilisation" && "spare" in values)) continue;
      const slot = `${configuration.key} ${part}`;
      const { help, low, high } = helps[part][key];
      const field = input(`${configuration.name}: ${help}`, value, low, high, (given) => {
        settings[slot] = { ...settings[slot], [key]: given };
        changed();
      });
      body.append(make("tr", {}, make("th", { scope: "row" }, make("code", { text: `${part}.${key}` }), ` ${help}`), make("td", { class: "n" }, field, figure("a", "assumed", [note], help))));
    }
  }
  return make("table", { class: "grid" }, body);
}
