#!/usr/bin/env node
// argv in, exit code out.
import { requireNode } from '../server/command/node-version.js';

requireNode('10m-bench');
const { runCommand } = await import('../server/command/command-line.js');
const { benchCommand } = await import('./options.js');
const { runBenchmark } = await import('./benchmark.js');
await runCommand(benchCommand, process.argv.slice(2), runBenchmark);
