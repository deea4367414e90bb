/**
 * ECG paper: a strip that stands still, drawn as on paper: 25 mm/s, 10 mm/mV, 1 and 5 mm squares, calibration pulse.
 */

import { h } from './dom.js';
import { INVALID_SAMPLE } from './frames.js';

/** @typedef {import('./types.js').Strip} Strip */
/** @typedef {{timeMs: number, text: string, colour: string}} Marker */
/** @typedef {{lead: string, mv: Float32Array}} Row */

export const MM_PER_S = 25;
export const MM_PER_MV = 10;
const PULSE_MM = 5;
const LEFT_MM = 14;
const PAPER = '#fffaf6';
const FINE = '#f8ddd7';
const COARSE = '#eeb1a7';
const INK = '#17191c';

/** Rows of the 3 × 4 lay-out; below it the rhythm strip. */
const TWELVE = [
  ['I', 'aVR', 'V1', 'V4'],
  ['II', 'aVL', 'V2', 'V5'],
  ['III', 'aVF', 'V3', 'V6'],
];

/** @param {Strip} strip @returns {boolean} */
export function isTwelveLead(strip) {
  const names = new Set(strip.leads.map((lead) => lead.name));
  return TWELVE.flat().every((name) => names.has(name));
}

/**
 * A lead in mV about its median, NaN where there is no sample.
 * @param {import('./types.js').LeadStrip} lead
 */
export function millivolts(lead) {
  const mv = Float32Array.from(lead.samples, (adu) => (adu === INVALID_SAMPLE ? NaN : (adu - lead.baseline) / lead.gain));
  const good = mv.filter((value) => !Number.isNaN(value)).sort();
  const middle = good[good.length >> 1] ?? 0;
  return mv.map((value) => value - middle);
}

/**
 * Names of the leads, at the left edge however far the paper is scrolled.
 * @param {{lead: string, topMm: number}[]} rows
 * @param {number} pxPerMm
 */
export function leadNames(rows, pxPerMm) {
  const names = rows.map(({ lead, topMm }) => {
    const name = h('span', {}, lead);
    name.style.top = `${topMm * pxPerMm}px`;
    return name;
  });
  return h('div', { class: 'paper-names', 'aria-hidden': 'true' }, ...names);
}

export class Paper {
  /** @param {HTMLCanvasElement} canvas @param {number} pxPerMm */
  constructor(canvas, pxPerMm) {
    this.canvas = canvas;
    this.px = pxPerMm;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  }

  /** @param {number} widthMm @param {number} heightMm */
  sheet(widthMm, heightMm) {
    const ratio = globalThis.devicePixelRatio || 1;
    const [width, height] = [widthMm * this.px, heightMm * this.px];
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const { context } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = PAPER;
    context.fillRect(0, 0, width, height);
    this.lines(widthMm, heightMm, 1, FINE);
    this.lines(widthMm, heightMm, 5, COARSE);
  }

  /** @param {number} widthMm @param {number} heightMm @param {number} everyMm @param {string} style */
  lines(widthMm, heightMm, everyMm, style) {
    const { context, px } = this;
    context.strokeStyle = style;
    context.lineWidth = everyMm === 5 ? 1 : 0.7;
    context.beginPath();
    for (let mm = 0; mm <= widthMm; mm += everyMm) {
      context.moveTo(mm * px, 0);
      context.lineTo(mm * px, heightMm * px);
    }
    for (let mm = 0; mm <= heightMm; mm += everyMm) {
      context.moveTo(0, mm * px);
      context.lineTo(widthMm * px, mm * px);
    }
    context.stroke();
  }

  /** The 1 mV, 200 ms pulse. @param {number} middleMm */
  pulse(middleMm) {
    const { context, px } = this;
    const left = (LEFT_MM - PULSE_MM) / 2;
    context.strokeStyle = INK;
    context.lineWidth = 1.2;
    context.beginPath();
    context.moveTo((left - 2) * px, middleMm * px);
    context.lineTo(left * px, middleMm * px);
    context.lineTo(left * px, (middleMm - MM_PER_MV) * px);
    context.lineTo((left + PULSE_MM) * px, (middleMm - MM_PER_MV) * px);
    context.lineTo((left + PULSE_MM) * px, middleMm * px);
    context.lineTo((left + PULSE_MM + 2) * px, middleMm * px);
    context.stroke();
  }

  /**
   * @param {Float32Array} mv
   * @param {number} fsHz
   * @param {number} leftMm
   * @param {number} middleMm
   * @param {number} halfMm clip
   */
  trace(mv, fsHz, leftMm, middleMm, halfMm) {
    const { context, px } = this;
    context.strokeStyle = INK;
    context.lineWidth = 1.25;
    context.lineJoin = 'round';
    context.beginPath();
    let pen = false;
    for (let i = 0; i < mv.length; i += 1) {
      const value = /** @type {number} */ (mv[i]);
      if (Number.isNaN(value)) {
        pen = false;
        continue;
      }
      const x = (leftMm + (i / fsHz) * MM_PER_S) * px;
      const y = (middleMm - Math.max(-halfMm, Math.min(halfMm, value * MM_PER_MV))) * px;
      if (pen) context.lineTo(x, y);
      else context.moveTo(x, y);
      pen = true;
    }
    context.stroke();
  }

