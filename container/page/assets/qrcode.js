// The QR code panel: the service's own answers, drawn.
import { ask, curl, fromTemplate, part } from "/page/page.js";

const IMAGE = 32;

/** The first bytes of the logistic map that encrypts: x' = 4x(1 - x) from 0.1, each as floor(255x). */
function keyStream(length) {
  const bytes = [];
  for (let x = 0.1; bytes.length < length; x = 4 * x * (1 - x)) bytes.push(Math.floor(255 * x));
  return bytes;
}

const KEY = keyStream((IMAGE * IMAGE) / 8);
const crypt = (modules) => modules.map((bit, i) => bit ^ ((KEY[i >> 3] >> (i & 7)) & 1));

/** Hex groups of 32 modules, first module most significant; the last group may be shorter. */
function modulesOf(hex) {
  const groups = hex.split("0x").slice(1);
  const side = groups.length === 14 ? 21 : 25;
  return groups.flatMap((group, i) => {
    const width = Math.min(32, side * side - 32 * i);
    return [...parseInt(group, 16).toString(2).padStart(width, "0")].map(Number);
  });
}

function hexOf(modules) {
  let hex = "";
  for (let i = 0; i < modules.length; i += 32) hex += "0x" + parseInt(modules.slice(i, i + 32).join(""), 2).toString(16);
  return hex;
}

/** The plain code, turned and placed by chance, in an image full of noise. */
function hidden(plain, side) {
  const random = (n) => Math.floor(Math.random() * n);
  const [turn, top, left] = [random(4), random(IMAGE - side + 1), random(IMAGE - side + 1)];
  const image = Array.from({ length: IMAGE * IMAGE }, () => random(2));
  for (let r = 0; r < side; r++) {
    for (let c = 0; c < side; c++) {
      const last = side - 1;
      const [row, column] = [[r, c], [c, last - r], [last - r, last - c], [last - c, r]][turn];
      image[(top + row) * IMAGE + left + column] = plain[r * side + c];
    }
  }
  return image;
}

function draw(canvas, modules) {
  const side = Math.sqrt(modules.length);
  canvas.width = canvas.height = side;
  const pixels = canvas.getContext("2d").createImageData(side, side);
  modules.forEach((dark, i) => pixels.data.set(dark ? [22, 28, 38, 255] : [255, 255, 255, 255], 4 * i));
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

function clear(canvas) {
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
}

export function panel(path) {
  const panel = fromTemplate("qrcode");
  const input = panel.querySelector("input");
  const scannable = part(panel, "scannable");
  const caption = part(panel, "scannable-caption").textContent;
  let latest = 0;

  /** Draws the standard code of a text; of none there is nothing to draw. */
  const scan = (text) => {
    scannable.hidden = text === "";
    if (text) scannable.src = `/page/scannable.svg?${new URLSearchParams({ text })}`;
    part(panel, "scannable-caption").textContent = text ? caption : "no standard QR code";
  };
  scannable.addEventListener("error", () => scan(""));

  const show = async () => {
    const turn = ++latest;
    const text = input.value;
    const parameters = { type: "encode", data: text };
    part(panel, "curl").textContent = curl(path, parameters);
    const { result: hex, problem } = await ask(path, parameters);
    if (turn !== latest) return;
    panel.querySelector(".problem").textContent = problem;
    part(panel, "hex").textContent = problem ? "" : hex;
    part(panel, "decoded").textContent = "";
    scan(problem ? "" : text);
    if (problem) {
      for (const canvas of panel.querySelectorAll("canvas")) clear(canvas);
      return;
    }
    const sent = modulesOf(hex);
    const plain = crypt(sent);
    const image = hidden(plain, Math.sqrt(plain.length));
    draw(part(panel, "sent"), sent);
    draw(part(panel, "plain"), plain);
    draw(part(panel, "image"), image);
    const decoded = await ask(path, { type: "decode", data: hexOf(crypt(image)) });
    if (turn === latest) part(panel, "decoded").textContent = decoded.problem || `“${decoded.result}”`;
  };

  input.addEventListener("input", show);
  show();
  return panel;
}
