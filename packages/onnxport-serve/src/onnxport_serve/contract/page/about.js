// The parts that only tell: what the model is, what it takes and gives, where it came from and how that was proven.

import { byId, h, table } from "./dom.js";
import { meaning, typeText } from "./types.js";

const FRAMEWORKS = { sklearn: "scikit-learn", torch: "PyTorch", pytorch: "PyTorch", jax: "JAX / Flax", libsvm: "LibSVM", tensorflow: "TensorFlow", keras: "Keras", onnx: "ONNX", xgboost: "XGBoost", lightgbm: "LightGBM", catboost: "CatBoost", cntk: "CNTK" };
const frameworkName = (name, version) => [FRAMEWORKS[name] ?? name, version].filter(Boolean).join(" ");

/** Fill in the head of the page and the sections below the form. */
export function tellAbout(contract) {
  const badges = [`Revision ${contract.version}`, contract.model, contract.framework && frameworkName(contract.framework, contract.framework_version)];
  byId("badges").append(...badges.filter(Boolean).map((text) => h("span", { class: "badge" }, text)));
  byId("lead").textContent = contract.description || (contract.schemas ? SCRIPT_LEAD : summary(contract.signature));
  byId("inputs").append(contract.schemas ? schemaText(contract.schemas[0]) : valueTable(contract.signature.inputs, true));
  byId("outputs").append(contract.schemas ? schemaText(contract.schemas[1]) : valueTable(contract.signature.outputs, false));
  byId("metadata").href = `/v2/models/${encodeURIComponent(contract.name)}`;
  byId("about").append(facts(contract), ...proof(contract.proof, Boolean(contract.schemas)));
}

const SCRIPT_LEAD = "Scoring code answers here: it reads the body of a request and decides what to make of it.";

function schemaText(schema) {
  if (!schema.properties && !schema.items) return h("p", { class: "muted" }, "The script does not say; its author knows.");
  return h("pre", { class: "code scroll", tabindex: "0" }, JSON.stringify(schema, null, 2));
}

function summary({ inputs, outputs }) {
  const count = (list, word) => `${list.length} ${word}${list.length === 1 ? "" : "s"}`;
  return `A model with ${count(inputs, "input")} and ${count(outputs, "output")}. Try it here, then copy the code for your own program.`;
}

function valueTable(values, isInput) {
  if (values.length === 0) return h("p", { class: "muted" }, "None.");
  return table(["Name", "Type", "Meaning"], values.map((value) => [
    h("td", {}, h("strong", {}, value.name), isInput && !value.required && h("span", { class: "muted small" }, " optional")),
    h("td", {}, h("span", { class: "type" }, typeText(value.type))),
    meaning(value.type),
  ]), "plain");
}

function facts(contract) {
  const conversion = contract.proof?.conversion ?? {};
  const rows = [
    ["Endpoint", contract.name],
    ["Revision", String(contract.version)],
    ["Model", contract.model],
    ["Saved by", contract.framework !== "onnx" && contract.framework && frameworkName(contract.framework, contract.framework_version)],
    ["Came from", conversion.source_name && [conversion.source_name, conversion.kind && `(${conversion.kind})`].filter(Boolean).join(" ")],
    ["Converted by", conversion.converter && pins(conversion)],
    ["Converted with", conversion.remedy],
    ["Converted on", conversion.created && conversion.created.slice(0, 10)],
    ["Bundle", contract.digest && h("code", {}, contract.digest)],
    ["Keys", contract.keys_required ? "A key is required" : "No key is required"],
  ];
  return h("dl", { class: "facts" }, rows.filter(([, fact]) => fact).map(([term, fact]) => [h("dt", {}, term), h("dd", {}, fact)]));
}

/** The converter, and the versions of the packages that matter to it. */
function pins({ converter, packages = {}, opset }) {
  const named = ["onnx", "skl2onnx", "tf2onnx", "onnxmltools", "torch", "onnxscript", "jax2onnx"].filter((name) => packages[name]);
  const versions = [...named.map((name) => `${name} ${packages[name]}`), opset && `opset ${opset}`].filter(Boolean).join(", ");
  return versions ? `onnxport's ${converter} converter (${versions})` : `onnxport's ${converter} converter`;
}

function proof(document, isScript) {
  if (!document && isScript) return [];
  if (!document) return [h("p", { class: "hint" }, "The model was given as an ONNX file, so there is no conversion to prove.")];
  const rows = (document.inputs ?? []).reduce((sum, set) => sum + (set.rows ?? 0), 0);
  const isProven = document.proven === true;
  return [h("div", { class: "proof" },
    h("h3", {}, h("span", { class: isProven ? "seal" : "seal bad", "aria-hidden": "true" }, isProven ? "✓" : "!"), isProven ? "The conversion is proven" : "The conversion is not proven"),
    h("p", {}, isProven ? `The original model and this one were run on the same ${rows.toLocaleString("en")} rows and gave the same answers, within the tolerance below.` : document.reason ?? "No reason was recorded."),
    document.outputs?.length > 0 && h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Differences per output" }, table(
      ["Output", "Rows", "Largest difference", "Allowed", "Labels that differ"],
      document.outputs.map((output) => [output.name, cell(output.rows), cell(output.max_absolute_error), cell(output.tolerance_absolute), cell(output.label_flips)]))))];
}

const cell = (value) => h("td", { class: "number" }, value == null ? "–" : String(Number.isInteger(value) ? value : Number(value.toPrecision(3))));
