#!/usr/bin/env node
// argv in, exit code out.
import { runCommand } from './command-line.js';
import { serverCommand } from './options.js';

await runCommand(serverCommand, process.argv.slice(2), async () => 0);
