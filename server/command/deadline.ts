// A time limit for an answer.

/** A running time limit. */
export interface Deadline {
  /** Rejects when the time is over. Never settles once the deadline is cancelled. */
  readonly promise: Promise<never>;
  cancel(): void;
}

/** Starts a deadline of `ms` milliseconds. The caller cancels it once the answer has arrived. */
export function deadlineAfter(ms: number): Deadline {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  // Without a handler, a rejection that nobody awaits would end the process.
  promise.catch(() => {});
  return { promise, cancel: () => clearTimeout(timer) };
}
