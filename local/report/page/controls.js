// The reader's controls: sliders, each with a field beside it, and fields that mean the same in other units.
import { tidy } from "page/numbers.js";

const RATE_STEPS = 100; // a decade of the rate has so many
const HOURS_PER_MONTH = 730;
const SECONDS_PER_HOUR = 3600;

// A slider's position for a value and back; the field beside it shows `field` and gives `typed`.
const linear = (unit) => ({ value: (at) => at / unit, at: (value) => value * unit, field: (value) => tidy(value * unit), typed: (text) => text / unit });
const SLIDERS = {
  rate: { value: (at) => tidy(10 ** (at / RATE_STEPS), 3), at: (value) => Math.log10(Math.max(value, 1)) * RATE_STEPS, field: (value) => tidy(value), typed: (text) => text },
  duty: linear(100),
  hours_a_day: linear(1),
  memory_mb: {
    value: (at, { sizes }) => (at === 0 ? null : sizes[at - 1]),
    at: (value, { sizes }) => (value === null ? 0 : sizes.findLastIndex((size) => size <= value) + 1),
    field: (value) => value ?? "",
    typed: (text) => text || null,
  },
  utilisation: linear(100),
  speed: linear(100),
};

const hoursUnderLoad = ({ duty, hours_a_day }) => HOURS_PER_MONTH * (hours_a_day / 24) * duty;

// Fields that show the state in other units.
const DERIVED = {
  monthly: {
    field: (state) => tidy(state.rate * SECONDS_PER_HOUR * hoursUnderLoad(state), 4),
    take: (state, value) => (state.rate = value / SECONDS_PER_HOUR / hoursUnderLoad(state)),
  },
  peak: {
    field: (state) => tidy(1 / state.duty, 4),
    take: (state, value) => {
      const monthly = state.rate * state.duty;
      state.duty = 1 / value;
      state.rate = monthly * value;
    },
  },
};

export class Controls {
  constructor(form, defaults, changed) {
    Object.assign(this, { form, defaults, changed });
    this.reset();
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", ({ target }) => target.type === "range" && this.take(target));
    form.addEventListener("change", ({ target }) => target.type !== "range" && this.take(target));
    form.querySelector("[data-do=reset]").addEventListener("click", () => {
      this.reset();
      changed(true);
    });
    for (const button of form.querySelectorAll("[data-mix]")) {
      button.addEventListener("click", () => {
        const alone = button.dataset.mix;
        const names = Object.keys(this.state.mix);
        this.state.mix = alone ? Object.fromEntries(names.map((name) => [name, name === alone ? 100 : 0])) : { ...defaults.mix };
        this.show();
        changed();
      });
    }
  }

  reset() {
    this.state = structuredClone(this.defaults);
    this.show();
  }

  take(input) {
    const { state } = this;
    const [kind, name] = input.name.split(":");
    const number = Number(input.value);
    if (input.type === "number" && (!input.checkValidity() || (input.value === "" && name !== "memory_mb"))) return this.show();
    if (kind === "mix") state.mix[name] = number;
    else if (kind === "outside") state.outside = input.value;
    else if (kind === "slide") state[name] = SLIDERS[name].value(number, this.defaults);
    else if (kind === "type") state[name] = SLIDERS[name].typed(number);
    else if (kind === "derived") DERIVED[name].take(state, number);
    else return undefined;
    this.show(input);
    return this.changed();
  }

  setRate(rate) {
    this.state.rate = tidy(rate, 3);
    this.show();
    this.changed();
  }

  // Positions and numbers of all, except the position of the one that is being moved.
  show(moved = null) {
    const { form, state } = this;
    const put = (input, value) => input && input !== moved && (input.value = value);
    for (const [name, slider] of Object.entries(SLIDERS)) {
      put(form.elements[`slide:${name}`], slider.at(state[name] ?? null, this.defaults));
      put(form.elements[`type:${name}`], slider.field(state[name] ?? null));
      form.elements[`slide:${name}`].setAttribute("aria-valuetext", slider.field(state[name] ?? null) || "the cheapest");
    }
    for (const [name, { field }] of Object.entries(DERIVED)) put(form.elements[`derived:${name}`], field(state));
    for (const [name, weight] of Object.entries(state.mix)) {
      for (const input of [form.elements[`mix:${name}`]].flatMap((found) => (found instanceof RadioNodeList ? [...found] : [found]))) put(input, tidy(weight, 4));
    }
    for (const option of form.querySelectorAll("[name=outside]")) option.checked = option.value === state.outside;
  }
}
