import { ErrorReply } from 'redis';
import t from 'tap';
import type { RedisClient } from '../../../server/broker/redis-client.js';
import { RoleReader } from '../../../server/broker/redis-role.js';
import { keptLog } from '../../harness/log.js';

type Answers = Record<string, unknown>;

/** A reader of a client that gives these answers; an error is thrown. */
function readerOf(answers: Answers) {
  const asked: string[] = [];
  const client = {
    async sendCommand(words: string[]): Promise<unknown> {
      const command = words.join(' ');
      asked.push(command);
      const answer = answers[command];
      if (answer instanceof Error) throw answer;
      return answer;
    },
  } as unknown as RedisClient;
  const log = keptLog();
  return { reader: new RoleReader(client, log.logger), asked, log };
}

const noPermission = new ErrorReply('NOPERM no');
const isReplica = {
  isMaster: false,
  reason: /^a replica of 10\.0\.0\.1:6379: .*--redis must lead to the master$/,
};
const isUnknown = { isMaster: undefined, reason: '' };

t.test('by ROLE', async (t) => {
  const read = (...answer: unknown[]) => readerOf({ ROLE: answer }).reader.read();
  t.same(await read('master', 0, []), { isMaster: true, reason: '' });
  t.match(await read('slave', '10.0.0.1', 6379, 'connected', 0), isReplica);
  t.match(await read('replica', '10.0.0.1', 6379, 'connect', -1), isReplica, 'whether it is in touch or not');
  t.match(await read('sentinel', []), { isMaster: false, reason: /^a Sentinel/ });
  t.same(await read('active-replica', []), isUnknown);
  t.same(await read(), isUnknown);
  t.same(await readerOf({ ROLE: 'OK' }).reader.read(), isUnknown);
});

t.test('by INFO where ROLE is forbidden or not known', async (t) => {
  for (const refusal of ['NOPERM no', "ERR unknown command 'ROLE'", 'ERR command is not supported']) {
    const { reader, asked, log } = readerOf({
      ROLE: new ErrorReply(refusal),
      'INFO replication': '# Replication\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\n',
    });
    t.match(await reader.read(), isReplica, refusal);
    await reader.read();
    t.equal(asked.filter((command) => command === 'ROLE').length, 1, 'what is refused is asked for once');
    t.match(log.lines, [{ level: 'debug', reason: refusal }]);
  }
  const { reader } = readerOf({ ROLE: noPermission, 'INFO replication': '# Replication\r\nrole:master\r\n' });
  t.same(await reader.read(), { isMaster: true, reason: '' });
});

t.test('where both are forbidden nothing is known, and nothing is held against Redis', async (t) => {
  const { reader, asked } = readerOf({ ROLE: noPermission, 'INFO replication': noPermission });
  t.same(await reader.read(), isUnknown);
  t.same(await reader.read(), isUnknown);
  t.same(asked, ['ROLE', 'INFO replication']);
});

t.test('a replica of a cluster passes on to all nodes what is published', async (t) => {
  const ROLE = ['slave', '10.0.0.1', 6379, 'connected', 0];
  const read = (cluster: unknown) => readerOf({ ROLE, 'INFO cluster': cluster }).reader.read();
  t.same(await read('# Cluster\r\ncluster_enabled:1\r\n'), isUnknown);
  t.match(await read('# Cluster\r\ncluster_enabled:0\r\n'), isReplica);
  t.match(await read(noPermission), isReplica);
});

t.test('whatever else is wrong is no answer to this question', async (t) => {
  for (const message of [
    'NOAUTH Authentication required.',
    'ERR max number of clients reached',
    'BUSY',
    'LOADING',
  ]) {
    await t.rejects(readerOf({ ROLE: new ErrorReply(message) }).reader.read(), { message });
  }
  await t.rejects(readerOf({ ROLE: new Error('gone') }).reader.read(), { message: 'gone' });
});
