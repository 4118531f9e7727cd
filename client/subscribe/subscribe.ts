// The command `10m-client subscribe <url…>`: messages to standard output, everything else to standard error.
import { standardError } from '../../server/command/standard-error.js';
import { withoutSecretParameters } from '../../server/command/url-secret.js';
import type { ConnectionEnd } from '../connection/connection.js';
import { endNow, onInterrupt } from '../interruption.js';
import type { SubscribeOptions } from '../options.js';
import { outputComplaint, watchOutput } from '../output.js';
import { terminalLine, terminalText } from '../terminal-text.js';
import { Subscriber } from './subscriber.js';

/** After Ctrl-C, a name that is being resolved or output that nobody reads can hold up the end. They get this long. */
const END_TIMEOUT_MS = 3_000;

/** @returns the exit code: 0 after Ctrl-C or when the reader of standard output has gone, 1 where a server refused */
export async function subscribe(options: SubscribeOptions): Promise<number> {
  const urls = options.url.split('\n');
  const behaviour = {
    idleTimeoutMs: options.idleTimeout * 1000,
    ca: options.tlsCa,
    token: options.tokenFile,
  };
  const subscribers = urls.map((url) => new Subscriber(url, behaviour));
  let exitCode = 0;
  let isEnding = false;
  const endAll = (complaint?: string): void => {
    if (isEnding) return;
    isEnding = true;
    if (complaint !== undefined) {
      exitCode = 1;
      standardError.write(`10m-client: ${terminalLine(complaint)}\n`, 3);
    }
    for (const subscriber of subscribers) subscriber.close();
  };
  watchOutput((error) => endAll(outputComplaint(error)));
  onInterrupt(() => {
    endAll();
    setTimeout(endNow, END_TIMEOUT_MS).unref();
  });
  const print = (line: string | Buffer): void => {
    if (isEnding || process.stdout.write(line)) return;
    // Nothing is kept for a reader that does not read: the connections are paused with it.
    for (const subscriber of subscribers) subscriber.pause();
  };
  process.stdout.on('drain', () => {
    for (const subscriber of subscribers) subscriber.resume();
  });
  const ends = subscribers.map((subscriber, i) => {
    // A token may be in the query.
    const url = withoutSecretParameters(urls[i]!);
    printMessages(subscriber, urls.length > 1 ? `${url} ` : '', print);
    noteChanges(subscriber, url);
    return new Promise<void>((resolve) => {
      subscriber.once('end', (error) => {
        if (error !== undefined) endAll(`${url} refused: ${error.message}`);
        resolve();
      });
    });
  });
  await Promise.all(ends);
  return exitCode;
}

/** The bytes are printed unchanged, except to a terminal. */
function printMessages(subscriber: Subscriber, prefix: string, print: (line: string | Buffer) => void): void {
  if (process.stdout.isTTY === true) {
    const start = terminalLine(prefix);
    subscriber.on('message', (payload) => print(`${start}${terminalText(payload.toString())}\n`));
    return;
  }
  const start = Buffer.from(prefix);
  const lineFeed = Buffer.from('\n');
  subscriber.on('message', (payload) => print(Buffer.concat([start, payload, lineFeed])));
}

function noteChanges(subscriber: Subscriber, url: string): void {
  const note = (what: string): void => standardError.write(`${terminalLine(`${url} ${what}`)}\n`, 6);
  subscriber.on('open', () => note('connected'));
  subscriber.on('close', (end) => note(endText(end)));
  subscriber.on('retry', (delayMs) => note(`reconnecting in ${(delayMs / 1000).toFixed(1)} s`));
}

function endText(end: ConnectionEnd): string {
  if (end.error !== undefined) return `disconnected: ${end.error.message}`;
  return `disconnected: close code ${end.code}${end.reason === '' ? '' : ` ${JSON.stringify(end.reason)}`}`;
}
