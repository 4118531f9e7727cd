import { ErrorReply } from 'redis';
import t from 'tap';
import { warnOfKeyspaceEvents } from '../../../server/broker/keyspace-events.js';
import type { RedisClient } from '../../../server/broker/redis-client.js';
import { keptLog } from '../../harness/log.js';

t.test('the warning', async (t) => {
  const linesOf = async (answer: unknown, pattern = '*') => {
    const client = {
      async sendCommand(): Promise<unknown> {
        if (answer instanceof Error) throw answer;
        return answer;
      },
    } as unknown as RedisClient;
    const log = keptLog();
    await warnOfKeyspaceEvents(client, pattern, log.logger);
    return log.lines;
  };
  const flags = (value: string) => ['notify-keyspace-events', value];
  t.match(await linesOf(flags('AKE')), [
    { level: 'warn', message: /keyspace events/, 'notify-keyspace-events': 'AKE', redisPattern: '*' },
  ]);
  t.equal((await linesOf(flags('Kg'))).length, 1);
  t.same(await linesOf(flags('')), []);
  t.same(await linesOf(flags('AKE'), 'news*'), []);
  t.same(await linesOf([]), [], 'a setting that is not known');
  t.same(await linesOf(new ErrorReply('NOPERM')), [], 'CONFIG is forbidden');
  await t.rejects(linesOf(new Error('gone')), { message: 'gone' });
});
