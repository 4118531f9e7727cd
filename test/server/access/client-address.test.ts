import t from 'tap';
import {
  AddressBlocks,
  addressKey,
  addressText,
  clientAddress,
  isAddressBlock,
} from '../../../server/access/client-address.js';
import { refusals } from '../../../server/codes.js';

const bytes = (...values: number[]): ArrayBuffer => new Uint8Array(values).buffer;
const v6 = (...groups: number[]): ArrayBuffer =>
  bytes(...groups.flatMap((group) => [group >> 8, group & 0xff]));
const source = (remote: ArrayBuffer, proxied = bytes()) => ({
  getRemoteAddress: () => remote,
  getProxiedRemoteAddress: () => proxied,
});

t.test('addresses as text, and what counts as one client', (t) => {
  t.equal(addressText(bytes(192, 0, 2, 1)), '192.0.2.1');
  t.equal(addressText(v6(0x2001, 0xdb8, 0, 1, 0, 0, 0, 2)), '2001:db8:0:1:0:0:0:2');
  t.equal(
    addressText(v6(0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201)),
    '192.0.2.1',
    'IPv4 over a dual stack socket',
  );
  t.equal(addressKey('192.0.2.1'), '192.0.2.1');
  t.equal(addressKey('2001:db8:0:1:0:0:0:2'), '2001:db8:0:1');
  t.equal(addressKey('2001:db8:0:1:ffff:0:0:9'), '2001:db8:0:1', 'the same /64');
  t.not(addressKey('2001:db8:0:2:0:0:0:2'), '2001:db8:0:1');
  t.end();
});

t.test('blocks of addresses', (t) => {
  const blocks = new AddressBlocks(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32']);
  for (const address of ['10.255.0.1', '192.0.2.7', '2001:db8:1:0:0:0:0:1'])
    t.ok(blocks.has(address), address);
  for (const address of ['11.0.0.1', '192.0.2.8', '2001:db9:0:0:0:0:0:1'])
    t.notOk(blocks.has(address), address);
  for (const good of ['10.0.0.0/8', '0.0.0.0/0', '::/0', '::1', 'fe80::/128'])
    t.ok(isAddressBlock(good), good);
  for (const bad of [
    '',
    '10.0.0/8',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    'a',
    '10.0.0.0/8/8',
    '1.2.3.4/-1',
  ]) {
    t.notOk(isAddressBlock(bad), bad);
  }
  t.end();
});

t.test('a PROXY header counts when it comes from who is trusted, and spoils the rest', (t) => {
  const trusted = new AddressBlocks(['10.0.0.0/8']);
  const client = bytes(203, 0, 113, 5);
  t.equal(clientAddress(source(bytes(10, 1, 1, 1), client), trusted), '203.0.113.5');
  t.equal(clientAddress(source(bytes(10, 1, 1, 1)), trusted), '10.1.1.1', 'a health check of the balancer');
  t.equal(clientAddress(source(bytes(192, 0, 2, 1), client), trusted), refusals.untrustedProxy);
  t.equal(clientAddress(source(bytes()), trusted), refusals.unknownAddress, 'who has left already');
  t.equal(clientAddress(source(bytes(192, 0, 2, 1)), trusted), '192.0.2.1');
  t.equal(clientAddress(source(bytes(192, 0, 2, 1), client), new AddressBlocks([])), refusals.untrustedProxy);
  t.end();
});
