// The baseline: the same protocol on the ws package, as one would write it. Arguments: PORT PORTS REDIS PING_SECONDS.
import { createServer } from 'node:http';
import { createClient } from 'redis';
import { type WebSocket, WebSocketServer } from 'ws';

const [firstPort = 10_000, ports = 1] = process.argv.slice(2, 4).map(Number);
const redis = process.argv[4] ?? '127.0.0.1:6379';
const pingMs = Number(process.argv[5] ?? 300) * 1000;

const channels = new Map<string, Set<WebSocket>>();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });

sockets.on('connection', (socket, request) => {
  const channel = decodeURIComponent((request.url ?? '/').slice(1));
  const members = channels.get(channel) ?? new Set();
  channels.set(channel, members.add(socket));
  const timer = setInterval(() => socket.send(''), pingMs);
  socket.on('error', () => socket.terminate());
  socket.once('close', () => {
    clearInterval(timer);
    members.delete(socket);
    if (members.size === 0) channels.delete(channel);
  });
});

const client = createClient({
  url: `redis://${redis}`,
  RESP: 2,
  socket: { reconnectStrategy: () => 1000 },
});
// The client reconnects.
client.on('error', () => {});
void client.connect().then(() =>
  client.pSubscribe('*', (message, channel) => {
    for (const socket of channels.get(channel) ?? []) socket.send(message);
  }),
);

for (let port = firstPort; port < firstPort + ports; port++) {
  const server = createServer();
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (ws) => sockets.emit('connection', ws, request));
  });
  server.listen(port, '0.0.0.0');
}
