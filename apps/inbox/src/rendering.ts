import type { Reading, ReadAttachment } from './reading/parse.ts';

/** Longer HTML is cut: a browser, too, can be kept busy. */
const maxHtmlCharacters = 2 * 1024 * 1024;

/**
 * Elements that reach beyond the document before a policy is asked, or without one: a browser connects for link (preconnect, dns-prefetch) and
 * for a frame that it will not load, meta refreshes, base moves every address. Each of their tags begins with just these letters wherever it
 * stands, so that no parsing is needed to take their names away.
 */
const reachingTags = /<(link|meta|base|i?frame|fencedframe|object|embed)(?=[\s/>])/gi;

/** The mail's HTML as a document of its own, for which contentPolicy says what it may do. Links open in a new tab. */
export function renderHtml(html: string, inlineFolder: string): string {
  const tamed = html
    .slice(0, maxHtmlCharacters)
    .replace(reachingTags, '<inert-$1')
    .replace(/\bcid:([^\s"'<>()]+)/gi, (_whole, id: string) => `${inlineFolder}${encodeURIComponent(decodeContentId(id))}`);
  const [doctype = ''] = /^\s*<!doctype[^>]*>/i.exec(tamed) ?? [];
  return `${doctype}<base target="_blank">${tamed.slice(doctype.length)}`;
}

/** Pictures come from the mail itself, and from elsewhere only when a person has said so. No script, no form, no frame, no font, no request. */
export function contentPolicy(inlineFolder: string, remoteImages: boolean): string {
  const images = ['data:', inlineFolder, ...(remoteImages ? ['http:', 'https:'] : [])].join(' ');
  return [
    "default-src 'none'",
    `img-src ${images}`,
    "style-src 'unsafe-inline'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    'sandbox allow-popups allow-popups-to-escape-sandbox',
  ].join('; ');
}

export function wantsRemoteImages(html: string): boolean {
  return /(?:\b(?:src|srcset|background|poster)\s*=|url\()["'\s]*(?:https?:)?\/\//i.test(html);
}

/** The types that a browser shows as a picture and nothing else; SVG can hold more. */
const pictureTypes = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/bmp']);

export function findPicture({ attachments }: Reading, contentId: string): ReadAttachment | undefined {
  return attachments.find((attachment) => attachment.contentId === contentId && pictureTypes.has(attachment.type));
}

function decodeContentId(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
