// Waits for the outcome of a download, across dropped sockets and where sockets are blocked.

import { backOff, DownloadError, pause } from "./api.js";

const QUIET = 20_000; // on an open socket the page asks by itself after so long, which keeps the line alive too
const TRY_AGAIN = new Set(["NETWORK", "OFFLINE", "UNAVAILABLE", "TOO_MANY_REQUESTS", "INTERNAL", "TIMEOUT"]);
const OUTCOMES = new Set(["ready", "failed", "cancelled"]);

/**
 * The outcome: a `ready`, `failed` or `cancelled` message.
 *
 * `on` is called with each message before it, with `{type: "connected"}` when a socket opens and with
 * `{type: "reconnecting"}` when one is lost.
 */
export async function outcome(api, download, { on, signal }) {
  for (let failures = 1; ; failures += 1) {
    signal.throwIfAborted();
    const opened = await listen(download, on, signal);
    if (opened.news) return opened.news;
    if (opened.connected) failures = 1;
    on({ type: "reconnecting" });
    if (!opened.connected) {
      // A refused handshake and a blocked one look the same to a page: the REST API knows which it was.
      const news = await ask(api, download, signal);
      if (OUTCOMES.has(news?.type)) return news;
      if (news) on(news);
    }
    await Promise.race([pause(backOff(failures, 10_000), signal), backOnline(signal)]);
  }
}

async function ask(api, download, signal) {
  try {
    return await api.status(download, signal);
  } catch (error) {
    if (error instanceof DownloadError && TRY_AGAIN.has(error.code)) return null;
    throw error;
  }
}

/** One socket, until it brings the outcome or is gone: `{connected, news?}`. */
function listen(download, on, signal) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(download.socket);
    let connected = false;
    let asked = false;
    let timer = setTimeout(() => end({ connected }), QUIET); // a handshake that hangs
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => (asked ? end({ connected }) : say()), QUIET); // asked, and no answer: the line is dead
    };
    const say = () => {
      asked = true;
      socket.send('{"action":"status"}');
      watch();
    };
    const stop = () => {
      reject(signal.reason);
      end({});
    };
    function end(result) {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
      resolve(result);
    }
    signal.addEventListener("abort", stop, { once: true });
    socket.onclose = () => end({ connected });
    socket.onopen = () => {
      connected = true;
      on({ type: "connected" });
      say();
    };
    socket.onmessage = ({ data }) => {
      asked = false;
      watch();
      const message = parsed(data);
      if (OUTCOMES.has(message.type)) end({ connected, news: message });
      else if (message.error?.code === "DOWNLOAD_NOT_FOUND") end({ connected, news: { ...message, type: "failed" } });
      else on(message);
    };
  });
}

function parsed(data) {
  try {
    return JSON.parse(data) ?? {};
  } catch {
    return {}; // not ours
  }
}

function backOnline(signal) {
  return new Promise((resolve) => window.addEventListener("online", resolve, { once: true, signal }));
}
