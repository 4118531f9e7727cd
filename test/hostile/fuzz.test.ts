// 100,000 spoiled handshakes and frames. FUZZ_SEED=N sends those of an earlier run again.
import t from 'tap';
import {
  answerTo,
  isOpenBehindFence,
  type RawSocket,
  statusesIn,
  swarm,
  upgraded,
} from '../harness/attackers.js';
import { mutatedFrames, mutatedRequest } from '../harness/mutations.js';
import { randomOfRun, SeededRandom } from '../harness/seeded-random.js';
import { startVictim } from '../harness/victim.js';

const CASES = 100_000;
const REHEARSED_CASES = 10_000;
const ATTACKERS = 200;
/** How long a case may take; those that are behind in the queue of a busy machine wait as well. */
const PATIENCE_MS = 60_000;

t.test('100,000 spoiled handshakes and frames', async (t) => {
  const random = randomOfRun();
  t.comment(`FUZZ_SEED=${random.seed}`);
  const victim = await startVictim(t, ['--max-connections', '500']);
  const { port } = victim.server;
  const statuses = new Map<string, number>();
  let framesThatStay = 0;
  /** Connections that the last frames have left open, for the next ones. */
  const open: RawSocket[] = [];

  const sendRequest = async (bytes: Buffer) => {
    const status = statusesIn(await answerTo(port, bytes)).split(' ')[0]!;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  };
  const sendFrames = async (bytes: Buffer, cut: number) => {
    const raw = open.pop() ?? (await upgraded(port));
    await raw.writeApart([bytes.subarray(0, cut), bytes.subarray(cut)]);
    if (!(await isOpenBehindFence(raw))) return;
    framesThatStay++;
    open.push(raw);
  };
  // Cases begin in order and have numbers of their own, so that each is the same whatever becomes of the others.
  const attack = (i: number) => {
    const ofCase = new SeededRandom(random.below(2 ** 32));
    const isRequest = i % 2 === 0;
    const bytes = isRequest ? mutatedRequest(ofCase) : mutatedFrames(ofCase);
    const sent = isRequest ? sendRequest(bytes) : sendFrames(bytes, ofCase.below(bytes.length + 1));
    return endsInTime(sent, `case ${i}, ${bytes.toString('hex')}`);
  };

  await victim.survives(t, async (isRehearsal) => {
    statuses.clear();
    framesThatStay = 0;
    await swarm(isRehearsal ? REHEARSED_CASES : CASES, ATTACKERS, attack);
    for (const raw of open.splice(0)) raw.reset();
  });

  const counts = [...statuses].sort().map(([status, count]) => `${status || 'none'}: ${count}`);
  t.comment(`answers ${counts.join(', ')}; ${framesThatStay} times a connection was open behind its frames`);
  for (const status of ['101', '400', '405', '426', '431', '505'])
    t.ok(statuses.get(status), `some ${status}`);
  t.ok(framesThatStay > CASES / 20, 'not all frames were bad');
  await victim.hasAllItsRoom(t);
});

/** Fails with the name of what neither ended nor was answered. */
async function endsInTime(run: Promise<void>, name: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${PATIENCE_MS / 1000} s: ${name}`)), PATIENCE_MS);
  });
  await Promise.race([run, late]).finally(() => clearTimeout(timer));
}
