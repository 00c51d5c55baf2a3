// The page's bills by themselves, for the golden cases.
import { Priced, cheapestRanges, crossings, grid, hoursAndDuty, lineOf, sharedInputs } from "page/bill.js";
import { Formulas } from "page/formulas.js";

const model = ({ nodes, bills }) => ({ formulas: new Formulas(nodes), bills });

window.hoursOf = (inputs, asked) => {
  const known = model(inputs);
  return asked.map((one) => {
    const [hours] = hoursAndDuty(one);
    const priced = new Priced(known, inputs.configurations[one.configuration], sharedInputs(inputs.workloads, one), one);
    const bill = priced.bill(one.rate);
    return { hour: bill.month / hours, serves: bill.serves, items: Object.fromEntries(bill.items.map((item) => [item.name, item.month / hours])) };
  });
};

window.linesOf = (inputs, names, asked, bottom, top) => {
  const known = model(inputs);
  const rates = grid(bottom, top);
  const lines = names.map((name) => lineOf(new Priced(known, inputs.configurations[name], sharedInputs(inputs.workloads, asked), asked), rates));
  return {
    crossings: lines.slice(1).map((line) => crossings(lines[0], line)),
    cheapest: cheapestRanges(lines).map(({ line, start, until }) => ({ label: line.name, start, until })),
  };
};
