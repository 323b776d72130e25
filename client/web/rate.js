// The rate of a download, and how often it is shown.

const RATE_WINDOW_MILLISECONDS = 3_000;
const MIN_SPAN_MILLISECONDS = 500;
const SHOW_EVERY_MILLISECONDS = 100;

/** Returns a function from received bytes to bytes per second over the last seconds, and the seconds left. */
export function meter(total) {
  const samples = [];
  return (done) => {
    const now = performance.now();
    samples.push({ now, done });
    while (samples.length > 2 && now - samples[1].now > RATE_WINDOW_MILLISECONDS) samples.shift();
    const span = now - samples[0].now;
    const rate = span > MIN_SPAN_MILLISECONDS ? ((done - samples[0].done) / span) * 1000 : 0;
    return { rate, seconds: rate ? (total - done) / rate : undefined };
  };
}

/** Calls a function at most ten times a second; the last call may be skipped. */
export function throttled(show) {
  let next = 0;
  return (value) => {
    if (performance.now() < next) return;
    next = performance.now() + SHOW_EVERY_MILLISECONDS;
    show(value);
  };
}
