/**
 * One bed of the ward: name, rhythm, alarm and why, heart rate, leads and their quality, the sweep.
 */

import { h, setAttribute, setText } from './dom.js';
import { bedName, span, words } from './format.js';
import { callsOut } from './store.js';
import { SweepStrip } from './sweep.js';

/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./types.js').Alarm} Alarm */
/** @typedef {import('./sweep.js').Scale} Scale */

const TRACE = '#3ddc84';
/** Below this a lead is drawn as poor (0 unusable, 1 clean: ecg/vitals.py). */
const POOR = 0.5;
const PREFERRED = ['II', 'MLII', 'V5', 'V1', 'I', 'V2', 'V4', 'V', 'MCL1'];

export class Tile {
  /**
   * @param {Store} store
   * @param {string} bed
   * @param {(bed: string, alarm: Alarm|null) => void} open
   */
  constructor(store, bed, open) {
    this.store = store;
    this.bed = bed;
    this.nLeads = 1;
    this.stale = false;
    this.qualityKey = '';
    this.labelKey = '';
    this.name = h('span', { class: 'tile-bed' }, bedName(bed));
    this.word = h('span', { class: 'tile-word' });
    this.why = h('span', { class: 'tile-why' });
    this.state = h('span', { class: 'tile-state' });
    this.rate = h('output', { class: 'tile-rate', 'aria-label': 'Heart rate' }, '--');
    this.unit = h('div', { class: 'tile-unit' }, 'HR ', h('small', {}, 'bpm'));
    this.quality = h('div', { class: 'tile-quality' });
    this.labels = h('div', { class: 'tile-leads', 'aria-hidden': 'true' });
    this.overlay = h('div', { class: 'tile-overlay', hidden: true });
    const grid = h('canvas', { 'aria-hidden': 'true' });
    const trace = h('canvas', { role: 'img', 'aria-label': `Live ECG of ${bedName(bed)}` });
    this.strip = h('div', { class: 'tile-strip' }, grid, trace, this.labels, this.overlay);
    this.sweep = new SweepStrip(trace, grid);
    const openIt = () => open(bed, this.alarm);
    this.element = h(
      'article',
      {
        class: 'tile', tabindex: 0, role: 'button', 'data-bed': bed, onclick: openIt,
        onkeydown: (/** @type {KeyboardEvent} */ event) => {
          if (event.key !== 'Enter' && event.key !== ' ') return;
          event.preventDefault();
          openIt();
        },
      },
      h('header', { class: 'tile-head' }, this.name, this.word, this.why, this.state),
      h('div', { class: 'tile-body' }, this.strip,
        h('div', { class: 'tile-numbers' },
          this.unit, this.rate, this.quality)),
    );
    /** @type {Alarm|null} */ this.alarm = null;
  }

  /** @param {Scale} scale @param {number} nLeads */
  layOut(scale, nLeads) {
    this.nLeads = nLeads;
    this.sweep.resize(this.strip.clientWidth, this.strip.clientHeight, scale);
    this.update();
  }

  /** Leads on the tile: as the console orders them for a small strip (cloud/console/frames.py). */
  shownLeads() {
    const signal = this.store.signals.get(this.bed);
    const names = signal ? [...signal.leads.keys()] : (this.store.beds.get(this.bed)?.leads ?? []);
    const rank = (/** @type {string} */ name) => (PREFERRED.indexOf(name) + PREFERRED.length + 1) % (PREFERRED.length + 1);
    return [...names].sort((a, b) => rank(a) - rank(b)).slice(0, this.nLeads);
  }

  /** Everything but the trace. */
  update() {
    const { store, bed } = this;
    const vitals = store.vitals.get(bed);
    this.alarm = store.alarmOf(bed);
    this.stale = store.isStale(bed);
    this.updateAlarm(vitals?.rhythm_name ?? '');
    const bpm = this.stale ? null : (vitals?.heart_rate_bpm ?? null);
    const unusable = !this.stale && vitals !== undefined && bpm === null;
    setText(this.rate, bpm === null ? (unusable ? 'X' : '--') : String(Math.round(bpm)));
    setAttribute(this.rate, 'title', unusable ? 'Heart rate cannot be measured' : null);
    this.rate.classList.toggle('unusable', unusable);
    this.element.classList.toggle('stale', this.stale);
    this.updateQuality();
    this.updateOverlay();
    this.nameIt();
    this.sweep.show(this.shownLeads(), TRACE);
  }

