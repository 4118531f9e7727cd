// 10m-server plan: shows what a load needs and what a machine holds, by the capacity model.

import type { Command } from '../command/command.js';
import { runCommand } from '../command/command-line.js';
import { choice, decimal, integer, type OptionValues, portCount, size, toggle } from '../command/option.js';
import { outputColumns, print } from '../command/standard-output.js';
import { OWN_FILES } from '../host/fd-limit.js';
import { serverOptions } from '../options/server-options.js';
import { capacity, type Load, type Machine, roomPerWorker } from './capacity.js';
import { articleCosts, tenmCosts } from './costs.js';
import { costsUsed, planNotes, planText } from './plan-text.js';

export const planOptions = {
  connections: integer({
    help: 'connections to serve',
    min: 1,
    max: 1_000_000_000,
    default: 1_000_000,
  }),
  memory: size({ help: 'memory of one machine', defaultText: 'what the load needs' }),
  cores: integer({ help: 'cores of one machine', min: 1, max: 1024, defaultText: 'what the load needs' }),
  pingInterval: serverOptions.pingInterval,
  messagesPerSecond: decimal({
    help: 'rate of published messages, on all channels together',
    min: 0,
    max: 1e9,
    unit: 'messages/s',
    default: 0,
  }),
  fanout: decimal({
    help: 'connections that each message goes to, on average',
    min: 0,
    max: 1e9,
    default: 1,
  }),
  messageBytes: size({ help: 'payload of a message', default: '100' }),
  channels: choice({
    help: 'own: each connection has a channel of its own; shared: many connections share a channel',
    words: ['own', 'shared'],
    default: 'own',
  }),
  tls: toggle({ help: 'the server terminates TLS itself' }),
  ports: serverOptions.ports,
  fdLimit: integer({
    help: 'open files that each process may have; the default is the kernel default of fs.nr_open',
    min: 1,
    max: 1_073_741_816,
    unit: 'files',
    default: 1_048_576,
  }),
  server: choice({
    help: "10m: this server; article: the article's server in Go, for comparison",
    words: ['10m', 'article'],
    default: '10m',
  }),
  json: toggle({ help: 'print the plan as one JSON object' }),
};

type PlanOptions = OptionValues<typeof planOptions>;

export const planCommand: Command<typeof planOptions, Record<never, never>> = {
  name: '10m-server plan',
  summary:
    'Computes the memory, processes, CPU and bandwidth that a load needs and, with --memory and --cores, what one machine\n' +
    'holds. It lists the measured costs that it uses; docs/capacity.md explains the model and its limits.',
  positionals: {},
  options: planOptions,
  sharesSettings: true,
  examples: [
    ['10m-server plan --connections 1000000', 'what a million idle connections need'],
    [
      '10m-server plan --connections 10000000 --memory 208GB --cores 32',
      "the article's machine, an n1-highmem-32",
    ],
    [
      '10m-server plan --connections 50000 --messages-per-second 20 --fanout 50000',
      '20 broadcasts a second to 50,000 connections',
    ],
  ],
  check(options) {
    const { first, last } = options.ports;
    if (roomPerWorker(machineOf(options)) >= 1) return undefined;
    const least = portCount(options.ports) + OWN_FILES + 1;
    return `--fd-limit ${options.fdLimit} leaves no room for connections besides the listeners of --ports ${first}-${last}; give ${least} or more, or fewer ports`;
  },
};

/**
 * Prints the plan.
 *
 * @param argv the arguments after `plan`
 */
export const plan = (argv: readonly string[]): Promise<void> =>
  runCommand(planCommand, argv, async (options) => {
    const costs = options.server === 'article' ? articleCosts : tenmCosts;
    const load = loadOf(options);
    const machine = machineOf(options);
    const answer = capacity(load, machine, costs);
    const used = costsUsed(load, costs);
    const notes = planNotes(load, answer);
    const text = options.json
      ? JSON.stringify({ load, machine, ...answer, notes, costs: used }, null, 2)
      : planText(load, machine, answer, used, notes, outputColumns());
    print(text);
    return 0;
  });

const loadOf = (options: PlanOptions): Load => ({
  connections: options.connections,
  pingIntervalSeconds: options.pingInterval,
  messagesPerSecond: options.messagesPerSecond,
  fanout: options.fanout,
  messageBytes: options.messageBytes,
  channels: options.channels,
  tls: options.tls,
});

const machineOf = (options: PlanOptions): Machine => ({
  cores: options.cores,
  memoryBytes: options.memory,
  openFiles: options.fdLimit,
  ports: portCount(options.ports),
});
