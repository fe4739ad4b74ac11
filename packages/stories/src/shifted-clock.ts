/** Preloaded into a program by `node --import`: its wall clock runs ahead by the milliseconds in this module's address (`?ms=600000`). */
const shiftMs = Number(new URL(import.meta.url).searchParams.get('ms'));
const realNow = Date.now.bind(Date);

Date.now = () => realNow() + shiftMs;
