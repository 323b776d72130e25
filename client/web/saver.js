// Fetches the copy piece by piece, resumes where it broke off, renews the URL when it has expired, verifies.

import { backOff, DownloadError, pause } from "./api.js";
import { crc32, inBase64 } from "./crc32.js";

const TRIES = 5; // in a row, without a byte
const STALLED = 30_000;

/** The storage does not let this page read the file; the link still works. */
export class UnreadableError extends Error {}

/**
 * Fetch a file into a sink, and close the sink once everything is verified.
 *
 * `file` is a `ready` message, `renew` resolves to a fresh one, `on` is called with the bytes that are there.
 */
export async function save(file, sink, { renew, on, signal }) {
  const progress = { done: 0, sum: 0 };
  let current = file;
  try {
    for (let failures = 0; progress.done < file.size; ) {
      const before = progress.done;
      const end = await fetchFrom(current, sink, progress, on, signal);
      if (end === "complete") break;
      failures = progress.done > before ? 1 : failures + 1;
      if (end === "unreadable" && failures > 1 && !progress.done) throw new UnreadableError();
      if (failures >= TRIES) throw new DownloadError("BROKEN_OFF");
      if (end === "broken") await pause(backOff(failures), signal);
      current = await renewed(current, renew, end);
    }
    verify(file, progress);
    await sink.close().catch(() => Promise.reject(new DownloadError("DISK")));
  } catch (error) {
    await sink.abort().catch(() => {});
    throw error;
  }
}

/** One GET, from the byte that was reached. */
async function fetchFrom(file, sink, progress, on, signal) {
  const stall = new AbortController();
  const either = AbortSignal.any([signal, stall.signal]);
  let timer = setTimeout(() => stall.abort(), STALLED);
  const from = progress.done;
  const headers = from ? { Range: `bytes=${from}-`, "If-Match": file.etag } : {};
  try {
    const answer = await fetch(file.url, { headers, signal: either, credentials: "omit", cache: "no-store" });
    if (answer.status === 412) throw new DownloadError("FILE_CHANGED");
    if (answer.status !== (from ? 206 : 200)) return answer.status === 403 ? "expired" : "broken";
    for await (const chunk of chunks(answer.body)) {
      clearTimeout(timer);
      timer = setTimeout(() => stall.abort(), STALLED);
      if (progress.done + chunk.length > file.size) throw new DownloadError("DAMAGED");
      await sink.write(chunk).catch(() => Promise.reject(new DownloadError("DISK")));
      progress.sum = crc32(chunk, progress.sum);
      on((progress.done += chunk.length));
    }
    return progress.done === file.size ? "complete" : "broken";
  } catch (error) {
    if (signal.aborted || error instanceof DownloadError) throw signal.aborted ? signal.reason : error;
    return progress.done > from || stall.signal.aborted ? "broken" : "unreadable";
  } finally {
    clearTimeout(timer);
    stall.abort(); // leaves nothing running
  }
}

/** A fresh URL where the old one may be why; the same file, or none. */
async function renewed(file, renew, end) {
  if (end === "broken" && Date.now() < Date.parse(file.expiresAt)) return file;
  const fresh = await renew();
  if (fresh.etag !== file.etag || fresh.size !== file.size) throw new DownloadError("FILE_CHANGED");
  return fresh;
}

function verify({ size, checksum }, { done, sum }) {
  const whole = checksum?.algorithm === "CRC32" && !checksum.value.includes("-");
  if (done !== size || (whole && checksum.value !== inBase64(sum))) throw new DownloadError("DAMAGED");
}

async function* chunks(stream) {
  const reader = stream.getReader(); // not every browser iterates streams
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
  } finally {
    reader.releaseLock();
  }
}
