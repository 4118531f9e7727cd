#!/usr/bin/env node
// The entry point: runs the primary, a tool or, in a forked process, a worker.
import cluster from 'node:cluster';
import { requireNode } from './command/node-version.js';

/** How long the server waits at its end until its last log lines are read. */
const LAST_LINES_MS = 1000;

requireNode('10m-server');
const [word, ...rest] = process.argv.slice(2);
if (cluster.isWorker) {
  const { runWorker } = await import('./worker/orders.js');
  runWorker();
} else if (word === 'doctor') {
  const { doctor } = await import('./doctor/doctor.js');
  await doctor(rest);
} else if (word === 'plan') {
  const { plan } = await import('./plan/plan.js');
  await plan(rest);
} else {
  const { runCommand } = await import('./command/command-line.js');
  const { serverCommand } = await import('./options/server-command.js');
  const { runPrimary } = await import('./primary/primary.js');
  const { standardError } = await import('./command/standard-error.js');
  await runCommand(serverCommand, process.argv.slice(2), async (options) => {
    const exitCode = await runPrimary(options);
    await standardError.settle(LAST_LINES_MS);
    process.exit(exitCode);
  });
}
