import t from 'tap';
import { tickOf, WheelClock } from '../../../server/worker/wheel-clock.js';

/** A wheel's clock on a time that the test sets. */
function clockAt(tickMs: number, turnTicks: number) {
  const clock = { now: 0 };
  const served: number[] = [];
  const lags: number[] = [];
  const pinger = new WheelClock({
    now: () => clock.now,
    tickMs,
    turnTicks,
    serve: (tick) => served.push(tick),
    observeLag: (lagMs) => lags.push(lagMs),
    observeDelay: () => {},
  });
  pinger.start();
  pinger.stop();
  return { clock, served, lags, pinger };
}

t.test('a turn is exactly the interval', (t) => {
  for (const intervalMs of [100, 1000, 2000, 60_000, 300_000, 86_400_000]) {
    const { tickMs, turnTicks } = tickOf(intervalMs);
    t.ok(Math.abs(tickMs * turnTicks - intervalMs) < 1e-6);
    t.ok(tickMs >= 100);
  }
  t.end();
});

t.test('serves each tick at its time, and says when the next one is', (t) => {
  const { clock, served, pinger } = clockAt(100, 10);
  t.equal(pinger.poll(), 100);
  clock.now = 100;
  t.equal(pinger.poll(), 100);
  clock.now = 230;
  t.equal(pinger.poll(), 70);
  t.same(served, [1, 2]);
  t.end();
});

t.test('late ticks catch up at twice the rate, without a burst, and their lateness is measured', (t) => {
  const { clock, served, lags, pinger } = clockAt(100, 100);
  clock.now = 1000;
  t.equal(pinger.poll(), 100);
  t.same(served, [1, 2], 'two at once and no more');
  t.same(lags, [900, 800]);
  do {
    clock.now += 100;
    pinger.poll();
  } while (served.length < clock.now / 100);
  const ticks = Array.from({ length: 18 }, (_, i) => i + 1);
  t.same(served, ticks, 'none is left out, and it took as much time as was lost');
  t.end();
});

t.test('after more than a turn, whole turns are left out: a slot is owed one ping, not several', (t) => {
  const { clock, served, pinger } = clockAt(100, 10);
  clock.now = 3550;
  pinger.poll();
  t.same(served, [31, 32], 'the slots that were next come next, as ticks of the last turn');
  t.end();
});

t.test('says how late the loop served its timer', async (t) => {
  const delays: number[] = [];
  const pinger = new WheelClock({
    now: () => performance.now(),
    tickMs: 20,
    turnTicks: 10,
    serve: () => {},
    observeLag: () => {},
    observeDelay: (delayMs) => delays.push(delayMs),
  });
  pinger.start();
  const untilMs = performance.now() + 120;
  while (performance.now() < untilMs);
  while (delays.length === 0) await new Promise(setImmediate);
  pinger.stop();
  t.ok(delays[0]! >= 95 && delays[0]! < 5000, `${delays[0]} ms`);
});
