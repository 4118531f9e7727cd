// Probes: what a server publishes to itself to know that messages come through. Nobody else can make one.
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { OWN_PREFIX } from '../channel.js';

/** What makes a server's probes its own. The channel can be seen in Redis; the key stays within the server. */
export interface ProbeIdentity {
  readonly channel: string;
  readonly key: string;
}

/** Longer payloads are no probes: 20 digits, a space, 43 characters of base64url. */
const MAX_PROBE_BYTES = 64;

/** An identity that no other server has. */
export const newProbeIdentity = (): ProbeIdentity => ({
  channel: `${OWN_PREFIX}probe/${randomUUID()}`,
  key: randomBytes(32).toString('base64url'),
});

/**
 * A probe: when it was published, and the proof that this server made it (HMAC, RFC 2104).
 *
 * @param publishedNs of `process.hrtime.bigint`, a clock that all processes of a machine share
 */
export const probePayload = ({ key }: ProbeIdentity, publishedNs: bigint): Buffer =>
  Buffer.from(`${publishedNs} ${signatureOf(key, publishedNs).toString('base64url')}`);

const signatureOf = (key: string, publishedNs: bigint): Buffer =>
  createHmac('sha256', key).update(String(publishedNs)).digest();

/** Tells a server's own probes from whatever else is published on their channel. */
export class ProbeReader {
  readonly #key: string;
  #newestNs = 0n;

  constructor({ key }: ProbeIdentity) {
    this.#key = key;
  }

  /** When this probe was published; `undefined` when this server did not make it, or it has been read before. */
  read(payload: Buffer): bigint | undefined {
    if (payload.byteLength > MAX_PROBE_BYTES) return undefined;
    const [, digits, proof] = /^(\d{1,20}) ([\w-]{43})$/.exec(payload.toString('latin1')) ?? [];
    if (digits === undefined || proof === undefined) return undefined;
    const publishedNs = BigInt(digits);
    if (!timingSafeEqual(Buffer.from(proof, 'base64url'), signatureOf(this.#key, publishedNs))) {
      return undefined;
    }
    // Probes come in their order, so one that is not newer was kept by somebody and is published again.
    if (publishedNs <= this.#newestNs) return undefined;
    this.#newestNs = publishedNs;
    return publishedNs;
  }
}
