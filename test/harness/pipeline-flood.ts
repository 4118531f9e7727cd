// A process that asks an HTTP listener for more than it reads, until it is killed.
// Arguments: port, path, connections, requests of each.
import { connect } from 'node:net';

const [port, path, connections, requests] = process.argv.slice(2);
for (let i = 0; i < Number(connections); i++) {
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(Number(requests)));
}
setInterval(() => {}, 60_000);
process.stdout.write('asking\n');
