/** The contract's words as flags take them; a test holds them against the contract, which would be loaded for every help otherwise. */
export const lanes = ['immediate', 'high', 'normal', 'low'] as const;

export const states = [
  'queued',
  'held',
  'sending',
  'in_doubt',
  'delivered',
  'partly_delivered',
  'failed',
  'expired',
  'cancelled',
  'suppressed',
] as const;
