/**
 * The explanation, step by step as it comes, each checked claim marked in its sentence.
 *
 * Nothing unchecked is shown: a step's text appears when the verifier's verdicts on it are there. If the reasoner stops
 * before that, the text is shown and marked as unchecked.
 */

import { h } from './dom.js';

/** @typedef {import('./types.js').Claim} Claim */
/** @typedef {import('./types.js').InterpretationEvent} InterpretationEvent */
/** @typedef {{number: number, title: string, text: string, checked: boolean}} Part */

const [SUMMARY, LABELS] = [0, 7];
const TITLES = [
  'Technical quality, rate and rhythm', 'Axis, conduction and intervals', 'Hypertrophy and voltage',
  'Ischaemia, infarction and mimics', 'Electrolytes and QT', 'Final reasoning',
];
const SIGNS = { supported: '✓', contradicted: '✗', 'not measurable': '?' };

/**
 * What the events so far say.
 * @param {InterpretationEvent[]} events in order
 */
export function gather(events) {
  /** @type {Map<number, Part>} */ const parts = new Map();
  /** @type {Map<string, Claim>} */ const claims = new Map();
  const said = { model: '', labels: /** @type {string[]} */ ([]), abstained: '', failed: '', done: false, elapsedMs: 0 };
  for (const { kind, body, model_id: model } of events) {
    said.model = model || said.model;
    if (kind === 'step') parts.set(body['number'], { number: body['number'], title: body['title'], text: body['text'], checked: false });
    if (kind === 'summary') parts.set(SUMMARY, { number: SUMMARY, title: 'Summary', text: body['text'], checked: false });
    if (kind === 'labels') {
      said.labels = body['labels'];
      said.abstained = body['abstained'] ? body['reason'] || 'no reason given' : '';
    }
    if (kind === 'claims') {
      for (const claim of body['claims']) claims.set(`${claim.step}/${claim.start}/${claim.end}`, claim);
      for (const part of parts.values()) part.checked = true;
    }
    if (kind === 'failed') said.failed = body['reason'];
    if (kind === 'done') [said.done, said.elapsedMs] = [true, body['elapsed_ms']];
  }
  return { ...said, parts, claims: [...claims.values()] };
}

/** @param {Part} part @param {Claim[]} claims @returns {HTMLElement} the text with its claims marked */
function markedText(part, claims) {
  const mine = claims.filter((claim) => claim.step === part.number).sort((a, b) => a.start - b.start);
  const letters = Array.from(part.text); // claims count code points
  const paragraph = h('p');
  let at = 0;
  for (const claim of mine) {
    if (claim.start < at || claim.end > letters.length) continue; // overlaps one that is marked already
    paragraph.append(letters.slice(at, claim.start).join(''));
    paragraph.append(mark(claim, letters.slice(claim.start, claim.end).join('')));
    at = claim.end;
  }
  paragraph.append(letters.slice(at).join(''));
  return paragraph;
}

/** @param {Claim} claim @param {string} text */
function mark(claim, text) {
  const note = `${claim.verdict}: ${claim.evidence}`;
  return h('span', { class: 'claim', 'data-verdict': claim.verdict, tabindex: 0, 'aria-label': `${text} (${note})` },
    text, h('i', { 'aria-hidden': 'true' }, SIGNS[claim.verdict]),
    h('span', { class: 'evidence', role: 'tooltip' }, h('b', {}, claim.verdict), claim.evidence || 'No evidence given'));
}

/**
 * @param {InterpretationEvent[]} events
 * @param {string} word the alarm's own word on its interpretation, where there are no events
 * @returns {HTMLElement}
 */
export function drawInterpretation(events, word) {
  const said = gather(events);
  const section = h('section', { class: 'explanation', 'aria-label': 'Explanation' });
  const running = events.length > 0 && !said.done && !said.failed;
  section.append(
    h('h3', {}, 'Explanation', running ? h('span', { class: 'running' }, 'being written') : null,
      said.model ? h('small', {}, said.model) : null),
  );
  if (!events.length) {
    section.append(h('p', { class: 'quiet' }, word || 'No explanation has been asked for. The alarm stands on its rule.'));
    return section;
  }
  if (said.failed) section.append(h('p', { class: 'problem' }, `No explanation: ${said.failed}. The alarm stands.`));
  if (said.abstained) section.append(h('p', { class: 'problem' }, `Not interpretable: ${said.abstained}`));
  section.append(...conclusion(said, running));
  const list = h('ol', { class: 'steps' });
  for (let number = 1; number <= TITLES.length; number += 1) {
    const part = said.parts.get(number);
    if (part || running) list.append(drawStep(number, part, said.claims, running));
  }
  section.append(list, tally(said.claims, running));
  return section;
}

/** @param {ReturnType<typeof gather>} said @param {boolean} running */
function conclusion(said, running) {
  const summary = said.parts.get(SUMMARY);
  const shown = [];
  if (summary && (summary.checked || !running)) {
    const box = h('div', { class: 'conclusion' }, markedText(summary, said.claims));
    if (!summary.checked) box.append(h('span', { class: 'unchecked' }, 'not checked'));
    if (said.labels.length) {
      box.append(h('div', { class: 'labels' }, ...said.labels.map((label) => {
        const claim = said.claims.find((one) => one.step === LABELS && one.text.toLowerCase() === label.toLowerCase());
        return claim ? mark(claim, label) : h('span', { class: 'badge' }, label);
      })));
    }
    shown.push(box);
  }
  return shown;
}

/** @param {number} number @param {Part|undefined} part @param {Claim[]} claims @param {boolean} running */
function drawStep(number, part, claims, running) {
  const item = h('li', { class: part ? '' : 'waiting', value: number });
  item.append(h('h4', {}, part?.title ?? TITLES[number - 1] ?? ''));
  if (!part) return item;
  if (part.checked) item.append(markedText(part, claims));
  else if (running) item.append(h('p', { class: 'quiet checking' }, 'Checking each claim against the signal …'));
  else item.append(h('p', {}, part.text), h('span', { class: 'unchecked' }, 'not checked'));
  return item;
}

/** @param {Claim[]} claims @param {boolean} running */
function tally(claims, running) {
  const count = (/** @type {string} */ verdict) => claims.filter((claim) => claim.verdict === verdict).length;
  return h('p', { class: 'verdicts', 'aria-live': running ? 'off' : 'polite' },
    ...Object.entries(SIGNS).map(([verdict, sign]) =>
      h('span', { 'data-verdict': verdict }, h('b', {}, `${sign} ${count(verdict)}`), ` ${verdict}`)),
    h('span', { class: 'quiet' }, 'Claims are checked against measurements of the same window.'));
}
