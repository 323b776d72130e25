// The page: the form, and one download at a time.

import { Api, DownloadError, webUrl } from "./api.js";
import { hostOf, loadConfig } from "./config.js";
import { explain } from "./failures.js";
import { clock } from "./format.js";
import { waitForOutcome } from "./outcome.js";
import { meter, throttled } from "./rate.js";
import { save, UnreadableError } from "./saver.js";
import { CAN_CHOOSE_FILE, chosenFileSink, MAX_IN_MEMORY, memorySink } from "./sinks.js";
import { $, announce, begin, headline, note, setStage, show, showBar, showFailure, showResult, showWaiting, stageFailed } from "./view.js";

const MIN_LINK_MILLISECONDS = 5_000; // a link that expires sooner is renewed before it is used

let run = null; // the shown download: {api, download, stop, file?}
let keyHost = ""; // the host that the key in the form belongs to

/** Fills in the form. The query of the page's URL, which an attacker can choose, names the API only without config.json. */
async function prefill() {
  const query = new URLSearchParams(location.search);
  for (const name of ["origin", "path"]) $(name).value ||= query.get(name) ?? "";
  show("unconfigured", false);
  let config;
  try {
    config = await loadConfig();
  } catch {
    return show("unconfigured"); // the form stays inert: without the settings the page might call an attacker's API
  }
  const linked = config === null ? query.get("api") ?? "" : "";
  $("api").value ||= config?.apiUrl ? new URL(config.apiUrl, location.href).href.replace(/\/+$/, "") : linked;
  keyHost = hostOf($("api").value);
  show("api-hint", linked !== "");
  $("key-field").hidden = config?.restAuth === "none";
  $("settings").open = !$("api").value || linked !== "" || config?.restAuth === "api_key";
  $("ask").inert = false; // only now, so that no typed text is overwritten
}

/** Clears the key when the URL names another host, because a key is for one host only. */
function forgetKey() {
  if (hostOf($("api").value) !== keyHost) $("key").value = "";
  keyHost = hostOf($("api").value);
}

async function start(event) {
  event.preventDefault();
  run?.stop.abort();
  const { api, key, origin, path } = Object.fromEntries([...new FormData($("ask"))].map(([name, text]) => [name, text.trim()]));
  const started = { stop: new AbortController() };
  run = started;
  begin("Asking for the file");
  announce("Asking for the file.");
  try {
    await follow(started, new Api(api, key), { origin, path });
  } catch (error) {
    if (!started.stop.signal.aborted) failed(error);
  }
}

async function follow(current, api, fields) {
  const { signal } = current.stop;
  const download = await api.request(fields, signal);
  Object.assign(current, { api, download });
  setStage("connection");
  headline("Waiting for the file");
  const outcome = await waitForOutcome(api, download, { onMessage: (message) => HANDLERS[message.type]?.(message), signal });
  if (outcome.type === "cancelled") return cancelled();
  if (outcome.type === "failed") throw new DownloadError(outcome.error?.code ?? "TRANSFER_FAILED", outcome.error?.message);
  current.file = outcome;
  await showReady(current);
}

const HANDLERS = {
  connected: () => {
    setStage("copy");
    if ($("copy").hidden) showWaiting("copy", "Waiting for the origin");
    note();
    announce("Connected. Waiting for the file.");
  },
  reconnecting: () => {
    note("The connection was lost. Reconnecting; no data is lost.");
    announce("The connection was lost. Reconnecting.");
  },
  status: (message) => {
    if (message.status === "PREPARING") showPreparing(message);
    else if (message.status === "COPYING" && message.copiedBytes > 0) HANDLERS.progress(message);
  },
  progress: ({ copiedBytes = 0, size: total, bytesPerSecond: rate, secondsLeft: seconds }) => {
    setStage("copy");
    headline("Copying");
    showBar("copy", "Copied", { done: copiedBytes, total, rate, seconds });
  },
};

/** Shows that the origin prepares the file, and when it is asked again. */
function showPreparing({ nextRequestAt }) {
  setStage("copy");
  headline("Waiting for the origin");
  const again = nextRequestAt ? `; it is asked again at ${clock(nextRequestAt, "2-digit")}` : "";
  const text = `The origin is preparing the file${again}`;
  if ($("copy").querySelector(".numbers").textContent !== text) announce(`${text}.`);
  showWaiting("copy", text);
}

