// Reports wrong input in one line, without secrets and without control characters that would act on the terminal.
import { withoutSecret } from './url-secret.js';

/** The maximum number of characters of a value that are shown. */
const MAX_SHOWN = 200;

/** A sentence about wrong input. It leads to exit code 2. */
export class UsageError extends Error {}

/** Returns input as a message quotes it: without the secrets of a URL, escaped, and shortened if it is long. */
export function quoted(input: string): string {
  const shown = withoutSecret(input);
  return JSON.stringify(shown.length <= MAX_SHOWN ? shown : `${shown.slice(0, MAX_SHOWN)}…`);
}

/** Returns a message without line breaks and other control characters, including C1 and Unicode's line separators. */
export const oneLine = (message: string): string =>
  message.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
