/**
 * One bed in full: every lead live, twelve leads as 3 × 4 with a rhythm strip, heart rate over the last hours.
 */

import uPlot from '../vendor/uplot/uPlot.esm.js';
import { api } from './api.js';
import { calipers } from './calipers.js';
import { h, refill, setText } from './dom.js';
import { bedName, dayAndTime, timeOfDay, words } from './format.js';
import { Paper, isTwelveLead, leadNames } from './paper.js';
import { pxPerMm } from './scale.js';
import { isWhole } from './signal.js';
import { SweepStrip } from './sweep.js';

/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./types.js').Alarm} Alarm */
/** @typedef {import('./types.js').Strip} Strip */

const TRACE = '#3ddc84';
const PAPER_S = 10;
const SHOWN_ALARMS = 40;
const TREND_MS = 10_000;

export class BedSheet {
  /** @param {Store} store @param {string} bed @param {(alarm: Alarm) => void} openAlarm */
  constructor(store, bed, openAlarm) {
    this.store = store;
    this.bed = bed;
    this.openAlarm = openAlarm;
    this.drawnTo = -1;
    this.laidOut = '';
    this.head = h('div', { class: 'sheet-head' });
    const grid = h('canvas', { 'aria-hidden': 'true' });
    const trace = h('canvas', { role: 'img', 'aria-label': `Live ECG of ${bedName(bed)}, every lead` });
    this.labels = h('div', { class: 'tile-leads' });
    this.overlay = h('div', { class: 'tile-overlay', hidden: true });
    this.live = h('div', { class: 'tile-strip bed-live' }, grid, trace, this.labels, this.overlay);
    this.sweep = new SweepStrip(trace, grid);
    this.paper = h('div', { class: 'paper', tabindex: 0, role: 'group', 'aria-label': 'Ten seconds on paper' });
    this.paperNote = h('p', { class: 'quiet' });
    this.again = h('button', { class: 'button small', onclick: () => this.drawPaper() }, 'Take the last 10 s');
    this.trend = h('div', { class: 'trend', role: 'img', 'aria-label': 'Heart rate over the last hours' });
    this.history = h('ol', { class: 'bed-alarms' });
    this.element = h('div', { class: 'sheet-body', 'data-bed-sheet': bed }, this.head, this.live,
      h('div', { class: 'row' }, h('h3', {}, 'On paper'), this.paperNote, h('span', { class: 'push' }), this.again),
      this.paper, h('h3', {}, 'Heart rate'), this.trend, h('h3', {}, 'Alarms of this bed'), this.history);
    const refresh = () => void Promise.all([this.drawTrend(), this.drawHistory()]);
    this.timer = setInterval(refresh, TREND_MS);
    refresh();
    this.update();
  }

  close() {
    clearInterval(this.timer);
    this.plot?.destroy();
  }

  update() {
    const { store, bed } = this;
    const [about, vitals, alarm] = [store.beds.get(bed), store.vitals.get(bed), store.alarmOf(bed)];
    const stale = store.isStale(bed);
    const bpm = stale ? null : (vitals?.heart_rate_bpm ?? null);
    this.head.dataset['priority'] = alarm?.priority ?? '';
    refill(this.head,
      h('div', { class: 'sheet-title' },
        h('h2', { id: 'sheet-title', tabindex: -1 }, bedName(bed)),
        h('span', { class: 'sheet-rhythm' }, stale ? 'No live signal' : vitals?.rhythm_name || 'Rhythm not determined'),
        h('span', { class: 'push' }),
        h('output', { class: 'sheet-rate' }, bpm === null ? '--' : String(Math.round(bpm)), h('small', {}, ' bpm'))),
      alarm
        ? h('button', { class: 'sheet-alarm', 'data-priority': alarm.priority, onclick: () => this.openAlarm(alarm) },
          h('b', {}, alarm.name), ` ${alarm.reason} `, h('span', { class: 'push' }), 'Open alarm')
        : '',
      h('p', { class: 'sheet-facts' },
        [`Agent ${about?.agent_id ?? '–'}`, `${about?.leads.length ?? 0} leads at ${about?.fs_hz ?? 0} Hz`,
          about?.device_state ? `device ${about.device_state}` : '', about?.device_detail ?? '',
          about?.spooled_segments ? `${about.spooled_segments} segments wait on the edge disk` : '',
        ].filter(Boolean).join(' · ')),
      h('div', { class: 'tile-quality wide' }, ...(vitals?.quality ?? []).map((q) => {
        const off = q.problems.includes('lead_off');
        const kind = off ? 'off' : q.index < 0.5 ? 'poor' : 'good';
        return h('span', { class: `lead ${kind}`, title: q.problems.map(words).join(', ') || 'good signal' }, q.lead, h('i', {}, off ? '✕' : ''));
      })),
    );
    this.overlay.hidden = !stale;
    setText(this.overlay, store.lost ? 'Connection lost' : 'No signal');
    if (!this.paper.firstElementChild) this.drawPaper();
  }

