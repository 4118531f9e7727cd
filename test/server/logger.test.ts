import t from 'tap';
import type { Severity } from '../../server/command/standard-error.js';
import { createLogger, type LogLevel, logLinesLost } from '../../server/logger.js';

/** What a logger writes. */
function record(level: LogLevel, asJson: boolean, fixed = {}) {
  const lines: [line: string, severity: Severity][] = [];
  return { lines, logger: createLogger(level, asJson, (...line) => void lines.push(line), fixed) };
}

t.test('a line is a JSON object for machines, with the fields of the logger and of the call', async (t) => {
  const { lines, logger } = record('debug', true, { worker: 3 });
  logger.warn('full', { sockets: 7, nothing: undefined });
  const [line, severity] = lines[0]!;
  t.ok(line.endsWith('}\n'));
  const { time, ...rest } = JSON.parse(line);
  t.equal(new Date(time).toISOString(), time);
  t.same(rest, { level: 'warn', message: 'full', worker: 3, sockets: 7 });
  t.equal(severity, 4);
});

t.test('a level leaves out those below it, and each has its severity', async (t) => {
  const severities = (level: LogLevel) => {
    const { lines, logger } = record(level, true);
    for (const name of ['debug', 'info', 'warn', 'error'] as const) logger[name]('a message');
    return lines.map(([, severity]) => severity);
  };
  t.same(severities('debug'), [7, 6, 4, 3]);
  t.same(severities('warn'), [4, 3]);
  t.same(severities('silent'), []);
});

t.test('a line for a terminal holds nothing that a terminal would obey', async (t) => {
  const { lines, logger } = record('info', false);
  logger.info('serving', {
    url: 'ws://h:1/C',
    none: undefined,
    empty: '',
    words: 'two words',
    on: true,
    n: 1.5,
  });
  t.match(
    lines[0]![0],
    /^\d\d:\d\d:\d\d\.\d{3} info {2}serving url=ws:\/\/h:1\/C empty="" words="two words" on=true n=1\.5\n$/,
  );
  logger.info('refused', { error: 'a\u001b[2Jb\u007fc\u009bd\ne' });
  t.match(lines[1]![0], 'error="a\\u001b[2Jb\\u007fc\\u009bd\\ne"\n');
});

t.test('nothing is lost while standard error is read', async (t) => t.equal(logLinesLost(), 0));