  /** @param {string} text @param {number} xMm @param {number} yMm @param {string} [style] @param {CanvasTextAlign} [align] */
  label(text, xMm, yMm, style = INK, align = 'left') {
    const { context, px } = this;
    context.font = '600 12px Inter, sans-serif';
    context.textAlign = align;
    const width = context.measureText(text).width + 6;
    const left = align === 'right' ? xMm * px - width + 3 : xMm * px - 3;
    context.fillStyle = 'rgba(255, 250, 246, 0.86)';
    context.fillRect(left, yMm * px - 11, width, 15);
    context.fillStyle = style;
    context.fillText(text, xMm * px, yMm * px);
  }

  /**
   * Every lead over the whole width, one under the other. The leads' names are the caller's: they stay put when the
   * paper is scrolled.
   * @param {Strip} strip
   * @param {Marker[]} markers
   * @returns {{leftMm: number, rows: {lead: string, topMm: number}[]}}
   */
  rows(strip, markers) {
    const rowMm = strip.leads.length > 4 ? 20 : 30;
    const seconds = (strip.leads[0]?.samples.length ?? 0) / strip.fsHz;
    const heightMm = strip.leads.length * rowMm + 10;
    this.sheet(LEFT_MM + seconds * MM_PER_S + 5, heightMm);
    for (const marker of markers) this.marker(strip, marker, heightMm);
    const rows = strip.leads.map((lead, row) => {
      const middleMm = 5 + rowMm * (row + 0.58);
      this.pulse(middleMm);
      if (lead.connected) this.trace(millivolts(lead), strip.fsHz, LEFT_MM, middleMm, rowMm * 0.75);
      return { lead: lead.connected ? lead.name : `${lead.name}: lead off`, topMm: middleMm - rowMm * 0.46 };
    });
    this.seconds(seconds, heightMm);
    for (const marker of markers) this.markerText(strip, marker);
    return { leftMm: LEFT_MM, rows };
  }

  /** @param {number} seconds @param {number} heightMm */
  seconds(seconds, heightMm) {
    const { context, px } = this;
    context.strokeStyle = INK;
    context.lineWidth = 1;
    context.beginPath();
    for (let s = 0; s <= seconds; s += 1) {
      context.moveTo((LEFT_MM + s * MM_PER_S) * px, heightMm * px);
      context.lineTo((LEFT_MM + s * MM_PER_S) * px, (heightMm - 2) * px);
    }
    context.stroke();
  }

  /** @param {Strip} strip @param {Marker} marker */
  place(strip, marker) {
    return LEFT_MM + ((marker.timeMs - strip.startTimeMs) / 1000) * MM_PER_S;
  }

  /** @param {Strip} strip @param {Marker} marker @param {number} heightMm */
  marker(strip, marker, heightMm) {
    const { context, px } = this;
    const x = this.place(strip, marker) * px;
    context.strokeStyle = marker.colour;
    context.lineWidth = 1.5;
    context.setLineDash([5, 4]);
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, heightMm * px);
    context.stroke();
    context.setLineDash([]);
  }

  /** @param {Strip} strip @param {Marker} marker */
  markerText(strip, marker) {
    this.label(marker.text, this.place(strip, marker) + 1.2, 4.2, marker.colour);
  }

  /**
   * Twelve leads as 3 × 4 with a rhythm strip of lead II: ten seconds, 2.5 s a column.
   * @param {Strip} strip at least 2.5 s of the twelve leads
   */
  twelve(strip) {
    const rowMm = 26;
    const columnMm = 2.5 * MM_PER_S;
    this.sheet(LEFT_MM + 4 * columnMm + 5, 4 * rowMm + 4);
    const perColumn = Math.round(2.5 * strip.fsHz);
    const byName = new Map(strip.leads.map((lead) => [lead.name, lead]));
    TWELVE.forEach((names, row) => {
      const middleMm = 2 + rowMm * (row + 0.58);
      this.pulse(middleMm);
      names.forEach((name, column) => {
        const lead = byName.get(name);
        if (!lead) return;
        const mv = millivolts(lead).subarray(column * perColumn, (column + 1) * perColumn);
        const leftMm = LEFT_MM + column * columnMm;
        if (lead.connected) this.trace(mv, strip.fsHz, leftMm, middleMm, rowMm * 0.75);
        if (column) this.tick(leftMm, middleMm);
        this.label(lead.connected ? name : `${name}: off`, leftMm + 1.5, middleMm - rowMm * 0.36);
      });
    });
    const rhythm = byName.get('II');
    if (!rhythm) return;
    const middleMm = 2 + rowMm * 3.58;
    this.pulse(middleMm);
    const mv = millivolts(rhythm).subarray(0, perColumn * 4);
    if (rhythm.connected) this.trace(mv, strip.fsHz, LEFT_MM, middleMm, rowMm * 0.75);
    this.label('II', LEFT_MM + 1.5, middleMm - rowMm * 0.36);
  }

  /** Where a column of the 3 × 4 begins. @param {number} xMm @param {number} yMm */
  tick(xMm, yMm) {
    const { context, px } = this;
    context.strokeStyle = INK;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(xMm * px, (yMm - 2) * px);
    context.lineTo(xMm * px, (yMm + 2) * px);
    context.stroke();
  }
}
