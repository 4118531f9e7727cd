import t from 'tap';
import { newProbeIdentity, ProbeReader, probePayload } from '../../../server/broker/probe.js';

const identity = newProbeIdentity();

t.test('a server reads its own probes, each once', async (t) => {
  const reader = new ProbeReader(identity);
  t.equal(reader.read(probePayload(identity, 1000n)), 1000n);
  t.equal(reader.read(probePayload(identity, 2000n)), 2000n);
  t.equal(reader.read(probePayload(identity, 2000n)), undefined, 'published again by somebody who kept it');
  t.equal(reader.read(probePayload(identity, 1500n)), undefined, 'and one that is older');
  t.equal(reader.read(probePayload(identity, 2n ** 63n)), 2n ** 63n, 'up to the end of the clock');
});

t.test('nobody else can make one', async (t) => {
  const reader = new ProbeReader(identity);
  const other = newProbeIdentity();
  t.not(other.channel, identity.channel);
  const good = probePayload(identity, 1000n).toString();
  const [, proof] = good.split(' ');
  const forged = [
    ...['', ' ', 'x', '1000', '1000 ', `1000  ${proof}`, `-1 ${proof}`, `1001 ${proof}`],
    ...[
      `1000 ${'A'.repeat(43)}`,
      `1000 ${proof}=`,
      `${good}\n`,
      ` ${good}`,
      good.slice(0, -1),
      good.toUpperCase(),
    ],
    ...['9'.repeat(64), '9'.repeat(1_000_000), `1e3 ${proof}`, '\0'.repeat(64)],
    probePayload({ ...identity, key: other.key }, 1000n).toString(),
  ];
  for (const text of forged) t.equal(reader.read(Buffer.from(text, 'latin1')), undefined, text.slice(0, 70));
  t.equal(reader.read(Buffer.alloc(50, 0xff)), undefined, 'no text at all');
  t.equal(reader.read(Buffer.from(good)), 1000n, 'what was forged does not stand in the way');
});

t.test('the channel is one that no client and no publisher can use', async (t) => {
  t.match(identity.channel, /^\$10m\/probe\/[0-9a-f-]{36}$/);
  t.notMatch(identity.channel, identity.key);
});
