// The page: what is asked for, one download at a time, and what becomes of it.

import { Api, DownloadError, webUrl } from "./api.js";
import { hostOf, loadConfig } from "./config.js";
import { explain } from "./failures.js";
import { outcome } from "./journey.js";
import { meter, paced } from "./rate.js";
import { save, UnreadableError } from "./saver.js";
import { CAN_CHOOSE, chosenSink, memorySink, MOST_IN_MEMORY } from "./sinks.js";
import { $, bar, begin, failure, headline, note, result, say, show, stage, stageFailed, waiting } from "./view.js";

const SPARE = 5_000; // a link that lives shorter than this is renewed before it is used

let run = null; // the download that is shown: {api, download, stop, file?}
let keyHost = ""; // the host that the key in the form belongs to

/** Fill in the form. The address, which anybody can make up, names the API only where the host has no config.json. */
async function prefill() {
  const query = new URLSearchParams(location.search);
  for (const name of ["origin", "path"]) $(name).value ||= query.get(name) ?? "";
  show("unconfigured", false);
  let config;
  try {
    config = await loadConfig();
  } catch {
    return show("unconfigured"); // the form stays inert: without its settings the page might call a stranger's API
  }
  const linked = config === null ? query.get("api") ?? "" : "";
  $("api").value ||= config?.apiUrl ? new URL(config.apiUrl, location.href).href.replace(/\/+$/, "") : linked;
  keyHost = hostOf($("api").value);
  show("api-hint", linked !== "");
  $("key-field").hidden = config?.restAuth === "none";
  $("settings").open = !$("api").value || linked !== "" || config?.restAuth === "api_key";
  $("ask").inert = false; // only now: nothing that is typed gets overwritten
}

/** A key belongs to one host: it is not sent to the next one. */
function forgetKey() {
  if (hostOf($("api").value) !== keyHost) $("key").value = "";
  keyHost = hostOf($("api").value);
}

async function start(event) {
  event.preventDefault();
  run?.stop.abort();
  const { api, key, origin, path } = Object.fromEntries([...new FormData($("ask"))].map(([name, text]) => [name, text.trim()]));
  const mine = { stop: new AbortController() };
  run = mine;
  begin("Asking for the file");
  say("Asking for the file.");
  try {
    await follow(mine, new Api(api, key), { origin, path });
  } catch (error) {
    if (!mine.stop.signal.aborted) failed(error);
  }
}

async function follow(mine, api, order) {
  const { signal } = mine.stop;
  const download = await api.request(order, signal);
  Object.assign(mine, { api, download });
  stage("connection");
  headline("Waiting for the file");
  const end = await outcome(api, download, { on: (message) => HEARD[message.type]?.(message), signal });
  if (end.type === "cancelled") return cancelled();
  if (end.type === "failed") throw new DownloadError(end.error?.code ?? "TRANSFER_FAILED", end.error?.message);
  mine.file = end;
  await ready(mine);
}

const HEARD = {
  connected: () => {
    stage("copy");
    if ($("copy").hidden) waiting("copy", "Waiting for the origin");
    note();
    say("Connected. Waiting for the file.");
  },
  reconnecting: () => {
    note("The line dropped. Connecting again; nothing is lost.");
    say("The line dropped. Connecting again.");
  },
  status: (message) => message.status === "COPYING" && message.copiedBytes > 0 && HEARD.progress(message),
  progress: ({ copiedBytes = 0, size: total, bytesPerSecond: rate, secondsLeft: seconds }) => {
    stage("copy");
    headline("Copying");
    bar("copy", "Copied", { done: copiedBytes, total, rate, seconds });
  },
};

async function ready(mine) {
  const { file } = mine;
  bar("copy", "", { done: file.size, total: file.size });
  note();
  stage("link", "done");
  headline("Ready");
  result(file, webUrl(file.url));
  if (file.size <= MOST_IN_MEMORY) return fetchInto(mine, memorySink(file.fileName));
  show("cancel", false);
  show("save", CAN_CHOOSE);
  say(`${file.fileName} is ready. ${CAN_CHOOSE ? "Save it, or use the link." : "Use the link to download it."}`);
}

async function fetchInto(mine, sink) {
  const { file, stop } = mine;
  stage("download");
  headline("Downloading");
  show("save", false);
  show("cancel");
  const rate = meter(file.size);
  const on = paced((done) => bar("fetch", "Downloaded", { done, total: file.size, ...rate(done) }));
  on(0);
  try {
    await save(file, sink, { renew: () => renew(mine), on, signal: stop.signal });
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    show("fetch", false);
    show("cancel", false);
    stage("link", "done");
    headline("Ready");
    note("The storage does not let this page read the file, so the browser downloads it: use the link.");
    return say(`${file.fileName} is ready. Use the link to download it.`);
  }
  stage("download", "done");
  bar("fetch", "", { done: file.size, total: file.size });
  result(mine.file, $("link").href, true);
  show("cancel", false);
  headline("Saved");
  say(`${file.fileName} is saved.`);
}

/** A fresh link, shown as well. */
async function renew(mine) {
  const news = await mine.api.status(mine.download, mine.stop.signal);
  if (news.type !== "ready") throw new DownloadError("DOWNLOAD_NOT_FOUND");
  mine.file = news;
  result(news, webUrl(news.url));
  return news;
}

async function choose() {
  const mine = run;
  try {
    const sink = await chosenSink(mine.file.fileName);
    if (sink) await fetchInto(mine, sink);
  } catch (error) {
    if (!mine.stop.signal.aborted) failed(error);
  }
}

/** A link whose time is over is renewed before it is used; by how much this device's clock is wrong does not matter. */
async function follows(event) {
  const mine = run;
  if (mine.renewed || !isOver(mine.file)) return;
  event.preventDefault();
  try {
    await renew(mine);
    mine.renewed = true;
    $("link").click();
  } catch (error) {
    failed(error);
  } finally {
    mine.renewed = false;
  }
}

function isOver({ expiresAt }) {
  return Date.parse(expiresAt) - Date.now() < SPARE;
}

async function copyLink() {
  try {
    if (isOver(run.file)) await renew(run);
    await navigator.clipboard.writeText($("link").href);
    say("Link copied.");
    note("Link copied. Whoever has it can download the file until it expires.");
  } catch (error) {
    if (error instanceof DownloadError) failed(error);
    else note("The browser does not let this page copy; copy the link by its menu.");
  }
}

async function cancel() {
  const { api, download, stop, file } = run;
  stop.abort();
  if (file) return cancelled(); // there is a copy already: only the fetching ends
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
  note(run.file ? "The link still works." : "Nothing is left behind.");
  say("Cancelled.");
}

function failed(error) {
  const known = error instanceof DownloadError ? error : new DownloadError("PAGE");
  if (known !== error) console.error(error.name);
  show("cancel", false);
  note();
  failure(explain(known.code, known.message));
}

$("ask").addEventListener("submit", start);
$("api").addEventListener("input", forgetKey);
$("again").addEventListener("click", prefill);
$("cancel").addEventListener("click", cancel);
$("save").addEventListener("click", choose);
$("link").addEventListener("click", follows);
$("copy-link").addEventListener("click", copyLink);
await prefill();
