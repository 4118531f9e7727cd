import t from 'tap';
import {
  EmbeddedPublisher,
  EmbeddedSubscription,
  type Receiver,
} from '../../../server/broker/embedded-broker.js';

const PROBES = '$10m/probe/test';

class FakeReceiver implements Receiver {
  backlogBytes = 0;
  readonly got: string[] = [];
  sendMessage(channel: Buffer, payload: Buffer): void {
    this.got.push(`${channel}: ${payload}`);
  }
}

t.test('what is published goes to every worker, probes too', async (t) => {
  const receivers = [new FakeReceiver(), new FakeReceiver()];
  const publisher = new EmbeddedPublisher(PROBES, () => receivers);
  t.same(publisher.state, { isConnected: true, reason: '' });
  await publisher.publish('news', Buffer.from('hello'));
  await publisher.probe(Buffer.from('probe'));
  for (const { got } of receivers) t.same(got, ['news: hello', `${PROBES}: probe`]);
  receivers.length = 0;
  await t.rejects(publisher.publish('news', Buffer.from('x')), { code: 'BROKER_UNAVAILABLE' });
});

t.test('a worker tells probes from messages', async (t) => {
  const said: unknown[] = [];
  const subscription = new EmbeddedSubscription(PROBES, {
    onMessage: (channel, payload) => said.push(['message', String(channel), String(payload)]),
    onProbe: (payload) => said.push(['probe', String(payload)]),
    onState: (state) => said.push(state),
    onReplaced: () => said.push('replaced'),
  });
  const send = (channel: string, payload: string) =>
    process.emit(
      'message',
      { kind: 'message', channel: Buffer.from(channel), payload: Buffer.from(payload) },
      undefined,
    );
  send('news', 'too early');
  subscription.start();
  send('news', 'hello');
  send(PROBES, 'probe');
  process.emit('message', { kind: 'shut' }, undefined);
  subscription.stop();
  send('news', 'too late');
  t.same(said, [{ isConnected: true, reason: '' }, ['message', 'news', 'hello'], ['probe', 'probe']]);
});
