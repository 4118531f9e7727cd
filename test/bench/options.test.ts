import t from 'tap';
import { benchCommand } from '../../bench/options.js';
import { parseCommandLine } from '../../server/command/command-line.js';

const parse = (line: string) => parseCommandLine(benchCommand, line.split(' '), {});

t.test('a scenario, and what belongs to it alone', async (t) => {
  t.match(await parse('idle'), {
    values: { scenario: 'idle', shared: false, tls: false, load: 'own', out: 'bench-results' },
  });
  const cases: [line: string, complaint: RegExp][] = [
    ['nothing', /<scenario> "nothing" is not allowed; give one of idle, ping, connect/],
    ['ping --tls', /--tls is for the scenario idle; leave it out for ping/],
    ['idle --tls --against ws', /--tls and --against exclude each other/],
    ['idle --load external', /--load "external" is for the scenario million; leave it out for idle/],
    ['idle --connections 0', /--connections "0"/],
  ];
  for (const [line, complaint] of cases) t.match(await parse(line), { exitCode: 2, text: complaint }, line);
  t.match(await parse('million --load external'), { values: { load: 'external' } });
});
