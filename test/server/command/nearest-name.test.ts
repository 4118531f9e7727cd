import t from 'tap';
import { nearestName } from '../../../server/command/nearest-name.js';

t.test('the name that was meant', (t) => {
  const names = [
    'host',
    'ports',
    'redis',
    'redis-key',
    'admin-port',
    'admin-token',
    'allowed-origins',
    'workers',
  ];
  const cases: [typed: string, meant: string, isLikely: boolean][] = [
    ['prots', 'ports', true],
    ['port', 'ports', true],
    ['worker', 'workers', true],
    ['alowed-origin', 'allowed-origins', true],
    ['redis-url', 'redis', true],
    ['adminport', 'admin-port', true],
    ['nope', 'host', false],
    ['', 'host', false],
  ];
  for (const [typed, name, isLikely] of cases) t.same(nearestName(typed, names), { name, isLikely }, typed);
  t.equal(nearestName('x', []), undefined);
  t.end();
});
