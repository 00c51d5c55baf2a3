// The reader's sliders and inputs: each holds a value of its own until it is moved, and says what it means.
import { percent, plain } from "./numbers.js";

const RATE_STEPS = 100; // a decade of the rate has so many

// What a slider's position means, what it shows, and the position of a value.
const SLIDERS = {
  rate: {
    value: (at) => Number((10 ** (at / RATE_STEPS)).toPrecision(3)),
    at: (value) => Math.log10(value) * RATE_STEPS,
    shown: (value) => `${plain(value)} requests/s`,
  },
  duty: { value: (at) => at / 100, at: (value) => value * 100, shown: percent },
  hours_a_day: { value: Number, at: (value) => value, shown: (value) => `${value} h` },
  memory_mb: {
    value: (at, { sizes }) => (at === 0 ? null : sizes[at - 1]),
    at: (value, { sizes }) => sizes.indexOf(value) + 1,
    shown: (value) => (value === null ? "the cheapest" : `${plain(value)} MB`),
  },
  utilisation: { value: (at) => at / 100, at: (value) => value * 100, shown: percent },
  speed: { value: (at) => at / 100, at: (value) => value * 100, shown: (value) => `× ${plain(value)}` },
};

export class Controls {
  constructor(form, defaults, changed) {
    Object.assign(this, { form, defaults, changed });
    this.reset();
    form.addEventListener("input", ({ target }) => this.take(target));
    form.addEventListener("change", ({ target }) => target.name === "outside" && this.take(target));
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
    if (input.name.startsWith("mix ")) this.state.mix[input.name.slice(4)] = Number(input.value);
    else if (input.name === "outside") this.state.outside = input.value;
    else if (input.name in SLIDERS) this.state[input.name] = SLIDERS[input.name].value(Number(input.value), this.defaults);
    else return;
    this.show(input);
    this.changed();
  }

  setRate(rate) {
    this.state.rate = Number(rate.toPrecision(3));
    this.show();
    this.changed();
  }

  // Positions and texts of all, except the position of the one that is being moved.
  show(moved = null) {
    const { form, state } = this;
    for (const [name, slider] of Object.entries(SLIDERS)) {
      const input = form.elements[name];
      if (input !== moved) input.value = slider.at(state[name] ?? null, this.defaults);
      this.say(input, slider.shown(state[name] ?? null));
    }
    const sum = Object.values(state.mix).reduce((one, other) => one + other, 0);
    for (const [name, weight] of Object.entries(state.mix)) {
      const input = form.elements[`mix ${name}`];
      if (input !== moved) input.value = weight;
      this.say(input, sum ? percent(Number((weight / sum).toPrecision(3))) : "0 %");
    }
    for (const option of form.querySelectorAll("[name=outside]")) option.checked = option.value === state.outside;
  }

  say(input, text) {
    input.setAttribute("aria-valuetext", text);
    input.parentElement.querySelector("output").textContent = text;
  }
}
