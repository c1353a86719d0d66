// One field per input. Every field has `element`, `read()` (a nested value, or throws `Fault`), `write(value)`,
// and `focus()`. Values that a grid of boxes cannot show are edited as JSON.

import { freshId, h, labelled } from "./dom.js";
import { imageField } from "./image.js";
import { parse, pretty, write as writeJson } from "./json.js";
import { countValues, gridOf, imageShape, integerRange, isInteger, meaning, shapeOf, typeText } from "./types.js";

const LONGEST_SHOWN = 20_000;

/** What is wrong with one input, in words for the person who fills in the form. */
export class Fault extends Error {}

/** The field of an input, with its name, its type and, for an optional input, whether it is sent. */
export function makeField(input, onChange) {
  const type = input.type.type === "optional" ? input.type.element : input.type;
  const faultId = freshId();
  const fault = h("p", { class: "fault", id: faultId });
  const inner = innerField(type, input.name, faultId, onChange);
  const sends = input.required ? null : h("input", { type: "checkbox", onchange: toggle });
  const slot = h("div", {}, inner.element);
  const element = h("fieldset", { class: "field" },
    h("legend", { class: "field-head" }, h("span", { class: "field-name" }, input.name || "(unnamed)"), h("span", { class: "type" }, typeText(input.type))),
    sends && h("label", { class: "check" }, sends, "Send this input (otherwise the model uses its own value)"),
    slot, fault);

  function toggle() {
    slot.hidden = sends !== null && !sends.checked;
    onChange();
  }

  function read() {
    try {
      const value = inner.read();
      fault.textContent = "";
      return value;
    } catch (problem) {
      fault.textContent = problem.message;
      throw problem;
    }
  }

  if (sends) slot.hidden = true;
  return {
    name: input.name,
    element,
    isSent: () => sends === null || sends.checked,
    read,
    write(value) {
      if (sends) sends.checked = true;
      slot.hidden = false;
      fault.textContent = "";
      inner.write(value);
    },
    focus() { (element.querySelector("[aria-invalid='true']") ?? element.querySelector("input:not([type=file]), textarea, select"))?.focus(); },
  };
}

function innerField(type, name, faultId, onChange) {
  const grid = gridOf(type);
  if (grid) return gridField(type, grid, name, faultId, onChange);
  const text = jsonField(type, name, faultId, onChange);
  const image = imageShape(type);
  return image ? imageField(type, image, text, onChange) : text;
}

/** A text area for a nested value; a long value is held back until it is asked for. */
function jsonField(type, name, faultId, onChange) {
  let held;
  const area = h("textarea", {
    class: "code", rows: 6, spellcheck: "false", autocomplete: "off", "aria-label": `${name} as JSON`, "aria-describedby": faultId,
    oninput: () => { held = undefined; onChange(); },
  });
  const note = h("p", { class: "hint" }, `${capital(meaning(type))}, written as JSON.`);
  const show = h("button", { type: "button", class: "mini", onclick: () => reveal() }, "Edit as text");
  const summary = h("p", { class: "row-head" });
  const long = h("div", { class: "row", hidden: true }, summary);
  summary.after(show);

  function reveal() {
    area.value = pretty(held);
    area.hidden = false;
    long.hidden = true;
    area.focus();
  }

  return {
    element: h("div", {}, long, area, note),
    read() {
      area.removeAttribute("aria-invalid");
      if (held !== undefined) return held;
      try {
        if (area.value.trim() === "") throw new Fault("Enter a value.");
        return parse(area.value);
      } catch (problem) {
        area.setAttribute("aria-invalid", "true");
        throw problem instanceof Fault ? problem : new Fault(`This is not JSON yet: ${problem.message}`);
      }
    },
    write(value) {
      const isLong = countValues(value) > 4096 || writeJson(value).length > LONGEST_SHOWN;
      held = isLong ? value : undefined;
      area.value = isLong ? "" : pretty(value);
      area.hidden = isLong;
      long.hidden = !isLong;
      if (isLong) summary.textContent = `${countValues(value).toLocaleString("en")} values are filled in, shape ${shapeOf(value).join(" × ")}.`;
    },
  };
}

