// Two curves that explain the answer: memory against duration and cost on Lambda, and the crossing over the handler's CPU.
import { Chart } from "page/chart.js";
import { crossings, lineOf } from "page/bill.js";
import { figure } from "page/figures.js";
import { counted, dollars, plain } from "page/numbers.js";

const FUNCTION = "lambda-url";
const FLEET = "ecs-fargate";
const MB_PER_GB = 1024;
const MILLION = 1e6;
const FEES = ["lambda-requests", "lambda-logs", "lambda-logs-stored"]; // what each invocation costs, however short
const MS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
const FOLLOWING = ["alb-capacity", "nlb-capacity", "internet-out", "cdn-out", "cdn-requests", "cross-zone", "nat-data", "logs-in", "logs-stored"]; // items of a fleet that follow its requests

export class Curves {
  constructor(data, { pricedOf, rates }) {
    Object.assign(this, { data, pricedOf, rates });
    this.memory = new Chart(document.getElementById("memory-chart"), data.memory_spec, { height: 260 });
    this.crossing = new Chart(document.getElementById("crossing-chart"), data.crossing_spec, { height: 260 });
    this.functions = data.configurations.find((one) => one.key === FUNCTION);
    this.fleet = data.configurations.find((one) => one.key === FLEET);
  }

  async show(now) {
    this.explain(now);
    await this.memory.show({ sizes: this.sizes(now) });
    const depends = JSON.stringify([now.shared, now.state.utilisation, now.state.memory_mb]);
    if (depends !== this.depends) this.points = this.over(now);
    this.depends = depends;
    await this.crossing.show({ crossings: this.points, here: [{ ms: this.cpuMs(now) }] });
  }

  cpuMs({ shares, workloads }) {
    return shares.reduce((sum, { name, share }) => sum + workloads[name].cpu_ms * share, 0);
  }

  // For each size of memory: how long the mean request of the mix takes, and what a million cost.
  sizes(now) {
    return this.data.defaults.sizes.flatMap((memory) => {
      const priced = this.pricedOf(this.functions, { ...now, state: { ...now.state, memory_mb: memory } });
      const bill = priced.bill(now.rate);
      const run = bill.items.find((item) => item.name === "lambda-duration")?.factors.find((factor) => factor.name === "GB-s per request");
      if (!run || !bill.serves) return [];
      const measured = now.shares.every(({ name }) => this.data.workloads[name].lambda_ms[memory]);
      const cost = bill.items.filter((item) => item.name.startsWith("lambda-")).reduce((sum, item) => sum + item.month, 0);
      return [{ memory, measured, ms: (run.value / memory) * MB_PER_GB * 1000, cost: (cost / now.requests) * MILLION }];
    });
  }

  // The first crossing with the fleet for handlers of other lengths; what was measured on Lambda is left out there.
  over(now) {
    return MS.flatMap((ms) => {
      const changed = {};
      for (const { name } of now.shares) {
        changed[`${name}.cpu_ms`] = ms;
        for (const size of Object.keys(now.workloads[name].lambda_ms)) changed[`${name}.lambda_ms.${size}`] = 0;
        for (const size of Object.keys(now.workloads[name].lambda_billed_ms)) changed[`${name}.lambda_billed_ms.${size}`] = 0;
      }
      const [first, second] = [this.functions, this.fleet].map((one) => lineOf(this.pricedOf(one, now, changed), this.rates));
      const [found] = crossings(first, second);
      return found ? [{ ms, rate: found.rate }] : [];
    });
  }

  // Why the crossing lies where it does: what stands, over what a million requests cost more on Lambda.
  explain(now) {
    const place = document.getElementById("why");
    const [first, second] = [this.functions, this.fleet].map((one) => this.pricedOf(one, now));
    const [crossing] = crossings(lineOf(first, this.rates), lineOf(second, this.rates));
    if (!crossing) return place.replaceChildren(`${this.functions.name} and ${this.fleet.name} do not cross up to ${plain(this.data.to_rate)} requests/s. For other handlers:`);
    const requests = (now.requests / now.rate) * crossing.rate;
    const perMillion = (items) => (items.reduce((sum, item) => sum + item.month, 0) / requests) * MILLION;
    const onLambda = first.bill(crossing.rate).items;
    const onFleet = second.bill(crossing.rate).items;
    const fee = perMillion(onLambda.filter((item) => FEES.includes(item.name)));
    const variable = (item) => FOLLOWING.includes(item.name);
    const [million, own] = [perMillion(onLambda), perMillion(onFleet.filter(variable))];
    const standing = onFleet.filter((item) => !variable(item)).reduce((sum, item) => sum + item.month, 0);
    const computed = (text, detail) => figure(text, "computed", now.notes, detail);
    const parts = (items) => items.map((item) => `${item.name} ${dollars(item.month)}`).join(" + ");
    place.replaceChildren(
      `There ${this.fleet.name} stands for `, computed(`${dollars(standing)} a month`, parts(onFleet.filter((item) => !variable(item)))), ", whatever comes. A million requests cost ",
      computed(dollars(million), parts(onLambda)), ` on ${this.functions.name}, of which `, computed(dollars(fee), "the fee for each invocation, and Lambda's own log lines"),
      " is the request fee and Lambda's own log lines, however short the handler is, and ", computed(dollars(own), parts(onFleet.filter(variable))), ` on ${this.fleet.name} (load balancer and traffic). The first over the difference is `,
      computed(`${counted(requests)} requests a month`, `${dollars(standing)} / (${dollars(million)} − ${dollars(own)}) × 1,000,000`), `, or ${plain(crossing.rate, 3)} requests/s. `,
      fee > million / 2
        ? "As long as handlers are short, the fee decides, and all services cross near the same rate. Handlers of other lengths (no point: no crossing):"
        : "Here duration and traffic decide more than the fee. Handlers of other lengths (no point: no crossing):",
    );
    return undefined;
  }
}
