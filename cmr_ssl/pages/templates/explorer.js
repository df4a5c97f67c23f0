"use strict";
const at = id => document.getElementById(id);
const data = JSON.parse(at("data").textContent), pictures = JSON.parse(at("pictures").textContent);
const unpack = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer;
const count = data.subjects.length, places = new Float32Array(unpack(data.places));
const neighbours = new Uint32Array(unpack(data.neighbours)), similarity = new Float32Array(unpack(data.similarity));
const each = neighbours.length / count;
const canvas = at("map"), pen = canvas.getContext("2d"), tip = at("tip"), panel = at("panel");
let column = null, colour = new Uint16Array(count), order = [], palette = [], dots = null;
let hovered = -1, kept = -1, scale = 1, left = 0, top_ = 0, ratio = 1, waiting = false;

const make = (tag, text, className) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
};
const written = value => isNaN(value) ? "" : String(Number(value.toPrecision(5)));

// columns are unpacked when they are first looked at
const content = one => one.array ??= one.values ? new Float32Array(unpack(one.values)) : new Int16Array(unpack(one.codes));
const textOf = (one, index) => {
  const value = content(one)[index];
  return one.values ? written(value) : value < 0 ? "" : one.names[value];
};

function paint(one) {
  column = one;
  palette = [data.missing, ...(one ? one.values ? data.scale : one.colours : [data.other])];
  const values = one ? content(one) : null, steps = data.scale.length;
  for (let index = 0; index < count; index++) {
    if (!one) colour[index] = 1;
    else if (!one.values) colour[index] = values[index] + 1;
    else if (isNaN(values[index])) colour[index] = 0;
    else {
      const share = one.high > one.low ? (values[index] - one.low) / (one.high - one.low) : 0.5;
      colour[index] = 1 + Math.min(steps - 1, Math.max(0, Math.floor(share * steps)));
    }
  }
  order = [...colour.keys()].sort((a, b) => (colour[a] > 0) - (colour[b] > 0) || a - b);  // the missing ones below
  legend();
  draw();
}

function legend() {
  const box = at("legend"), missing = colour.reduce((sum, one) => sum + (one === 0), 0);
  const entry = (shade, text) => {
    const line = make("span"), dot = make("i");
    dot.style.background = shade;
    line.append(dot, text);
    return line;
  };
  box.replaceChildren();
  if (!column) return;
  if (column.values) {
    const ramp = make("div", undefined, "ramp"), bar = make("i");
    bar.style.background = `linear-gradient(90deg,${data.scale.join()})`;
    const ends = [column.low, (column.low + column.high) / 2, column.high].map(written);
    const same = column.high <= column.low;
    if (same) bar.style.background = data.scale[data.scale.length / 2];
    ramp.append(bar, ...(same ? ["", `${ends[0]}, of all`, ""] : [`≤ ${ends[0]}`, ends[1], `≥ ${ends[2]}`]).map(text => make("span", text)));
    box.append(ramp);
  } else {
    let others = 0, kinds = 0;
    column.names.forEach((name, index) => {
      if (column.colours[index] === data.other) { others += column.counts[index]; kinds += 1; }
      else box.append(entry(column.colours[index], `${name} (${column.counts[index]})`));
    });
    if (kinds) box.append(entry(data.other, `${kinds} others (${others})`));
  }
  if (missing) box.append(entry(data.missing, `missing (${missing})`));
}

const radius = () => Math.min(7, Math.max(1.6, 90 / Math.sqrt(count)) * Math.max(1, Math.sqrt(scale / whole().scale) * 0.8));

function stamp() {  // opacity of a dot's pixels
  const size = radius() * ratio, reach = Math.ceil(size), side = 2 * reach + 1;
  const opacity = Float32Array.from({ length: side * side }, (_, at) => {
    const far = Math.hypot(at % side - reach, Math.floor(at / side) - reach);
    return 0.85 * Math.min(1, Math.max(0, size + 0.5 - far));
  });
  return { opacity, reach, side };
}

