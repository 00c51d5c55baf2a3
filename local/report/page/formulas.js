// Works out the cost model's formulas in floating point. local/report/payload.py says what a node is.

const NEAR = 1e-9; // how near to a whole number a float is taken for it

const CODES = ["+", "-", "*", "/", "max", "min", "ceil", "if"];

function apply(code, first, second, third) {
  switch (code) {
    case 0:
      return first + second;
    case 1:
      return first - second;
    case 2:
      return first * second;
    case 3:
      return first / second;
    case 4:
      return first > second ? first : second;
    case 5:
      return first < second ? first : second;
    case 6:
      return Math.ceil(first - NEAR * Math.max(1, Math.abs(first)));
    default:
      return first > 0 ? second : third;
  }
}

export class Formulas {
  constructor(nodes) {
    this.nodes = nodes;
    this.orders = new Map();
    this.rate = nodes.indexOf("rate");
  }

  // What a node is made of, itself last, each once and after its arguments.
  order(root) {
    if (!this.orders.has(root)) {
      const [order, seen] = [[], new Set()];
      const visit = (at) => {
        if (seen.has(at)) return;
        seen.add(at);
        const node = this.nodes[at];
        if (Array.isArray(node)) node.slice(1).filter(Number.isInteger).forEach(visit);
        order.push(at);
      };
      visit(root);
      this.orders.set(root, order);
    }
    return this.orders.get(root);
  }

  // Numbers for the inputs: what does not follow the rate is worked out once.
  bind(inputs) {
    return new Bound(this, inputs);
  }
}

class Bound {
  constructor(formulas, inputs) {
    Object.assign(this, { formulas, inputs, values: new Float64Array(formulas.nodes.length) });
    this.known = new Uint8Array(formulas.nodes.length); // 1: worked out; 2: follows the rate
  }

  // The steps that are left for a rate, after all others are done.
  steps(root) {
    const { nodes } = this.formulas;
    const left = [];
    for (const at of this.formulas.order(root)) {
      if (!this.known[at]) {
        const node = nodes[at];
        const follows = at === this.formulas.rate || (Array.isArray(node) && node.some((part, place) => place && this.known[part] === 2));
        this.known[at] = follows ? 2 : 1;
        if (!follows) this.values[at] = this.workOut(node);
      }
      if (this.known[at] === 2 && at !== this.formulas.rate) left.push(at);
    }
    return left;
  }

  workOut(node) {
    if (typeof node === "number") return node;
    if (typeof node === "string") {
      if (!(node in this.inputs)) throw new Error(`no number for ${node}`);
      return this.inputs[node];
    }
    const [operation, first, second, third] = node;
    if (operation === "lookup") return this.inputs[`${second}.${this.values[first]}`] ?? 0;
    return apply(CODES.indexOf(operation), this.values[first], this.values[second], this.values[third]);
  }

  // A node as a function of the rate: a small machine, since a chart asks it a hundred thousand times.
  follow(root) {
    const { values } = this;
    const { nodes, rate: input } = this.formulas;
    const code = new Int32Array(this.steps(root).flatMap((at) => [CODES.indexOf(nodes[at][0]), at, nodes[at][1], nodes[at][2] ?? 0, nodes[at][3] ?? 0]));
    return (rate) => {
      values[input] = rate;
      for (let at = 0; at < code.length; at += 5) {
        const first = values[code[at + 2]];
        const second = values[code[at + 3]];
        values[code[at + 1]] = apply(code[at], first, second, values[code[at + 4]]);
      }
      return values[root];
    };
  }

  at(root, rate) {
    return this.follow(root)(rate);
  }
}
