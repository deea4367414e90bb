/**
 * Builds elements. Text always goes in as text, never as markup.
 */

/**
 * @typedef {Node|string|number|null|undefined|false} Child
 */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [props] attributes; `class`, `data-…`, `aria-…` too; functions become listeners of `on…`
 * @param {...(Child|Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat().filter(isChild).map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

/**
 * @param {Child} child
 * @returns {child is Node|string|number}
 */
function isChild(child) {
  return child !== null && child !== undefined && child !== false && child !== '';
}

/**
 * Puts new children in place of the old, for parts that are drawn anew while people use them: the focus stays where it was,
 * and what is being pressed is not taken away from under the finger.
 * @param {HTMLElement} element
 * @param {...(Child|Child[])} children
 */
export function refill(element, ...children) {
  if (element.querySelector(':active')) {
    pending.set(element, children);
    if (pending.size === 1) addEventListener('pointerup', () => setTimeout(settle), { once: true });
    return;
  }
  pending.delete(element);
  const held = document.activeElement;
  const place = held && element !== held && element.contains(held) ? focusable(element).indexOf(held) : -1;
  element.replaceChildren(...children.flat().filter(isChild).map((child) => (child instanceof Node ? child : String(child))));
  if (place < 0) return;
  const same = held?.id ? element.querySelector(`#${held.id}`) : focusable(element)[place];
  if (same instanceof HTMLElement) same.focus({ preventScroll: true });
}

/** @type {Map<HTMLElement, (Child|Child[])[]>} */
const pending = new Map();

function settle() {
  const waiting = [...pending];
  pending.clear();
  for (const [element, children] of waiting) refill(element, ...children);
}

/** @param {Element} element @returns {Element[]} */
const focusable = (element) => [...element.querySelectorAll('button, a[href], [tabindex]')];

/**
 * Sets the text of an element where it differs, so that nothing is laid out again in vain.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string|null} value null removes it
 */
export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element #${id}`);
  return element;
}