function paintDots() {  // pixel by pixel: many times faster than shapes where there is no graphics card
  const { width, height } = canvas, image = pen.createImageData(width, height), pixels = image.data.fill(255);
  const { opacity, reach, side } = stamp();
  const shades = palette.map(text => [1, 3, 5].map(from => parseInt(text.slice(from, from + 2), 16)));
  for (const index of order) {
    const x = Math.round(across(index) * ratio) - reach, y = Math.round(down(index) * ratio) - reach;
    const [red, green, blue] = shades[colour[index]];
    const first = Math.max(0, -x), last = Math.min(side, width - x);
    for (let row = Math.max(0, -y); row < Math.min(side, height - y); row++) {
      for (let across_ = first; across_ < last; across_++) {
        const share = opacity[row * side + across_], pixel = 4 * ((y + row) * width + x + across_);
        pixels[pixel] += (red - pixels[pixel]) * share;
        pixels[pixel + 1] += (green - pixels[pixel + 1]) * share;
        pixels[pixel + 2] += (blue - pixels[pixel + 2]) * share;
      }
    }
  }
  return image;
}

const across = index => left + places[2 * index] * scale;
const down = index => top_ - places[2 * index + 1] * scale;

function draw() { dots = null; mark(); }

function mark() {  // rings above the dots, which stay
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; drawNow(); });
}

function drawNow() {
  if (!canvas.width || !canvas.height) return;
  const size = radius();
  dots ??= paintDots();
  pen.putImageData(dots, 0, 0);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const shown = kept >= 0 ? kept : hovered;
  if (shown >= 0) {
    pen.strokeStyle = "#18212b";
    for (let rank = 0; rank < each; rank++) {
      const other = neighbours[shown * each + rank];
      pen.lineWidth = 0.8;
      pen.beginPath(); pen.moveTo(across(shown), down(shown)); pen.lineTo(across(other), down(other)); pen.stroke();
      ring(other, size + 2.5, 1.4);
    }
    ring(shown, size + 4, 3);
  }
  if (hovered >= 0 && hovered !== shown) ring(hovered, size + 3, 2);
}

function ring(index, size, width) {
  pen.lineWidth = width + 2; pen.strokeStyle = "#fff";
  pen.beginPath(); pen.arc(across(index), down(index), size, 0, 7); pen.stroke();
  pen.lineWidth = width; pen.strokeStyle = "#18212b"; pen.stroke();
}

function picture(index) {
  if (!pictures[index]) return [];
  const image = make("img");
  image.src = `data:image/webp;base64,${pictures[index]}`;
  image.alt = `middle short-axis slice of ${data.subjects[index]}`;
  return [image];
}

function tell() {
  const shown = kept >= 0 ? kept : hovered;
  if (shown < 0) {
    panel.replaceChildren(make("p", "Point at a subject to see its values and who is most like it; click to keep it.", "note"));
    return;
  }
  const values = make("table");
  for (const one of data.columns) {
    const row = make("tr");
    row.append(make("td", one.name), make("td", textOf(one, shown) || "–"));
    values.append(row);
  }
  const table = make("div", undefined, "values");
  table.append(values);
  panel.replaceChildren(make("h3", data.subjects[shown]), ...picture(shown), table, make("h3", "Most like it"));
  for (let rank = 0; rank < each; rank++) {
    const other = neighbours[shown * each + rank], line = make("button", undefined, "neighbour"), text = make("span", data.subjects[other]);
    const value = column ? ` · ${column.name} ${textOf(column, other) || "missing"}` : "";
    text.append(make("small", `cosine ${similarity[shown * each + rank].toFixed(4)}${value}`));
    line.type = "button";
    line.append(...picture(other), text);
    line.onclick = () => keep(other);
    panel.append(line);
  }
}

function keep(index) { kept = index; hovered = -1; tip.hidden = true; tell(); mark(); }

function under(x, y) {
  let best = -1, nearest = Math.max(8, radius() + 3) ** 2;
  for (let index = 0; index < count; index++) {
    const far = (across(index) - x) ** 2 + (down(index) - y) ** 2;
    if (far < nearest) { nearest = far; best = index; }
  }
  return best;
}

