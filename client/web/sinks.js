// Where a file goes: memory and then the browser's downloads, or straight to a place on disk that the user chose.

/** What is fetched without asking; larger files go straight to disk, or by the link. */
export const MOST_IN_MEMORY = 256 * 1024 * 1024;

/** Whether this browser lets a page write to a file that the user chooses. */
export const CAN_CHOOSE = "showSaveFilePicker" in window;

/** Collects, and hands the whole to the browser as one more download. */
export function memorySink(name) {
  const parts = [];
  return {
    write: async (chunk) => void parts.push(chunk),
    abort: async () => void parts.splice(0),
    close: async () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(parts.splice(0), { type: "application/octet-stream" }));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // by then the browser has taken it over
    },
  };
}

/** A file that the user chooses; null when they choose none. */
export async function chosenSink(name) {
  const handle = await window.showSaveFilePicker({ suggestedName: name }).catch((error) => {
    if (error.name === "AbortError") return null;
    throw error;
  });
  return handle && handle.createWritable(); // has write, close and abort; nothing is there until it is closed
}
