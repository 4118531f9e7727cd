// A result as a benchmark writes it, to test what reads one.
import { type Figure, RESULT_FORMAT, type Result } from '../../bench/result.js';

/** @param arms the values of each, the first being this server's */
export const figureOf = (arms: Figure['arms']): Figure => ({
  name: 'cost',
  unit: 'µs',
  better: 'lower',
  arms,
});

export const resultOf = (changes: Partial<Result> = {}): Result => ({
  format: RESULT_FORMAT,
  scenario: 'ping',
  startedAt: '2026-01-01T00:00:00.000Z',
  seconds: 1,
  machine: {
    cpu: 'a <fast> one',
    cores: 1,
    memoryBytes: 2 ** 30,
    kernel: '6.1',
    node: 'v20',
    version: '0.1.0',
    commit: undefined,
    connectionsPerProcess: 1,
  },
  options: { connections: 5, workers: 1, duration: 1, rate: 1, shared: false, tls: false, load: 'own' },
  arms: ['own'],
  against: null,
  figures: { cost: figureOf({ own: [10, 10] }) },
  runs: [],
  ...changes,
});
