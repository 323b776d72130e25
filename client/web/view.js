// Shows stages, bars, the result and failures.

import { amount, clock, size } from "./format.js";

const STAGES = ["request", "connection", "copy", "link", "download"];
const STATE_LABELS = { done: "done", now: "in progress", failed: "failed" };
const QUARTER = 0.25;
const TITLE = document.title;

export const $ = (id) => document.getElementById(id);

/** Shows or hides an element; a focus inside a hidden element moves to the headline. */
export function show(id, visible = true) {
  const element = $(id);
  if (!visible && element.contains(document.activeElement)) $("headline").focus();
  element.hidden = !visible;
}

/** Lets screen readers speak a text. */
export function announce(text) {
  $("announcement").textContent = text;
}

/** Sets the headline and the title of the tab. */
export function headline(text) {
  $("headline").textContent = text;
  document.title = `${text} – ${TITLE}`;
}

/** Shows a line of text below the bars; without text, hides it. */
export function note(text = "") {
  $("note").textContent = text;
  show("note", Boolean(text));
}

/** Clears the last download, and moves the focus to the headline. */
export function begin(text) {
  for (const id of ["copy", "fetch", "result", "save"]) show(id, false);
  $("failure").replaceChildren();
  note();
  show("journey");
  show("cancel");
  headline(text);
  setStage("request");
  $("headline").focus();
}

/** Marks all stages before this one as done, and this one as in progress, done or failed. */
export function setStage(name, state = "now") {
  const reached = STAGES.indexOf(name);
  for (const [index, item] of [...$("stages").children].entries()) {
    const current = index < reached ? "done" : index === reached ? state : "";
    item.dataset.state = current;
    item.lastElementChild.textContent = current ? `, ${STATE_LABELS[current]}` : "";
    if (current === "now") item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
}

/** Marks the current stage as failed, and hides its bar. */
export function stageFailed() {
  for (const id of ["copy", "fetch"]) if (!$(id).classList.contains("full")) show(id, false);
  const item = $("stages").querySelector("[data-state=now]");
  if (item) setStage(item.dataset.stage, "failed");
}

/** Updates a bar, and announces each quarter. */
export function showBar(id, label, { done, total, rate, seconds }) {
  const progress = $(id).querySelector("progress");
  const before = $(id).hidden || progress.position < 0 ? 0 : progress.position;
  show(id);
  if (total === undefined) progress.removeAttribute("value");
  else [progress.max, progress.value] = [total || 1, total ? done : 1]; // an empty file is a full bar
  $(id).classList.toggle("full", done === total);
  $(id).querySelector(".numbers").textContent = amount({ done, total, rate, seconds });
  const share = total ? done / total : 0;
  if (share < 1 && Math.floor(share / QUARTER) > Math.floor(before / QUARTER)) announce(`${label}: ${Math.floor(share * 100)} %`);
}

/** Shows a bar without a value. */
export function showWaiting(id, text) {
  show(id);
  $(id).classList.remove("full");
  $(id).querySelector("progress").removeAttribute("value");
  $(id).querySelector(".numbers").textContent = text;
}

/** Shows the file and its link. */
export function showResult(file, href, verified = false) {
  show("result");
  $("file-name").textContent = file.fileName;
  const facts = [size(file.size), verified && "verified", `link works until ${clock(file.expiresAt)}`];
  $("file-facts").textContent = facts.filter(Boolean).join(" · ");
  $("link").href = href;
}

/** Shows the problem, what to do, and the code. */
export function showFailure({ problem, todo, code, message }) {
  const lines = [["strong", problem], ["p", todo], ["p", message ? `${code}: ${message}` : code, "hint"]];
  const elements = lines.filter(([, text]) => text).map(([tag, text, kind = ""]) => {
    const line = document.createElement(tag);
    line.textContent = text;
    line.className = kind;
    return line;
  });
  $("failure").replaceChildren(...elements);
  headline("It did not work");
  stageFailed();
}