  /** @param {string} rhythm */
  updateAlarm(rhythm) {
    const { alarm } = this;
    setAttribute(this.element, 'data-priority', alarm ? alarm.priority : null);
    setAttribute(this.element, 'data-state', alarm ? alarm.state : null);
    this.element.classList.toggle('calls', alarm !== null && callsOut(alarm));
    setText(this.word, alarm ? alarm.name : this.stale ? '' : rhythm || 'Rhythm not determined');
    setText(this.why, alarm ? alarm.reason : '');
    const said = { active: '', latched: 'latched', acknowledged: 'ack', ended: 'ended', cleared: '' };
    setText(this.state, alarm ? said[alarm.state] : '');
  }

  /** The tile's name is what it shows, in its order, so that whoever hears or says it means what others see. */
  nameIt() {
    const shown = [this.name, this.word, this.why, this.state, this.overlay.hidden ? null : this.overlay, this.unit, this.rate, this.quality];
    const text = shown.map((one) => one?.innerText.replace(/\s+/g, ' ').trim()).filter(Boolean).join(' ');
    setAttribute(this.element, 'aria-label', `${text}. ${this.alarm ? `${words(this.alarm.priority)} alarm. ` : ''}Open`);
  }

  updateQuality() {
    const vitals = this.store.vitals.get(this.bed);
    const signal = this.store.signals.get(this.bed);
    const twelve = (vitals?.quality.length ?? 0) > 3;
    const key = JSON.stringify([vitals?.quality, this.stale, this.nLeads]);
    if (key === this.qualityKey) return;
    this.qualityKey = key;
    const all = vitals?.quality ?? [];
    const shown = twelve ? all.filter((q) => q.index < POOR).slice(0, 4) : all;
    const marks = shown.map((q) => {
      const off = q.problems.includes('lead_off') || signal?.leads.get(q.lead)?.connected === false;
      const kind = off ? 'off' : q.index < POOR ? 'poor' : 'good';
      const said = off ? 'lead off' : q.problems.map(words).join(', ') || (kind === 'good' ? 'good signal' : 'poor signal');
      return h('span', { class: `lead ${kind}`, title: `${q.lead}: ${said}` }, q.lead, h('i', {}, off ? '✕' : ''));
    });
    if (twelve) marks.unshift(h('span', { class: `lead ${shown.length ? 'poor' : 'good'}` }, '12 leads', h('i')));
    this.quality.replaceChildren(...marks);
  }

  updateOverlay() {
    const signal = this.store.signals.get(this.bed);
    this.overlay.hidden = !this.stale;
    if (!this.stale) return;
    const agoMs = signal ? performance.now() - signal.arrivedMs : NaN;
    const text = this.store.lost ? 'Connection lost'
      : Number.isFinite(agoMs) ? `No signal for ${span(agoMs)}` : 'Waiting for signal';
    setText(this.overlay, text);
  }

  /** Draws the trace on; a stale strip is wiped, so that it cannot be taken for live. */
  draw() {
    const signal = this.store.signals.get(this.bed);
    if (this.stale || !signal) {
      if (this.sweep.drawnTo >= 0) this.sweep.clear();
      return;
    }
    const leads = this.shownLeads();
    this.sweep.show(leads, TRACE);
    this.sweep.draw(signal);
    this.updateLabels(leads);
  }

  /** @param {string[]} leads */
  updateLabels(leads) {
    const signal = this.store.signals.get(this.bed);
    const key = leads.map((lead) => `${lead}${signal?.leads.get(lead)?.connected}`).join();
    if (key === this.labelKey) return;
    this.labelKey = key;
    this.labels.replaceChildren(
      ...leads.map((lead) => {
        const off = signal?.leads.get(lead)?.connected === false;
        return h('span', { class: off ? 'off' : '' }, lead, off ? h('b', {}, '✕ lead off') : null);
      }),
    );
  }
}
