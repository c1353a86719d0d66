// The same request for a terminal and two languages. A long body is referred to as a file.

import { h, save } from "./dom.js";

const LONGEST_INLINE = 1500;
const FILE = "request.json";
const KEY = "ONNXPORT_KEY";
const JSON_TYPE = "application/json";

const shellQuoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
// What may stand in a JSON string may stand in a Python or JavaScript one; the two line separators are escaped for both.
const quoted = (text) => JSON.stringify(text).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");

const WRITERS = { curl, Python: python, requests, JavaScript: javascript };

function curl({ url, body, hasKey }) {
  const data = body === null ? `--data-binary @${FILE}` : `--data-raw ${shellQuoted(body)}`;
  return ["curl " + shellQuoted(url), "-H 'Content-Type: application/json'", ...(hasKey ? [`-H "Authorization: Bearer $${KEY}"`] : []), data].join(" \\\n  ");
}

function python({ url, body, hasKey }) {
  return `import json
${hasKey ? "import os\n" : ""}from urllib.request import Request, urlopen

body = ${body === null ? `open("${FILE}", "rb").read()` : `${quoted(body)}.encode()`}
headers = {"Content-Type": "${JSON_TYPE}"${hasKey ? `, "Authorization": "Bearer " + os.environ["${KEY}"]` : ""}}
with urlopen(Request("${url}", body, headers)) as answer:
    print(json.load(answer))
`;
}

function requests({ url, body, hasKey }) {
  return `${hasKey ? "import os\n\n" : ""}import requests

body = ${body === null ? `open("${FILE}", "rb").read()` : `${quoted(body)}.encode()`}
headers = {"Content-Type": "${JSON_TYPE}"${hasKey ? `, "Authorization": "Bearer " + os.environ["${KEY}"]` : ""}}
answer = requests.post("${url}", data=body, headers=headers, timeout=60)
answer.raise_for_status()
print(answer.json())
`;
}

function javascript({ url, body, hasKey }) {
  const headers = `{ "Content-Type": "${JSON_TYPE}"${hasKey ? `, Authorization: "Bearer " + process.env.${KEY}` : ""} }`;
  const call = (data) => `fetch("${url}", {\n  method: "POST",\n  headers: ${headers},\n  body: ${data},\n})`;
  const send = body === null ? `import("node:fs/promises")\n  .then((fs) => fs.readFile("${FILE}"))\n  .then((body) => ${call("body")})` : call(quoted(body));
  return `${send}\n  .then((answer) => answer.json())\n  .then((answer) => console.log(JSON.stringify(answer)));\n`;
}

/** Tabs of snippets in `slot`; `show(body)` renders them for a body, `null` while the form cannot be read. */
export function makeSnippets(slot, hasKey) {
  let language = Object.keys(WRITERS)[0];
  let body = "";
  const code = h("code");
  const panel = h("pre", { id: "snippet", role: "tabpanel", tabindex: "0" }, code);
  const tabs = Object.keys(WRITERS).map((name) => h("button", { type: "button", role: "tab", "aria-controls": "snippet", onclick: () => choose(name), onkeydown: (event) => step(event) }, name));
  const copy = h("button", { type: "button", class: "mini", onclick: copyCode }, "Copy");
  const told = h("span", { class: "small muted", role: "status" });
  const file = h("p", { class: "hint" });
  slot.append(h("div", { class: "code-head" }, h("div", { class: "switch", role: "tablist", "aria-label": "Language" }, tabs), h("div", {}, told, " ", copy)), panel, file);
  if (hasKey) slot.append(h("p", { class: "hint" }, "Put the key into the environment first: ", h("code", {}, `export ${KEY}=…`)));

  function choose(name) {
    language = name;
    render();
  }

  function step(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const names = Object.keys(WRITERS);
    choose(names[(names.indexOf(language) + by + names.length) % names.length]);
    tabs[names.indexOf(language)].focus();
  }

  function render() {
    const isLong = body.length > LONGEST_INLINE;
    tabs.forEach((tab) => {
      tab.setAttribute("aria-selected", String(tab.textContent === language));
      tab.tabIndex = tab.textContent === language ? 0 : -1;
    });
    code.textContent = WRITERS[language]({ url: `${location.origin}/score`, body: isLong ? null : body, hasKey });
    panel.setAttribute("aria-label", `${language} code`);
    file.replaceChildren(...(isLong ? ["The body is long, so the code reads it from a file: ", h("button", { type: "button", class: "mini", onclick: () => save(body, FILE) }, `Save ${FILE}`)] : []));
  }

  async function copyCode() {
    try {
      await navigator.clipboard.writeText(code.textContent);
      told.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      told.textContent = "Selected: copy with Ctrl+C or ⌘C";
    }
    setTimeout(() => { told.textContent = ""; }, 4000);
  }

  return {
    show(text) {
      if (text === null) return;
      body = text;
      render();
    },
  };
}