  /** Draws the live strip on. */
  draw() {
    const signal = this.store.signals.get(this.bed);
    if (!signal || this.store.isStale(this.bed)) {
      if (this.sweep.drawnTo >= 0) this.sweep.clear();
      return;
    }
    const leads = signal.leads.size > 3 ? ['II', 'V1', 'V5'].filter((lead) => signal.leads.has(lead)) : [...signal.leads.keys()];
    const px = pxPerMm();
    const height = Math.round(leads.length * 24 * px);
    const key = `${leads.join()}/${this.live.clientWidth}/${px}`;
    if (key !== this.laidOut) {
      this.laidOut = key;
      this.live.style.height = `${height}px`;
      this.sweep.resize(this.live.clientWidth, height, { pxPerMm: px, mmPerS: 25, mmPerMv: 10 });
      this.labels.replaceChildren(...leads.map((lead) => h('span', {}, lead)));
    }
    this.sweep.show(leads, TRACE);
    this.sweep.draw(signal);
  }

  /** The last ten seconds, standing still. */
  drawPaper() {
    const strip = lastSeconds(this.store, this.bed, PAPER_S);
    if (!strip) {
      setText(this.paperNote, 'Waiting for ten seconds of signal …');
      return;
    }
    const px = pxPerMm();
    const canvas = h('canvas', { role: 'img', 'aria-label': `Ten seconds of ${bedName(this.bed)} on ECG paper` });
    const paper = new Paper(canvas, px);
    const names = isTwelveLead(strip) ? [] : paper.rows(strip, []).rows;
    if (!names.length) paper.twelve(strip);
    const frame = h('div', { class: 'paper-frame' }, leadNames(names, px), canvas);
    calipers(frame, px);
    this.paper.replaceChildren(frame);
    setText(this.paperNote, `${timeOfDay(strip.startTimeMs)} to ${timeOfDay(strip.startTimeMs + PAPER_S * 1000)} · 25 mm/s · 10 mm/mV · drag to measure`);
  }

  /** What this bed called, the latest first; a press opens the alarm. */
  async drawHistory() {
    const alarms = await api.alarmsOf(this.bed).catch(() => null);
    if (!alarms) return;
    alarms.sort((a, b) => b.raised_time_ms - a.raised_time_ms);
    const now = this.store.nowMs();
    const rows = alarms.slice(0, SHOWN_ALARMS).map((alarm) => h('li', { 'data-priority': alarm.priority, 'data-state': alarm.state },
      h('button', { onclick: () => this.openAlarm(alarm) },
        h('time', {}, dayAndTime(alarm.raised_time_ms, now)), h('b', {}, alarm.name), h('span', { class: 'why' }, alarm.reason),
        h('span', { class: 'state' }, alarm.judged ? `judged ${alarm.judged}` : alarm.state))));
    refill(this.history, ...(rows.length ? rows : [h('li', { class: 'quiet' }, 'None yet')]));
  }

  async drawTrend() {
    const trend = await api.trend(this.bed).catch(() => null);
    if (!trend || !this.trend.clientWidth) return;
    const points = /** @type {[number[], (number|null)[]]} */ ([trend.time_s, trend.heart_rate_bpm]);
    if (this.plot) {
      this.plot.setData(points);
      return;
    }
    const axis = { stroke: '#8fa0ae', grid: { stroke: '#1d2832', width: 1 }, ticks: { stroke: '#1d2832' }, font: '12px Inter' };
    this.plot = new uPlot({
      width: this.trend.clientWidth, height: 150, legend: { show: false }, cursor: { y: false },
      scales: { y: { range: (_plot, low, high) => [Math.min(40, low - 5), Math.max(120, high + 5)] } },
      axes: [axis, { ...axis, size: 40 }],
      series: [{}, { stroke: TRACE, width: 1.5, spanGaps: false, points: { show: trend.time_s.length < 30, size: 4 } }],
    }, points, this.trend);
  }
}

/**
 * The last seconds of a bed as a strip, in µV.
 * @param {Store} store @param {string} bed @param {number} seconds
 * @returns {Strip|null}
 */
function lastSeconds(store, bed, seconds) {
  const signal = store.signals.get(bed);
  const length = Math.round(seconds * (signal?.fsHz ?? 0));
  const names = store.beds.get(bed)?.leads ?? [];
  if (!signal || !names.length) return null;
  const first = signal.endSample - length;
  if (!isWhole(signal, names, first, signal.endSample)) return null;
  return {
    handle: 0, history: true, epoch: signal.epoch, firstSample: first, fsHz: signal.fsHz,
    startTimeMs: signal.endTimeMs - seconds * 1000,
    leads: names.map((name) => ({
      name, gain: 1000, baseline: 0, connected: signal.leads.get(name)?.connected ?? false,
      samples: Int16Array.from({ length }, (_, i) => {
        const mv = signal.at(name, first + i);
        return Number.isNaN(mv) ? -32768 : Math.max(-32767, Math.min(32767, Math.round(mv * 1000)));
      }),
    })),
  };
}
