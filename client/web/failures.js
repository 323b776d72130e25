// Explains every code that can end a download: the problem, and what to do.

const TEXTS = {
  // The origin
  ORIGIN_NOT_FOUND: ["The origin has no such file.", "Check the path; capitals count."],
  ORIGIN_REFUSED: ["The origin refused to give the file.", "The operator of this API has to give it access to the origin."],
  ORIGIN_ERROR: ["The origin answered with an error.", "Try again later."],
  ORIGIN_UNREACHABLE: ["The origin could not be reached.", "Try again later; if it fails again, tell the operator of this API."],
  ORIGIN_TIMEOUT: ["The origin did not answer in time.", "Try again later."],
  ORIGIN_TLS: ["The origin’s certificate is not trusted.", "The operator of the origin has to renew it."],
  ORIGIN_TRUNCATED: ["The origin broke off in the middle of the file several times.", "Try again later."],
  ORIGIN_CHANGED: ["The file changed while it was being copied.", "Try again to get one complete version."],
  ORIGIN_ADDRESS_REFUSED: ["The origin leads to an address that is not allowed.", "The operator of this API has to allow it."],
  // The copy
  FILE_TOO_LARGE: ["The file is larger than this API copies.", "Request smaller files, if the origin has them, or ask the operator of this API to allow larger ones."],
  SIZE_MISMATCH: ["The file has another size than expected.", "Check the expected size."],
  CHECKSUM_MISMATCH: ["The file has another checksum than expected.", "Try again; if it fails again, the file at the origin is damaged."],
  STORAGE_ERROR: ["The copy could not be stored.", "Try again in a few minutes."],
  TRANSFER_FAILED: ["The copy failed after several attempts.", "Try again in a few minutes."],
  TIMED_OUT: ["The copy took too long.", "Try again, or later if the origin is slow now."],
  STOPPED: ["The copy was stopped.", "Try again, unless it was stopped on purpose."],
  // The call
  INVALID_REQUEST: ["The API did not understand the request.", ""],
  INVALID_PATH: ["This path is not allowed.", "Name a path below the origin, without “..” and without a host."],
  UNKNOWN_ORIGIN: ["There is no origin of that name.", "Check the name in the settings."],
  TICKET_REFUSED: ["You have no access to this download any more.", "Request the file again."],
  DOWNLOAD_NOT_FOUND: ["This download has expired.", "Request the file again."],
  TOO_MANY_DOWNLOADS: ["You have as many running downloads as are allowed.", "Wait until one has ended, then try again."],
  DAILY_LIMIT_REACHED: ["Your limit of copied bytes for today is reached.", "Try again after midnight UTC."],
  TOO_MANY_REQUESTS: ["The API is busy.", "Try again in a moment."],
  UNAVAILABLE: ["The API is busy.", "Try again in a moment."],
  TIMEOUT: ["The API did not answer in time.", "Try again."],
  INTERNAL: ["The API had an internal error.", "Try again in a moment."],
  UNAUTHORIZED: ["The API requires credentials.", "A page can send only an API key; for other credentials use the async-download command."],
  FORBIDDEN: ["The API refused the call.", "Check the API key and the API URL. An API that requires calls signed with IAM cannot be used from a page: use the async-download command."],
  REQUEST_BLOCKED: ["A firewall blocked the request before it reached the API.", "Ask the operator of this API to allow such requests."],
  NOT_FOUND: ["The API has no such path.", "Check the API URL: it ends with the name of the stage, such as /v1."],
  // This page
  BAD_API_URL: ["This is not the URL of an API.", "It begins with https:// (http:// only for this machine) and ends with the name of the stage, such as /v1."],
  BAD_ANSWER: ["The server at this URL is not an async-download API.", "Check the API URL."],
  OFFLINE: ["This device is offline.", "Connect, then try again."],
  NETWORK: ["The API cannot be reached from this page.", "Check the API URL. If it is right, the API has to allow pages from here (its api.corsOrigins setting)."],
  FILE_CHANGED: ["The copy was replaced while you were downloading it.", "Request the file again."],
  BROKEN_OFF: ["The download broke off several times.", "Use the link: the browser’s own downloads can be resumed."],
  DAMAGED: ["The received file is damaged.", "Try again, or use the link."],
  PAGE: ["This page had an internal error.", "Reload it and try again."],
  DISK: ["The file could not be written.", "Check the space on the disk and try again, or use the link."],
};

/** Returns the problem and what to do, for any code. */
export function explain(code, message) {
  const [problem, todo] = TEXTS[code] ?? [message || "It did not work.", "Try again."];
  return { problem, todo, code, message: message && message !== problem ? message : "" };
}

/** All codes that are explained here. */
export const CODES = Object.keys(TEXTS);
