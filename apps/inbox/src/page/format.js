const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/**
 * Short, for a list.
 *
 * @param {number} ms
 */
export function formatTime(ms) {
  const moment = new Date(ms);
  return moment.toDateString() === new Date().toDateString() ? timeOfDay.format(moment) : day.format(moment);
}

/** @param {number} ms */
export function formatMoment(ms) {
  return whole.format(new Date(ms));
}

/** @param {number} bytes */
export function formatSize(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const inKib = bytes / 1024;
  return inKib < 1024 ? `${round(inKib)} KiB` : `${round(inKib / 1024)} MiB`;
}

/** @param {number} value */
function round(value) {
  return value < 10 ? value.toFixed(1).replace('.0', '') : value.toFixed(0);
}

/**
 * @param {number} number
 * @param {string} noun
 */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
