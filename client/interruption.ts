// Ctrl-C: the first signal asks for an orderly end, and the second one ends the process at once.

/**
 * A signal that follows the first one sooner than this belongs to it: npx forwards a signal that the terminal has already
 * sent to all processes, and timeout(1) signals its child and then the group.
 */
const SECOND_AFTER_MS = 1_000;
/** The exit code that a shell reports for a process that Ctrl-C has ended. */
const INTERRUPTED = 130;

/**
 * Listens until the process exits, so that the second signal of a pair cannot end it after the orderly end.
 *
 * @param first runs at the first signal
 * @param second runs at the second one, just before the exit with code 130
 * @param signals SIGHUP is not among them by default: a listener would undo what nohup(1) has set
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
      // A name that is being resolved holds up the exit, as Node joins its threads: a third signal ends the process then.
      for (const signal of signals) process.off(signal, onSignal);
      second();
      process.exit(INTERRUPTED);
    }
  };
  for (const signal of signals) process.on(signal, onSignal);
}

/** Ends this process as Ctrl-C ends one that does not listen. `process.exit` would wait for a name that is being resolved. */
export function endNow(): void {
  process.removeAllListeners('SIGINT');
  process.kill(process.pid, 'SIGINT');
}
