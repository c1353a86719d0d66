// From a picture to the numbers that the model takes, and from numbers to a picture.

import { h, labelled } from "./dom.js";
import { isInteger } from "./types.js";

const LARGEST_SIDE = 1024;
const MEAN = [0.485, 0.456, 0.406];
const SPREAD = [0.229, 0.224, 0.225];
const SCALES = {
  bytes: { title: "0 to 255", number: (byte) => byte },
  unit: { title: "0 to 1", number: (byte) => byte / 255 },
  signed: { title: "−1 to 1", number: (byte) => byte / 127.5 - 1 },
  imagenet: { title: "ImageNet mean and spread", number: (byte, channel) => (byte / 255 - MEAN[channel]) / SPREAD[channel] },
};

/** A field that takes a picture by drop or file picker and shows what the model will see. */
export function imageField(type, shape, numbers, onChange) {
  let picture = null;
  const scales = isInteger(type.dtype) ? ["bytes"] : shape.channels === 3 ? Object.keys(SCALES) : ["bytes", "unit", "signed"];
  const scale = h("select", { onchange: apply }, scales.map((key) => h("option", { value: key }, SCALES[key].title)));
  const order = h("select", { onchange: apply }, h("option", { value: "rgb" }, "Red, green, blue"), h("option", { value: "bgr" }, "Blue, green, red"));
  const fit = h("select", { onchange: apply }, h("option", { value: "crop" }, "Crop to fill"), h("option", { value: "whole" }, "Show all of it"), h("option", { value: "stretch" }, "Stretch"));
  const border = h("input", { type: "checkbox", onchange: apply });
  const width = sizeBox(shape.width, apply);
  const height = sizeBox(shape.height, apply);
  const preview = h("canvas", { width: 8, height: 8, role: "img", "aria-label": "What the model sees" });
  const status = h("p", { class: "hint", role: "status" }, "Any picture that your browser can show; it stays in your browser until you press Run.");
  const picker = h("input", { type: "file", accept: "image/*", "aria-label": "Choose a picture", onchange: () => { if (picker.files[0]) load(picker.files[0]); } });
  const drop = h("div", {
    class: "drop",
    ondragover: (event) => { event.preventDefault(); drop.classList.add("over"); },
    ondragleave: () => drop.classList.remove("over"),
    ondrop: (event) => { event.preventDefault(); drop.classList.remove("over"); if (event.dataTransfer.files[0]) load(event.dataTransfer.files[0]); },
  }, preview, h("div", {}, h("p", {}, h("label", { class: "pick" }, "Choose a picture", picker)), h("p", { class: "hint" }, "or drop one here"), status));
  const options = h("div", { class: "options" },
    scales.length > 1 && labelled("Pixel values", scale),
    shape.channels === 3 && labelled("Colour order", order),
    labelled("Fit", fit),
    shape.width === null && labelled("Width", width),
    shape.height === null && labelled("Height", height),
    h("label", { class: "check" }, border, "Invert"));
  const asText = h("details", {}, h("summary", {}, "The numbers"), numbers.element);

  async function load(file) {
    try {
      picture = await createImageBitmap(file);
      if (shape.width === null) width.value = Math.min(picture.width, LARGEST_SIDE);
      if (shape.height === null) height.value = Math.min(picture.height, LARGEST_SIDE);
      status.textContent = `${file.name}, ${picture.width} × ${picture.height} pixels`;
      apply();
    } catch {
      status.textContent = `${file.name} is not a picture that this browser can read.`;
    }
  }

  function apply() {
    if (!picture) return;
    const columns = shape.width ?? clampSize(width.value);
    const rows = shape.height ?? clampSize(height.value);
    const pixels = resize(picture, columns, rows, fit.value);
    if (border.checked) pixels.data.forEach((byte, index) => { if (index % 4 !== 3) pixels.data[index] = 255 - byte; });
    numbers.write(toTensor(pixels, shape, SCALES[scale.value].number, order.value === "bgr"));
    draw();
    onChange();
  }

  function draw() {
    try { drawTensor(preview, numbers.read(), shape); } catch { preview.getContext("2d").clearRect(0, 0, preview.width, preview.height); }
  }

  return {
    element: h("div", {}, drop, options, asText),
    read: numbers.read,
    write(value) {
      numbers.write(value);
      scale.value = guessScale(value, scales);
      status.textContent = "The example is filled in. Choose a picture to try your own.";
      draw();
    },
  };
}

