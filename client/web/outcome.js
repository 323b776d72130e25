// Waits for the outcome of a download, also across lost WebSockets and where none can be opened.

import { retryDelay, DownloadError, pause } from "./api.js";

const MAX_SILENCE = 20_000; // milliseconds until the page requests the status, which also keeps the socket open
const RETRYABLE_CODES = new Set(["NETWORK", "OFFLINE", "UNAVAILABLE", "TOO_MANY_REQUESTS", "INTERNAL", "TIMEOUT"]);
const OUTCOMES = new Set(["ready", "failed", "cancelled"]);

/**
 * Resolves to a `ready`, `failed` or `cancelled` message.
 *
 * `onMessage` is called with each earlier message, with `{type: "connected"}` when a socket opens and with
 * `{type: "reconnecting"}` when one is lost.
 */
export async function waitForOutcome(api, download, { onMessage, signal }) {
  for (let failures = 1; ; failures += 1) {
    signal.throwIfAborted();
    const result = await listen(download, onMessage, signal);
    if (result.outcome) return result.outcome;
    if (result.connected) failures = 1;
    onMessage({ type: "reconnecting" });
    if (!result.connected) {
      // A page cannot tell a refused handshake from a blocked one, so it asks the REST API.
      const status = await fetchStatus(api, download, signal);
      if (OUTCOMES.has(status?.type)) return status;
      if (status) onMessage(status);
    }
    await Promise.race([pause(retryDelay(failures, 10_000), signal), backOnline(signal)]);
  }
}

/** Returns the status, or null if the API cannot be reached now. */
async function fetchStatus(api, download, signal) {
  try {
    return await api.status(download, signal);
  } catch (error) {
    if (error instanceof DownloadError && RETRYABLE_CODES.has(error.code)) return null;
    throw error;
  }
}

/** Listens on one WebSocket until it delivers the outcome or closes: `{connected, outcome?}`. */
function listen(download, onMessage, signal) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(download.socket);
    let connected = false;
    let awaitsReply = false;
    let timer = setTimeout(() => end({ connected }), MAX_SILENCE); // the handshake does not end
    const restartTimer = () => {
      clearTimeout(timer);
      timer = setTimeout(() => (awaitsReply ? end({ connected }) : requestStatus()), MAX_SILENCE); // no reply: the connection is dead
    };
    const requestStatus = () => {
      awaitsReply = true;
      socket.send('{"action":"status"}');
      restartTimer();
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
      onMessage({ type: "connected" });
      requestStatus();
    };
    socket.onmessage = ({ data }) => {
      awaitsReply = false;
      restartTimer();
      const message = parsed(data);
      if (OUTCOMES.has(message.type)) end({ connected, outcome: message });
      else if (message.error?.code === "DOWNLOAD_NOT_FOUND") end({ connected, outcome: { ...message, type: "failed" } });
      else onMessage(message);
    };
  });
}

function parsed(data) {
  try {
    return JSON.parse(data) ?? {};
  } catch {
    return {}; // not a message of the API
  }
}

function backOnline(signal) {
  return new Promise((resolve) => window.addEventListener("online", resolve, { once: true, signal }));
}
