/** What is known of a provider: what an upstream of its takes unless it says otherwise, key by key as in a file. docs/upstreams.md names the sources. */
export interface Preset {
  readonly keys: Readonly<Record<string, string>>;
  /** Hosts by region, for providers that have several. The first one is the default where `needsRegion` is not said. */
  readonly hostOf?: (region: string) => string;
  readonly regions?: RegExp;
  readonly region?: string;
}

const googleTokens = 'https://oauth2.googleapis.com/token';
const submission = { port: '587', 'tls.mode': 'required' };

export const presets: Readonly<Record<string, Preset>> = {
  ses: {
    keys: submission,
    hostOf: (region) => `email-smtp.${region}.amazonaws.com`,
    regions: /^[a-z]{2}(?:-[a-z]+)+-\d$/,
  },
  gmail: { keys: { ...submission, host: 'smtp.gmail.com', connections: '5', 'limits.perDay': '500', 'oauth.tokenUrl': googleTokens } },
  'workspace-relay': { keys: { ...submission, host: 'smtp-relay.gmail.com', 'limits.perDay': '10000', 'oauth.tokenUrl': googleTokens } },
  microsoft365: {
    keys: {
      ...submission,
      host: 'smtp.office365.com',
      connections: '3',
      maxConnections: '3',
      'limits.perMinute': '30',
      'limits.perDay': '10000',
      'oauth.tokenUrl': 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
    },
  },
  sendgrid: { keys: { ...submission, host: 'smtp.sendgrid.net', user: 'apikey', messagesPerConnection: '5000' } },
  mailgun: {
    keys: submission,
    hostOf: (region) => (region === 'eu' ? 'smtp.eu.mailgun.org' : 'smtp.mailgun.org'),
    regions: /^(?:us|eu)$/,
    region: 'us',
  },
  postmark: { keys: { ...submission, host: 'smtp.postmarkapp.com' } },
  resend: { keys: { host: 'smtp.resend.com', port: '465', 'tls.mode': 'implicit', user: 'resend', 'limits.perSecond': '5' } },
};

export const presetNames = Object.keys(presets);
