/**
 * Preloaded into a program by `node --import`: its wall clock runs ahead by the milliseconds in this module's address (`?ms=600000`), from its start, or by
 * `&from=signal` from the first SIGUSR2 on and until the next one.
 */
const { searchParams } = new URL(import.meta.url);
const shiftMs = Number(searchParams.get('ms'));
const realNow = Date.now.bind(Date);
let isAhead = searchParams.get('from') !== 'signal';

Date.now = () => realNow() + (isAhead ? shiftMs : 0);

if (!isAhead) process.on('SIGUSR2', () => (isAhead = !isAhead));
