// How long an answer may take.

/** A time that is running out. */
export interface Deadline {
  /** Rejects when the time is over; never settles once the deadline is cancelled. */
  readonly promise: Promise<never>;
  cancel(): void;
}

/** Starts a deadline of `ms` milliseconds. Whoever starts one cancels it when the answer has come. */
export function deadlineAfter(ms: number): Deadline {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  // Nobody may be looking when the time is over.
  promise.catch(() => {});
  return { promise, cancel: () => clearTimeout(timer) };
}
