import t from 'tap';
import { cpuMicros, perSecond, perUnit, socketMemory, sumOf, userMemory } from '../../bench/noise.js';

t.test('a quantity is told by unit from twice its noise on', async (t) => {
  t.equal(perUnit({ value: 20, noise: 10 }, 4), 5);
  t.equal(perUnit({ value: -20, noise: 10 }, 4), -5, 'what has become less is told as well');
  t.strictSame(perUnit({ value: 19, noise: 10 }, 4), { noise: 2.5 });
  t.strictSame(perUnit({ value: -19, noise: 10 }, 4), { noise: 2.5 });
  t.equal(perUnit({ value: 20, noise: 10 }, 0), undefined, 'nothing to divide by');
});

t.test('500 connections are too few to tell what one of them takes, 100,000 are not', async (t) => {
  t.match(perUnit(userMemory(-23e6, 9), 500), { noise: 46_000 });
  t.match(perUnit(userMemory(0.5e6, 2), 500), { noise: 18_000 });
  t.equal(perUnit(userMemory(102e6, 9), 100_000), 1020);
  t.equal(perUnit(socketMemory(4e6, 0), 1000), 4000);
  t.match(perUnit(socketMemory(0.4e6, 0), 100), { noise: 10_000 });
  t.match(perUnit(socketMemory(4e6, -3e6), 1000), { noise: 3000 }, 'other programs open and close sockets');
});

t.test('CPU time that is a few steps of the clock says nothing', async (t) => {
  t.match(perUnit(cpuMicros(0.01, 2), 200), { noise: 100 });
  t.equal(perUnit(cpuMicros(0.63, 2), 18_000), 35);
});

t.test('a rate', async (t) => {
  t.equal(perSecond(18_000, 2), 9000);
  t.match(perSecond(1, 0.001), { noise: 500 });
  t.equal(perSecond(0, 1), 0);
});

t.test('a sum is told where both parts are', async (t) => {
  t.equal(sumOf(1000, 4000), 5000);
  t.strictSame(sumOf({ noise: 300 }, 4000), { noise: 300 });
  t.strictSame(sumOf({ noise: 300 }, { noise: 20 }), { noise: 320 });
  t.equal(sumOf(undefined, 4000), undefined);
});