/** Boxes for a scalar, a list or a table; rows can be added where the model takes any number of them. */
function gridField(type, grid, name, faultId, onChange) {
  const rows = h("div");
  const isOpen = grid.rows === null;
  const add = isOpen && h("button", { type: "button", class: "mini add", onclick: () => { addRow(); onChange(); } }, grid.rank === 1 ? "Add a value" : "Add a row");
  const element = h("div", {}, rows, add, h("p", { class: "hint" }, `${capital(meaning(type))}${rangeText(type.dtype)}.`));

  function addRow(values = []) {
    const at = rows.childElementCount;
    const cells = Array.from({ length: grid.columns }, (_, column) => makeCell(type.dtype, cellLabel(at, column), values[column], faultId, onChange));
    const box = h("div", { class: grid.columns > 1 && type.dtype !== "string" ? "cells" : "cells wide" }, cells.map((cell) => cell.element));
    const remove = isOpen && h("button", { type: "button", class: "mini", "aria-label": `Remove row ${at + 1}`, onclick: () => removeRow(row) }, "Remove");
    const row = grid.rank === 0 ? box : h("div", { class: "row" }, (isOpen || grid.rank === 2) && h("div", { class: "row-head" }, h("span", { class: "row-number" }), remove), box);
    row.cells = cells;
    rows.append(row);
    renumber();
  }

  function cellLabel(row, column) {
    if (grid.rank === 0) return { aria: name, shown: null };
    if (grid.columns === 1) return { aria: `${name}, row ${row + 1}`, shown: null };
    return { aria: `${name}, ${grid.rank === 2 ? `row ${row + 1}, ` : ""}value ${column}`, shown: String(column) };
  }

  function removeRow(row) {
    row.remove();
    renumber();
    onChange();
    add.focus();
  }

  function renumber() {
    rows.querySelectorAll(".row-number").forEach((head, index) => { head.textContent = grid.rank === 1 && isOpen ? `Value ${index + 1}` : `Row ${index + 1}`; });
    const only = rows.childElementCount === 1;
    rows.querySelectorAll(".row-head button").forEach((button) => { button.hidden = only; });
  }

  function fill(list) {
    rows.replaceChildren();
    list.forEach(addRow);
  }

  function read() {
    const read = [];
    let first = null;
    for (const row of rows.children) {
      read.push(row.cells.map((cell) => {
        try { return cell.read(); } catch (problem) { first ??= problem; return null; }
      }));
    }
    if (first) throw first;
    const core = grid.rank === 0 ? read[0][0] : grid.rank === 2 ? read : isOpen ? read.map((row) => row[0]) : read[0];
    return Array.from({ length: grid.wrapped }).reduce((value) => [value], core);
  }

  fill(Array.from({ length: grid.rows ?? 1 }, () => []));
  return {
    element,
    read,
    write(value) {
      let core = value;
      for (let depth = 0; depth < grid.wrapped; depth += 1) core = core?.[0];
      const list = grid.rank === 0 ? [[core]] : grid.rank === 2 ? core : isOpen ? core.map((item) => [item]) : [core];
      fill(list);
    },
  };
}

function makeCell(dtype, label, value, faultId, onChange) {
  const common = { "aria-label": label.aria, "aria-describedby": faultId };
  const box = dtype === "bool"
    ? h("select", { ...common, onchange: onChange }, h("option", { value: "false" }, "false"), h("option", { value: "true" }, "true"))
    : h("input", { ...common, type: "text", autocomplete: "off", spellcheck: "false", inputmode: dtype === "string" ? "text" : inputMode(dtype), oninput: onChange });
  if (value !== undefined && value !== null) box.value = cellText(dtype, value);
  const element = h("label", { class: "cell" }, label.shown && h("span", { "aria-hidden": "true" }, label.shown), box);
  return {
    element,
    read() {
      box.removeAttribute("aria-invalid");
      try {
        return readCell(dtype, box.value);
      } catch (problem) {
        box.setAttribute("aria-invalid", "true");
        throw problem;
      }
    },
  };
}

/** The shortest text that means the same number: a float32 that was written as 5.099999904632568 is shown as 5.1. */
function cellText(dtype, value) {
  if (dtype !== "float32" || typeof value !== "number") return String(value);
  for (let digits = 1; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return String(short);
  }
  return String(value);
}

// Phones show a minus sign only on the full keyboard.
const inputMode = (dtype) => (dtype.startsWith("u") ? "numeric" : "text");

function readCell(dtype, text) {
  if (dtype === "string") return text;
  if (dtype === "bool") return text === "true";
  const trimmed = text.trim().replace(",", ".");
  if (trimmed === "") throw new Fault("Fill in every box.");
  return isInteger(dtype) ? readInteger(dtype, trimmed) : readFloat(trimmed);
}

function readInteger(dtype, text) {
  if (!/^[+-]?\d+$/.test(text)) throw new Fault(`“${short(text)}” is not a whole number.`);
  const [low, high] = integerRange(dtype);
  const exact = BigInt(text.replace("+", ""));
  if (exact < low || exact > high) throw new Fault(`“${short(text)}” is outside ${low} to ${high}.`);
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
}

function readFloat(text) {
  const number = Number(text);
  if (!Number.isFinite(number)) throw new Fault(`“${short(text)}” is not a number.`);
  return number;
}

function rangeText(dtype) {
  const range = integerRange(dtype);
  return range && dtype !== "int64" && dtype !== "uint64" && dtype !== "int32" && dtype !== "uint32" ? `, ${range[0]} to ${range[1]}` : "";
}

const short = (text) => (text.length > 24 ? `${text.slice(0, 24)}…` : text);
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** The key of the endpoint; it stays in this element and is stored nowhere. */
export function keyField(slot, onChange) {
  const box = h("input", { type: "password", autocomplete: "off", spellcheck: "false", oninput: onChange, "aria-describedby": "key-hint" });
  slot.append(h("div", { class: "field" }, labelled("Key", box), h("p", { class: "hint", id: "key-hint" }, "This endpoint asks for a key. It is kept on this page only and forgotten when you leave.")), h("br"));
  return { read: () => box.value.trim(), focus: () => box.focus() };
}
