"""Load with injected faults: many downloads of all kinds on a stack of the emulator, and a verdict for each of them."""
