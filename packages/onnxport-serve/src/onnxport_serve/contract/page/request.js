// Sending a request to the endpoint, and what to do when it is refused.

import { h } from "./dom.js";

const ADVICE = {
  400: "Change the request as the message says and run it again.",
  401: "Enter a key of this endpoint. Whoever deployed it finds it with: onnxport endpoint keys",
  403: "Open this page under the address that the endpoint was deployed with.",
  404: "The endpoint may have been deployed anew. Reload this page.",
  408: "The connection was too slow. Run it again.",
  413: "Send less in one request, or raise the endpoint's limit for bodies.",
  500: "The model could not work with these values. Check their sizes and ranges, then look into the endpoint's log.",
  503: "The endpoint is busy or starting. Wait a moment and run it again.",
  504: "The model took longer than the endpoint allows. Send less, or raise the endpoint's time limit.",
};

/** Send a `/score` body. Gives `{ok, status, text, timing, retryAfter, duration}`; throws when there is no answer. */
export async function score(body, key) {
  const headers = { "Content-Type": "application/json" };
  if (key) headers.Authorization = `Bearer ${key}`;
  const start = performance.now();
  const response = await fetch("/score", { method: "POST", headers, body, cache: "no-store" });
  const text = await response.text();
  return {
    ok: response.ok,
    status: response.status,
    text,
    timing: response.headers.get("server-timing"),
    retryAfter: response.headers.get("retry-after"),
    duration: performance.now() - start,
  };
}

/** An error answer in words, with what to do about it. */
export function showError(answer) {
  let document = {};
  try { document = JSON.parse(answer.text); } catch { document = { message: answer.text.slice(0, 500) }; }
  const wait = answer.retryAfter ? ` The endpoint asks for ${answer.retryAfter} s.` : "";
  return trouble(`Refused (${answer.status})`, document.message || document.error || "The endpoint gave no reason.",
    (ADVICE[answer.status] ?? "Look into the endpoint's log for the reason.") + wait, document.request_id && `Request ${document.request_id}`);
}

/** A box that says what went wrong and what to do next. */
export function trouble(title, message, advice, note) {
  return h("div", { class: "trouble", role: "alert" }, h("h4", {}, title), h("p", {}, message), advice && h("p", {}, advice), note && h("p", { class: "small muted" }, note));
}

/** Whether the endpoint says that it is ready. */
export async function isReady() {
  try {
    return (await fetch("/v2/health/ready", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}
