#!/usr/bin/env node
// argv in, exit code out.
import { runCommand } from '../server/command/command-line.js';
import { runBenchmark } from './benchmark.js';
import { benchCommand } from './options.js';

await runCommand(benchCommand, process.argv.slice(2), runBenchmark);
