// Destinations of a file: memory and then the browser's downloads, or a file that the user chooses.

/** The largest file that is downloaded into memory; larger ones go to a chosen file, or use the link. */
export const MAX_IN_MEMORY = 256 * 1024 * 1024;

/** True if this browser lets a page write to a file that the user chooses. */
export const CAN_CHOOSE_FILE = "showSaveFilePicker" in window;

/** Collects the file in memory, and then starts a download of the browser. */
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
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser has read it by then
    },
  };
}

/** Lets the user choose a file; returns null if they cancel. */
export async function chosenFileSink(name) {
  const handle = await window.showSaveFilePicker({ suggestedName: name }).catch((error) => {
    if (error.name === "AbortError") return null;
    throw error;
  });
  return handle && handle.createWritable(); // has write, close and abort; the file appears when it is closed
}
