/** Where the page is: what stands behind # in its address, so that Back and links work. */

/** @typedef {{ kind: 'list' } | { kind: 'mail', id: string } | { kind: 'chaos' }} Place */

/** @returns {Place} */
export function currentPlace() {
  const [, kind, id = ''] = location.hash.split('/');
  if (kind === 'mail' && id !== '') return { kind, id: decodeURIComponent(id) };
  return kind === 'chaos' ? { kind } : { kind: 'list' };
}

/** @param {Place} place */
export function linkTo(place) {
  switch (place.kind) {
    case 'mail':
      return `#/mail/${encodeURIComponent(place.id)}`;
    case 'chaos':
      return '#/chaos';
    case 'list':
      return '#/';
  }
}

/** @param {Place} place */
export function goTo(place) {
  location.hash = linkTo(place);
}
