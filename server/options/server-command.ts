// The command `10m-server` itself: its options, its rules and the texts of its help.
import type { Command } from '../command/command.js';
import { brokenRule } from './option-rules.js';
import { serverOptions } from './server-options.js';

export const serverCommand: Command<typeof serverOptions, Record<never, never>> = {
  name: '10m-server',
  summary:
    'Holds WebSocket connections on ws://HOST:PORT/CHANNEL and pushes to them whatever is published on their channel.',
  positionals: {},
  options: serverOptions,
  examples: [
    ['10m-server', 'serve on every core, with the embedded broker'],
    ['10m-server --redis redis://127.0.0.1:6379', 'deliver what is published through Redis'],
    ['10m-server --ports 80 --workers 4', 'one port, four processes'],
    ['10m-server --ports none --tls-ports 443 --tls-cert cert.pem --tls-key key.pem', 'TLS alone'],
    ['10m-server --auth jwt --jwt-secret-file secret', 'only who brings a token may subscribe'],
  ],
  commands: [
    ['doctor', 'check this host for a number of connections'],
    ['plan', 'what a number of connections takes, and what a machine holds'],
  ],
  check: brokenRule,
};
