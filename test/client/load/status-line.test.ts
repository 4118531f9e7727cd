import t from 'tap';
import { noCounts } from '../../../client/load/load-counts.js';
import { StatusLine, statusText } from '../../../client/load/status-line.js';

const zero = noCounts();
const half = { ...zero, made: 500_000, connected: 500_000, connecting: 128, pings: 1000 };

t.test('all of it where there is room', async (t) => {
  t.equal(
    statusText(half, { ...zero, made: 495_000, pings: 800 }, 1, 200),
    'connected 500000 (5000/s), connecting 128, failed 0, closed 0, pings 1000 (200/s), messages 0 (0/s)',
  );
});

t.test(
  'less of it in a narrow terminal: first the rates that are 0, then the counts that are 0',
  async (t) => {
    t.equal(
      statusText(half, { ...half, pings: 800 }, 1, 79),
      'connected 500000, connecting 128, pings 1000 (200/s)',
    );
    t.equal(
      statusText({ ...zero, connected: 9 }, { ...zero, connected: 9 }, 1, 79),
      'connected 9, connecting 0, failed 0, closed 0, pings 0, messages 0',
    );
    t.equal(statusText(zero, zero, 1, 20), 'connected 0');
  },
);

t.test('the most connections within one second, at whatever times the samples come', async (t) => {
  const texts: string[] = [];
  const status = new StatusLine(zero, 0, false, { write: (text: string) => texts.push(text) });
  for (let atMs = 250; atMs <= 5000; atMs += 250) {
    status.add({ ...zero, made: atMs <= 2000 ? atMs : 2000, reconnects: atMs > 4000 ? 10 : 0 }, atMs);
  }
  status.end();
  t.equal(status.connectsPerSecondMax, 1000);
  t.equal(texts.length, 1, 'a line every 5 s where it is no terminal');
});
