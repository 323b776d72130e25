// Every code that can end a download: what happened, and what to do about it.

const TEXTS = {
  // The origin
  ORIGIN_NOT_FOUND: ["The origin has no such file.", "Check the path; capitals count."],
  ORIGIN_REFUSED: ["The origin refused to give the file.", "Whoever runs this API has to give it access to the origin."],
  ORIGIN_ERROR: ["The origin answered with an error.", "Try again later."],
  ORIGIN_UNREACHABLE: ["The origin could not be reached.", "Try again later; if it stays so, tell whoever runs this API."],
  ORIGIN_TIMEOUT: ["The origin did not answer in time.", "Try again later."],
  ORIGIN_TLS: ["The origin’s certificate is not trusted.", "Whoever runs the origin has to renew it."],
  ORIGIN_TRUNCATED: ["The origin kept breaking off in the middle of the file.", "Try again later."],
  ORIGIN_CHANGED: ["The file changed while it was being copied.", "Try again; what you get is then one version, whole."],
  ORIGIN_ADDRESS_REFUSED: ["The origin leads to an address that is not allowed.", "Whoever runs this API has to allow it."],
  // The copy
  FILE_TOO_LARGE: ["The file is larger than this API copies.", "Ask for it in smaller pieces, if the origin has such, or ask whoever runs this API to allow larger files."],
  SIZE_MISMATCH: ["The file is not as large as was promised.", "Ask whoever promised it which file is meant."],
  CHECKSUM_MISMATCH: ["The file is not the one that was promised.", "Try again; if it stays so, the file at the origin is damaged."],
  STORAGE_ERROR: ["The copy could not be stored.", "Try again in a few minutes."],
  TRANSFER_FAILED: ["The copy failed in spite of several tries.", "Try again in a few minutes."],
  TIMED_OUT: ["The copy took too long.", "Try again; if the origin is slow now, later."],
  STOPPED: ["The copy was stopped.", "Try again, unless you know who stopped it."],
  // The call
  INVALID_REQUEST: ["The API did not understand the request.", ""],
  INVALID_PATH: ["This path cannot be asked for.", "Name a path below the origin, without “..” and without a host."],
  UNKNOWN_ORIGIN: ["There is no origin of that name.", "Check the name in the settings."],
  TICKET_REFUSED: ["This download is not open to you any more.", "Ask for the file again."],
  DOWNLOAD_NOT_FOUND: ["This download has expired.", "Ask for the file again."],
  TOO_MANY_DOWNLOADS: ["You have as many downloads running as one caller may have.", "Wait until one has ended, then try again."],
  DAILY_LIMIT_REACHED: ["As much was copied for you today as one caller may have.", "Try again after midnight UTC."],
  TOO_MANY_REQUESTS: ["The API is busy.", "Try again in a moment."],
  UNAVAILABLE: ["The API is busy.", "Try again in a moment."],
  TIMEOUT: ["The API did not answer in time.", "Try again."],
  INTERNAL: ["Something went wrong on the side of the API.", "Try again in a moment."],
  UNAUTHORIZED: ["The API wants to know who is calling.", "A page can send an API key and nothing else; for other ways use the async-download command."],
  FORBIDDEN: ["The API refused the call.", "Check the API key and the API URL. An API that wants calls signed with IAM cannot be used from a page: use the async-download command."],
  NOT_FOUND: ["There is no such call.", "Check the API URL: it ends with the name of the stage, such as /v1."],
  // This page
  BAD_API_URL: ["That is no URL of an API.", "It begins with https:// (http:// only for this machine) and ends with the name of the stage, such as /v1."],
  BAD_ANSWER: ["What answers there is not this API.", "Check the API URL."],
  OFFLINE: ["This device is offline.", "Connect, then try again."],
  NETWORK: ["The API cannot be reached from this page.", "Check the API URL. If it is right, the API has to allow pages from here (its api.corsOrigins setting)."],
  FILE_CHANGED: ["The copy was replaced while you were downloading it.", "Ask for the file again."],
  BROKEN_OFF: ["The download broke off again and again.", "Use the link: the browser’s own downloads can be resumed."],
  DAMAGED: ["What arrived is not what was sent.", "Try again, or use the link."],
  PAGE: ["This page made a mistake.", "Reload it and try again."],
  DISK: ["The file could not be written.", "Is there room on the disk? Then try again, or use the link."],
};

/** What happened and what to do, for a code of ours or one that this page does not know yet. */
export function explain(code, message) {
  const [what, todo] = TEXTS[code] ?? [message || "It did not work.", "Try again."];
  return { what, todo, code, message: message && message !== what ? message : "" };
}

/** The codes that are explained. */
export const CODES = Object.keys(TEXTS);
