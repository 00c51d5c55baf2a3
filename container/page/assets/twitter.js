// The Twitter panel: the ranked contacts as cards, with what matched and how the scores multiply.
import { counted, curl, explained, fromTemplate, part, samples } from "/page/page.js";

const FIRST = 6; // contacts that are shown before more are asked for

/** A text with the phrase's places marked; places count characters, and overlapping ones run together. */
function marked(text, places, length) {
  const characters = [...text];
  const inside = new Set(places.flatMap((place) => Array.from({ length }, (_, i) => place + i)));
  const line = document.createElement("p");
  line.className = "tweet";
  for (let at = 0; at < characters.length; ) {
    const hit = inside.has(at);
    let end = at;
    while (end < characters.length && inside.has(end) === hit) end++;
    const piece = characters.slice(at, end).join("");
    line.append(hit ? Object.assign(document.createElement("mark"), { textContent: piece }) : piece);
    at = end;
  }
  return line;
}

function card(contact, phrase, hashtag) {
  const item = fromTemplate("contact");
  part(item, "name").textContent = contact.screen_name || "(no profile)";
  part(item, "id").textContent = contact.user_id;
  part(item, "description").textContent = contact.description;
  for (const tweet of contact.tweets) {
    const line = part(item, "tweets").appendChild(marked(tweet.text, tweet.phrase_at, [...phrase].length));
    for (const tag of tweet.hashtags) {
      const hit = tag === hashtag.toLowerCase();
      const chip = line.appendChild(document.createElement(hit ? "mark" : "span"));
      chip.className = "tag";
      chip.textContent = `#${tag}`;
    }
  }
  const score = (value) => value.toFixed(5);
  part(item, "scores").textContent =
    `${score(contact.interaction)} × ${score(contact.hashtag)} × ${score(contact.keywords)} = ${score(contact.final)}`;
  part(item, "counts").textContent =
    `interaction: ${counted(contact.replies, "reply", "replies")}, ${counted(contact.retweets, "retweet")} · ` +
    `hashtags: ${contact.shared_tags} in common · keywords: ${counted(contact.matches, "match", "matches")}`;
  return item;
}

export function panel(path, operation) {
  const panel = fromTemplate("twitter");
  const form = panel.querySelector("form");
  const offered = samples(operation);
  const choice = form.elements.sample;
  offered.forEach(({ title }, i) => choice.add(new Option(title, i)));
  const more = part(panel, "more");
  let latest = 0;

  const show = async () => {
    const turn = ++latest;
    const { sample, ...parameters } = Object.fromEntries(new FormData(form));
    part(panel, "curl").textContent = curl(path, parameters);
    const { problem, count = 0, contacts = [] } = await explained(operation, parameters);
    if (turn !== latest) return;
    panel.querySelector(".problem").textContent = problem;
    const cards = contacts.map((contact) => card(contact, parameters.phrase, parameters.hashtag));
    cards.slice(FIRST).forEach((item) => (item.hidden = true));
    part(panel, "contacts").replaceChildren(...cards);
    const known = count > cards.length ? `, the first ${cards.length} of them below` : "";
    part(panel, "count").textContent = problem ? "" : `${counted(count, "contact")}${known}`;
    more.hidden = cards.length <= FIRST;
    more.textContent = `show ${cards.length - FIRST} more`;
  };

  const take = () => {
    const query = new URLSearchParams(offered[choice.value].query);
    for (const [name, value] of query) form.elements[name].value = value;
    show();
  };

  more.addEventListener("click", () => {
    for (const item of part(panel, "contacts").children) item.hidden = false;
    more.hidden = true;
  });
  choice.addEventListener("change", take);
  form.addEventListener("input", (event) => event.target !== choice && show());
  form.addEventListener("submit", (event) => event.preventDefault());
  take();
  return panel;
}
