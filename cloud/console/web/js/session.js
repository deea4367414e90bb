/**
 * Who acts: a name picked from a list. The page can be watched by anybody; every act is put down to a name.
 */

import { ApiError, api } from './api.js';
import { byId, h, setText } from './dom.js';

/** @typedef {import('./store.js').Store} Store */

const KEY = 'vigil.lastUser';

export class Session {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    this.dialog = /** @type {HTMLDialogElement} */ (byId('sign-in'));
    this.button = byId('user');
    /** @type {(user: string|null) => void} */ this.answered = () => undefined;
    this.dialog.addEventListener('close', () => this.answered(store.user));
    this.button.addEventListener('click', () => void this.ask('Who is working at this screen?'));
  }

  async start() {
    this.take(await api.session().catch(() => ({ user: null, users: [] })));
  }

  /** @param {{user: string|null, users: string[]}} answer */
  take(answer) {
    this.store.user = answer.user;
    this.store.users = answer.users;
    setText(this.button, answer.user ?? 'Sign in');
    this.button.classList.toggle('anonymous', answer.user === null);
    this.store.tell('session');
  }

  /** @param {string} why @returns {Promise<string|null>} the name, null where the question was closed */
  async ask(why) {
    await this.start();
    const problem = h('p', { class: 'problem', hidden: true });
    const last = localStorage.getItem(KEY);
    const choose = async (/** @type {string} */ user) => {
      try {
        this.take(await api.signIn(user));
        localStorage.setItem(KEY, user);
        this.dialog.close();
      } catch (error) {
        problem.hidden = false;
        setText(problem, error instanceof Error ? error.message : String(error));
      }
    };
    this.dialog.replaceChildren(
      h('h2', {}, 'Sign in'), h('p', { class: 'quiet' }, why),
      h('div', { class: 'names' }, ...this.store.users.map((user) =>
        h('button', { class: `button${user === last ? ' primary' : ''}`, onclick: () => choose(user), autofocus: user === last }, user))),
      problem,
      h('div', { class: 'row' },
        this.store.user ? h('button', { class: 'button small', onclick: async () => {
          this.take(await api.signOut());
          this.dialog.close();
        } }, 'Sign out') : null,
        h('span', { class: 'push' }), h('button', { class: 'button small', onclick: () => this.dialog.close() }, 'Close')),
    );
    return new Promise((resolve) => {
      this.answered = resolve;
      if (!this.dialog.open) this.dialog.showModal();
    });
  }

  /**
   * Does something in somebody's name; asks for the name where there is none.
   * @template T
   * @param {() => Promise<T>} act
   * @returns {Promise<T>}
   */
  async as(act) {
    if (!this.store.user && !(await this.ask('Your name is noted with what you do.'))) {
      throw new ApiError(401, 'nobody is signed in');
    }
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      this.store.user = null;
      if (!(await this.ask('Your sign-in has run out.'))) throw error;
      return act();
    }
  }
}
