// How wrong input is told: in one line, which shows no secret and does not take over the terminal.
import { withoutSecret } from './url-secret.js';

/** A value is shown up to this many characters. */
const MAX_SHOWN = 200;

/** A sentence about input that is wrong; it becomes exit code 2. */
export class UsageError extends Error {}

/** Input as a message quotes it: without the secret of a URL in it, escaped, and cut where it is long. */
export function quoted(input: string): string {
  const shown = withoutSecret(input);
  return JSON.stringify(shown.length <= MAX_SHOWN ? shown : `${shown.slice(0, MAX_SHOWN)}…`);
}

/** A message without line ends and other control characters, C1 and Unicode's own line ends included. */
export const oneLine = (message: string): string =>
  message.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
