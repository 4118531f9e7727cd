// The `Retry-After` header: how long a server asks its clients to wait (RFC 9110 section 10.2.3).

/** IMF-fixdate, the obsolete RFC 850 format, and asctime: all of them in UTC (RFC 9110 section 5.6.7). */
const DATE_FORMS = [
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/,
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT$/,
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/,
];

/** @returns ms since 1970, undefined for what is no date */
function parseHttpDate(text: string): number | undefined {
  if (!DATE_FORMS.some((form) => form.test(text))) return undefined;
  const timeMs = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

/**
 * The shortest wait in milliseconds that the header asks for; undefined where it is missing or says nothing sensible.
 *
 * @param value seconds, or the date when to come back
 * @param date the answer's `Date` header, if there is one: the clock of the server may differ from this one
 */
export function retryAfterMs(
  value: string | undefined,
  date: string | undefined,
  nowMs: number,
): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const atMs = parseHttpDate(value);
  if (atMs === undefined) return undefined;
  const sentMs = (date === undefined ? undefined : parseHttpDate(date)) ?? nowMs;
  return Math.max(0, atMs - sentMs);
}
