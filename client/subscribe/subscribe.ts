// The command `10m-client subscribe <url…>`: messages to standard output, everything else to standard error.
import { withoutSecretParameters } from '../../server/command/url-secret.js';
import type { ConnectionEnd } from '../connection/connection.js';
import type { SubscribeOptions } from '../options.js';
import { Subscriber } from './subscriber.js';

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
  const closeAll = (): void => {
    for (const subscriber of subscribers) subscriber.close();
  };
  let wasInterrupted = false;
  const onSignal = (): void => {
    if (wasInterrupted) process.exit(130);
    wasInterrupted = true;
    closeAll();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.stdout.on('error', closeAll);
  const ends = subscribers.map((subscriber, i) => {
    // A token may be in the query.
    const url = withoutSecretParameters(urls[i]!);
    printMessages(subscriber, urls.length > 1 ? `${url} ` : '');
    noteChanges(subscriber, url);
    return new Promise<void>((resolve) => {
      subscriber.once('end', (error) => {
        if (error !== undefined) {
          process.stderr.write(`10m-client: ${url} refused: ${error.message}\n`);
          exitCode = 1;
          closeAll();
        }
        resolve();
      });
    });
  });
  await Promise.all(ends);
  process.off('SIGINT', onSignal);
  process.off('SIGTERM', onSignal);
  return exitCode;
}

function printMessages(subscriber: Subscriber, prefix: string): void {
  const start = Buffer.from(prefix);
  const lineFeed = Buffer.from('\n');
  subscriber.on('message', (payload) => {
    process.stdout.write(Buffer.concat([start, payload, lineFeed]));
  });
}

function noteChanges(subscriber: Subscriber, url: string): void {
  const note = (what: string): boolean => process.stderr.write(`${url} ${what}\n`);
  subscriber.on('open', () => note('connected'));
  subscriber.on('close', (end) => note(endText(end)));
  subscriber.on('retry', (delayMs) => note(`reconnecting in ${(delayMs / 1000).toFixed(1)} s`));
}

function endText(end: ConnectionEnd): string {
  if (end.error !== undefined) return `disconnected: ${end.error.message}`;
  return `disconnected: close code ${end.code}${end.reason === '' ? '' : ` ${JSON.stringify(end.reason)}`}`;
}
