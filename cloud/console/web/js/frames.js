/**
 * Reads the binary strip frames of the console (format: cloud/console/frames.py, version 1, little-endian).
 */

/** @typedef {import('./types.js').Strip} Strip */

export const VERSION = 1;
/** Value that says "no sample here". */
export const INVALID_SAMPLE = -32768;

const utf8 = new TextDecoder();

/**
 * @param {ArrayBuffer} buffer
 * @returns {Strip[]} strips whose samples are views of the buffer
 */
export function readFrame(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < 8 || view.getUint16(0, true) !== 0x5356 || view.getUint8(2) !== VERSION) {
    throw new RangeError(`${buffer.byteLength} bytes are not a strip frame of version ${VERSION}`);
  }
  const strips = [];
  let at = 8;
  for (let left = view.getUint16(4, true); left > 0; left -= 1) {
    const nLeads = view.getUint16(at + 6, true);
    const nSamples = view.getUint32(at + 8, true);
    /** @type {Strip} */
    const strip = {
      handle: view.getUint32(at, true),
      history: (view.getUint16(at + 4, true) & 1) === 1,
      epoch: view.getUint32(at + 12, true),
      firstSample: view.getFloat64(at + 16, true),
      startTimeMs: view.getFloat64(at + 24, true),
      fsHz: view.getFloat64(at + 32, true),
      leads: [],
    };
    at += 40;
    const body = at + 24 * nLeads;
    for (let row = 0; row < nLeads; row += 1) {
      const nameLength = view.getUint8(at + 9);
      strip.leads.push({
        gain: view.getFloat32(at, true),
        baseline: view.getFloat32(at + 4, true),
        connected: view.getUint8(at + 8) === 0,
        name: utf8.decode(new Uint8Array(buffer, at + 10, nameLength)),
        samples: new Int16Array(buffer, body + row * nSamples * 2, nSamples),
      });
      at += 24;
    }
    const size = nLeads * nSamples * 2;
    at = body + size + ((8 - (size % 8)) % 8);
    strips.push(strip);
  }
  return strips;
}
