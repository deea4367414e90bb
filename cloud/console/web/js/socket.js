/**
 * The live connection: reconnects by itself, tells the store, and says what the page looks at.
 */

import { readFrame } from './frames.js';

/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./types.js').View} View */

const RETRY_MS = [500, 1000, 2000, 3000];

export class LiveSocket {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    /** @type {View} */ this.view = { beds: [], leads: 1, focus: null, alarm: null };
    this.failures = 0;
    this.said = '';
    /** @type {WebSocket|null} */ this.socket = null;
  }

  open() {
    const url = new URL('/ws', location.href);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    socket.addEventListener('open', () => {
      this.failures = 0;
      this.said = '';
      this.store.connected = true;
      this.store.lastHeardMs = performance.now();
      this.say();
      this.store.tell('connection');
    });
    socket.addEventListener('message', (event) => this.receive(event.data));
    socket.addEventListener('close', (event) => {
      if (event.reason) console.warn(`connection closed: ${event.reason}`);
      this.store.connected = false;
      this.store.tell('connection');
      setTimeout(() => this.open(), RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)]);
      this.failures += 1;
    });
  }

  /** @param {string|ArrayBuffer} message */
  receive(message) {
    this.store.lastHeardMs = performance.now();
    if (typeof message === 'string') this.store.take(JSON.parse(message));
    else for (const strip of readFrame(message)) this.store.takeStrip(strip);
  }

  /** Changes what the page looks at. @param {Partial<View>} change */
  look(change) {
    this.view = { ...this.view, ...change };
    this.say();
  }

  say() {
    const text = JSON.stringify({ type: 'view', ...this.view });
    if (text === this.said || this.socket?.readyState !== WebSocket.OPEN) return;
    this.said = text;
    this.socket.send(text);
  }
}
