/**
 * What the page knows: beds, numbers, alarms, the console's status. Everything else is drawn from it.
 */

import { BedSignal } from './signal.js';

/** @typedef {import('./types.js').Alarm} Alarm */
/** @typedef {import('./types.js').Bed} Bed */
/** @typedef {import('./types.js').InterpretationEvent} InterpretationEvent */
/** @typedef {import('./types.js').Status} Status */
/** @typedef {import('./types.js').Strip} Strip */
/** @typedef {import('./types.js').Vitals} Vitals */
/** @typedef {'beds'|'vitals'|'alarms'|'status'|'interpretations'|'connection'|'session'} Topic */

/** A strip this old is greyed: segments come each second (cloud/console/bed_board.py keeps the server's own limit). */
export const STALE_MS = 3500;
/** The console says how it is each second; after this it is not reachable. */
export const LOST_MS = 4000;
/** Alarms that are over and stay in the list. */
const KEEP_CLEARED = 300;
/** Among high alarms: what kills first, first (as cloud/console/alarm_book.py). */
const LETHAL_ORDER = ['VFB', 'ASY', 'VTA', 'EBR', 'ETC'];
const RANK = { high: 0, medium: 1, low: 2, technical: 3 };

export class Store {
  constructor() {
    /** @type {Map<string, Bed>} */ this.beds = new Map();
    /** @type {Map<number, string>} */ this.byHandle = new Map();
    /** @type {Map<string, Vitals>} */ this.vitals = new Map();
    /** @type {Map<string, BedSignal>} */ this.signals = new Map();
    /** @type {Map<string, Alarm>} */ this.alarms = new Map();
    /** @type {Map<string, Alarm>} most urgent standing alarm, by bed */ this.urgent = new Map();
    /** @type {Map<string, Map<number, InterpretationEvent>>} by escalation */ this.interpretations = new Map();
    /** @type {Status|null} */ this.status = null;
    /** @type {string|null} */ this.user = null;
    /** @type {string[]} */ this.users = [];
    this.connected = false;
    this.lastHeardMs = -Infinity;
    this.clockOffsetMs = 0;
    /** @type {Map<Topic, Set<() => void>>} */ this.listeners = new Map();
  }

  /** @param {Topic} topic @param {() => void} listener */
  on(topic, listener) {
    const listeners = this.listeners.get(topic) ?? new Set();
    this.listeners.set(topic, listeners.add(listener));
  }

  /** @param {Topic} topic */
  tell(topic) {
    for (const listener of this.listeners.get(topic) ?? []) listener();
  }

  /** The console's clock, ms UTC. */
  nowMs() {
    return Date.now() + this.clockOffsetMs;
  }

  /** True while nothing on the page may be taken for live. */
  get lost() {
    return !this.connected || performance.now() - this.lastHeardMs > LOST_MS;
  }

  /** Forgets what the last connection told: handles and alarms may be others now. */
  reset() {
    this.beds.clear();
    this.byHandle.clear();
    this.alarms.clear();
    this.urgent.clear();
    this.vitals.clear();
    this.signals.clear();
  }

  /** @param {Record<string, any>} message */
  take(message) {
    if (message['type'] === 'hello') this.reset();
    for (const bed of message['beds'] ?? []) {
      this.beds.set(bed.bed, bed);
      this.byHandle.set(bed.handle, bed.bed);
    }
    for (const vitals of message['vitals'] ?? []) {
      this.vitals.set(vitals.bed, vitals);
      this.signals.get(vitals.bed)?.addBeats(vitals.epoch, vitals.beats);
    }
    for (const alarm of message['alarms'] ?? []) this.alarms.set(alarm.alarm_id, alarm);
    if (message['alarms']) this.findUrgent();
    for (const event of message['interpretations'] ?? []) {
      const events = this.interpretations.get(event.escalation_id) ?? new Map();
      this.interpretations.set(event.escalation_id, events.set(event.number, event));
    }
    const status = message['status']?.[0];
    if (status) {
      this.status = status;
      this.clockOffsetMs = status.time_ms - Date.now();
    }
    for (const topic of /** @type {Topic[]} */ (['beds', 'vitals', 'alarms', 'interpretations', 'status'])) {
      if (message[topic]?.length || message['type'] === 'hello') this.tell(topic);
    }
  }

  /** @param {Strip} strip */
  takeStrip(strip) {
    const bed = this.byHandle.get(strip.handle);
    if (bed === undefined) return;
    let signal = this.signals.get(bed);
    if (!signal) this.signals.set(bed, (signal = new BedSignal()));
    signal.add(strip, performance.now());
    const vitals = this.vitals.get(bed);
    if (vitals) signal.addBeats(vitals.epoch, vitals.beats);
  }

  /** @param {string} bed */
  isStale(bed) {
    const signal = this.signals.get(bed);
    return this.lost || !signal || performance.now() - signal.arrivedMs > STALE_MS;
  }

  /** Alarms that are not cleared, most urgent first. */
  standing() {
    return [...this.alarms.values()].filter((alarm) => alarm.state !== 'cleared').sort(byUrgency);
  }

  findUrgent() {
    this.urgent.clear();
    for (const alarm of this.standing()) if (!this.urgent.has(alarm.bed)) this.urgent.set(alarm.bed, alarm);
    const cleared = [...this.alarms.values()].filter((alarm) => alarm.state === 'cleared');
    cleared.sort((a, b) => a.raised_time_ms - b.raised_time_ms);
    for (const alarm of cleared.slice(0, Math.max(0, cleared.length - KEEP_CLEARED))) this.alarms.delete(alarm.alarm_id);
  }

  /** The most urgent patient alarm of a bed, then the most urgent technical one. @param {string} bed */
  alarmOf(bed) {
    return this.urgent.get(bed) ?? null;
  }
}

/** True where the condition lasts no more: what goes on now comes before what is latched. @param {Alarm} alarm */
function isOver(alarm) {
  return alarm.state === 'latched' || alarm.state === 'ended' || (alarm.state === 'acknowledged' && alarm.ended_time_ms !== null);
}

/** @param {Alarm} a @param {Alarm} b */
export function byUrgency(a, b) {
  return (
    RANK[a.priority] - RANK[b.priority] ||
    Number(a.state === 'acknowledged') - Number(b.state === 'acknowledged') ||
    Number(isOver(a)) - Number(isOver(b)) ||
    severity(a) - severity(b) ||
    b.raised_time_ms - a.raised_time_ms
  );
}

/** Acknowledged and ended alarms do not flash or sound. @param {Alarm} alarm */
export function callsOut(alarm) {
  return alarm.state === 'active' || alarm.state === 'latched';
}

/** @param {Alarm} alarm @param {number} nowMs */
export function audioPaused(alarm, nowMs) {
  return (alarm.audio_paused_until_ms ?? 0) > nowMs;
}

/** @param {Alarm} alarm */
function severity(alarm) {
  const at = LETHAL_ORDER.indexOf(alarm.code);
  return at < 0 ? LETHAL_ORDER.length : at;
}
