#!/usr/bin/env node
// argv in, exit code out.
import { requireNode } from '../server/command/node-version.js';

requireNode('10m-client');
const { runCommand } = await import('../server/command/command-line.js');
const { loadCommand, subscribeCommand } = await import('./options.js');
const [word, ...rest] = process.argv.slice(2);
if (word === 'subscribe') {
  const { subscribe } = await import('./subscribe/subscribe.js');
  await runCommand(subscribeCommand, rest, subscribe);
} else {
  const { runLoad } = await import('./load/load-run.js');
  await runCommand(loadCommand, process.argv.slice(2), runLoad);
}
