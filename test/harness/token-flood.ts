// A process that sends handshakes with a token that is not valid, or with none, as many a second as it is told, until it is
// killed. Arguments: port, handshakes a second, and the token, if any. It writes the number of answers by status once a second, as JSON.
import { connect } from 'node:net';
import { handshakeBytes } from './sockets.js';

const [port, perSecond, token] = process.argv.slice(2);
const request = handshakeBytes('/news', { Authorization: token && `Bearer ${token}` });

/** What a server that is behind may owe, before this waits. */
const MAX_UNANSWERED = 2000;

const answers: Record<string, number> = {};
let unanswered = 0;

function attack(): void {
  unanswered++;
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => {});
  socket.once('data', (answer) => {
    const status = answer.toString('latin1', 9, 12);
    answers[status] = (answers[status] ?? 0) + 1;
    // Resets leave no TIME_WAIT, which would take the source ports of half a minute of this.
    socket.resetAndDestroy();
  });
  socket.once('close', () => {
    unanswered--;
  });
  socket.write(request);
}

const startedMs = performance.now();
let sent = 0;
setInterval(() => {
  const due = Math.floor((Number(perSecond) * (performance.now() - startedMs)) / 1000);
  // What could not be sent in time is left out: a burst later would be another attack.
  for (; sent < due; sent++) if (unanswered < MAX_UNANSWERED) attack();
}, 2);
setInterval(() => process.stdout.write(`${JSON.stringify(answers)}\n`), 1000);
