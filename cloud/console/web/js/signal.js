/**
 * The signal of one bed on its way to the screen: the last seconds in mV, the beats, and the playhead.
 *
 * Segments come once a second; the playhead runs evenly behind them, so that the sweep is smooth, and stops where the
 * signal stops. Drift is removed with a 0.05 Hz high-pass (the display bandwidth of a diagnostic monitor).
 */

import { INVALID_SAMPLE } from './frames.js';

/** @typedef {import('./types.js').Strip} Strip */

const KEEP_S = 40;
/** How far behind the newest sample the playhead aims to be when a segment has just come. */
const LAG_S = 1.5;
const HIGH_PASS_HZ = 0.05;
/** Beyond this from the baseline for long, the baseline has jumped: follow it fast. */
const JUMP_MV = 2.5;

export class LeadBuffer {
  /** @param {string} name @param {number} size */
  constructor(name, size) {
    this.name = name;
    this.connected = true;
    this.mv = new Float32Array(size).fill(NaN);
    /** 1 where a segment with this lead has come, whatever was in it. */
    this.received = new Uint8Array(size);
    this.baseline = NaN;
  }
}

export class BedSignal {
  constructor() {
    this.epoch = -1;
    this.fsHz = 0;
    /** @type {Map<string, LeadBuffer>} */ this.leads = new Map();
    this.size = 0;
    this.firstSample = 0;
    this.endSample = 0;
    this.endTimeMs = 0;
    this.arrivedMs = -Infinity;
    this.playhead = -1;
    /** @type {Map<number, string>} */ this.beats = new Map();
    /** Counts restarts of the buffer, so that strips know to begin again. */
    this.generation = 0;
  }

  /** @param {Strip} strip @param {number} nowMs monotonic */
  add(strip, nowMs) {
    const nSamples = strip.leads[0]?.samples.length ?? 0;
    if (!nSamples) return;
    if (strip.epoch < this.epoch) return;
    const gapS = (strip.firstSample - this.endSample) / strip.fsHz;
    if (strip.epoch !== this.epoch || strip.fsHz !== this.fsHz || Math.abs(gapS) > KEEP_S / 2) this.restart(strip);
    const end = strip.firstSample + nSamples;
    // A segment that did not come leaves a hole, not what the ring held 40 s ago.
    for (const buffer of this.leads.values()) this.blank(buffer, this.endSample, strip.firstSample);
    for (const lead of strip.leads) this.write(lead, strip.firstSample);
    for (const [name, buffer] of this.leads) {
      if (end > this.endSample && !strip.leads.some((lead) => lead.name === name)) this.blank(buffer, strip.firstSample, end);
    }
    if (end > this.endSample) {
      this.endSample = end;
      this.endTimeMs = strip.startTimeMs + (nSamples * 1000) / strip.fsHz;
    }
    if (this.playhead < 0) this.playhead = Math.max(this.firstSample, end - LAG_S * this.fsHz);
    if (strip.history) this.playhead = Math.max(this.firstSample, this.endSample - LAG_S * this.fsHz);
    else this.arrivedMs = nowMs;
    this.firstSample = Math.max(this.firstSample, this.endSample - this.size);
  }

  /** @param {Strip} strip */
  restart(strip) {
    this.epoch = strip.epoch;
    this.fsHz = strip.fsHz;
    this.size = Math.round(KEEP_S * strip.fsHz);
    this.leads.clear();
    this.beats.clear();
    this.firstSample = strip.firstSample;
    this.endSample = strip.firstSample;
    this.playhead = -1;
    this.generation += 1;
  }

  /** @param {import('./types.js').LeadStrip} lead @param {number} firstSample */
  write(lead, firstSample) {
    let buffer = this.leads.get(lead.name);
    if (!buffer) this.leads.set(lead.name, (buffer = new LeadBuffer(lead.name, this.size)));
    buffer.connected = lead.connected;
    const { mv } = buffer;
    if (Number.isNaN(buffer.baseline)) buffer.baseline = startingBaseline(lead);
    const slow = (2 * Math.PI * HIGH_PASS_HZ) / this.fsHz;
    for (let i = 0; i < lead.samples.length; i += 1) {
      const adu = /** @type {number} */ (lead.samples[i]);
      const at = (firstSample + i) % this.size;
      buffer.received[at] = 1;
      if (adu === INVALID_SAMPLE || !lead.connected) {
        mv[at] = NaN;
        continue;
      }
      const value = (adu - lead.baseline) / lead.gain;
      const above = value - buffer.baseline;
      buffer.baseline += above * (Math.abs(above) > JUMP_MV ? slow * 20 : slow);
      mv[at] = above;
    }
  }

  /** @param {LeadBuffer} buffer @param {number} first @param {number} end */
  blank(buffer, first, end) {
    for (let sample = first; sample < end; sample += 1) {
      buffer.mv[sample % this.size] = NaN;
      buffer.received[sample % this.size] = 0;
    }
  }

  /** @param {number} epoch @param {[number, string][]} beats */
  addBeats(epoch, beats) {
    if (epoch !== this.epoch) return;
    for (const [sample, symbol] of beats) this.beats.set(sample, symbol);
    if (this.beats.size > 400) {
      for (const sample of this.beats.keys()) if (sample < this.firstSample) this.beats.delete(sample);
    }
  }

  /**
   * Moves the playhead on by real time, a little faster or slower so that it keeps LAG_S behind what comes.
   * @param {number} elapsedS
   */
  advance(elapsedS) {
    if (this.playhead < 0) return;
    const behindS = (this.endSample - this.playhead) / this.fsHz;
    if (behindS > 6) this.playhead = this.endSample - LAG_S * this.fsHz;
    // In steady state behindS saws between LAG_S - 1 and LAG_S: its mean is LAG_S - 0.5.
    const rate = 1 + Math.max(-0.1, Math.min(2, (behindS - (LAG_S - 0.5)) * (behindS > LAG_S + 0.5 ? 1 : 0.06)));
    this.playhead = Math.min(this.endSample, this.playhead + elapsedS * this.fsHz * rate);
  }

  /**
   * @param {string} lead
   * @param {number} sample
   * @returns {number} mV, NaN where there is none
   */
  at(lead, sample) {
    if (sample < this.firstSample || sample >= this.endSample) return NaN;
    return this.leads.get(lead)?.mv[sample % this.size] ?? NaN;
  }
}

/**
 * True where every lead has come for every sample of a stretch: a lead that was not sent is not a lead that is off.
 * @param {BedSignal} signal @param {string[]} leads @param {number} first @param {number} end
 */
export function isWhole(signal, leads, first, end) {
  return leads.every((name) => {
    const buffer = signal.leads.get(name);
    if (!buffer || first < signal.firstSample) return false;
    for (let sample = first; sample < end; sample += 1) if (!buffer.received[sample % signal.size]) return false;
    return true;
  });
}

/** @param {import('./types.js').LeadStrip} lead @returns {number} median, mV; NaN where no sample is good */
function startingBaseline(lead) {
  const good = Array.from(lead.samples).filter((adu) => adu !== INVALID_SAMPLE).sort((a, b) => a - b);
  const middle = good[good.length >> 1];
  return middle === undefined ? NaN : (middle - lead.baseline) / lead.gain;
}
