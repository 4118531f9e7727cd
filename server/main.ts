#!/usr/bin/env node
// argv in, exit code out; a forked process is a worker.
import cluster from 'node:cluster';

if (cluster.isWorker) {
  const { runWorker } = await import('./worker.js');
  runWorker();
} else {
  const { runCommand } = await import('./command-line.js');
  const { serverCommand } = await import('./options.js');
  const { runPrimary } = await import('./primary.js');
  await runCommand(serverCommand, process.argv.slice(2), (options) => runPrimary(options));
}
