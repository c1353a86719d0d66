// Showing an answer: the likely class, bars, numbers, tables and pictures; always the raw JSON as well.

import { h, save, table } from "./dom.js";
import { parse, pretty, write } from "./json.js";
import { drawTensor } from "./image.js";
import { countValues, imageShape, isInteger, shapeOf, typeText } from "./types.js";

const MOST_BARS = 10;
const MOST_ROWS = 20;
const MOST_COLUMNS = 12;
const MOST_CLASSES = 5000;
const MOST_CHARTS = 3;
const LONGEST_RAW = 20_000;

/** The elements that show an answer of `/score`. */
export function showAnswer(text, outputs, timing) {
  let body;
  try { body = parse(text); } catch { return [h("div", { class: "output" }, h("pre", {}, text.slice(0, LONGEST_RAW))), stages(timing)].filter(Boolean); }
  if (outputs.length === 0) body = unwrapped(body);
  const parts = namedAnswers(body, outputs).map(([output, value]) => h("div", { class: "output" },
    h("div", { class: "field-head" }, h("h4", { class: "field-name" }, output.name), outputs.length > 0 && h("span", { class: "type" }, typeText(output.type))),
    showValue(value, output)));
  return [...parts, stages(timing), rawJson(body, text)].filter(Boolean);
}

function namedAnswers(body, outputs) {
  const byName = (name) => outputs.find((output) => output.name === name) ?? { name, type: { type: "tensor", dtype: "", shape: null } };
  const named = body?.outputs;
  if (named && typeof named === "object" && !Array.isArray(named)) return Object.entries(named).map(([name, value]) => [byName(name), value]);
  if (body && Object.hasOwn(body, "result")) {
    const { result } = body;
    const isNamed = outputs.length > 1 && result && typeof result === "object" && !Array.isArray(result);
    return isNamed ? Object.entries(result).map(([name, value]) => [byName(name), value]) : [[outputs[0] ?? byName("result"), result]];
  }
  return outputs.length === 0 ? [[byName("answer"), body]] : [];
}

/** Scoring code often answers with JSON inside a JSON text. */
function unwrapped(body) {
  if (typeof body !== "string") return body;
  try { return parse(body); } catch { return body; }
}

function showValue(value, output) {
  const core = squeeze(value);
  if (isScalar(core)) return h("p", { class: "verdict" }, scalarText(core));
  const image = imageShape(output.type);
  if (image && looksDrawable(value, image)) return picture(value, image);
  if (!Array.isArray(core)) return isScores(core) ? bars(Object.entries(core)) : h("pre", {}, pretty(core));
  if (core.length === 0) return h("p", { class: "muted" }, "An empty list.");
  const isLabels = isInteger(output.type.dtype ?? "");
  if (core.every(isNumberLike) && !isLabels && core.length <= MOST_CLASSES && core.length > 1) return bars(core.map((item, index) => [String(index), item]));
  if (core.every(isScalar)) return wordList(core);
  if (core.every(isScores)) return charts(core.map((row) => Object.entries(row)));
  const isTable = core.every((row) => Array.isArray(row) && row.every(isScalar));
  if (isTable && core.every(isDistribution)) return charts(core.map((row) => row.map((item, index) => [String(index), item])));
  return isTable ? tableOf(core) : overview(core);
}

const isScalar = (value) => value === null || typeof value !== "object";
const isNumberLike = (value) => value === null || typeof value === "number" || typeof value === "bigint";
const isScores = (value) => value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length > 0 && Object.values(value).every(isNumberLike);

/** The value without dimensions of one around and inside it. */
function squeeze(value) {
  let core = value;
  while (Array.isArray(core) && core.length === 1) core = core[0];
  while (Array.isArray(core) && core.length > 1 && core.every((item) => Array.isArray(item) && item.length === 1)) core = core.map((item) => item[0]);
  return core;
}

function isDistribution(numbers) {
  if (numbers.length < 2 || !numbers.every((number) => typeof number === "number" && number >= -1e-6 && number <= 1 + 1e-6)) return false;
  return Math.abs(numbers.reduce((sum, number) => sum + number, 0) - 1) < 0.02;
}

/** Bars of scores; when they are probabilities the likeliest is named. */
function bars(entries) {
  const numbers = entries.map(([, amount]) => (amount === null ? Number.NaN : Number(amount)));
  const isProbability = isDistribution(numbers);
  const best = numbers.reduce((found, number, index) => (number > numbers[found] || Number.isNaN(numbers[found]) ? index : found), 0);
  const isSorted = isProbability || entries.length > 2 * MOST_BARS;
  const sequence = entries.map((_, index) => index);
  if (isSorted) sequence.sort((a, b) => (numbers[b] || -Infinity) - (numbers[a] || -Infinity));
  const shown = sequence.slice(0, entries.length > 2 * MOST_BARS ? MOST_BARS : entries.length);
  const finite = numbers.filter(Number.isFinite);
  const [low, high] = isProbability ? [0, 1] : [Math.min(0, ...finite), Math.max(0, ...finite)];
  const amountText = (index) => (isProbability ? percent(numbers[index]) : scalarText(entries[index][1]));
  return h("div", {},
    h("p", { class: "verdict" }, `${entries[best][0]} `, h("small", {}, isProbability ? `most likely, ${percent(numbers[best])}` : `has the largest value, ${scalarText(entries[best][1])}`)),
    h("ol", { class: "bars" }, shown.map((index) => h("li", { class: index === best ? "best" : null },
      h("span", { class: "label" }, entries[index][0]), bar(numbers[index], low, high), h("span", { class: "amount" }, amountText(index))))),
    shown.length < entries.length && h("p", { class: "hint" }, `The ${shown.length} largest of ${entries.length}; all are in the raw JSON.`));
}

