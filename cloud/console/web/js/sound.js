/**
 * Alarm sounds: pulses by priority (IEC 60601-1-8 through a vendor manual, CLINICAL.md §4), off until a person turns
 * them on, as browsers want it. High: 2 × 5 pulses every 5 s; medium: 3 every 15 s; low: 1 every 30 s; technical: its
 * own two tones every 30 s. The most urgent alarm that calls and is not paused is heard.
 */

import { audioPaused, byUrgency, callsOut } from './store.js';

/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./types.js').Priority} Priority */
/** @typedef {{hz: number, atS: number}} Pulse */

const [PULSE_S, ATTACK_S] = [0.15, 0.02];
/** The technical tone while the connection is lost. */
const LOST_REPEAT_MS = 8000;
const REPEAT_MS = { high: 5000, medium: 15_000, low: 30_000, technical: 30_000 };

/** Three, then two: once for medium (three only), twice for high. @type {Record<Priority, Pulse[]>} */
const BURSTS = {
  high: [0, 1.15].flatMap((start) => [0, 0.2, 0.4, 0.75, 0.95].map((atS, i) => ({ hz: i < 3 ? 523 : 698, atS: start + atS }))),
  medium: [0, 0.28, 0.56].map((atS) => ({ hz: 440, atS })),
  low: [{ hz: 392, atS: 0 }],
  technical: [{ hz: 330, atS: 0 }, { hz: 262, atS: 0.22 }],
};

export class AlarmSound {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    /** @type {AudioContext|null} */ this.context = null;
    this.lastMs = -Infinity;
    /** @type {Priority|null} */ this.lastPriority = null;
    setInterval(() => this.tick(), 250);
    store.on('alarms', () => this.tick());
  }

  get on() {
    return this.context?.state === 'running';
  }

  /** Only ever called from a click or key. */
  async toggle() {
    if (this.context && this.on) await this.context.suspend();
    else {
      this.context ??= new AudioContext();
      await this.context.resume();
      this.lastMs = -Infinity;
      if (!this.audible()) this.play([{ hz: 392, atS: 0 }], 0.05);
    }
  }

  /** The alarm that should be heard now. */
  audible() {
    const nowMs = this.store.nowMs();
    return this.store.standing().filter((alarm) => callsOut(alarm) && !audioPaused(alarm, nowMs)).sort(byUrgency)[0] ?? null;
  }

  tick() {
    if (this.on && this.store.lost && this.store.lastHeardMs > 0) {
      // A screen that cannot hear the console must not be quiet: that would sound like "all is well".
      if (performance.now() - this.lastMs < LOST_REPEAT_MS) return;
      this.lastMs = performance.now();
      this.lastPriority = null;
      this.play(BURSTS.technical, 0.25);
      return;
    }
    const alarm = this.audible();
    if (!this.on || !alarm) return;
    const raised = this.lastPriority === null || byRank(alarm.priority) < byRank(this.lastPriority);
    const nowMs = performance.now();
    if (!raised && nowMs - this.lastMs < REPEAT_MS[alarm.priority]) return;
    if (nowMs - this.lastMs < 2500) return; // a burst is never cut into
    this.lastMs = nowMs;
    this.lastPriority = alarm.priority;
    this.play(BURSTS[alarm.priority], alarm.priority === 'high' ? 0.3 : 0.18);
  }

  /** @param {Pulse[]} pulses @param {number} loudness */
  play(pulses, loudness) {
    const { context } = this;
    if (!context) return;
    const start = context.currentTime + 0.02;
    for (const { hz, atS } of pulses) {
      // A fundamental and four harmonics, so that it is heard through noise and can be located.
      for (let harmonic = 1; harmonic <= 5; harmonic += 1) {
        const tone = context.createOscillator();
        const gain = context.createGain();
        tone.frequency.value = hz * harmonic;
        gain.gain.setValueAtTime(0, start + atS);
        gain.gain.linearRampToValueAtTime(loudness / (harmonic * 1.4), start + atS + ATTACK_S);
        gain.gain.setValueAtTime(loudness / (harmonic * 1.4), start + atS + PULSE_S - ATTACK_S);
        gain.gain.linearRampToValueAtTime(0, start + atS + PULSE_S);
        tone.connect(gain).connect(context.destination);
        tone.start(start + atS);
        tone.stop(start + atS + PULSE_S + 0.02);
      }
    }
  }
}

/** @param {Priority} priority */
function byRank(priority) {
  return ['high', 'medium', 'low', 'technical'].indexOf(priority);
}
