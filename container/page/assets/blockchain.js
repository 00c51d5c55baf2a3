// The blockchain panel: the chain drawn block by block, the rule that fails marked at its place, and the block that is mined.
import { counted, curl, documented, explained, fromTemplate, offered, part } from "/page/page.js";

const OURS = "1097844002039";
const TYPING_MS = 200; // a request may take 65,536 attempts: one for a text, not for each key
const MARKS = { kept: "✓", broken: "✗", "not reached": "–" };

const number = (value) => BigInt(value).toLocaleString("en");

/** An account as its last four digits, in full where somebody points at it; ours by name. */
function account(id) {
  const text = String(id);
  const element = document.createElement("span");
  element.className = "account";
  element.title = `account ${text}`;
  element.textContent = text === OURS ? "us" : text.length > 5 ? `…${text.slice(-4)}` : text;
  return element;
}

/** Nanoseconds since 1970 as a time that people read. */
function moment(nanoseconds) {
  const date = new Date(Number(BigInt(nanoseconds) / 1000000n));
  return Number.isNaN(date.getTime()) ? nanoseconds : date.toISOString().replace("T", " ").slice(0, 19);
}

function facts(list, pairs) {
  for (const [name, value] of pairs) {
    list.append(
      Object.assign(document.createElement("dt"), { textContent: name }),
      Object.assign(document.createElement("dd"), { textContent: value }),
    );
  }
}

function fault(element, problem) {
  element.classList.toggle("broken", problem !== "");
  part(element, "fault").textContent = problem && `✗ ${problem}`;
}

function transaction(values, problem) {
  const item = fromTemplate("transaction");
  const { send, recv, amt, fee, time, hash } = values;
  const own = hash === undefined;
  part(item, "from").append(own ? account(OURS) : send === undefined ? "reward" : account(send));
  part(item, "to").append(account(recv));
  part(item, "amount").textContent = number(amt);
  const notes = [moment(time), fee === undefined ? "" : `fee ${number(fee)}`, own ? "to be signed by us" : ""];
  part(item, "more").textContent = notes.filter(Boolean).join(" · ");
  part(item, "hash").textContent = hash ?? "";
  fault(item, problem);
  return item;
}

/** A card of a block or of the new transactions. `broken` is the rule that fails, if it fails here. */
function card(title, block, pairs, broken, mining = "") {
  const item = fromTemplate("block");
  part(item, "title").textContent = title;
  part(item, "mining").textContent = mining;
  part(item, "previous").textContent = block.previous === undefined ? "" : `after ${block.previous}`;
  facts(part(item, "facts"), pairs);
  block.transactions.forEach((values, tx) => {
    part(item, "transactions").append(transaction(values, broken?.tx === tx ? broken.problem : ""));
  });
  fault(item, broken && broken.tx === null ? broken.problem : "");
  const known = block.balances !== null;
  part(item, "balances-title").textContent = known ? "Balances afterwards" : "Balances are not known";
  for (const [id, amount] of block.balances ?? []) {
    const name = document.createElement("dt");
    name.append(account(id));
    part(item, "balances").append(name, Object.assign(document.createElement("dd"), { textContent: number(amount) }));
  }
  return item;
}

function chain(found) {
  const broken = found.rules.find(({ state }) => state === "broken");
  const at = (place) => (broken && broken.block === place ? broken : undefined);
  const cards = found.blocks.map((block, place) => {
    const pairs = [["hash", block.hash], ["target", block.target], ["proof of work", block.pow]];
    return card(`Block ${block.id}`, block, pairs, at(place));
  });
  if (!cards.length) return cards;
  const inNew = broken?.block === null && broken.tx !== null;
  const waiting = card("New transactions", found.new, [["target", found.new_target]], inNew ? broken : undefined);
  waiting.classList.add("waiting");
  cards.push(waiting);
  if (found.mined) {
    const { id, hash, target, pow, attempts } = found.mined;
    const mining = `mined in ${counted(attempts, "attempt")}, ${(found.seconds * 1000).toFixed(2)} ms`;
    const pairs = [["hash", hash], ["target", target], ["proof of work", pow]];
    cards.push(card(`Block ${id}`, found.mined, pairs, undefined, mining));
    cards.at(-1).classList.add("mined");
  }
  return cards;
}

function rule({ code, meaning, state, problem }) {
  const item = document.createElement("li");
  item.dataset.state = state;
  const mark = Object.assign(document.createElement("span"), { className: "mark", textContent: MARKS[state] });
  mark.setAttribute("aria-hidden", "true");
  const name = Object.assign(document.createElement("code"), { textContent: code });
  const said = document.createElement("span");
  said.append(name, " ", meaning.replace(/\.$/, ""), Object.assign(document.createElement("b"), { textContent: ` · ${state}` }));
  if (problem) said.append(Object.assign(document.createElement("span"), { className: "fault", textContent: ` ${problem}` }));
  item.append(mark, said);
  return item;
}

export function panel(path, operation) {
  const panel = fromTemplate("blockchain");
  const form = panel.querySelector("form");
  const choices = [...documented(operation), ...offered(operation)];
  const choice = form.elements.sample;
  choices.forEach(({ title }, i) => choice.add(new Option(title, i)));
  choice.add(new Option("your own, pasted below", "own"));
  let latest = 0;
  let typing;

  const show = async () => {
    clearTimeout(typing);
    const turn = ++latest;
    const cc = form.elements.cc.value.trim();
    part(panel, "curl").textContent = curl(path, { cc });
    const found = { rules: [], blocks: [], ...(await explained(operation, { cc })) };
    if (turn !== latest) return;
    panel.querySelector(".problem").textContent = found.problem;
    const { mined } = found;
    part(panel, "verdict").textContent = mined ? `VALID: block ${mined.id} is mined with proof of work ${mined.pow}` : "";
    part(panel, "chain").replaceChildren(...chain(found));
    part(panel, "rules").replaceChildren(...found.rules.map(rule));
  };

  const take = () => {
    if (choice.value === "own") return;
    form.elements.cc.value = new URLSearchParams(choices[choice.value].query).get("cc") ?? "";
    show();
  };

  choice.addEventListener("change", take);
  form.elements.cc.addEventListener("input", () => {
    choice.value = "own";
    clearTimeout(typing);
    typing = setTimeout(show, TYPING_MS);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  take();
  return panel;
}
