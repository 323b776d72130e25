// The page: fills in what `journey.js` reports.
import { DownloadError, Journey, request } from "./journey.js";

const $ = (id) => document.getElementById(id);
const STAGES = ["requested", "connected", "copying", "ready"];
let journey = null;
let file = null;
let copyStart = null;

function remembered() {
  const asked = new URLSearchParams(location.search);
  for (const name of ["api", "origin", "path"]) {
    $(name).value = asked.get(name) ?? (name === "api" ? localStorage.getItem("api") ?? "" : "");
  }
}

async function configured() {
  if ($("api").value) return;
  const answer = await fetch("config.json").catch(() => null); // laid beside the page by whoever publishes it
  if (answer?.ok) $("api").value = (await answer.json()).apiUrl ?? "";
  if (!$("api").value) $("more").open = true;
}

function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = bytes > 0 ? Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3)) : 0;
  return `${(bytes / 1000 ** power).toLocaleString(undefined, { maximumFractionDigits: power ? 1 : 0 })} ${units[power]}`;
}

function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  return seconds < 90 ? `${Math.ceil(seconds)} s left` : `${Math.ceil(seconds / 60)} min left`;
}

function show(id, visible = true) {
  $(id).hidden = !visible;
}

function news(text) {
  $("news").textContent = text;
}

function stage(name) {
  const reached = STAGES.indexOf(name);
  for (const item of $("stages").children) {
    const index = STAGES.indexOf(item.dataset.stage);
    item.classList.toggle("done", index < reached || name === "ready");
    item.toggleAttribute("aria-current", index === reached);
    if (index === reached) item.setAttribute("aria-current", "step");
  }
}

function bar(id, done, total, since) {
  const seconds = (performance.now() - since) / 1000;
  const rate = seconds > 0.5 ? done / seconds : 0;
  show(id);
  if (total) {
    $(`${id}-bar`).max = total;
    $(`${id}-bar`).value = done;
  } else {
    $(`${id}-bar`).removeAttribute("value");
  }
  const parts = [total ? `${size(done)} of ${size(total)}` : size(done)];
  if (rate) parts.push(`${size(rate)}/s`);
  if (rate && total > done) parts.push(duration((total - done) / rate));
  $(`${id}-text`).textContent = parts.join(" · ");
}

function fail({ code, message }) {
  show("failure");
  $("failure-text").textContent = message;
  $("failure-code").textContent = code;
  $("journey-title").textContent = code === "CANCELLED" ? "Cancelled" : "It did not work";
  document.querySelector("#stages [aria-current]")?.classList.add("failed");
  idle();
}

function idle() {
  $("go").disabled = false;
  show("cancel", false);
}

function ready(message) {
  file = message;
  stage("ready");
  if (message.size !== undefined && !$("copy").hidden) bar("copy", message.size, message.size, copyStart ?? performance.now());
  show("result");
  $("journey-title").textContent = "Ready";
  $("result-name").textContent = message.fileName ?? "The file";
  $("link").href = message.url;
  const until = new Date(message.expiresAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  $("result-facts").textContent = `${size(message.size)} · ${message.contentType} · the link works until ${until}`;
  show("save", "showSaveFilePicker" in window);
  news(`${message.fileName ?? "The file"} is ready to download.`);
  idle();
}

const HEARD = {
  connected: () => {
    stage("connected");
    news("Connected; waiting for the file.");
  },
  reconnecting: () => news("The line dropped; connecting again."),
  status: (message) => message.status === "COPYING" && HEARD.progress(message),
  progress: ({ copiedBytes = 0, size: total }) => {
    copyStart ??= performance.now();
    stage("copying");
    bar("copy", copiedBytes, total, copyStart);
  },
  ready,
  failed: ({ error }) => fail(error),
  cancelled: () => fail({ code: "CANCELLED", message: "The download was cancelled." }),
};

async function start(event) {
  event.preventDefault();
  journey?.close();
  copyStart = null;
  for (const id of ["copy", "fetch", "result", "failure"]) show(id, false);
  show("journey");
  $("journey-title").textContent = "On its way";
  for (const item of $("stages").children) item.classList.remove("failed", "done");
  stage("requested");
  $("go").disabled = true;
  const { api, path, origin, key } = Object.fromEntries(new FormData($("ask")));
  localStorage.setItem("api", api);
  const headers = key ? { "x-api-key": key } : {};
  try {
    const download = await request(api, { path, origin, headers });
    show("cancel");
    journey = new Journey(download, { headers, on: (message) => HEARD[message.type]?.(message) });
  } catch (error) {
    fail(error instanceof DownloadError ? error : { code: "PAGE", message: String(error) });
  }
}

async function save() {
  const handle = await window.showSaveFilePicker({ suggestedName: file.fileName }).catch(() => null);
  if (!handle) return;
  const since = performance.now();
  let done = 0;
  const counter = new TransformStream({
    transform(chunk, sink) {
      done += chunk.byteLength;
      bar("fetch", done, file.size, since);
      sink.enqueue(chunk);
    },
  });
  try {
    const answer = await fetch(file.url, { referrerPolicy: "no-referrer" });
    if (!answer.ok) throw new DownloadError("LINK_EXPIRED", "The link does not work any more. Ask for a new one.");
    await answer.body.pipeThrough(counter).pipeTo(await handle.createWritable());
    news("Downloaded.");
  } catch (error) {
    fail(error instanceof DownloadError ? error : { code: "NETWORK", message: "The download broke off. Try again, or use the link." });
  }
}

$("ask").addEventListener("submit", start);
$("cancel").addEventListener("click", () => journey?.cancel().catch((error) => fail(error)));
$("refresh").addEventListener("click", () => journey?.refresh().catch((error) => fail(error)));
$("save").addEventListener("click", save);
window.addEventListener("pagehide", () => journey?.close());
remembered();
configured();
