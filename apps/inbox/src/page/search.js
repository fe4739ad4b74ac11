import { standing } from './element.js';

const field = standing('search', HTMLInputElement);
/** So long nobody has typed another letter. */
const restMs = 150;

export function query() {
  return field.value;
}

export function focusSearch() {
  field.focus();
  field.select();
}

/**
 * What Escape does to a search: empties it, then leaves it. False when nobody is searching.
 *
 * @param {() => void} onSearch
 */
export function leaveSearch(onSearch) {
  if (document.activeElement !== field) return false;
  if (field.value === '') field.blur();
  else {
    field.value = '';
    onSearch();
  }
  return true;
}

/** @param {() => void} onSearch */
export function watchSearch(onSearch) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  field.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(onSearch, restMs);
  });
}
