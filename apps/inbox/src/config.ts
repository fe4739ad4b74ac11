import { setting, sharedSettings } from '@posthaste/config';

export const inboxSettings = {
  'log.level': sharedSettings['log.level'],
  'inbox.smtp': setting.address({ default: '127.0.0.1:1025', doc: 'Where mail is taken by SMTP.' }),
  'inbox.http': setting.address({ default: '127.0.0.1:8025', doc: "Where mail is shown: a page, and MailHog's API." }),
  'inbox.hosts': setting.list({
    default: [],
    doc: 'Names with a dot under which the page is asked for; IP addresses, localhost and names without a dot need not be listed.',
  }),
  'inbox.keep': setting.int({ default: 500, min: 0, doc: 'How many mails are kept; the oldest go first.' }),
  'inbox.keepBytes': setting.size({ default: '256MiB', doc: 'How many bytes of mail are kept; the oldest go first.' }),
  'inbox.script': setting.string({
    optional: true,
    doc: 'A JSON or YAML file with the script by which SMTP misbehaves from the start; the page and PUT /api/chaos change it.',
  }),
};
