import t from 'tap';
import { bytesPerSocket, kernelMemory, parseSlabs } from '../../../bench/proc/kernel-memory.js';

t.test('slabs, free objects included', async (t) => {
  const text =
    'slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>\n' +
    'TCP                  123    195   2368   13    8 : tunables    0    0    0 : slabdata     15     15      0\n' +
    'filp                  10     42    192   21    1 : tunables    0    0    0 : slabdata      2      2      0\n';
  t.strictSame(
    [...parseSlabs(text)],
    [
      ['TCP', 15 * 8 * 4096],
      ['filp', 2 * 4096],
    ],
  );
});

t.test('by socket', async (t) => {
  t.equal(bytesPerSocket({ bytes: 1e6, sockets: 10 }, { bytes: 9e6, sockets: 2010 }), 4000);
  t.equal(bytesPerSocket({ bytes: 1e6, sockets: 10 }, { bytes: 9e6, sockets: 10 }), undefined);
  t.equal(bytesPerSocket(undefined, { bytes: 9e6, sockets: 10 }), undefined);
  const few = bytesPerSocket({ bytes: 1e6, sockets: 10 }, { bytes: 1.04e6, sockets: 20 });
  t.strictSame(few, { noise: 100_000 }, 'ten sockets take less than the caches vary by');
});

t.test('this machine', async (t) => {
  const memory = kernelMemory();
  if (memory === undefined) t.comment('only root reads /proc/slabinfo');
  else t.ok(memory.bytes > 0 && memory.sockets > 0);
});
