// Formats numbers in the browser's language.

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** `12.4 MB`. */
export function size(bytes) {
  const power = bytes >= 1 ? Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3)) : 0;
  const digits = { maximumFractionDigits: power ? 1 : 0 };
  return `${(bytes / 1000 ** power).toLocaleString(undefined, digits)} ${UNITS[power]}`;
}

/** `40 s left`, `3 min left`. */
export function left(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.ceil(seconds))} s left`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min left` : `${(seconds / 3600).toFixed(1)} h left`;
}

/** `12 of 25 MB · 4.1 MB/s · 4 s left`, as far as it is known. */
export function amount({ done, total, rate, seconds }) {
  const parts = [total === undefined || total === done ? size(done) : `${size(done)} of ${size(total)}`];
  if (rate) parts.push(`${size(rate)}/s`);
  if (rate && seconds > 0) parts.push(left(seconds));
  return parts.join(" · ");
}

/** The time of day of an ISO date, without seconds unless their format is given. */
export function clock(date, second) {
  return new Date(date).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second });
}
