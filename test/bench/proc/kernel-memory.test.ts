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
  const earlier = { bytes: 1e6, sockets: 10 };
  const before = { bytes: 1.2e6, sockets: 12 };
  const after = (bytes: number, sockets: number) => ({ bytes: before.bytes + bytes, sockets: 12 + sockets });
  t.equal(bytesPerSocket({ earlier, before, after: after(8e6, 2000) }), 4000);
  t.equal(bytesPerSocket({ earlier, before, after: after(8e6, 0) }), undefined);
  t.equal(bytesPerSocket({ earlier: undefined, before: undefined, after: undefined }), undefined);
  const few = bytesPerSocket({ earlier, before, after: after(40_000, 10) });
  t.strictSame(few, { noise: 100_000 }, 'ten sockets take less than the caches vary by');
  const busy = bytesPerSocket({ earlier: { bytes: 9.2e6, sockets: 10 }, before, after: after(8e6, 2000) });
  t.strictSame(busy, { noise: 4000 }, 'what the machine changed by before is noise too');
});

t.test('this machine', async (t) => {
  const memory = kernelMemory();
  if (memory === undefined) t.comment('only root reads /proc/slabinfo');
  else t.ok(memory.bytes > 0 && memory.sockets > 0);
});
