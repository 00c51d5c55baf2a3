// The page's cost model by itself, for the golden cases: the same questions as local/report/scenario.py answers.
import { cheapestRanges, crossings, lineOf } from "./lines.js";
import { cheapest } from "./model.js";
import { adjusted, hoursAndDuty, mixOf } from "./scenario.js";

window.hourOf = ({ book, configurations, works }, asked) => {
  const [hours, duty] = hoursAndDuty(asked);
  const bill = cheapest(book, adjusted(configurations[asked.configuration], asked), mixOf(works, asked), asked.rate, hours, duty);
  const items = Object.fromEntries(bill.items.map((item) => [item.name, item.month.value / hours]));
  return { hour: bill.month / hours, serves: bill.serves, items };
};

window.linesOf = ({ book, configurations, works }, names, asked, bottom, top) => {
  const [hours, duty] = hoursAndDuty(asked);
  const lines = names.map((name) =>
    lineOf(book, adjusted(configurations[name], asked), mixOf(works, asked), hours, duty, hours, bottom, top),
  );
  return {
    crossings: lines.slice(1).map((line) => crossings(lines[0], line, bottom)),
    cheapest: cheapestRanges(lines, bottom),
  };
};
