/**
 * Requests to the console. Failures become an ApiError that says what went wrong in the console's own words.
 */

import { readFrame } from './frames.js';

/** @typedef {import('./types.js').AlarmDetail} AlarmDetail */
/** @typedef {import('./types.js').Strip} Strip */

const TIMEOUT_MS = 8000;

export class ApiError extends Error {
  /** @param {number} status 0: the console could not be reached @param {string} reason */
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

/**
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw new ApiError(0, `the console does not answer (${error instanceof Error ? error.message : error})`);
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new ApiError(response.status, problem.reason ?? response.statusText);
}

/** @param {string} path @param {'POST'|'DELETE'} method @param {object} [body] */
async function send(path, method, body) {
  const headers = { 'Content-Type': 'application/json' };
  return (await request(path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })).json();
}

/** @param {string} alarmId */
const alarmPath = (alarmId) => `/api/alarms/${encodeURIComponent(alarmId)}`;

export const api = {
  /** @returns {Promise<{user: string|null, users: string[]}>} */
  session: async () => (await request('/api/session')).json(),
  /** @param {string} user @returns {Promise<{user: string|null, users: string[]}>} */
  signIn: (user) => send('/api/session', 'POST', { user }),
  /** @returns {Promise<{user: string|null, users: string[]}>} */
  signOut: () => send('/api/session', 'DELETE'),
  /** @param {string} bed @returns {Promise<import('./types.js').Alarm[]>} what stood and was over, most urgent first */
  alarmsOf: async (bed) => (await request(`/api/alarms?bed=${encodeURIComponent(bed)}&limit=100`)).json(),
  /** @param {string} alarmId @returns {Promise<AlarmDetail>} */
  alarm: async (alarmId) => (await request(alarmPath(alarmId))).json(),
  /** @param {string} alarmId */
  acknowledge: (alarmId) => send(`${alarmPath(alarmId)}/acknowledge`, 'POST', {}),
  /** @param {string} alarmId */
  pause: (alarmId) => send(`${alarmPath(alarmId)}/pause`, 'POST', {}),
  /** @param {string} alarmId @param {'true'|'false'} verdict */
  judge: (alarmId, verdict) => send(`${alarmPath(alarmId)}/judge`, 'POST', { verdict }),
  /** @param {string} alarmId @returns {Promise<Strip|null>} null where no signal is stored */
  async strip(alarmId) {
    const response = await request(`${alarmPath(alarmId)}/strip?format=frame`);
    return readFrame(await response.arrayBuffer())[0] ?? null;
  },
  /** @param {number} hours @returns {Promise<import('./types.js').Burden>} of the last hours */
  burden: async (hours) => (await request(`/api/burden?hours=${hours}`)).json(),
  /** @param {string} bed @returns {Promise<{time_s: number[], heart_rate_bpm: (number|null)[]}>} */
  trend: async (bed) => (await request(`/api/beds/${encodeURIComponent(bed)}/trend`)).json(),
};
