// The settings that whoever published the page laid beside it.

/** The content of config.json; null where the host has none (404). Any other failure throws. */
export async function loadConfig() {
  const answer = await fetch("config.json", { cache: "no-store", signal: AbortSignal.timeout(5_000) });
  if (answer.status === 404) return null;
  const config = answer.ok ? await answer.json() : undefined;
  if (typeof config !== "object" || config === null || Array.isArray(config)) throw new Error("config.json");
  return config;
}

/** The host that a URL names, with scheme and port; empty while it is no URL. */
export function hostOf(url) {
  return URL.canParse(url) ? new URL(url).origin : "";
}
