// The REST API: request a file, get the status of a download, cancel it.

const MAX_ATTEMPTS = 4;
const RETRYABLE_STATUSES = new Set([429, 500, 502, 503, 504]);
const LOOPBACK = new Set(["127.0.0.1", "localhost"]);
const TYPE_OF_STATUS = { READY: "ready", FAILED: "failed", CANCELLED: "cancelled" };

/** A failure with a code of the API or of this page. */
export class DownloadError extends Error {
  constructor(code, message = "") {
    super(message);
    this.code = code;
  }
}

/** Resolves after some milliseconds; rejects as soon as the signal is aborted. */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}

/** Returns the milliseconds to wait after the 1st, 2nd, … failure in a row: doubling, with jitter. */
export function retryDelay(failures, maxDelay = 20_000) {
  return Math.min(maxDelay, 500 * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}

/** The API at a base URL, called with an API key if there is one. */
export class Api {
  #headers;

  constructor(url, key) {
    this.base = checkedApiUrl(url);
    this.#headers = key ? { "X-Api-Key": key } : {};
  }

  /** Requests a file. The Idempotency-Key makes retries give the same download. */
  async request(fields, signal) {
    const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"));
    const headers = { "Content-Type": "application/json", "Idempotency-Key": key.join("") };
    const json = JSON.stringify(Object.fromEntries(Object.entries(fields).filter(([, value]) => value)));
    const body = await this.#call("/downloads", { method: "POST", headers, body: json, signal });
    const socket = URL.canParse(body.webSocketEndpoint) ? new URL(body.webSocketEndpoint) : null;
    const ticket = socket?.searchParams.get("ticket");
    if (!/^wss?:$/.test(socket?.protocol ?? "") || !ticket || !body.downloadId) throw new DownloadError("BAD_ANSWER");
    return { id: body.downloadId, socket: socket.href, ticket };
  }

  /** Returns the status in the form of a WebSocket message; READY has a newly signed URL. */
  async status({ id, ticket }, signal) {
    const body = await this.#call(`/downloads/${id}`, { headers: { "X-Download-Ticket": ticket }, signal });
    return { ...body, ...body.download, type: TYPE_OF_STATUS[body.status] ?? "status" };
  }

  /** Cancels a download; one that has finished is not changed. */
  async cancel({ id, ticket }) {
    const options = { method: "DELETE", headers: { "X-Download-Ticket": ticket }, keepalive: true };
    await this.#call(`/downloads/${id}`, options).catch((error) => {
      if (error.code !== "DOWNLOAD_FINISHED") throw error;
    });
  }

  async #call(path, { headers, signal, ...options }) {
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.#send(path, { ...options, headers: { ...headers, ...this.#headers }, signal });
      const body = await response.json().catch(() => null);
      if (response.ok && body) return body;
      if (response.ok) throw new DownloadError("BAD_ANSWER");
      const { code, message } = body?.error ?? {};
      if (RETRYABLE_STATUSES.has(response.status) && code !== "DAILY_LIMIT_REACHED" && attempt < MAX_ATTEMPTS) {
        const retryAfter = Number(response.headers.get("Retry-After")) * 1000;
        await pause(Math.max(retryDelay(attempt), Math.min(retryAfter || 0, 20_000)), signal);
        continue;
      }
      throw new DownloadError(code ?? (response.status === 403 ? "FORBIDDEN" : `HTTP_${response.status}`), message ?? "");
    }
  }

  async #send(path, options) {
    try {
      return await fetch(this.base + path, { cache: "no-store", credentials: "omit", ...options });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new DownloadError(navigator.onLine ? "NETWORK" : "OFFLINE");
    }
  }
}

/** Returns an http or https URL for a link; throws for any other, such as javascript:. */
export function webUrl(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!/^https?:$/.test(url?.protocol ?? "")) throw new DownloadError("BAD_ANSWER");
  return url.href;
}

/** Returns the URL without trailing slashes; throws BAD_API_URL unless it is https, or http on this machine. */
function checkedApiUrl(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  const safe = url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.has(url.hostname));
  if (!safe || url.username || url.search || url.hash) throw new DownloadError("BAD_API_URL");
  return url.href.replace(/\/+$/, "");
}
