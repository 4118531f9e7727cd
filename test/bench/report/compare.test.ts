import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { compareText, readResult } from '../../../bench/report/compare.js';
import { figureOf, resultOf } from '../../harness/bench-result.js';

const result = (own: (number | null)[], connections = 5) => {
  const { options } = resultOf();
  return resultOf({ figures: { cost: figureOf({ own }) }, options: { ...options, connections } });
};

t.test('a comparison tells what moved beyond the noise', async (t) => {
  t.match(compareText(result([10, 10]), result([12, 12])), /cost +µs +10 +12 +\+20\.0 % +worse/);
  t.match(compareText(result([10, 10]), result([8, 8])), /-20\.0 % +better/);
  t.notMatch(
    compareText(result([10, 14]), result([12, 12])),
    /worse|better/,
    'the old runs lay that far apart',
  );
  t.notMatch(compareText(result([10, 10]), result([12, 12])), /not the same options/);
  t.match(compareText(result([10]), result([10], 6)), /not the same options: connections differ/);
  t.match(compareText(result([null]), result([12])), /cost +µs +- +-$/m, 'one that was not told then');
});

t.test('only a result of the same scenario and format is compared with', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'old.json');
  const write = (value: unknown) => writeFileSync(path, JSON.stringify(value));
  write(resultOf());
  t.match(readResult(path, 'ping'), { scenario: 'ping' });
  t.throws(() => readResult(path, 'idle'), {
    message: `--compare "${path}" is a result of ping, not of idle`,
  });
  write({ ...resultOf(), format: 0 });
  t.throws(() => readResult(path, 'ping'), { message: `--compare "${path}" is no result of this version` });
  for (const value of [null, [], 'x', 1]) {
    write(value);
    t.throws(() => readResult(path, 'ping'), { message: `--compare "${path}" is no result of this version` });
  }
  writeFileSync(path, 'no JSON');
  t.throws(() => readResult(path, 'ping'), { message: `--compare "${path}" holds no JSON` });
  t.throws(() => readResult(join(folder, 'missing'), 'ping'), {
    message: /^--compare .* cannot be read: ENOENT/,
  });
});
