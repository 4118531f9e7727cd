// The entry of a worker process: starts the worker when the primary orders it, and then obeys the primary until the end.
import type { TokenVerifier } from '../access/token-verifier.js';
import { EmbeddedSubscription } from '../broker/embedded-broker.js';
import { PROTOCOL, type StartOrder, type Tell, type ToWorker } from '../ipc.js';
import { type Logger, standardErrorLogger } from '../logger.js';
import { type Extras, Worker } from './worker.js';

/** Runs this process as a worker. */
export function runWorker(): void {
  let worker: Worker | undefined;
  // A terminal sends signals to the whole process group, but only the primary decides when a worker ends.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  process.on('SIGHUP', () => {});
  // Without a primary, nobody could stop this worker or see its metrics, and it would keep the ports.
  process.on('disconnect', () => process.exit(0));
  process.on('message', (order: ToWorker) => {
    if (order.kind !== 'start') return worker === undefined ? undefined : obey(worker, order);
    void startWorker(order).then((started) => {
      worker = started;
    });
  });
  tell({ kind: 'hello', protocol: PROTOCOL });
}

const tell: Tell = (message, sent) => {
  process.send?.(message, (error) => {
    if (error === null) sent?.();
  });
};

async function startWorker(start: StartOrder): Promise<Worker | undefined> {
  process.title = `10m-server worker ${start.number}`;
  const logger = standardErrorLogger(start.options.logLevel, { worker: start.number });
  process.on('uncaughtException', (error) => {
    logger.error('worker failed', { error: error.stack ?? error.message });
    process.exit(1);
  });
  try {
    return new Worker(start, await loadExtras(start, logger), tell, logger);
  } catch (error) {
    tell({ kind: 'failed', message: (error as Error).message });
    return undefined;
  }
}

/** Loads the Redis client and the token code only if needed: both cost each worker memory and time to start. */
async function loadExtras(start: StartOrder, logger: Logger): Promise<Extras> {
  const { options, probes } = start;
  const { redis, redisPattern } = options;
  const verifier = options.auth === 'none' ? undefined : await loadVerifier(start, logger);
  if (redis === undefined) {
    return { subscribe: (events) => new EmbeddedSubscription(probes.channel, events), verifier };
  }
  const { RedisSubscription } = await import('../broker/redis-subscription.js');
  return {
    subscribe: (events) => new RedisSubscription(redis, redisPattern, probes.channel, logger, events),
    verifier,
  };
}

async function loadVerifier(
  { options, number, keyFile }: StartOrder,
  logger: Logger,
): Promise<TokenVerifier> {
  const { tokenKeysIn } = await import('../access/token-key.js');
  const { TokenVerifier } = await import('../access/token-verifier.js');
  const { keys, ignored } = tokenKeysIn(options, keyFile!);
  // Every worker reads the same file, so only one of them logs this.
  if (number === 1) for (const why of ignored) logger.warn('a key of --jwt-public-key is not used', { why });
  return new TokenVerifier(keys, options.jwtLeeway);
}

function obey(worker: Worker, order: Exclude<ToWorker, StartOrder>): void {
  switch (order.kind) {
    case 'messages':
      // `EmbeddedSubscription` listens for these messages itself.
      return;
    case 'collect':
      void worker
        .report(order.withProcess)
        .then((report) => tell({ kind: 'collected', request: order.request, report }));
      return;
    case 'answer':
      tell({ kind: 'here', tally: worker.tally });
      return;
    case 'claimed':
      worker.claims?.decided(order.verdicts);
      return;
    case 'renew':
      worker.renewCertificate();
      return;
    case 'shut':
      // Closing a listening socket resets the clients in its queue. By the end of this turn, the queue is empty.
      setImmediate(() => {
        worker.shut();
        tell({ kind: 'shut' });
      });
      return;
    case 'drain':
      worker.drain(order.order);
      return;
  }
}
