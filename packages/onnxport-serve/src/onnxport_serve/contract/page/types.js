// Reading the signature: how a type is written, what kind of field fits it, what looks like an image.

const RANGES = { int4: 4n, int8: 8n, int16: 16n, int32: 32n, int64: 64n, uint4: 4n, uint8: 8n, uint16: 16n, uint32: 32n, uint64: 64n };
const KIND = { string: "text", bool: "yes or no" };
const MOST_COLUMNS = 32;
const MOST_ROWS = 16;
const SMALLEST_IMAGE = 8;

/** The short form of a type: `float32[N, 4]`. */
export function typeText(type) {
  if (type.type === "tensor") return `${type.dtype}[${type.shape ? type.shape.map((d) => d ?? "?").join(", ") : "..."}]`;
  if (type.type === "map") return `map(${type.key}, ${typeText(type.value)})`;
  return `${type.type}(${typeText(type.element)})`;
}

/** What a type means, for someone who does not read tensor shapes. */
export function meaning(type) {
  if (type.type === "sequence") return `a list; each item: ${meaning(type.element)}`;
  if (type.type === "map") return `for each ${type.key === "string" ? "name" : "number"}: ${meaning(type.value)}`;
  if (type.type === "optional") return `${meaning(type.element)}; may be left out`;
  const image = imageShape(type);
  const word = KIND[type.dtype] ?? (isInteger(type.dtype) ? "whole number" : "number");
  if (image) return `${image.channels === 1 ? "grey" : "colour"} image, ${image.width ?? "any"} × ${image.height ?? "any"} pixels`;
  return shapeMeaning(type.shape, word);
}

function shapeMeaning(shape, word) {
  const plural = { text: "texts", "yes or no": "yes/no values" }[word] ?? `${word}s`;
  if (!shape) return `${plural} in lists of any depth`;
  const core = coreShape(shape);
  if (core.length === 0) return word === "text" ? "one text" : `one ${word}`;
  if (core.length === 1) return typeof core[0] === "number" ? `a list of ${core[0]} ${plural}` : `a list of ${plural}, any length`;
  if (core.length === 2 && typeof core[1] === "number") {
    const each = core[1] === 1 ? `one ${word}` : `${core[1]} ${plural}`;
    return `${typeof core[0] === "number" ? core[0] : "any number of"} rows, each with ${each}`;
  }
  return `${plural} in lists, ${core.length} levels deep`;
}

/** The smallest and largest value of an integer type as BigInt, or `null` for other types. */
export function integerRange(dtype) {
  const bits = RANGES[dtype];
  if (!bits) return null;
  return dtype.startsWith("u") ? [0n, (1n << bits) - 1n] : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
}

export const isInteger = (dtype) => dtype in RANGES;
export const isNumber = (dtype) => dtype !== "string" && dtype !== "bool" && !dtype.startsWith("complex");

/** The shape without its leading dimensions of one. */
export function coreShape(shape) {
  const first = shape.findIndex((dimension) => dimension !== 1);
  return first < 0 ? [] : shape.slice(first);
}

/** The grid of fields that fits a tensor, or `null` when it is better written as JSON. */
export function gridOf(type) {
  if (type.type !== "tensor" || !type.shape || type.dtype.startsWith("complex")) return null;
  const core = coreShape(type.shape);
  const wrapped = type.shape.length - core.length;
  const fits = (n, most) => typeof n === "number" && n >= 1 && n <= most;
  if (core.length === 0) return { rows: 1, columns: 1, rank: 0, wrapped };
  if (core.length === 1 && fits(core[0], MOST_COLUMNS)) return { rows: 1, columns: core[0], rank: 1, wrapped };
  if (core.length === 1 && typeof core[0] !== "number") return { rows: null, columns: 1, rank: 1, wrapped };
  if (core.length !== 2 || !fits(core[1], MOST_COLUMNS)) return null;
  if (typeof core[0] === "number" && !fits(core[0], MOST_ROWS)) return null;
  return { rows: typeof core[0] === "number" ? core[0] : null, columns: core[1], rank: 2, wrapped };
}

/** Where channels, height and width are when a tensor looks like an image, else `null`; an unknown size is `null`. */
export function imageShape(type) {
  if (type.type !== "tensor" || !type.shape || !isNumber(type.dtype)) return null;
  const offset = type.shape.length - 3;
  if (offset !== 0 && offset !== 1) return null;
  if (offset === 1 && typeof type.shape[0] === "number" && type.shape[0] !== 1) return null;
  const [a, b, c] = type.shape.slice(offset);
  const isColour = (n) => n === 1 || n === 3;
  const isSize = (n) => (typeof n === "number" ? n >= SMALLEST_IMAGE : offset === 1);
  const size = (n) => (typeof n === "number" ? n : null);
  if (isColour(a) && isSize(b) && isSize(c)) return { layout: "CHW", channels: a, height: size(b), width: size(c), batched: offset === 1 };
  if (isColour(c) && isSize(a) && isSize(b)) return { layout: "HWC", channels: c, height: size(a), width: size(b), batched: offset === 1 };
  return null;
}

/** How many values a nested list holds. */
export function countValues(value) {
  return Array.isArray(value) ? value.reduce((sum, item) => sum + countValues(item), 0) : 1;
}

/** The lengths of a nested list along its first items. */
export function shapeOf(value) {
  return Array.isArray(value) ? [value.length, ...(value.length ? shapeOf(value[0]) : [])] : [];
}

/** The values of each input that a `/score` body states, or `null` when the body has a form that fields cannot show. */
export function valuesOfBody(body, inputs) {
  if (body === null || typeof body !== "object" || Array.isArray(body)) return null;
  const isNested = (value) => value === null || typeof value !== "object" || Array.isArray(value);
  const known = (object) => {
    const names = Object.keys(object);
    return names.length > 0 && names.every((name) => inputs.some((input) => input.name === name && (input.type.type !== "tensor" || isNested(object[name]))));
  };
  const named = body.inputs;
  if (Object.hasOwn(body, "inputs") && named !== null && typeof named === "object" && !Array.isArray(named)) return known(named) ? named : null;
  if (inputs.length === 1 && Object.hasOwn(body, "data")) return Object.fromEntries([[inputs[0].name, body.data]]);
  return known(body) ? body : null;
}
