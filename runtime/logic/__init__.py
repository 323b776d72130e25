"""The use cases, one file each: no AWS, no sockets, no clock of their own."""
