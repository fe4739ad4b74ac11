import { element } from './element.js';

/** @typedef {{ name: string, label: string, empty: boolean, pane: () => HTMLElement }} Tab */

/** The tab that was chosen last; the next mail opens at it when it can. */
let preferred = '';

/**
 * A row of tabs and the pane of the chosen one, which is made when it is first looked at.
 *
 * @param {readonly Tab[]} tabs
 */
export function tabbed(tabs) {
  const pane = element('div', { className: 'pane', role: 'tabpanel' });
  const buttons = tabs.map((tab) =>
    element('button', { type: 'button', role: 'tab', disabled: tab.empty, textContent: tab.label, onclick: () => choose(tab, true) }),
  );
  const row = element('div', { className: 'tabs', role: 'tablist' }, ...buttons);
  row.addEventListener('keydown', (event) => step(event, buttons));
  /**
   * @param {Tab} tab
   * @param {boolean} prefer
   */
  const choose = (tab, prefer) => {
    if (prefer) preferred = tab.name;
    buttons.forEach((button, index) => {
      button.ariaSelected = String(tabs[index] === tab);
      button.tabIndex = tabs[index] === tab ? 0 : -1;
    });
    pane.replaceChildren(tab.pane());
  };
  const first = tabs.find((tab) => tab.name === preferred && !tab.empty) ?? tabs.find((tab) => !tab.empty);
  if (first !== undefined) choose(first, false);
  return [row, pane];
}

/**
 * Left and right, as in every row of tabs.
 *
 * @param {KeyboardEvent} event
 * @param {readonly HTMLButtonElement[]} buttons
 */
function step(event, buttons) {
  const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
  const open = buttons.filter((button) => !button.disabled);
  const at = open.findIndex((button) => button === document.activeElement);
  if (by === 0 || at === -1) return;
  const next = open[(at + by + open.length) % open.length];
  next?.click();
  next?.focus();
}

/** @param {number} number from 1 */
export function openTab(number) {
  const button = document.querySelectorAll('.tabs button')[number - 1];
  if (button instanceof HTMLButtonElement) button.click();
}
