import { element } from './element.js';

/**
 * What to do when there is nothing to see.
 *
 * @param {string} smtp host:port
 */
export function howToSend(smtp) {
  const colon = smtp.lastIndexOf(':');
  return element(
    'div',
    { className: 'note' },
    element('h2', {}, 'No mail yet'),
    element('p', {}, 'Everything that is sent to ', element('code', {}, smtp), ' by SMTP appears here at once, and goes no further. Try it:'),
    element('pre', {}, `swaks --server ${smtp} --from a@example.org --to b@example.net`),
    element('p', {}, 'or with Python:'),
    element(
      'pre',
      {},
      `python3 -c "import smtplib; smtplib.SMTP('${smtp.slice(0, colon)}', ${smtp.slice(colon + 1)}).sendmail('a@example.org', ['b@example.net'], 'Subject: hello')"`,
    ),
  );
}
