// The REST API: ask for a file, look how it stands, give it up.

const TRIES = 4;
const BUSY = new Set([429, 500, 502, 503, 504]);
const LOOPBACK = new Set(["127.0.0.1", "localhost"]);
const OUTCOMES = { READY: "ready", FAILED: "failed", CANCELLED: "cancelled" };

/** A failure with the code that the service gave, or one of this page's own. */
export class DownloadError extends Error {
  constructor(code, message = "") {
    super(message);
    this.code = code;
  }
}

/** Resolves after so many milliseconds; rejects as soon as the signal is given. */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}

/** How long to wait after so many failures in a row (1, 2, …): doubling, with jitter. */
export function backOff(failures, longest = 20_000) {
  return Math.min(longest, 500 * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}

/** An API at its base URL, called with a key if it wants one. */
export class Api {
  #headers;

  constructor(url, key) {
    this.base = checked(url);
    this.#headers = key ? { "X-Api-Key": key } : {};
  }

  /** Ask for a file. Sent again when the API is busy: the key makes it the same download. */
  async request(order, signal) {
    const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"));
    const headers = { "Content-Type": "application/json", "Idempotency-Key": key.join("") };
    const body = JSON.stringify(Object.fromEntries(Object.entries(order).filter(([, value]) => value)));
    const answer = await this.#call("/downloads", { method: "POST", headers, body, signal });
    const socket = URL.canParse(answer.webSocketEndpoint) ? new URL(answer.webSocketEndpoint) : null;
    const ticket = socket?.searchParams.get("ticket");
    if (!/^wss?:$/.test(socket?.protocol ?? "") || !ticket || !answer.downloadId) throw new DownloadError("BAD_ANSWER");
    return { id: answer.downloadId, socket: socket.href, ticket };
  }

  /** How a download stands, in the form of a message of the socket; a READY one with a freshly signed URL. */
  async status({ id, ticket }, signal) {
    const answer = await this.#call(`/downloads/${id}`, { headers: { "X-Download-Ticket": ticket }, signal });
    return { ...answer, ...answer.download, type: OUTCOMES[answer.status] ?? "status" };
  }

  /** Give a download up; one that has finished stays as it is. */
  async cancel({ id, ticket }) {
    const options = { method: "DELETE", headers: { "X-Download-Ticket": ticket }, keepalive: true };
    await this.#call(`/downloads/${id}`, options).catch((error) => {
      if (error.code !== "DOWNLOAD_FINISHED") throw error;
    });
  }

  async #call(path, { headers, signal, ...options }) {
    for (let tries = 1; ; tries += 1) {
      const answer = await this.#once(path, { ...options, headers: { ...headers, ...this.#headers }, signal });
      const body = await answer.json().catch(() => null);
      if (answer.ok && body) return body;
      if (answer.ok) throw new DownloadError("BAD_ANSWER");
      const { code, message } = body?.error ?? {};
      if (BUSY.has(answer.status) && code !== "DAILY_LIMIT_REACHED" && tries < TRIES) {
        const asked = Number(answer.headers.get("Retry-After")) * 1000;
        await pause(Math.max(backOff(tries), Math.min(asked || 0, 20_000)), signal);
        continue;
      }
      throw new DownloadError(code ?? (answer.status === 403 ? "FORBIDDEN" : `HTTP_${answer.status}`), message ?? "");
    }
  }

  async #once(path, options) {
    try {
      return await fetch(this.base + path, { cache: "no-store", credentials: "omit", ...options });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new DownloadError(navigator.onLine ? "NETWORK" : "OFFLINE");
    }
  }
}

/** A URL that a link may have: whatever an API answers, it runs no script. */
export function webUrl(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!/^https?:$/.test(url?.protocol ?? "")) throw new DownloadError("BAD_ANSWER");
  return url.href;
}

function checked(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  const safe = url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.has(url.hostname));
  if (!safe || url.username || url.search || url.hash) throw new DownloadError("BAD_API_URL");
  return url.href.replace(/\/+$/, "");
}
