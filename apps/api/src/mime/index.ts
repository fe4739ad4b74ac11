export { base64Size } from './base64-lines.ts';
export { buildMessage } from './build-message.ts';
export type { Content, StoredFile } from './entity.ts';
export { contentFaults } from './request-faults.ts';
