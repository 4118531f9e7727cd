import t from 'tap';
import { maxFds, OWN_FILES } from '../../../server/host/fd-limit.js';
import type { ServerOptions } from '../../../server/options/server-options.js';
import { connectionsLimit } from '../../../server/worker/connections-limit.js';

const optionsOf = (ports: number, maxConnections?: number) =>
  ({
    ports: { first: 10_000, last: 10_000 + ports - 1 },
    tlsPorts: { first: 1, last: 0 },
    maxConnections,
  }) as ServerOptions;

function limitOf(options: ServerOptions) {
  const warnings: string[] = [];
  const silent = () => {};
  const logger = { debug: silent, info: silent, error: silent, warn: (text: string) => warnings.push(text) };
  return { limit: connectionsLimit(options, logger), warnings };
}

t.test('listeners and the files of the worker itself are left out of the limit of open files', (t) => {
  t.equal(limitOf(optionsOf(1)).limit, maxFds() - 1 - OWN_FILES);
  t.equal(limitOf(optionsOf(101)).limit, maxFds() - 101 - OWN_FILES);
  t.end();
});

t.test('what was asked for counts where it is less, and is warned of where it is more', (t) => {
  t.same(limitOf(optionsOf(1, 50)), { limit: 50, warnings: [] });
  const { limit, warnings } = limitOf(optionsOf(1, maxFds()));
  t.equal(limit, maxFds() - 1 - OWN_FILES);
  t.equal(warnings.length, 1);
  t.end();
});

t.test('a limit that leaves no connection is an error that says so', (t) => {
  t.throws(() => limitOf(optionsOf(maxFds())), {
    message: /open files leaves none for connections.*fewer --ports/,
  });
  t.end();
});
