// One download, from request to result, without a page: events come out of `on`. No build step, no dependency.

const KEEP_ALIVE = 5 * 60 * 1000; // API Gateway drops a silent socket after ten minutes
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 20_000;
const POLL_AFTER = 3; // sockets that failed in a row before REST is asked instead

/** A refusal or failure with the code that the service gave, or `NETWORK`. */
export class DownloadError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** Ask for a file. `headers` carries whatever the REST API wants of a caller. */
export async function request(api, { path, origin, headers = {} }) {
  const body = Object.fromEntries(Object.entries({ path, origin }).filter(([, value]) => value));
  return call(`${api.replace(/\/+$/, "")}/downloads`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

async function call(url, options) {
  let answer;
  try {
    answer = await fetch(url, { referrerPolicy: "no-referrer", ...options });
  } catch {
    throw new DownloadError("NETWORK", "The API cannot be reached from this page. Is the URL right, and does its CORS setting allow this site?");
  }
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  const { code = `HTTP_${answer.status}`, message = body.message ?? "The API refused." } = body.error ?? {};
  throw new DownloadError(code, message);
}

/** Waits for the outcome of a requested download, across dropped sockets. */
export class Journey {
  #socket = null;
  #timer = 0;
  #failures = 0;
  #over = false;

  constructor(download, { headers = {}, on }) {
    this.download = download;
    this.headers = { ...headers, "X-Download-Ticket": new URL(download.webSocketEndpoint).searchParams.get("ticket") };
    this.on = on;
    this.#connect();
  }

  /** A fresh link: over the socket when it is open, else by REST. */
  async refresh() {
    if (!this.#say("refresh")) await this.#ask();
  }

  /** Give the download up. */
  async cancel() {
    if (!this.#say("cancel")) await call(this.download.statusUrl, { method: "DELETE", headers: this.headers });
  }

  /** Close the line; the result stays where it is. */
  close() {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
  }

  #connect() {
    let opened = false;
    let alive = 0;
    const socket = new WebSocket(this.download.webSocketEndpoint);
    this.#socket = socket;
    socket.onopen = () => {
      opened = true;
      this.#failures = 0;
      this.on({ type: "connected" });
      this.#say("status");
      alive = setInterval(() => this.#say("ping"), KEEP_ALIVE);
    };
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = () => {
      clearInterval(alive);
      if (this.#over) return;
      this.#failures += 1;
      this.on({ type: "reconnecting", opened });
      this.#again();
    };
  }

  #again() {
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (this.#failures - 1));
    this.#timer = setTimeout(async () => {
      if (this.#failures > POLL_AFTER) await this.#ask().catch((error) => this.#fail(error));
      if (!this.#over) this.#connect();
    }, pause * (0.5 + Math.random() / 2));
  }

  #fail(error) {
    if (error.code === "NETWORK") return; // tried again
    this.close();
    this.on({ type: "failed", error: { code: error.code, message: error.message } });
  }

  async #ask() {
    const answer = await call(this.download.statusUrl, { headers: this.headers });
    const type = { READY: "ready", FAILED: "failed", CANCELLED: "cancelled" }[answer.status] ?? "status";
    this.#tell({ ...answer, ...answer.download, type });
  }

  #say(action) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify({ action }));
    return true;
  }

  #hear(data) {
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return; // not ours
    }
    this.#tell(message);
  }

  #tell(message) {
    if (message.type === "failed" || message.type === "cancelled") this.close();
    this.on(message);
  }
}