function whole() {
  const low = [Infinity, Infinity], high = [-Infinity, -Infinity];
  const extent = whole.extent ??= (() => {
    places.forEach((value, index) => { low[index % 2] = Math.min(low[index % 2], value); high[index % 2] = Math.max(high[index % 2], value); });
    return [low[0], low[1], high[0], high[1]];
  })();
  const [x, y, right, above] = extent, width = canvas.clientWidth, height = canvas.clientHeight, margin = 24;
  const fit = Math.min((width - 2 * margin) / (right - x || 1), (height - 2 * margin) / (above - y || 1));
  return { scale: fit, left: width / 2 - (x + right) / 2 * fit, top: height / 2 + (y + above) / 2 * fit };
}

function fit() { ({ scale, left, top: top_ } = whole()); draw(); }

function zoom(x, y, factor) {
  const next = Math.min(whole().scale * 200, Math.max(whole().scale / 2, scale * factor)), ratio_ = next / scale;
  left = x - (x - left) * ratio_; top_ = y - (y - top_) * ratio_; scale = next;
  draw();
}

const fingers = new Map();
let moved = false;
canvas.onpointerdown = event => { fingers.set(event.pointerId, [event.offsetX, event.offsetY]); canvas.setPointerCapture(event.pointerId); moved = false; };
canvas.onpointermove = event => {
  const [x, y] = [event.offsetX, event.offsetY], before = fingers.get(event.pointerId);
  if (before) {
    if (Math.abs(x - before[0]) + Math.abs(y - before[1]) > 3) moved = true;
    if (!moved) return;
    const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    if (others.length) {
      const far = place => Math.hypot(place[0] - others[0][0], place[1] - others[0][1]);
      zoom(others[0][0], others[0][1], far([x, y]) / Math.max(1, far(before)));
    } else { left += x - before[0]; top_ += y - before[1]; draw(); }
    fingers.set(event.pointerId, [x, y]);
    return;
  }
  const index = under(x, y);
  if (index !== hovered) { hovered = index; if (kept < 0) tell(); mark(); }
  tip.hidden = index < 0;
  if (index >= 0) {
    tip.textContent = data.subjects[index] + (column ? ` · ${textOf(column, index) || "missing"}` : "");
    tip.style.left = `${Math.min(x + 14, canvas.clientWidth - tip.offsetWidth - 4)}px`;
    tip.style.top = `${y + 14}px`;
  }
};
canvas.onpointerup = event => { if (fingers.delete(event.pointerId) && !moved) keep(under(event.offsetX, event.offsetY)); };
canvas.onpointercancel = event => fingers.delete(event.pointerId);
canvas.onpointerleave = () => { hovered = -1; tip.hidden = true; if (kept < 0) tell(); mark(); };
canvas.addEventListener("wheel", event => { event.preventDefault(); zoom(event.offsetX, event.offsetY, Math.exp(-event.deltaY / 400)); }, { passive: false });
onkeydown = event => { if (event.key === "Escape") keep(-1); };
at("whole").onclick = fit;

function find(text) {
  const starts = data.subjects.flatMap((subject, index) => subject.startsWith(text) ? [index] : []);
  const index = data.subjects.indexOf(text) >= 0 ? data.subjects.indexOf(text) : starts.length === 1 ? starts[0] : -1;
  at("unfound").textContent = index >= 0 || !text ? "" : starts.length ? `${starts.length} ids begin so` : "no such subject";
  if (index >= 0) keep(index);
}
at("find").onsubmit = event => { event.preventDefault(); find(at("id").value.trim()); };

data.columns.forEach((one, index) => at("by").append(new Option(one.name, index)));
at("by").onchange = () => { paint(data.columns[at("by").value]); tell(); };
new ResizeObserver(() => {
  const fresh = !canvas.dataset.ready;
  ratio = devicePixelRatio || 1;
  canvas.width = canvas.clientWidth * ratio; canvas.height = canvas.clientHeight * ratio;
  canvas.dataset.ready = "yes";
  if (fresh) fit(); else draw();
}).observe(canvas);
paint(data.columns[0] ?? null);
tell();
if (location.hash.length > 1) find(decodeURIComponent(location.hash.slice(1)));  // page.html#ID shows a subject
