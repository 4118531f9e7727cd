// How far a measurement can be trusted: what lies within its own noise is not told as a figure.

/** Takes the place of a figure that lies within its own noise. */
export interface WithinNoise {
  /** How far off the figure could be, in its unit. */
  readonly noise: number;
}

/** The value of a figure in one run; undefined where a server does not tell it, or where there is nothing to divide by. */
export type Value = number | WithinNoise | undefined;

/** A quantity, and how far off it could be. */
export interface Measured {
  readonly value: number;
  readonly noise: number;
}

/** A quantity is told where it is at least so many times its noise. */
const LEAST_TIMES = 2;

/**
 * Measured on empty servers: some seconds after the memory no longer seemed to change, at the tenth collection, the primary
 * gave back 7 MB more, and each worker 2 MB.
 */
const FIRST_PROCESS_BYTES = 7_000_000;
const NEXT_PROCESS_BYTES = 2_000_000;
/** The slab caches of sockets gain and lose 0.2 MB within seconds where nothing connects (measured); with a margin. */
const KERNEL_BYTES = 1_000_000;
/** The available memory of a machine goes up and down with everything that runs on it; an estimate. */
const MACHINE_BYTES = 50_000_000;
/** /proc tells the CPU time of each process in steps of 10 ms. */
const CPU_STEP_SECONDS = 0.01;
/** For a time between events in two processes, both in whole milliseconds. */
const TIME_SECONDS = 0.002;

/** User memory of so many processes. */
export const userMemory = (bytes: number, processes: number): Measured => ({
  value: bytes,
  noise: FIRST_PROCESS_BYTES + NEXT_PROCESS_BYTES * (processes - 1),
});

/**
 * Kernel memory of all sockets of this machine.
 *
 * @param driftBytes how far it changed while nothing was measured: other programs open and close sockets
 */
export const socketMemory = (bytes: number, driftBytes: number): Measured => ({
  value: bytes,
  noise: Math.max(KERNEL_BYTES, Math.abs(driftBytes)),
});

/** Memory of this machine. */
export const machineMemory = (bytes: number): Measured => ({ value: bytes, noise: MACHINE_BYTES });

/** CPU time of so many processes, in microseconds. */
export const cpuMicros = (seconds: number, processes: number): Measured => ({
  value: seconds * 1e6,
  noise: CPU_STEP_SECONDS * processes * 1e6,
});

const isTold = ({ value, noise }: Measured): boolean => Math.abs(value) >= LEAST_TIMES * noise;

/** A quantity divided by so many units. */
export function perUnit(quantity: Measured, units: number): Value {
  if (units <= 0) return undefined;
  return isTold(quantity) ? quantity.value / units : { noise: quantity.noise / units };
}

/** How many a second, where `count` took so many seconds. */
export function perSecond(count: number, seconds: number): Value {
  const time: Measured = { value: seconds, noise: TIME_SECONDS };
  return isTold(time) ? count / seconds : { noise: count / TIME_SECONDS };
}

/** The sum of two figures. */
export function sumOf(a: Value, b: Value): Value {
  if (a === undefined || b === undefined) return undefined;
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  return { noise: noiseOf(a) + noiseOf(b) };
}

const noiseOf = (value: number | WithinNoise): number => (typeof value === 'number' ? 0 : value.noise);
