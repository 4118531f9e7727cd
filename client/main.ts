#!/usr/bin/env node
// argv in, exit code out.
import { runCommand } from '../server/command/command-line.js';
import { runLoad } from './load/load-run.js';
import { loadCommand, subscribeCommand } from './options.js';
import { subscribe } from './subscribe/subscribe.js';

const argv = process.argv.slice(2);
if (argv[0] === 'subscribe') await runCommand(subscribeCommand, argv.slice(1), subscribe);
else await runCommand(loadCommand, argv, runLoad);
