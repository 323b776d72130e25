// Downloads the copy into a sink: resumes after an interruption, renews an expired URL, verifies.

import { retryDelay, DownloadError, pause } from "./api.js";
import { crc32, inBase64 } from "./crc32.js";

const MAX_ATTEMPTS = 5; // in a row, without a byte
const STALL_MILLISECONDS = 30_000;

/** The storage's CORS rules do not let this page read the file; the link works. */
export class UnreadableError extends Error {}

/**
 * Downloads a file into a sink, and closes the sink after the verification.
 *
 * `file` is a `ready` message, `renew` resolves to a new one, `onProgress` is called with the received bytes.
 */
export async function save(file, sink, { renew, onProgress, signal }) {
  const progress = { done: 0, sum: 0 };
  let current = file;
  try {
    for (let failures = 0; progress.done < file.size; ) {
      const before = progress.done;
      const result = await fetchFrom(current, sink, progress, onProgress, signal);
      if (result === "complete") break;
      failures = progress.done > before ? 1 : failures + 1;
      if (result === "unreadable" && failures > 1 && !progress.done) throw new UnreadableError();
      if (failures >= MAX_ATTEMPTS) throw new DownloadError("BROKEN_OFF");
      if (result === "broken") await pause(retryDelay(failures), signal);
      current = await renewed(current, renew, result);
    }
    verify(file, progress);
    await sink.close().catch(() => Promise.reject(new DownloadError("DISK")));
  } catch (error) {
    await sink.abort().catch(() => {});
    throw error;
  }
}

/** Sends one GET for the missing bytes; returns "complete", "broken", "expired" or "unreadable". */
async function fetchFrom(file, sink, progress, onProgress, signal) {
  const stall = new AbortController();
  const either = AbortSignal.any([signal, stall.signal]);
  let timer = setTimeout(() => stall.abort(), STALL_MILLISECONDS);
  const from = progress.done;
  const headers = from ? { Range: `bytes=${from}-`, "If-Match": file.etag } : {};
  try {
    const response = await fetch(file.url, { headers, signal: either, credentials: "omit", cache: "no-store" });
    if (response.status === 412) throw new DownloadError("FILE_CHANGED");
    if (response.status !== (from ? 206 : 200)) return response.status === 403 ? "expired" : "broken";
    for await (const chunk of chunks(response.body)) {
      clearTimeout(timer);
      timer = setTimeout(() => stall.abort(), STALL_MILLISECONDS);
      if (progress.done + chunk.length > file.size) throw new DownloadError("DAMAGED");
      await sink.write(chunk).catch(() => Promise.reject(new DownloadError("DISK")));
      progress.sum = crc32(chunk, progress.sum);
      onProgress((progress.done += chunk.length));
    }
    return progress.done === file.size ? "complete" : "broken";
  } catch (error) {
    if (signal.aborted || error instanceof DownloadError) throw signal.aborted ? signal.reason : error;
    return progress.done > from || stall.signal.aborted ? "broken" : "unreadable";
  } finally {
    clearTimeout(timer);
    stall.abort(); // ends the request
  }
}

/** Returns the file with a new URL if the old one may have expired; throws if the file has changed. */
async function renewed(file, renew, result) {
  if (result === "broken" && Date.now() < Date.parse(file.expiresAt)) return file;
  const current = await renew();
  if (current.etag !== file.etag || current.size !== file.size) throw new DownloadError("FILE_CHANGED");
  return current;
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
