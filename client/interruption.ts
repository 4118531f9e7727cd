// Ctrl-C: the first signal asks for an orderly end, and the second one ends the process at once.

/**
 * A signal that comes sooner than this after the first is the same wish: npx hands on what the terminal has sent to all
 * processes already, and timeout(1) signals its child and then the group.
 */
const SECOND_AFTER_MS = 1_000;
/** What a shell reports for a process that Ctrl-C has ended. */
const INTERRUPTED = 130;

/**
 * Listens for the rest of the process, so that no signal of a pair falls into the time after the orderly end.
 *
 * @param first runs at the first signal
 * @param second runs at the second one, just before the exit with code 130
 * @param signals SIGHUP is not among them by default: a listener would take away what nohup(1) has set
 */
export function onInterrupt(
  first: () => void,
  second: () => void = () => {},
  signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'],
): void {
  let firstAtMs: number | undefined;
  const onSignal = (): void => {
    if (firstAtMs === undefined) {
      firstAtMs = performance.now();
      first();
    } else if (performance.now() - firstAtMs >= SECOND_AFTER_MS) {
      // A name that is still being resolved holds up the exit (Node joins its threads): then a third signal ends it.
      for (const signal of signals) process.off(signal, onSignal);
      second();
      process.exit(INTERRUPTED);
    }
  };
  for (const signal of signals) process.on(signal, onSignal);
}

/** Ends this process as Ctrl-C ends one that does not listen: whatever it waits for, where `process.exit` waits too. */
export function endNow(): void {
  process.removeAllListeners('SIGINT');
  process.kill(process.pid, 'SIGINT');
}
