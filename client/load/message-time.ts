// When a message was sent, where it says so itself: latency is measured on messages that do.

/** Times further off than this are taken for another kind of number. */
const MAX_AGE_MS = 86_400_000;
/** JSON longer than this is not parsed for its time. */
const MAX_JSON_BYTES = 65_536;

/**
 * The time in a message, milliseconds since 1970: either the text begins with `t=<ms> ` (decimals allowed; the space may
 * be the end of the message instead), or it is a JSON object with a number `"t"`.
 *
 * @param nowMs the present; a number more than a day away from it is no time
 * @returns undefined where there is none
 */
export function messageTimeMs(payload: Buffer, nowMs: number): number | undefined {
  const timeMs = readTime(payload);
  return timeMs !== undefined && Math.abs(nowMs - timeMs) <= MAX_AGE_MS ? timeMs : undefined;
}

function readTime(payload: Buffer): number | undefined {
  if (payload[0] === 0x74 && payload[1] === 0x3d) {
    const digits = /^t=(\d{1,15}(?:\.\d{1,9})?)(?: |$)/.exec(payload.toString('latin1', 0, 28))?.[1];
    return digits === undefined ? undefined : Number(digits);
  }
  if (payload[0] !== 0x7b || payload.length > MAX_JSON_BYTES || !payload.includes('"t"')) return undefined;
  try {
    const { t } = JSON.parse(payload.toString()) as { t?: unknown };
    return typeof t === 'number' ? t : undefined;
  } catch {
    // Not JSON after all: a message without a time.
    return undefined;
  }
}
