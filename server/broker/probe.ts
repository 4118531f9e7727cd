// Probes: messages that a server publishes to itself, to check that messages get through. Nobody else can forge one.
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { OWN_PREFIX } from '../channel.js';

/** Identifies a server's own probes. The channel is visible in Redis; the key stays within the server. */
export interface ProbeIdentity {
  readonly channel: string;
  readonly key: string;
}

/** The longest probe: 20 digits, a space, and 43 characters of base64url. */
const MAX_PROBE_BYTES = 64;

/** Creates an identity that no other server has. */
export const newProbeIdentity = (): ProbeIdentity => ({
  channel: `${OWN_PREFIX}probe/${randomUUID()}`,
  key: randomBytes(32).toString('base64url'),
});

/**
 * Makes a probe: the time of its publication, and the proof that this server made it (HMAC, RFC 2104).
 *
 * @param publishedNs from `process.hrtime.bigint`, a clock that all processes of a machine share
 */
export const probePayload = ({ key }: ProbeIdentity, publishedNs: bigint): Buffer =>
  Buffer.from(`${publishedNs} ${signatureOf(key, publishedNs).toString('base64url')}`);

const signatureOf = (key: string, publishedNs: bigint): Buffer =>
  createHmac('sha256', key).update(String(publishedNs)).digest();

/** Distinguishes a server's own probes from anything else that is published on their channel. */
export class ProbeReader {
  readonly #key: string;
  #newestNs = 0n;

  constructor({ key }: ProbeIdentity) {
    this.#key = key;
  }

  /** Returns when a probe was published; `undefined` if this server did not make it, or if it has been read before. */
  read(payload: Buffer): bigint | undefined {
    if (payload.byteLength > MAX_PROBE_BYTES) return undefined;
    const [, digits, proof] = /^(\d{1,20}) ([\w-]{43})$/.exec(payload.toString('latin1')) ?? [];
    if (digits === undefined || proof === undefined) return undefined;
    const publishedNs = BigInt(digits);
    if (!timingSafeEqual(Buffer.from(proof, 'base64url'), signatureOf(this.#key, publishedNs))) {
      return undefined;
    }
    // Probes arrive in order, so a probe that is not newer is a replay.
    if (publishedNs <= this.#newestNs) return undefined;
    this.#newestNs = publishedNs;
    return publishedNs;
  }
}
