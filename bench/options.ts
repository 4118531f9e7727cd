// The table of the benchmark's options: the only place that knows a flag's name, default, range, unit and meaning.
import type { Command } from '../server/command/command.js';
import { choice, decimal, integer, type OptionValues, text, toggle } from '../server/command/option.js';
import { scenarioNames } from './scenarios/index.js';

const OF_SCENARIO = 'by scenario, see docs/benchmarks.md';

export const benchOptions = {
  connections: integer({
    help: 'how many connections to make',
    min: 1,
    max: 100_000_000,
    defaultText: OF_SCENARIO,
  }),
  workers: integer({
    help: "10m-server's workers; more are used where the limit on open files asks for it",
    min: 1,
    max: 1024,
    defaultText: OF_SCENARIO,
  }),
  duration: decimal({
    help: 'length of the measured part',
    min: 0.1,
    max: 86_400,
    unit: 'seconds',
    defaultText: OF_SCENARIO,
  }),
  rate: integer({
    help: 'pings (ping) or messages (targeted, churn) to aim at',
    min: 1,
    max: 10_000_000,
    unit: 'per second',
    defaultText: OF_SCENARIO,
  }),
  shared: toggle({ help: 'idle: all connections on one channel instead of one each' }),
  tls: toggle({
    help: 'idle: connections over TLS, with a certificate that the openssl program makes for the run',
  }),
  load: choice({
    help: 'million: own makes the connections here; external waits for 10m-client on other machines, on ports 10000 and up',
    words: ['own', 'external'],
    default: 'own',
  }),
  against: text({
    help: 'measure another server in turn: a command with {port}, {ports}, {redis}, {ping} in it, a path to 10m-reference or 10m-floor, or ws for the baseline on the ws package',
    allowed: "a command, such as '../path/10m-reference'",
    accepts: (raw) => raw.trim() !== '',
    defaultText: 'none',
  }),
  compare: text({
    help: 'JSON file of an earlier run of the same scenario; prints what moved',
    allowed: 'the path of a JSON file',
    accepts: (raw) => raw !== '',
    defaultText: 'none',
  }),
  out: text({
    help: 'folder for the JSON file and the HTML report',
    allowed: 'the path of a folder',
    accepts: (raw) => raw !== '',
    default: 'bench-results',
  }),
};

const benchPositionals = { scenario: choiceOf(scenarioNames) };

/** The checked options of a benchmark, before the scenario's defaults are filled in. */
export type BenchOptions = OptionValues<typeof benchOptions> & OptionValues<typeof benchPositionals>;

export const benchCommand: Command<typeof benchOptions, typeof benchPositionals> = {
  name: '10m-bench',
  summary:
    'Starts the server and the load, measures, prints a table, writes a JSON file and an HTML report. Scenarios: ' +
    `${scenarioNames.join(', ')}. Exit 0 when all was measured, 1 when it could not be, 2 for a wrong flag.`,
  positionals: benchPositionals,
  options: benchOptions,
  sharesSettings: true,
  examples: [
    ['10m-bench idle', 'memory per connection and CPU of 100,000 idle connections'],
    ['10m-bench ping --against ../path/10m-floor', 'CPU per ping, beside what the kernel alone charges'],
    ['10m-bench fanout --compare bench-results/fanout-OLD.json', 'what has moved since then'],
  ],
  check(options) {
    if (options.tls && options.scenario !== 'idle') {
      return `--tls is for the scenario idle; leave it out for ${options.scenario}`;
    }
    if (options.tls && options.against !== undefined) {
      return '--tls and --against exclude each other; other servers are measured without TLS';
    }
    if (options.load === 'own' || options.scenario === 'million') return undefined;
    return `--load "external" is for the scenario million; leave it out for ${options.scenario}`;
  },
};

function choiceOf(words: readonly string[]) {
  return text({
    help: 'what is measured',
    allowed: `one of ${words.join(', ')}`,
    accepts: (raw) => words.includes(raw),
  });
}
