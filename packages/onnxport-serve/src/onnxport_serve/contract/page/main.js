// The page at /docs: reads the contract that the endpoint wrote into it, builds the form, and sends requests.

import { tellAbout } from "./about.js";
import { showAnswer } from "./answer.js";
import { byId, h } from "./dom.js";
import { Fault, keyField, makeField } from "./fields.js";
import { parse, pretty, write } from "./json.js";
import { isReady, score, showError, trouble } from "./request.js";
import { makeSnippets } from "./snippets.js";
import { valuesOfBody } from "./types.js";

const LONGEST_EDITED = 200_000;
const PAUSE_MS = 120;

const contract = parse(byId("contract").textContent);
const { inputs, outputs } = contract.signature;
const key = contract.keys_required ? keyField(byId("key-slot"), () => {}) : null;
const fields = inputs.map((input) => makeField(input, changed));
const snippets = makeSnippets(byId("code"), contract.keys_required);
let isRaw = false;
let longBody = null;
let pending = 0;

start();

async function start() {
  tellAbout(contract);
  byId("fields").append(...fields.map((field) => field.element));
  if (contract.schemas) startScript();
  else if (fields.length === 0) byId("fields").append(h("p", { class: "hint" }, "This model takes no input. Press Run."));
  byId("mode-form").addEventListener("click", () => chooseMode(false));
  byId("mode-json").addEventListener("click", () => chooseMode(true));
  byId("body").addEventListener("input", () => { longBody = null; changed(); });
  byId("form").addEventListener("submit", (event) => { event.preventDefault(); run(); });
  byId("fill").addEventListener("click", fillExample);
  checkHealth();
  if (contract.example !== null || contract.example_at) {
    byId("fill").hidden = false;
    await fillExample();
  }
  changed();
}

/** Scoring code takes a body of its own form: there is nothing to fill in but the body. */
function startScript() {
  document.querySelector(".switch").hidden = true;
  contract.example ??= contract.schemas[0].example ?? {};
  chooseMode(true, contract.example);
}

async function checkHealth() {
  const ready = await isReady();
  byId("health").classList.add(ready ? "good" : "bad");
  byId("health-text").textContent = ready ? "Ready" : "Not ready";
}

async function fillExample() {
  if (contract.example === null && contract.example_at) {
    const response = await fetch(contract.example_at);
    if (!response.ok) return;
    contract.example = parse(await response.text());
  }
  const values = contract.schemas ? null : valuesOfBody(contract.example, inputs);
  try {
    if (values === null) throw new Fault("not a form");
    fields.forEach((field) => { if (Object.hasOwn(values, field.name)) field.write(values[field.name]); });
    chooseMode(false);
  } catch {
    chooseMode(true, contract.example);
  }
  changed();
}

/** The body that the form or the text states; throws `Fault` (with `field` to go to) when it cannot be read. */
function readBody() {
  if (isRaw) return readRaw();
  const faulty = [];
  const entries = fields.filter((field) => field.isSent()).map((field) => {
    try { return [field.name, field.read()]; } catch (problem) { faulty.push([field, problem]); return null; }
  });
  if (faulty.length > 0) {
    const [field, problem] = faulty[0];
    throw Object.assign(new Fault(`${field.name}: ${problem.message}`), { field });
  }
  return write({ inputs: Object.fromEntries(entries) });
}

function readRaw() {
  if (longBody !== null) return longBody;
  try {
    return write(parse(byId("body").value));
  } catch (problem) {
    throw Object.assign(new Fault(`The body is not JSON yet: ${problem.message}`), { field: byId("body") });
  }
}

function chooseMode(raw, body) {
  if (raw && !isRaw) showRaw(body);
  if (!raw && isRaw) showForm();
  isRaw = raw;
  byId("mode-form").setAttribute("aria-pressed", String(!raw));
  byId("mode-json").setAttribute("aria-pressed", String(raw));
  byId("fields").hidden = raw;
  byId("body-slot").hidden = !raw;
  changed();
}

function showRaw(body) {
  let value = body;
  try { value ??= parse(readBody()); } catch { value ??= { inputs: Object.fromEntries(inputs.map((input) => [input.name, null])) }; }
  const text = write(value);
  const isLong = text.length > LONGEST_EDITED;
  longBody = isLong ? text : null;
  byId("body").value = isLong ? `${text.slice(0, 2000)} …` : pretty(value);
  byId("body-fault").textContent = isLong ? "The body is long: its beginning is shown and all of it is sent. Typing here replaces it." : "";
}

function showForm() {
  try {
    const values = valuesOfBody(parse(readRaw()), inputs);
    if (values) fields.forEach((field) => { if (Object.hasOwn(values, field.name)) field.write(values[field.name]); });
  } catch { /* what was typed is no form of this model: the fields keep their values */ }
}

/** Bring the snippets up to date, once typing pauses. */
function changed() {
  clearTimeout(pending);
  pending = setTimeout(() => {
    try { snippets.show(quietly(readBody)); } catch { snippets.show(null); }
  }, PAUSE_MS);
}

/** Read without marking faults: nobody wants to be told off while typing. */
function quietly(read) {
  try {
    return read();
  } catch (problem) {
    document.querySelectorAll("#form .fault:not(#body-fault)").forEach((fault) => { fault.textContent = ""; });
    document.querySelectorAll("#form [aria-invalid]").forEach((box) => box.removeAttribute("aria-invalid"));
    throw problem;
  }
}

async function run() {
  clearTimeout(pending);
  const button = byId("run");
  let body;
  try {
    body = readBody();
  } catch (problem) {
    problem.field?.focus();
    show([trouble("Not sent", problem.message)], "");
    return;
  }
  button.disabled = true;
  button.textContent = "Running…";
  byId("answer").setAttribute("aria-busy", "true");
  try {
    const answer = await score(body, key?.read());
    if (answer.ok) show(showAnswer(answer.text, outputs, answer.timing), `${answer.duration < 10 ? answer.duration.toFixed(1) : answer.duration.toFixed(0)} ms`);
    else show([showError(answer)], "");
    if (answer.status === 401) key?.focus();
  } catch (problem) {
    show([trouble("No answer", "The endpoint could not be reached.", "Check that it is running (onnxport endpoint list), then run this again.", problem.message)], "");
    checkHealth();
  } finally {
    button.disabled = false;
    button.textContent = "Run";
    byId("answer").removeAttribute("aria-busy");
  }
}

function show(children, took) {
  byId("answer").replaceChildren(...children);
  byId("took").textContent = took;
  if (matchMedia("(max-width: 820px)").matches) byId("answer-title").scrollIntoView({ block: "start" });
}
