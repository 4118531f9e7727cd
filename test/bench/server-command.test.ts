import t from 'tap';
import { commandName, commandTemplate, fillTemplate, wantsRedis } from '../../bench/server-command.js';

t.test('commands of other servers', async (t) => {
  const places = { port: 12000, ports: 1, redis: '127.0.0.1:7000', ping: 300 };
  t.strictSame(fillTemplate(commandTemplate('../path/10m-reference'), places), [
    '../path/10m-reference',
    ...'-port 12000 -ports 1 -redis 127.0.0.1:7000 -ping 300s'.split(' '),
  ]);
  t.strictSame(fillTemplate(commandTemplate('./10m-floor'), places), ['./10m-floor', '12000', '1', '300']);
  t.strictSame(fillTemplate(commandTemplate('mine --at {port}-{ports} x{redis}'), places), [
    'mine',
    '--at',
    '12000-1',
    'x127.0.0.1:7000',
  ]);
  t.equal(wantsRedis(commandTemplate('./10m-reference')), true);
  t.equal(wantsRedis(commandTemplate('./10m-floor')), false);
  t.equal(commandName('/a/b/mine --x'), 'mine');
  t.equal(commandName('ws'), 'ws');
});
