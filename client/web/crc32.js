// The CRC-32 of a whole object, in S3's notation: big-endian, base64.

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** Returns the CRC-32 after more bytes; begin with 0. */
export function crc32(bytes, running = 0) {
  let value = ~running;
  for (let index = 0; index < bytes.length; index += 1) value = (value >>> 8) ^ TABLE[(value ^ bytes[index]) & 0xff];
  return ~value >>> 0;
}

/** Returns a CRC-32 in S3's notation. */
export function inBase64(value) {
  return btoa(String.fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff));
}
