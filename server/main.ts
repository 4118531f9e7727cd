#!/usr/bin/env node
// argv in, exit code out.
import { runCommand } from './command-line.js';
import { serverCommand } from './options.js';

const [word, ...rest] = process.argv.slice(2);
if (word === 'doctor') {
  const { doctor, doctorCommand } = await import('./doctor.js');
  await runCommand(doctorCommand, rest, (options) => doctor(options));
} else if (word === 'plan') {
  const { plan, planCommand } = await import('./plan.js');
  await runCommand(planCommand, rest, (options) => plan(options));
} else {
  await runCommand(serverCommand, process.argv.slice(2), async () => 0);
}
