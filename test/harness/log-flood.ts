// A process that logs many lines, a few at a time, and then writes to a file what became of them and of its loop.
import { writeFileSync } from 'node:fs';
import { logLinesLost, standardErrorLogger } from '../../server/logger.js';

/** What the process says of itself. */
export interface FloodReport {
  readonly lines: number;
  readonly lost: number;
  /** Bytes that wait for a reader. */
  readonly waiting: number;
}

const LINES = 20_000;
const AT_ONCE = 100;

const logger = standardErrorLogger('info');
const text = 'x'.repeat(200);
let lines = 0;
const timer = setInterval(() => {
  for (let i = 0; i < AT_ONCE; i++) logger.info('flood', { line: lines++, text });
  if (lines < LINES) return;
  clearInterval(timer);
  const report: FloodReport = { lines, lost: logLinesLost(), waiting: process.stderr.writableLength };
  writeFileSync(process.argv[2]!, JSON.stringify(report));
  process.exit(0);
}, 1);
