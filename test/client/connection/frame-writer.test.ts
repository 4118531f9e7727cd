import t from 'tap';
import { closeFrame, pongFrame } from '../../../client/connection/frame-writer.js';

/** First byte and unmasked payload. */
function unmasked(frame: Buffer): [first: number, payload: Buffer] {
  t.equal(frame[1]! & 0x80, 0x80, 'masked');
  t.equal(frame[1]! & 0x7f, frame.length - 6, 'length');
  return [frame[0]!, Buffer.from(frame.subarray(6).map((byte, i) => byte ^ frame[2 + (i % 4)]!))];
}

t.test('a pong carries what the ping carried', async (t) => {
  for (const size of [0, 1, 4, 125]) {
    const payload = Buffer.alloc(size, 'ab');
    t.same(unmasked(pongFrame(payload)), [0x8a, payload]);
  }
});

t.test('a close frame carries its code, and 1005 is none', async (t) => {
  t.same(unmasked(closeFrame(1000)), [0x88, Buffer.from([0x03, 0xe8])]);
  t.same(unmasked(closeFrame(1005)), [0x88, Buffer.alloc(0)]);
});

t.test('the mask differs from frame to frame', async (t) => {
  const masks = new Set(Array.from({ length: 50 }, () => pongFrame(Buffer.alloc(0)).toString('hex')));
  t.ok(masks.size > 40);
});
