/**
 * The alarm burden: how many alarms a bed raises in a day, of which kind, and how soon somebody answers.
 */

import { ApiError, api } from './api.js';
import { byId, h, refill } from './dom.js';
import { bedName, number, span, timeOfDay } from './format.js';

/** @typedef {import('./types.js').Burden} Burden */
/** @typedef {import('./types.js').BurdenRow} BurdenRow */

/** @type {[string, number][]} */
const PERIODS = [['1 hour', 1], ['24 hours', 24], ['7 days', 7 * 24], ['31 days', 31 * 24]];
const PRIORITIES = /** @type {const} */ (['high', 'medium', 'low', 'technical']);
const REFRESH_MS = 60_000;
const SVG = 'http://www.w3.org/2000/svg';
let hours = 24;

/** @param {number|null} seconds */
const answer = (seconds) => (seconds === null ? '–' : seconds < 60 ? `${number(seconds)} s` : `${span(seconds * 1000)} min`);
/** @param {number|null} value */
const figure = (value) => (value === null ? '–' : number(value));
/** @param {number} part @param {number} whole */
const share = (part, whole) => (whole ? `${Math.round((100 * part) / whole)} %` : '–');
/** @param {{judged_true: number, judged_false: number}} row @returns {string} of those a nurse judged */
const truth = (row) => share(row.judged_true, row.judged_true + row.judged_false);

/** @param {string} value @param {string} label */
const card = (value, label) => h('div', { class: 'card' }, h('b', {}, value), h('span', {}, label));

/** @param {Burden} burden */
function cards(burden) {
  const { total } = burden;
  const note = burden.bed_days < 1 / 24 ? ' (known after one bed hour)' : burden.bed_days < 1 ? ' (extrapolated)' : '';
  return h('div', { class: 'cards' },
    card(figure(total?.per_bed_day ?? null), `alarms per bed and day${note}`),
    card(total ? String(total.alarms) : '0', `alarms of ${burden.beds} beds in ${number(24 * burden.bed_days)} bed hours`),
    card(total ? share(total.acknowledged, total.alarms) : '–', 'acknowledged by a person'),
    card(answer(total?.answer_median_s ?? null), `median time to answer; 95th percentile ${answer(total?.answer_p95_s ?? null)}`));
}

/** @param {BurdenRow} row @param {'priority'|'kind'} level */
const kindRow = (row, level) =>
  h('tr', { class: level },
    h('td', {}, level === 'priority' ? h('i', { class: 'dot', 'data-priority': row.priority }) : null, row.name),
    ...[String(row.alarms), figure(row.per_bed_day), share(row.acknowledged, row.alarms), answer(row.answer_median_s),
      answer(row.answer_p95_s), String(row.downgraded), truth(row)].map((text) => h('td', {}, text)));

/** @param {Burden} burden */
function kinds(burden) {
  const heads = ['Kind', 'Alarms', 'Per bed and day', 'Acknowledged', 'Median answer', '95th', 'Downgraded', 'Judged true'];
  return h('table', {},
    h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))),
    h('tbody', {}, ...burden.priorities.flatMap((priority) => [
      kindRow(priority, 'priority'),
      ...burden.kinds.filter((kind) => kind.priority === priority.priority).map((kind) => kindRow(kind, 'kind')),
    ])));
}

/** @param {Burden} burden */
function beds(burden) {
  const heads = ['Bed', 'Alarms', 'Technical', 'Per day', 'Acknowledged', 'Median answer'];
  return h('table', {},
    h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))),
    h('tbody', {}, ...burden.most_alarming.map((bed) => h('tr', {}, h('td', {}, h('a', { href: `/#bed=${encodeURIComponent(bed.bed)}` }, bedName(bed.bed))),
      ...[String(bed.alarms), String(bed.technical), figure(bed.per_day), share(bed.acknowledged, bed.alarms), answer(bed.answer_median_s)]
        .map((text) => h('td', {}, text))))));
}

/** @param {Burden} burden */
function chart(burden) {
  const hour = 3_600_000;
  const first = Math.floor(burden.since_ms / hour);
  const n = Math.max(1, Math.floor(burden.until_ms / hour) - first + 1);
  const sum = (/** @type {Burden['hours'][0]} */ at) => PRIORITIES.reduce((all, priority) => all + at[priority], 0);
  const most = Math.max(1, ...burden.hours.map(sum));
  const svg = document.createElementNS(SVG, 'svg');
  const label = `Alarms by the hour, at most ${most}`;
  for (const [name, value] of Object.entries({ class: 'hours', viewBox: `0 0 ${n} 100`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label }))
    svg.setAttribute(name, value);
  for (const at of burden.hours) {
    let y = 100;
    for (const priority of PRIORITIES) {
      const height = (96 * at[priority]) / most;
      if (!height) continue;
      y -= height;
      const bar = document.createElementNS(SVG, 'rect');
      const place = { x: Math.floor(at.time_ms / hour) - first + 0.06, y, width: 0.88, height, 'data-priority': priority };
      for (const [name, value] of Object.entries(place)) bar.setAttribute(name, String(value));
      svg.append(bar);
    }
  }
  const ends = [burden.since_ms, burden.until_ms].map((ms) => `${new Date(ms).toLocaleDateString()} ${timeOfDay(ms).slice(0, 5)}`);
  return h('div', {}, svg, h('div', { class: 'hours-ends' }, h('span', {}, ends[0]), h('span', {}, `at most ${most} an hour`), h('span', {}, ends[1])));
}

async function show() {
  refill(byId('periods'), ...PERIODS.map(([name, length]) =>
    h('button', { class: `button small${length === hours ? ' chosen' : ''}`, type: 'button', 'aria-pressed': String(length === hours),
      onclick: () => { hours = length; void show(); } }, name)));
  try {
    const burden = await api.burden(hours);
    refill(byId('burden'),
      cards(burden),
      h('h2', {}, 'By the hour'), chart(burden),
      h('div', { class: 'columns' },
        h('section', {}, h('h2', {}, 'By priority and kind'), kinds(burden)),
        h('section', {}, h('h2', {}, 'Most alarming beds'), beds(burden))),
      h('h2', {}, 'How to read this'),
      h('p', { class: 'about' }, 'An alarm counts once, when it is raised, however often it is updated and whether the bedside, '
        + 'the stream or both reported it. The time to answer runs from then to the first acknowledgement, of alarms that were '
        + 'acknowledged; one that ended by itself counts as not acknowledged. “Judged true” is the share of those somebody '
        + 'called true or false. Published for comparison: 187 audible alarms per bed and day in intensive care, 88.8 % of the '
        + 'arrhythmia alarms false (Drew 2014); about 5 a patient and day on wards (Palchaudhuri 2017).'));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    byId('burden').replaceChildren(h('p', { class: 'problem', role: 'alert' }, `The alarms cannot be counted: ${error.message}.`));
  }
}

void show();
setInterval(() => void show(), REFRESH_MS);
