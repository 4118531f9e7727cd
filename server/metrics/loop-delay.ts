// The event loop delay that prom-client's default metrics report, without a timer of its own: prom-client's sampling
// takes half of the CPU of an idle process, and its results include the sampling interval.
import { createHistogram, type Histogram } from 'node:perf_hooks';
import { type Aggregator, Gauge, type Registry } from 'prom-client';

const MICROS_PER_SECOND = 1e6;
/** In microseconds. Two significant digits are enough, and keep the histogram small. */
const RANGE = { lowest: 1, highest: 1000 * MICROS_PER_SECOND, figures: 2 };

/** As in prom-client: the name after `nodejs_eventloop_lag_`, the help text, and how the processes are aggregated. */
const FIGURES: readonly (readonly [string, string, Aggregator, (micros: Histogram) => number])[] = [
  ['min', 'The minimum recorded event loop delay.', 'min', ({ min }) => min],
  ['max', 'The maximum recorded event loop delay.', 'max', ({ max }) => max],
  ['mean', 'The mean of the recorded event loop delays.', 'average', ({ mean }) => mean],
  ['stddev', 'The standard deviation of the recorded event loop delays.', 'average', ({ stddev }) => stddev],
  [
    'p50',
    'The 50th percentile of the recorded event loop delays.',
    'average',
    (micros) => micros.percentile(50),
  ],
  [
    'p90',
    'The 90th percentile of the recorded event loop delays.',
    'average',
    (micros) => micros.percentile(90),
  ],
  [
    'p99',
    'The 99th percentile of the recorded event loop delays.',
    'average',
    (micros) => micros.percentile(99),
  ],
];

/** The delays since the last collection. */
export class LoopDelay {
  readonly #micros = createHistogram(RANGE);

  /** @param delayMs how late a timer ran, in milliseconds */
  observe(delayMs: number): void {
    this.#micros.record(Math.max(RANGE.lowest, Math.round(delayMs * 1000)));
  }

  /** Starts a timer and observes it, for a process that has no timer to report on. */
  watch(everyMs: number): void {
    let dueMs = performance.now() + everyMs;
    setInterval(() => {
      const nowMs = performance.now();
      this.observe(Math.max(0, nowMs - dueMs));
      dueMs = nowMs + everyMs;
    }, everyMs).unref();
  }

  /** Registers the gauges in place of prom-client's own. Each collection resets them. */
  register(registry: Registry): void {
    const gauges: Gauge[] = [];
    for (const [figure, help, aggregator] of FIGURES) {
      const name = `nodejs_eventloop_lag_${figure}_seconds`;
      registry.removeSingleMetric(name);
      // The first gauge sets all of them, since it is collected first.
      const collect = gauges.length === 0 ? { collect: () => this.#collect(gauges) } : {};
      gauges.push(new Gauge({ name, help, aggregator, registers: [registry], ...collect }));
    }
  }

  #collect(gauges: readonly Gauge[]): void {
    const micros = this.#micros;
    for (const [i, [, , , read]] of FIGURES.entries()) {
      gauges[i]!.set(micros.count === 0 ? 0 : read(micros) / MICROS_PER_SECOND);
    }
    micros.reset();
  }
}
