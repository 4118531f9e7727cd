import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, type SecureVersion } from 'node:tls';
import t from 'tap';
import { selfSigned } from '../../bench/certificate.js';
import { ClientProcess } from '../harness/client-process.js';
import { freePorts } from '../harness/ports.js';
import { TestProcess } from '../harness/processes.js';
import { serverMain, startServer, type Teardown } from '../harness/server.js';
import { drop, exchange, handshakeBytes, open, type TestConnection } from '../harness/sockets.js';

/** A folder with cert.pem and key.pem, whose content can be exchanged. */
function certificateFolder(t: Teardown) {
  const folder = mkdtempSync(join(tmpdir(), '10m-tls-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const cert = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  /** Puts a new certificate in; its fingerprint. */
  const exchangeFiles = (): string => {
    const made = selfSigned();
    copyFileSync(made.certFile, cert);
    copyFileSync(made.keyFile, key);
    made.remove();
    return new X509Certificate(made.pem).fingerprint256;
  };
  return { cert, key, exchangeFiles, fingerprint: exchangeFiles() };
}

/** A socket may be reset while one listener follows another; the port is never without one. */
async function shownAtLast(port: number): Promise<string> {
  for (;;) {
    const { fingerprint256 } = await shown(port).catch(() => ({ fingerprint256: undefined }));
    if (fingerprint256 !== undefined) return fingerprint256;
  }
}

/** The fingerprint that a new connection is shown, and the version of TLS that it speaks. */
async function shown(port: number, options: ConnectionOptions = {}) {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  const version = socket.getProtocol();
  socket.destroy();
  return { fingerprint256, version };
}

const openTls = (url: string): Promise<TestConnection> => open(url, { rejectUnauthorized: false });

t.test('plain and TLS ports beside each other are one server', async (t) => {
  const { cert, key, fingerprint } = certificateFolder(t);
  const tlsPort = await freePorts(1);
  const server = await startServer(t, [
    ...['--workers', '2', '--tls-ports', String(tlsPort), '--tls-cert', cert, '--tls-key', key],
  ]);
  const members = [
    await open(server.url('news')),
    await openTls(`wss://127.0.0.1:${tlsPort}/news`),
    await openTls(`wss://127.0.0.1:${tlsPort}/news`),
  ];
  const messages = Array.from({ length: 50 }, (_, i) => `message ${i}`);
  for (const message of messages) t.equal(await server.publish('news', message), 202);
  for (const member of members) {
    await member.messages(messages.length);
    t.same(member.texts, messages);
  }
  const stats = await server.stats();
  t.equal(stats.connections, 3);
  t.equal(await server.metric('tenm_messages_delivered_total'), 150);

  for (const version of ['TLSv1.2', 'TLSv1.3'] as SecureVersion[]) {
    const spoken = await shown(tlsPort, { minVersion: version, maxVersion: version });
    t.same(spoken, { fingerprint256: fingerprint, version });
  }
  const old = connectTls({
    ...{ port: tlsPort, host: '127.0.0.1', rejectUnauthorized: false },
    ...{ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
  });
  const [error] = await once(old, 'error');
  t.match(error.message, /version|protocol|ECONNRESET/i, 'nothing older than TLS 1.2');
  drop(members);
});

t.test('TLS alone', async (t) => {
  const { cert, key } = certificateFolder(t);
  const tlsPort = await freePorts(2);
  const process = new TestProcess('node', [
    ...[
      serverMain,
      '--host',
      '127.0.0.1',
      '--workers',
      '1',
      '--ports',
      'none',
      '--tls-ports',
      String(tlsPort),
    ],
    ...['--tls-cert', cert, '--tls-key', key, '--admin-port', String(tlsPort + 1)],
  ]);
  t.teardown(() => process.stop());
  t.match(await process.line(/"serving"/), `wss://127.0.0.1:${tlsPort}/CHANNEL`);
  const member = await openTls(`wss://127.0.0.1:${tlsPort}/news`);
  const page = await (await fetch(`http://127.0.0.1:${tlsPort + 1}/`)).text();
  t.match(page, '<meta name="websocket-scheme" content="wss">');
  drop([member]);
});

t.test('a new certificate under 5,000 connections drops none of them', async (t) => {
  const { cert, key, exchangeFiles, fingerprint } = certificateFolder(t);
  const tlsPort = await freePorts(1);
  const server = await startServer(t, [
    ...['--workers', '2', '--tls-ports', String(tlsPort), '--tls-cert', cert, '--tls-key', key],
    ...['--ping-interval', '5'],
  ]);
  const crowd = new ClientProcess(
    ...['127.0.0.1', '5000', '--port', String(tlsPort), '--tls', '--tls-ca', cert, '--json'],
  );
  t.teardown(() => crowd.stop());
  const witness = await openTls(`wss://127.0.0.1:${tlsPort}/news`);
  await server.until(async () => (await server.stats()).connections === 5001);
  t.equal((await shown(tlsPort)).fingerprint256, fingerprint);

  const renewed = exchangeFiles();
  await server.process.line(/certificate renewed/);
  await server.until(async () => (await shownAtLast(tlsPort)) === renewed);
  // Each of the two workers has to show it.
  for (let i = 0; i < 20; i++) t.equal(await shownAtLast(tlsPort), renewed);
  const later = await openTls(`wss://127.0.0.1:${tlsPort}/news`);
  for (let i = 0; i < 20; i++) await server.publish('news', `${i}`);
  await Promise.all([witness.messages(20), later.messages(20)]);
  t.same(witness.texts, later.texts, 'connections of both certificates get every message');
  const pinged = witness.pings.length;
  await witness.until(() => witness.pings.length > pinged + 1);
  t.ok(witness.pings.length > pinged + 1, 'and their pings');
  t.equal((await server.stats()).connections, 5002);
  t.equal(await server.metric('tenm_connections_closed_total'), 0);
  t.equal(await server.metric('tenm_certificate_reloads_total', 'result="ok"'), 1);

  exchangeFiles();
  await server.until(
    async () => (await server.metric('tenm_certificate_reloads_total', 'result="ok"')) === 2,
  );
  t.equal((await server.stats()).connections, 5002, 'and with a third one');
  await server.publish('news', 'last');
  await Promise.all([witness.messages(21), later.messages(21)]);
  drop([witness, later]);
  t.equal(await crowd.stop(), 0, 'the crowd lost no connection');
});

t.test('files that cannot be used: an error at the start, the old certificate later', async (t) => {
  const { cert, key, exchangeFiles } = certificateFolder(t);
  const other = selfSigned();
  const folder = t.testdir({ garbage: 'garbage' });
  const garbage = join(folder, 'garbage');
  const tlsPort = await freePorts(1);
  const refused = async (certFile: string, keyFile: string): Promise<string> => {
    const flags = ['--tls-ports', String(tlsPort), '--tls-cert', certFile, '--tls-key', keyFile];
    const process = new TestProcess('node', [serverMain, '--ports', 'none', ...flags]);
    t.teardown(() => process.stop());
    t.equal(await process.exited, 2);
    t.equal(process.lines.length, 1);
    return process.lines[0]!;
  };
  t.match(await refused(`${cert}.nowhere`, key), /--tls-cert ".*cert\.pem\.nowhere" cannot be read: ENOENT/);
  t.match(await refused(garbage, key), /--tls-cert ".*garbage" contains no PEM certificate/);
  t.match(await refused(cert, garbage), /--tls-key ".*garbage" contains no PEM private key/);
  t.match(await refused(cert, other.keyFile), /--tls-key ".*" is not the key of the certificate in/);
  const encrypted = join(folder, 'encrypted');
  execFileSync('openssl', [
    ...['pkcs8', '-topk8', '-in', other.keyFile, '-passout', 'pass:secret', '-out', encrypted],
  ]);
  t.match(await refused(other.certFile, encrypted), /--tls-key ".*encrypted" is encrypted/);

  const server = await startServer(t, [
    ...['--workers', '1', '--tls-ports', String(tlsPort), '--tls-cert', cert, '--tls-key', key],
  ]);
  const before = (await shown(tlsPort)).fingerprint256;
  const failures = () => server.metric('tenm_certificate_reloads_total', 'result="failed"');
  copyFileSync(other.keyFile, key);
  await server.until(async () => (await failures()) === 1);
  t.match(
    await server.process.line(/the new certificate cannot be used/),
    /is not the key of the certificate/,
  );
  t.equal((await shown(tlsPort)).fingerprint256, before);
  rmSync(cert);
  await server.until(async () => (await failures()) === 2);
  t.equal((await shown(tlsPort)).fingerprint256, before);
  writeFileSync(cert, 'garbage');
  await server.until(async () => (await failures()) === 3);
  const renewed = exchangeFiles();
  await server.until(async () => (await shownAtLast(tlsPort)) === renewed);
  t.equal(await failures(), 3);
  t.ok((await server.metric('tenm_certificate_expiry_timestamp_seconds')) > Date.now() / 1000);
  other.remove();
});

t.test('plain bytes on TLS ports and TLS on plain ports end, and leave no count behind', async (t) => {
  const { cert, key } = certificateFolder(t);
  const tlsPort = await freePorts(1);
  const server = await startServer(t, [
    ...['--workers', '1', '--tls-ports', String(tlsPort), '--tls-cert', cert, '--tls-key', key],
    ...['--max-connections', '20'],
  ]);
  const pid = (await server.stats()).workers[0]!.pid;
  // More than the limit: a socket that stayed counted would shut the gate.
  for (let i = 0; i < 40; i++) {
    await exchange(tlsPort, handshakeBytes('/news'));
    const hello = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
    hello.on('error', () => {});
    await new Promise((resolve) => hello.once('close', resolve));
    const reset = connectPlain(tlsPort, '127.0.0.1');
    reset.on('error', () => {});
    await once(reset, 'connect');
    reset.resetAndDestroy();
  }
  const members = [];
  for (let i = 0; i < 19; i++) members.push(await openTls(`wss://127.0.0.1:${tlsPort}/news`));
  await server.publish('news', 'hello');
  for (const member of members) await member.messages(1);
  t.equal((await server.stats()).workers[0]!.pid, pid);
  t.equal(server.process.count(/full: not accepting/), 0);
  drop(members);
});

t.test('a client cannot make the server renegotiate', async (t) => {
  const { cert, key } = certificateFolder(t);
  const tlsPort = await freePorts(1);
  const server = await startServer(t, [
    ...['--workers', '1', '--tls-ports', String(tlsPort), '--tls-cert', cert, '--tls-key', key],
  ]);
  const socket = connectTls({
    ...{ port: tlsPort, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.2' },
  });
  await once(socket, 'secureConnect');
  const refused = new Promise<Error>((resolve) => socket.once('error', resolve));
  socket.renegotiate({ rejectUnauthorized: false }, () => {});
  t.match((await refused).message, /no renegotiation/);
  socket.destroy();
  const member = await openTls(`wss://127.0.0.1:${tlsPort}/news`);
  t.equal(await server.publish('news', 'hello'), 202);
  await member.messages(1);
  drop([member]);
});
