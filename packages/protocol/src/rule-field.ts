/** The field that a rule of a whole message (buf.validate) is about: the first that its sender would change. */
const fields: ReadonlyMap<string, string> = new Map([
  ['submit.recipients', 'to'],
  ['submit.content', 'text'],
  ['submit.raw_excludes_content', 'raw'],
  ['submit.ttl_or_deadline', 'ttl'],
  ['attachment.source', 'reference'],
  ['list_unsubscribe.way', 'url'],
  ['list_unsubscribe.one_click', 'url'],
  ['selector.some', 'ids'],
  ['selector.all_alone', 'all'],
  ['list.accepted_range', 'accepted_before'],
  ['suspension.some', 'all'],
  ['suspension.all_alone', 'all'],
]);

/** Where a broken rule of a whole message is to be shown; undefined for a rule of one field. `path`: of the message in the request, empty for the request itself. */
export function ruleField(ruleId: string, path: string): string | undefined {
  const field = fields.get(ruleId);
  return field === undefined || path === '' ? field : `${path}.${field}`;
}
