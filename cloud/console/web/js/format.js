/**
 * Times and numbers as people read them.
 */

const clock = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
const day = new Intl.DateTimeFormat([], { day: 'numeric', month: 'short' });

/** @param {number} ms UTC */
export function timeOfDay(ms) {
  return clock.format(ms);
}

/** @param {number} ms UTC @param {number} nowMs */
export function dayAndTime(ms, nowMs) {
  return new Date(ms).toDateString() === new Date(nowMs).toDateString()
    ? timeOfDay(ms)
    : `${day.format(ms)}, ${timeOfDay(ms)}`;
}

/** @param {number} ms a span @returns {string} "0:42", "12:05", "3 h 07 min" */
export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${String(seconds % 60).padStart(2, '0')}`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${String(minutes % 60).padStart(2, '0')} min` : `${Math.floor(hours / 24)} days`;
}

/** @param {number} value @returns {string} at most three significant digits after what matters */
export function number(value) {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2);
}

/** @param {string} word "heart_rate" @returns {string} "Heart rate" */
export function words(word) {
  const text = word.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const order = new Intl.Collator(undefined, { numeric: true });

/** @param {string} a @param {string} b */
export function byName(a, b) {
  return order.compare(a, b);
}

/** @param {string} bed "bed-05" @returns {string} "Bed 5"; any other name of a bed as it is */
export function bedName(bed) {
  const numbered = /^bed-0*(\d+)$/.exec(bed);
  return numbered ? `Bed ${numbered[1]}` : bed;
}
