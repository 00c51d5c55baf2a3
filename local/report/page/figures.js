// Figures that say where they come from: to the pointer, to the keyboard, and in print.

const CITED = 3;
let notes = [];
let shown = null; // the figure that the tip is about
const tip = document.createElement("div");

// An element.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

// A figure of a kind (measured, priced, assumed, computed, yours), with the numbers of its notes and what is special to it.
export function figure(text, kind, sources, detail = "") {
  const cited = [...new Set(sources)];
  return make("span", {
    text,
    class: `fig ${kind}`,
    tabindex: 0,
    "data-source": cited.join(" "),
    // On paper a sum cites the first of its many notes: its items, below it, cite them all.
    "data-cite": cited.slice(0, CITED).map((one) => one + 1).join(", ") + (cited.length > CITED ? " …" : ""),
    "data-detail": detail,
  });
}

function describe(element) {
  const kind = ["measured", "priced", "assumed", "computed", "yours"].find((one) => element.classList.contains(one));
  const lines = [make("b", { text: kind }), ...element.dataset.detail.split("\n").filter(Boolean).map((text) => make("div", { text }))];
  const cited = element.dataset.source.split(" ").filter(Boolean);
  for (const one of cited) lines.push(make("div", { class: "note", text: `[${Number(one) + 1}] ${notes[one].text}` }));
  tip.replaceChildren(...lines);
}

function place() {
  if (!shown) return;
  const [at, size] = [shown.getBoundingClientRect(), tip.getBoundingClientRect()];
  const left = Math.max(8, Math.min(at.left, window.innerWidth - size.width - 8));
  const below = at.bottom + 6 + size.height < window.innerHeight;
  tip.style.left = `${left}px`;
  tip.style.top = `${below ? at.bottom + 6 : Math.max(8, at.top - size.height - 6)}px`;
}

function show(element) {
  hide();
  shown = element;
  describe(element);
  tip.hidden = false;
  element.setAttribute("aria-describedby", tip.id);
  place();
}

function hide() {
  tip.hidden = true;
  shown?.removeAttribute("aria-describedby");
  shown = null;
}

export function listen(sources) {
  notes = sources;
  tip.id = "tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.body.append(tip);
  const target = (event) => event.target.closest?.(".fig");
  for (const name of ["pointerover", "focusin"]) {
    document.addEventListener(name, (event) => {
      const element = target(event);
      if (element) show(element);
      else if (name === "focusin") hide();
    });
  }
  document.addEventListener("pointerout", (event) => target(event) && target(event) !== document.activeElement && hide());
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", place, { passive: true, capture: true });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
}
