import t from 'tap';
import { capacity, type Load, type Machine, workersForFiles } from '../../../server/plan/capacity.js';
import { articleCosts, tenmCosts } from '../../../server/plan/costs.js';

const load: Load = {
  connections: 10_000_000,
  pingIntervalSeconds: 300,
  messagesPerSecond: 0,
  fanout: 1,
  messageBytes: 100,
  channels: 'own',
  tls: false,
};
/** n1-highmem-32, with the article's limit of open files. */
const articleMachine: Machine = { cores: 32, memoryBytes: 208e9, openFiles: 11_000_000, ports: 1001 };

t.test("the model gives the figures of the article for the article's server and machine", async (t) => {
  const answer = capacity(load, articleMachine, articleCosts);
  t.equal(answer.workers, 1);
  t.ok(Math.abs(answer.pingsPerSecond - 30_000) < 5000, 'about 30,000 pings/s');
  t.ok(answer.userBytes.high > 95e9 && answer.userBytes.high < 105e9, '100 GB in the process');
  t.ok(answer.memoryBytes.high < 208e9, 'it fits into the memory');
  t.ok(answer.busyCores.high / 32 < 0.1, 'not more than the measured 10% of CPU');
  t.ok(answer.filesInAll < 11_000_000, 'within fs.file-max');
  t.same(answer.holds, { connections: 11_000_000 - 1001 - 128, limitedBy: 'open files' });
  t.equal(answer.machines, 1);
});

t.test("the model gives the figures of this server on the article's machine", async (t) => {
  const answer = capacity(load, articleMachine);
  t.equal(answer.workers, 32);
  t.equal(answer.connectionsPerWorker, 312_500);
  t.equal(answer.filesPerWorker, 1.25 * 312_500 + 1001 + 128, 'in the fullest worker');
  t.equal(answer.filesInAll, 10_000_000 + 32 * (1001 + 128));
  t.equal(answer.userBytes.high, 10_000_000 * 1050 + 33 * 68e6);
  t.equal(answer.kernelBytes.low, 3800 * (10_000_000 + 32 * 1001));
  t.equal(answer.pingsPerSecond, 10_000_000 / 300);
  t.equal(Math.round(answer.busyCores.high * 1000), 390);
  t.equal(Math.round(answer.wireBitsPerSecond.out / 1e5), 245, '24.5 Mbit/s');
  t.equal(answer.holds?.limitedBy, 'memory');
  const held = answer.holds!.connections;
  t.ok(held > 30.5e6 && held < 31.5e6, `31 million: ${held}`);
  const filled = capacity({ ...load, connections: held }, articleMachine);
  t.ok(Math.abs(filled.memoryBytes.high - 0.9 * 208e9) < 10_000, 'these connections take 90% of its memory');
});

t.test('more load never needs less', async (t) => {
  const measures = (answer: ReturnType<typeof capacity>) => [
    answer.memoryBytes.high,
    answer.busyCores.high,
    answer.filesInAll,
    answer.workers,
    answer.wireBitsPerSecond.out,
    answer.redisMessagesPerSecond,
    answer.machines ?? 0,
  ];
  const small = { ...load, connections: 10_000, messagesPerSecond: 10 };
  const machine = { ...articleMachine, openFiles: 20_000 };
  const pairs: [string, Partial<Load>, Partial<Load>][] = [
    ['connections', { connections: 10_000 }, { connections: 5_000_000 }],
    ['messages', { messagesPerSecond: 10 }, { messagesPerSecond: 100 }],
    ['fan-out', { fanout: 1 }, { fanout: 1000 }],
    ['message size', { messageBytes: 100 }, { messageBytes: 100_000 }],
    ['pings', { pingIntervalSeconds: 300 }, { pingIntervalSeconds: 30 }],
    ['pings at all', { pingIntervalSeconds: 0 }, { pingIntervalSeconds: 300 }],
    ['own channels', { channels: 'shared' }, { channels: 'own' }],
    ['TLS', { tls: false }, { tls: true }],
  ];
  for (const [name, less, more] of pairs) {
    const a = measures(capacity({ ...small, ...less }, machine));
    const b = measures(capacity({ ...small, ...more }, machine));
    t.ok(
      a.every((value, i) => value <= b[i]!),
      name,
    );
    const held = (part: Partial<Load>) => capacity({ ...small, ...part }, machine).holds!.connections;
    t.ok(held(more) <= held(less), `${name}: the machine holds no more`);
  }
  const held = (part: Partial<Machine>) => capacity(small, { ...machine, ...part }).holds!.connections;
  t.ok(held({ memoryBytes: 416e9 }) > held({}), 'more memory holds more');
  t.ok(held({ openFiles: 1_000_000 }) > held({}), 'fewer workers leave more memory');
});

t.test('there is a worker per core, or more if the limit of open files requires it', async (t) => {
  const machine = { openFiles: 20_000, ports: 1001 };
  t.equal(workersForFiles(1_000_000, machine), 67);
  t.equal(workersForFiles(18_871, machine), 1, 'one worker holds them all');
  t.equal(workersForFiles(18_872, machine), 2);
  const filesOf = (workers: number) =>
    capacity({ ...load, connections: 1_000_000 }, machine, tenmCosts, workers).filesPerWorker;
  t.ok(filesOf(67) <= 20_000 && filesOf(66) > 20_000, 'the fullest worker counts');
  t.equal(workersForFiles(1, { openFiles: 1129, ports: 1001 }), Number.POSITIVE_INFINITY);
  t.equal(capacity(load, { cores: 4, openFiles: 11_000_000, ports: 1001 }).workers, 4);
  t.equal(
    capacity({ ...load, connections: 1_000_000 }, { cores: 4, openFiles: 20_000, ports: 1001 }).workers,
    67,
  );
  t.equal(capacity(load, { openFiles: 11_000_000, ports: 1001 }).workers, 1, 'as many as the pings need');
  t.equal(capacity(load, { openFiles: 11_000_000, ports: 1001 }, tenmCosts, 7).workers, 7);
});

t.test('CPU limits a machine with many messages or pings', async (t) => {
  const busy = { ...load, pingIntervalSeconds: 0.1 };
  t.equal(capacity(busy, articleMachine).holds?.limitedBy, 'CPU');
  const flooded = { ...load, messagesPerSecond: 1000, fanout: 10_000 };
  t.same(capacity(flooded, articleMachine).holds, { connections: 0, limitedBy: 'CPU' });
  t.equal(capacity({ ...load, pingIntervalSeconds: 0 }, articleMachine).pingsPerSecond, 0);
});

t.test('every worker receives every message', async (t) => {
  const answer = capacity({ ...load, messagesPerSecond: 30_000 }, articleMachine);
  t.equal(answer.redisMessagesPerSecond, 30_000 * 32);
  t.equal(answer.redisServers, 2, 'more than one Redis can send');
  t.notOk(answer.isBrokerOverloaded);
  t.ok(capacity({ ...load, messagesPerSecond: 400_000 }, articleMachine).isBrokerOverloaded);
});
