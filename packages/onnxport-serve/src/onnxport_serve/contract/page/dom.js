// Building elements. Text always becomes text nodes: names come from the model and are not trusted.

/** An element: `h("p", {class: "hint", onclick: f}, "text", child)`; `null` and `false` children are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

let last = 0;
/** An id that no other element has. */
export const freshId = () => `x${++last}`;

/** A label above a control. */
export function labelled(text, control) {
  control.id ||= freshId();
  return h("div", {}, h("label", { for: control.id }, text), control);
}

/** A table with a header row; cells are strings or nodes. */
export function table(heads, rows, kind = "") {
  return h("table", { class: kind },
    h("thead", {}, h("tr", {}, heads.map((head, column) => h("th", { scope: "col", class: isNumber(rows, column) && "number" }, head)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) =>
      cell instanceof HTMLTableCellElement ? cell : h("td", {}, cell))))));
}

const isNumber = (rows, column) => rows[0]?.[column] instanceof Element && rows[0][column].className === "number";

/** Offer text as a file to save. */
export function save(text, filename) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  h("a", { href: url, download: filename }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
