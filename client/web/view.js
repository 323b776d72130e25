// What the page shows: stages, bars, the result, the failure. Knows nothing of how downloads work.

import { amount, clock, size } from "./format.js";

const STAGES = ["request", "connection", "copy", "link", "download"];
const SPOKEN = { done: "done", now: "in progress", failed: "failed" };
const QUARTER = 0.25;
const TITLE = document.title;

export const $ = (id) => document.getElementById(id);

/** Show or hide; what has the focus gives it to the headline instead of losing it. */
export function show(id, visible = true) {
  const part = $(id);
  if (!visible && part.contains(document.activeElement)) $("headline").focus();
  part.hidden = !visible;
}

/** Text for screen readers, spoken when they are free. */
export function say(text) {
  $("news").textContent = text;
}

/** A headline; the tab's title says it too. */
export function headline(text) {
  $("headline").textContent = text;
  document.title = `${text} – ${TITLE}`;
}

/** A quiet line below the bars; nothing to remove it. */
export function note(text = "") {
  $("note").textContent = text;
  show("note", Boolean(text));
}

/** An empty journey, with the focus on it. */
export function begin(text) {
  for (const id of ["copy", "fetch", "result", "save"]) show(id, false);
  $("failure").replaceChildren();
  note();
  show("journey");
  show("cancel");
  headline(text);
  stage("request");
  $("headline").focus();
}

/** Light up: everything before the stage is done, the stage itself is in progress, done or failed. */
export function stage(name, state = "now") {
  const reached = STAGES.indexOf(name);
  for (const [index, item] of [...$("stages").children].entries()) {
    const its = index < reached ? "done" : index === reached ? state : "";
    item.dataset.state = its;
    item.lastElementChild.textContent = its ? `, ${SPOKEN[its]}` : "";
    if (its === "now") item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
}

/** The stage that is in progress has failed, and its bar will not get any further. */
export function stageFailed() {
  for (const id of ["copy", "fetch"]) if (!$(id).classList.contains("full")) show(id, false);
  const item = $("stages").querySelector("[data-state=now]");
  if (item) stage(item.dataset.stage, "failed");
}

/** A bar, spoken at each quarter. */
export function bar(id, label, { done, total, rate, seconds }) {
  const progress = $(id).querySelector("progress");
  const before = $(id).hidden || progress.position < 0 ? 0 : progress.position;
  show(id);
  if (total === undefined) progress.removeAttribute("value");
  else [progress.max, progress.value] = [total || 1, total ? done : 1]; // an empty file is a full bar
  $(id).classList.toggle("full", done === total);
  $(id).querySelector(".numbers").textContent = amount({ done, total, rate, seconds });
  const share = total ? done / total : 0;
  if (share < 1 && Math.floor(share / QUARTER) > Math.floor(before / QUARTER)) say(`${label}: ${Math.floor(share * 100)} %`);
}

/** A bar that moves without saying how far it is. */
export function waiting(id, text) {
  show(id);
  $(id).classList.remove("full");
  $(id).querySelector("progress").removeAttribute("value");
  $(id).querySelector(".numbers").textContent = text;
}

/** The file and its link. */
export function result(file, href, verified = false) {
  show("result");
  $("file-name").textContent = file.fileName;
  const facts = [size(file.size), verified && "verified", `link works until ${clock(file.expiresAt)}`];
  $("file-facts").textContent = facts.filter(Boolean).join(" · ");
  $("link").href = href;
}

/** What went wrong, what to do, and the code for whoever is asked for help. */
export function failure({ what, todo, code, message }) {
  const lines = [["strong", what], ["p", todo], ["p", message ? `${code}: ${message}` : code, "hint"]];
  const made = lines.filter(([, text]) => text).map(([tag, text, kind = ""]) => {
    const line = document.createElement(tag);
    line.textContent = text;
    line.className = kind;
    return line;
  });
  $("failure").replaceChildren(...made);
  headline("It did not work");
  stageFailed();
}
