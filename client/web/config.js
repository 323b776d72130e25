// The settings of the host that publishes the page.

/** Returns the content of config.json, or null if the host has none (404); throws on any other failure. */
export async function loadConfig() {
  const response = await fetch("config.json", { cache: "no-store", signal: AbortSignal.timeout(5_000) });
  if (response.status === 404) return null;
  const config = response.ok ? await response.json() : undefined;
  if (typeof config !== "object" || config === null || Array.isArray(config)) throw new Error("config.json");
  return config;
}

/** Returns the origin of a URL, or an empty string if it is not a URL. */
export function hostOf(url) {
  return URL.canParse(url) ? new URL(url).origin : "";
}
