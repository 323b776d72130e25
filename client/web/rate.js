// How fast it goes, and how often that is worth showing.

const OVER = 3_000;
const LEAST = 500;
const EVERY = 100;

/** Of a number of bytes that grows: bytes a second over the last seconds, and how many seconds are left. */
export function meter(total) {
  const seen = [];
  return (done) => {
    const now = performance.now();
    seen.push({ now, done });
    while (seen.length > 2 && now - seen[1].now > OVER) seen.shift();
    const span = now - seen[0].now;
    const rate = span > LEAST ? ((done - seen[0].done) / span) * 1000 : 0;
    return { rate, seconds: rate ? (total - done) / rate : undefined };
  };
}

/** Calls on at most ten times a second; the last call may be left out. */
export function paced(show) {
  let next = 0;
  return (value) => {
    if (performance.now() < next) return;
    next = performance.now() + EVERY;
    show(value);
  };
}