async function showReady(current) {
  const { file } = current;
  showBar("copy", "", { done: file.size, total: file.size });
  note();
  setStage("link", "done");
  headline("Ready");
  showResult(file, webUrl(file.url));
  if (file.size <= MAX_IN_MEMORY) return fetchInto(current, memorySink(file.fileName));
  show("cancel", false);
  show("save", CAN_CHOOSE_FILE);
  announce(`${file.fileName} is ready. ${CAN_CHOOSE_FILE ? "Save it, or use the link." : "Use the link to download it."}`);
}

async function fetchInto(current, sink) {
  const { file, stop } = current;
  setStage("download");
  headline("Downloading");
  show("save", false);
  show("cancel");
  const rate = meter(file.size);
  const onProgress = throttled((done) => showBar("fetch", "Downloaded", { done, total: file.size, ...rate(done) }));
  onProgress(0);
  try {
    await save(file, sink, { renew: () => renew(current), onProgress, signal: stop.signal });
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    show("fetch", false);
    show("cancel", false);
    setStage("link", "done");
    headline("Ready");
    note("The storage does not let this page read the file, so the browser downloads it: use the link.");
    return announce(`${file.fileName} is ready. Use the link to download it.`);
  }
  setStage("download", "done");
  showBar("fetch", "", { done: file.size, total: file.size });
  showResult(current.file, $("link").href, true);
  show("cancel", false);
  headline("Saved");
  announce(`${file.fileName} is saved.`);
}

/** Gets a new link and shows it. */
async function renew(current) {
  const file = await current.api.status(current.download, current.stop.signal);
  if (file.type !== "ready") throw new DownloadError("DOWNLOAD_NOT_FOUND");
  current.file = file;
  showResult(file, webUrl(file.url));
  return file;
}

async function chooseFile() {
  const current = run;
  try {
    const sink = await chosenFileSink(current.file.fileName);
    if (sink) await fetchInto(current, sink);
  } catch (error) {
    if (!current.stop.signal.aborted) failed(error);
  }
}

/** Renews an expired link before it is used, once per click, so that a wrong clock of this device causes no loop. */
async function onLinkClick(event) {
  const current = run;
  if (current.renewed || !isExpired(current.file)) return;
  event.preventDefault();
  try {
    await renew(current);
    current.renewed = true;
    $("link").click();
  } catch (error) {
    failed(error);
  } finally {
    current.renewed = false;
  }
}

function isExpired({ expiresAt }) {
  return Date.parse(expiresAt) - Date.now() < MIN_LINK_MILLISECONDS;
}

async function copyLink() {
  try {
    if (isExpired(run.file)) await renew(run);
    await navigator.clipboard.writeText($("link").href);
    announce("Link copied.");
    note("Link copied. Anyone with it can download the file until it expires.");
  } catch (error) {
    if (error instanceof DownloadError) failed(error);
    else note("The browser does not let this page copy; copy the link by its menu.");
  }
}

async function cancel() {
  const { api, download, stop, file } = run;
  stop.abort();
  if (file) return cancelled(); // the copy is complete: only the download to this device ends
  try {
    if (download) await api.cancel(download);
    cancelled();
  } catch (error) {
    failed(error);
  }
}

function cancelled() {
  stageFailed();
  show("cancel", false);
  headline("Cancelled");
  note(run.file ? "The link still works." : "The copy was removed.");
  announce("Cancelled.");
}

function failed(error) {
  const shown = error instanceof DownloadError ? error : new DownloadError("PAGE");
  if (shown !== error) console.error(error.name);
  show("cancel", false);
  note();
  showFailure(explain(shown.code, shown.message));
}

$("ask").addEventListener("submit", start);
$("api").addEventListener("input", forgetKey);
$("again").addEventListener("click", prefill);
$("cancel").addEventListener("click", cancel);
$("save").addEventListener("click", chooseFile);
$("link").addEventListener("click", onLinkClick);
$("copy-link").addEventListener("click", copyLink);
await prefill();