function sizeBox(fixed, onchange) {
  return h("input", { type: "number", min: 8, max: LARGEST_SIDE, step: 1, value: fixed ?? 224, onchange });
}

const clampSize = (text) => Math.max(8, Math.min(LARGEST_SIDE, Math.round(Number(text)) || 224));

/** The picture at the model's size, on white where it is transparent or does not reach. */
function resize(picture, width, height, fit) {
  const canvas = h("canvas", { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const ratios = [width / picture.width, height / picture.height];
  const ratio = fit === "crop" ? Math.max(...ratios) : Math.min(...ratios);
  const [w, h2] = fit === "stretch" ? [width, height] : [picture.width * ratio, picture.height * ratio];
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, (width - w) / 2, (height - h2) / 2, w, h2);
  return context.getImageData(0, 0, width, height);
}

/** Nested lists in the model's layout from the pixels of a canvas. */
function toTensor(pixels, shape, number, isReversed) {
  const { width, height, data } = pixels;
  const channels = Array.from({ length: shape.channels }, (_, channel) => channel);
  const steps = channels.map((channel) => Array.from({ length: 256 }, (_, byte) => Number(number(byte, channel).toPrecision(6))));
  const byteAt = (y, x, channel) => {
    const at = (y * width + x) * 4;
    if (shape.channels === 1) return Math.round(0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]);
    return data[at + channel];
  };
  const valueAt = (y, x, place) => {
    const channel = isReversed ? shape.channels - 1 - place : place;
    return steps[channel][byteAt(y, x, channel)];
  };
  const list = (length, item) => Array.from({ length }, (_, index) => item(index));
  const image = shape.layout === "CHW"
    ? channels.map((c) => list(height, (y) => list(width, (x) => valueAt(y, x, c))))
    : list(height, (y) => list(width, (x) => channels.map((c) => valueAt(y, x, c))));
  return shape.batched ? [image] : image;
}

/** Draw nested lists as a picture: the range of values tells how they are scaled. */
export function drawTensor(canvas, value, shape) {
  const image = shape.batched ? value[0] : value;
  const isFirst = shape.layout === "CHW";
  const [height, width] = isFirst ? [image[0].length, image[0][0].length] : [image.length, image[0].length];
  const at = isFirst ? (c, y, x) => image[c][y][x] : (c, y, x) => image[y][x][c];
  const [low, high] = shownRange(image);
  const pixels = new ImageData(width, height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const place = (y * width + x) * 4;
      for (let colour = 0; colour < 3; colour += 1) {
        pixels.data[place + colour] = (255 * (Number(at(shape.channels === 1 ? 0 : colour, y, x)) - low)) / (high - low);
      }
      pixels.data[place + 3] = 255;
    }
  }
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

function shownRange(image) {
  const [low, high] = extent(image);
  // Models overshoot a little; a picture is then cut at black and white, not stretched.
  if (low >= -0.3 && high <= 1.5) return [0, 1];
  if (low >= -1.3 && high <= 1.3) return [-1, 1];
  return low >= -64 && high > 16 ? [0, 255] : [low, high];
}

function extent(value) {
  let [low, high] = [Infinity, -Infinity];
  const walk = (item) => {
    if (Array.isArray(item)) item.forEach(walk);
    else { low = Math.min(low, Number(item)); high = Math.max(high, Number(item)); }
  };
  walk(value);
  return [low, high];
}

function guessScale(value, scales) {
  const [low, high] = extent(value);
  const guess = high > 8 ? "bytes" : low >= 0 ? "unit" : low >= -1 && high <= 1 ? "signed" : "imagenet";
  return scales.includes(guess) ? guess : scales[0];
}
