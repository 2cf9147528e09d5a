"use strict";

const MOST = 200; // files on the page at once
const at = (id) => document.getElementById(id);
const make = (tag, text = "", values = {}) => Object.assign(document.createElement(tag), { textContent: text }, values);
// The same of a name, which may be broken behind its underscores.
const makeName = (tag, text, values = {}) => {
  const element = make(tag, "", values);
  element.append(...text.split("_").flatMap((part, number) => (number ? ["_", make("wbr"), part] : [part])));
  return element;
};
const percent = (share) => (share === null ? "" : `${(100 * share).toFixed(1)}%`);
const pending = [];
let facts = null, busy = false, done = 0, unsure = 0, unknown = 0, failed = 0, left = 0;

async function ask(path, file) {
  for (let attempt = 0; ; attempt++) {
    let reply, text;
    try {
      reply = await fetch(path, file && { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } });
      text = await reply.text();
    } catch {
      throw new Error("no answer; does `python -m pipelines.serve` still run, and is the file still there?");
    }
    if (reply.status === 503 && attempt < 5) { await new Promise((then) => setTimeout(then, 2000)); continue; }
    const content = parsed(text);
    if (!content || (!reply.ok && !content.error)) throw new Error(byProxy(reply.status));
    if (!reply.ok) throw new Error(content.error);
    return content;
  }
}

function parsed(text) {
  try { return JSON.parse(text); } catch { return null; }
}

function byProxy(status) {
  if (status === 413) return "the proxy refused it (413): the file is larger than it takes";
  return `a proxy answered in the service's place (status ${status}); does \`python -m pipelines.serve\` still run?`;
}

function say() {
  const words = [`${done} of ${done + pending.length + (busy ? 1 : 0)} done`];
  if (unsure) words.push(`${unsure} unsure`);
  if (unknown) words.push(`${unknown} unknown`);
  if (failed) words.push(`${failed} refused`);
  if (left) words.push(`${left} left out: a page takes ${MOST} files; reload it for others, or label the folder with python -m pipelines.predict`);
  at("status").textContent = words.join(", ");
}

function add(files) {
  for (const file of files) {
    if (at("cards").children.length >= MOST) { left++; continue; }
    const card = make("li", "", { className: "card" });
    card.append(makeName("h2", file.name, { className: "name" }), make("p", "waiting", { className: "small" }));
    at("cards").append(card);
    pending.push({ file, card });
  }
  if (files.length) say();
  next();
}

async function next() {
  if (busy || !facts) return;
  while (pending.length) {
    const { file, card } = pending.shift();
    busy = true;
    say();
    card.lastChild.textContent = "being labelled";
    try {
      if (file.size > facts.max_bytes) throw new Error(`larger than the ${facts.max_bytes / 2 ** 20} MB that are taken; shrink it`);
      show(card, file, await ask("/api/predict", file));
    } catch (problem) {
      failed++;
      card.lastChild.replaceWith(make("p", problem.message, { className: "error" }));
    }
    done++;
    busy = false;
    say();
  }
}

function figure(source, alt, caption) {
  const box = make("figure");
  box.append(make("img", "", { src: source, alt, width: 224, height: 224 }), make("figcaption", caption));
  return box;
}

function show(card, file, answer) {
  const images = make("div", "", { className: "images" }), list = make("dl");
  const page = answer.page ? `page ${answer.page}` : "image";
  images.append(figure(answer.image, `${file.name}, ${page} as the networks see it`, page));
  if (answer.heat_map) images.append(figure(answer.heat_map, `${file.name}, ${page}, heat map`, "heat map"));
  card.lastChild.remove();
  card.classList.toggle("unsure", answer.unsure || Boolean(answer.unknown));
  unsure += answer.unsure;
  unknown += Boolean(answer.unknown);
  const mark = make("span", verdict(answer), { className: "mark" });
  const rows = [["certainty", answer.probability.map(percent).join(", ")], ["runner-up", `${answer.runner_up_label} ${percent(answer.runner_up_probability)}`]];
  for (const [name, value] of rows) {
    const row = make("div");
    row.append(make("dt", name), makeName("dd", value));
    list.append(row);
  }
  card.append(images, makeName("p", answer.label, { className: "answer" }), mark, list);
  if (answer.pages.length) card.append(pageList(answer.pages));
  for (const note of [answer.heat_map_note, answer.note]) if (note) card.append(make("p", note, { className: "small" }));
  card.append(correction(file, answer));
}

function verdict(answer) {
  if (answer.unknown) return "unknown: none of the classes";
  return answer.unsure ? "unsure" : "sure";
}

function pageList(pages) {
  const box = make("details"), list = make("ol", "", { className: "small" });
  for (const one of pages) list.append(make("li", `${one.label} ${one.probability.map(percent).join(", ")}${one.unknown || one.unsure ? `, ${verdict(one)}` : ""}`, { value: one.page }));
  box.append(make("summary", `The ${pages.length} pages`), list);
  return box;
}

function named(target) {
  if (facts.several && !target) return "no label";
  return (facts.several ? target.split("|") : [target]).map((one) => facts.classes.find(({ target }) => target === one)?.label ?? one).join(", ");
}

function correction(file, answer) {
  const form = make("form"), label = make("label", facts.several ? "Right labels" : "Right class"), choice = make("select", "", { multiple: facts.several });
  const button = make("button", "Keep for training", { type: "submit" }), kept = make("p", "", { className: "kept" });
  const given = facts.several ? answer.target.split("|") : [answer.target];
  for (const one of facts.classes) choice.append(make("option", one.label, { value: one.target, selected: given.includes(one.target) }));
  kept.setAttribute("role", "status");
  label.append(choice);
  form.append(label, button, kept);
  if (answer.page) button.textContent = `Keep page ${answer.page} for training`;
  button.setAttribute("aria-label", `${button.textContent}: ${file.name} with this label`);
  choice.addEventListener("change", () => { kept.textContent = ""; });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const query = new URLSearchParams([...choice.selectedOptions].map((option) => ["target", option.value]));
      if (answer.page) query.append("page", answer.page);
      const found = await ask(`/api/corrections?${query}`, file);
      kept.textContent = `Kept in ${facts.corrections} as ${named(found.target)}${found.replaced === null ? "" : `, replaces ${named(found.replaced)}`}: ${found.corrections} in all`;
    } catch (problem) {
      kept.textContent = problem.message;
    }
    button.disabled = false;
  });
  return form;
}

const drop = at("drop");
for (const kind of ["dragover", "drop", "dragleave"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    if (kind === "drop") add(event.dataTransfer.files);
  });
}
at("files").addEventListener("change", (event) => { add([...event.target.files]); event.target.value = ""; });
ask("/api/classes").then((found) => {
  facts = found;
  at("limits").textContent = `${facts.formats}, up to ${facts.max_bytes / 2 ** 20} MB and ${facts.max_pages} pages each. What you keep goes to ${facts.corrections}, as training data to come.`;
  next();
}, (problem) => { at("status").textContent = problem.message; });
