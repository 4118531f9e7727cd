import { once } from 'node:events';
import { connect } from 'node:net';
import { createClient } from 'redis';
import t from 'tap';
import { RedisProcess } from '../../bench/redis-process.js';

t.test('a Redis that publishes, and leaves nothing', async (t) => {
  const { signal } = new AbortController();
  const redis = await RedisProcess.start(signal);
  const client = createClient({ url: `redis://127.0.0.1:${redis.port}` });
  await client.connect();
  const got = new Promise<string>((resolve) => void client.subscribe('news', resolve));
  await redis.waitForSubscribers(1, signal);
  await redis.publish('news', 'hello');
  t.equal(await got, 'hello');
  client.destroy();
  await redis.stop();
  const [error] = await once(connect(redis.port, '127.0.0.1'), 'error');
  t.match(error, { code: 'ECONNREFUSED' });
});

t.test('a start that is called off', async (t) => {
  await t.rejects(RedisProcess.start(AbortSignal.abort()), { name: 'AbortError' });
});
