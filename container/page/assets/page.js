// The page: a panel for each service that this server has. A service with a module of its own here is drawn by it; any
// other gets a form made from its OpenAPI parameters.
import * as blockchain from "/page/blockchain.js";
import * as qrcode from "/page/qrcode.js";
import * as twitter from "/page/twitter.js";

const PANELS = { blockchain, qrcode, twitter };
const OFFERED = await (await fetch("/page/samples.json")).json();

/** Requests made for this server's data, as { title, query }. */
export const offered = (operation) => OFFERED[operation.operationId] ?? [];

/** The documented requests, as { title, query }. */
export function documented(operation) {
  const examples = Object.entries(operation.responses[200].content["text/plain"].examples ?? {});
  return examples.map(([title, { summary }]) => ({ title, query: summary.split("?")[1] }));
}

/** Requests worth trying, as { title, query }: those made for this server's data, else the documented ones. */
export const samples = (operation) => (offered(operation).length ? offered : documented)(operation);

const GONE = "no answer: is the server still running?";

/** Asks a service; gives { result, problem }: the text after the first line, and why there is none, else "". */
export async function ask(path, parameters) {
  try {
    const response = await fetch(`${path}?${new URLSearchParams(parameters)}`);
    const body = await response.text();
    const reason = response.headers.get("x-invalid-reason");
    const problem = response.ok ? reason && `INVALID, ${reason}` : `${response.status} ${response.statusText}`;
    return { result: body.slice(body.indexOf("\n") + 1), problem: problem ?? "" };
  } catch {
    return { result: "", problem: GONE };
  }
}

/** Asks a service why it answers as it does; gives { problem, ... }: nothing else where there is no answer. */
export async function explained(operation, parameters) {
  try {
    const response = await fetch(`/page/explain/${operation.operationId}?${new URLSearchParams(parameters)}`);
    return response.ok ? await response.json() : { problem: `${response.status} ${response.statusText}` };
  } catch {
    return { problem: GONE };
  }
}

/** A number with its noun: 1 reply, 2 replies. */
export const counted = (number, noun, plural = `${noun}s`) =>
  `${number.toLocaleString("en")} ${number === 1 ? noun : plural}`;

/** The same request as a command line. */
export function curl(path, parameters) {
  const query = new URLSearchParams(parameters).toString().replaceAll("+", "%20");
  return `curl '${location.origin}${path}?${query}'`;
}

/** The part of a panel that carries data-of=NAME. */
export const part = (panel, name) => panel.querySelector(`[data-of=${name}]`);

/** A copy of a template's first element. */
export const fromTemplate = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

function plainPanel(path, operation) {
  const panel = fromTemplate("plain-service");
  panel.querySelector("h2").textContent = operation.operationId;
  panel.querySelector(".hint").textContent = operation.summary;
  const form = panel.querySelector("form");
  for (const parameter of operation.parameters) {
    const label = form.appendChild(document.createElement("label"));
    label.textContent = parameter.name;
    const input = label.appendChild(document.createElement("input"));
    input.name = parameter.name;
    input.value = parameter.example;
    input.title = parameter.description;
  }
  const show = async () => {
    const parameters = Object.fromEntries(new FormData(form));
    part(panel, "curl").textContent = curl(path, parameters);
    const { result, problem } = await ask(path, parameters);
    panel.querySelector(".problem").textContent = problem;
    part(panel, "answer").textContent = problem ? "" : result;
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
  return panel;
}

document.addEventListener("click", (event) => {
  const copies = event.target.dataset?.copies;
  if (copies) navigator.clipboard.writeText(part(event.target.closest(".card"), copies).textContent);
});

if (OFFERED.report) {
  const link = Object.assign(document.createElement("a"), { href: OFFERED.report, textContent: "what it costs, and where" });
  document.querySelector("nav").prepend(link, " ");
}

const { paths } = await (await fetch("/openapi.json")).json();
for (const [path, { get: operation }] of Object.entries(paths)) {
  if (!operation?.tags?.includes("services")) continue;
  const own = PANELS[operation.operationId];
  const panel = own ? own.panel(path, operation) : plainPanel(path, operation);
  const cost = OFFERED.costs?.[operation.operationId];
  if (cost) {
    const note = Object.assign(document.createElement("p"), { className: "cost", textContent: cost });
    panel.querySelector(".hint").after(note);
  }
  document.getElementById("services").append(panel);
}