/** A chart per row while there are few; then one line per row with its likeliest class. */
function charts(rows) {
  if (rows.length <= MOST_CHARTS) return rows.map((row, index) => h("div", { class: "row" }, h("div", { class: "row-head" }, `Row ${index + 1}`), bars(row)));
  const shown = rows.slice(0, MOST_ROWS).map((row, index) => {
    const best = row.reduce((found, entry) => (entry[1] > found[1] ? entry : found));
    const isProbability = isDistribution(row.map(([, amount]) => amount));
    return h("li", {}, h("span", { class: "label" }, `Row ${index + 1}: `, h("strong", {}, best[0])),
      isProbability ? bar(best[1], 0, 1) : h("span"), h("span", { class: "amount" }, isProbability ? percent(best[1]) : scalarText(best[1])));
  });
  return h("div", {}, h("p", { class: "hint" }, "The likeliest of each row"), h("ol", { class: "bars" }, shown), cutNote(shown.length, rows.length));
}

function bar(number, low, high) {
  const fill = h("span", { class: "fill" });
  const spread = high - low || 1;
  if (Number.isFinite(number)) {
    fill.style.left = `${(100 * (Math.min(number, 0) - low)) / spread}%`;
    fill.style.width = `${(100 * Math.abs(number)) / spread}%`;
  } else {
    fill.style.width = "0";
  }
  return h("span", { class: "track", "aria-hidden": "true" }, fill);
}

function percent(number) {
  const hundred = number * 100;
  return `${hundred >= 99.995 || hundred === 0 ? hundred.toFixed(0) : hundred >= 10 && hundred < 99.9 ? hundred.toFixed(1) : hundred.toFixed(2)} %`;
}

function scalarText(value) {
  if (value === null) return "not a number";
  if (typeof value === "number" && !Number.isInteger(value)) return String(Number(value.toPrecision(6)));
  return String(value);
}

function wordList(words) {
  const rows = words.slice(0, MOST_ROWS).map((word, index) => [String(index + 1), numberCell(word)]);
  return h("div", {}, h("div", { class: "scroll" }, table(["Row", "Value"], rows)), cutNote(rows.length, words.length));
}

function tableOf(rows) {
  const width = Math.max(...rows.map((row) => row.length));
  const columns = Math.min(width, MOST_COLUMNS);
  const heads = ["Row", ...Array.from({ length: columns }, (_, column) => String(column)), ...(width > columns ? ["…"] : [])];
  const lines = rows.slice(0, MOST_ROWS).map((row, index) => [String(index + 1), ...row.slice(0, columns).map(numberCell), ...(width > columns ? ["…"] : [])]);
  return h("div", {}, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of values" }, table(heads, lines)), cutNote(lines.length, rows.length));
}

const numberCell = (value) => h("td", { class: typeof value === "string" ? null : "number" }, scalarText(value));

function cutNote(shown, all) {
  return shown < all && h("p", { class: "hint" }, `${shown} of ${all} rows; all are in the raw JSON.`);
}

function overview(core) {
  const numbers = core.flat(Infinity).filter((item) => typeof item === "number");
  const facts = [["Shape", shapeOf(core).join(" × ")], ["Values", countValues(core).toLocaleString("en")]];
  if (numbers.length) {
    const [low, high, sum] = numbers.reduce(([a, b, s], n) => [Math.min(a, n), Math.max(b, n), s + n], [Infinity, -Infinity, 0]);
    facts.push(["Smallest", scalarText(low)], ["Largest", scalarText(high)], ["Mean", scalarText(sum / numbers.length)]);
  }
  return h("dl", { class: "facts" }, facts.map(([term, fact]) => [h("dt", {}, term), h("dd", {}, fact)]));
}

function looksDrawable(value, image) {
  const [height, width] = image.layout === "CHW" ? shapeOf(image.batched ? value[0] : value).slice(1) : shapeOf(image.batched ? value[0] : value);
  return height >= 8 && width >= 8;
}

function picture(value, image) {
  const canvas = h("canvas", { role: "img", "aria-label": "The output as a picture" });
  drawTensor(canvas, value, image);
  return h("figure", { class: "picture" }, canvas, h("figcaption", { class: "hint" }, `${canvas.width} × ${canvas.height} pixels`));
}

/** Where the time went, from the `Server-Timing` header. Source: W3C Server Timing. */
function stages(header) {
  const found = [...(header ?? "").matchAll(/([\w-]+)[^,]*?;\s*dur=([\d.]+)/g)];
  return found.length > 0 && h("ul", { class: "stages", "aria-label": "Time in the endpoint" }, found.map(([, name, duration]) => h("li", {}, `${name} `, h("b", {}, `${Number(duration).toFixed(2)} ms`))));
}

function rawJson(body, text) {
  const slot = h("pre", { tabindex: "0" });
  const details = h("details", { ontoggle: () => { slot.textContent ||= text.length > LONGEST_RAW ? `${text.slice(0, LONGEST_RAW)} …` : pretty(body); } },
    h("summary", {}, "Raw JSON"), slot,
    text.length > LONGEST_RAW && h("button", { type: "button", class: "mini", onclick: () => save(write(body), "answer.json") }, "Save all of it"));
  return details;
}
