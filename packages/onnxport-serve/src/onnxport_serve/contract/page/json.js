// JSON that keeps 64-bit integers: beyond 2^53 they are BigInt on the way in and plain digits on the way out.

const LONG_INTEGER = /(?<![.\d])\d{16,}/;

/** Parse a JSON text. */
export function parse(text) {
  return LONG_INTEGER.test(text) ? JSON.parse(text, exactInteger) : JSON.parse(text);
}

function exactInteger(_key, value, context) {
  const source = context?.source;
  const isLong = typeof value === "number" && source !== undefined && !Number.isSafeInteger(value);
  return isLong && /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** Write a value as compact JSON. */
export function write(value) {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  if (value !== null && typeof value === "object") {
    return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${write(item)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

/** Write a value for reading: short lists stay on one line. */
export function pretty(value, indent = "") {
  const flat = write(value);
  if (flat.length <= 76 || value === null || typeof value !== "object") return flat;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every((item) => item === null || typeof item !== "object")) return `[${value.map(write).join(", ")}]`;
    return `[\n${value.map((item) => inner + pretty(item, inner)).join(",\n")}\n${indent}]`;
  }
  const lines = Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${pretty(item, inner)}`);
  return `{\n${lines.join(",\n")}\n${indent}}`;
}
