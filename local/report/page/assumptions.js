// Numbers that the reader may contest: those of the workloads and of the configurations, each an input.
import { figure, make } from "page/figures.js";
import { headings } from "page/bills.js";

export const YOURS = "yours";
const MAPS = ["lambda_ms", "lambda_billed_ms"];
const MAX_MS = 1e6;

// Every number of the workloads and configurations by its name, with what it was, means, and may be.
export function allInputs(data) {
  const inputs = {};
  for (const [name, workload] of Object.entries(data.workloads)) {
    for (const [key, field] of Object.entries(data.workload_fields)) inputs[`${name}.${key}`] = { ...field, value: workload[key], service: name, key };
    for (const key of MAPS) {
      for (const [size, value] of Object.entries(workload[key])) inputs[`${name}.${key}.${size}`] = { help: `${key} at ${size} MB`, low: 0, high: MAX_MS, value, service: name, key: `${key}.${size}` };
    }
  }
  for (const configuration of [...data.configurations, ...data.storage]) {
    for (const [key, field] of Object.entries(configuration.settings)) inputs[`${configuration.key}:${key}`] = { ...field, configuration, key };
  }
  return inputs;
}

// The workloads with the reader's numbers in them. One number of the handler moves what depends on it: a measured
// duration on Lambda gets longer by what the handler takes more, over the share of a vCPU that the memory gives.
export function changedWorkloads(data, changes) {
  const workloads = structuredClone(data.workloads);
  for (const [name, workload] of Object.entries(workloads)) {
    for (const key of Object.keys(data.workload_fields)) workload[key] = changes[`${name}.${key}`] ?? workload[key];
    const more = workload.cpu_ms - data.workloads[name].cpu_ms;
    for (const key of MAPS) {
      for (const size of Object.keys(workload[key])) {
        const share = Math.min(1, size / data.lambda_mb_per_vcpu);
        const least = workload.wait_ms + workload.cpu_ms / share;
        const own = changes[`${name}.${key}.${size}`];
        const moved = workload[key][size] + more / share;
        workload[key][size] = own ?? (more ? Math.max(least, moved) : workload[key][size]);
      }
    }
  }
  return workloads;
}

// A field for an input; `shown` is the number that it has now.
export function input(name, { help, low, high, value, service, configuration }, shown, changed) {
  const label = `${service ?? configuration.name}: ${help}`;
  const field = make("input", { type: "number", step: "any", min: low, max: high, value: shown, "aria-label": label, "data-input": name });
  field.classList.toggle("changed", shown !== value);
  field.addEventListener("change", () => {
    const given = field.value === "" || !field.checkValidity() ? value : Number(field.value);
    changed(name, given === value ? null : given);
  });
  return field;
}

// A grid of every number of the workloads: a row for each field, a column for each service.
export function workloadsTable(data, inputs, workloads, changes, changed) {
  const names = Object.keys(data.workloads);
  const keys = [...new Set(Object.values(inputs).filter((one) => one.service).map((one) => one.key))];
  const order = (key) => (key.includes(".") ? 1e9 + Number(key.split(".")[1]) : 0);
  const body = make("tbody");
  for (const key of keys.toSorted((one, other) => order(one) - order(other))) {
    const cells = names.map((name) => {
      const one = inputs[`${name}.${key}`];
      if (!one) return make("td");
      const [field, size] = key.split(".");
      const now = size ? workloads[name][field][size] : workloads[name][field];
      const kind = now === one.value ? data.workload_kinds[name][key] ?? data.workload_kinds[name][""] : YOURS;
      const notes = kind === YOURS ? [] : [data.assumed_notes[key] ?? data.workload_notes[name]];
      return make("td", { class: "n" }, input(`${name}.${key}`, one, now, changed), figure(kind, kind, notes, `${name}: ${one.help}`));
    });
    body.append(make("tr", {}, make("th", { scope: "row" }, make("code", { text: key }), ` ${inputs[`${names.find((name) => inputs[`${name}.${key}`])}.${key}`].help}`), ...cells));
  }
  return make("table", { class: "grid" }, make("thead", {}, headings(["of a request", ...names], (at) => at >= 1)), body);
}

// The settings of a configuration that are numbers.
export function settingsTable(configuration, data, inputs, changes, changed) {
  const body = make("tbody");
  for (const key of Object.keys(configuration.settings)) {
    const name = `${configuration.key}:${key}`;
    const now = changes[name] ?? inputs[name].value;
    const kind = name in changes ? YOURS : "assumed";
    const cell = make("td", { class: "n" }, input(name, inputs[name], now, changed), figure(kind, kind, kind === YOURS ? [] : [data.configuration_notes[configuration.key]], inputs[name].help));
    body.append(make("tr", {}, make("th", { scope: "row" }, make("code", { text: key }), ` ${inputs[name].help}`), cell));
  }
  return make("table", { class: "grid" }, body);
}
