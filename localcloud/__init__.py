"""The whole stack on this machine: an emulator of AWS, the program deployed on it, a demo and tools."""
