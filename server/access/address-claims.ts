// A worker's side of --max-connections-per-ip: asks the primary once per event-loop turn, for all clients of that turn.

/** The changes of one event-loop turn. */
export interface AddressChanges {
  /** Addresses that ask for one more connection. The primary returns a verdict on each, in this order. */
  readonly claimed: readonly string[];
  /** Addresses whose connections ended. */
  readonly released: readonly string[];
}

/** The claims on connections, from the request to the verdict. */
export class AddressClaims {
  readonly #ask: (changes: AddressChanges) => void;
  readonly #waiting: ((isGranted: boolean) => void)[] = [];
  #claimed: string[] = [];
  #released: string[] = [];
  #turn: NodeJS.Immediate | undefined;

  /** @param ask sends changes to the primary */
  constructor(ask: (changes: AddressChanges) => void) {
    this.#ask = ask;
  }

  /** Resolves to whether the address may have one more connection. If so, it counts until it is released. */
  claim(address: string): Promise<boolean> {
    this.#claimed.push(address);
    this.#askSoon();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** A claimed connection has ended, or was never opened. */
  release(address: string): void {
    this.#released.push(address);
    this.#askSoon();
  }

  /** Takes the primary's verdicts on the oldest claims. */
  decided(verdicts: readonly boolean[]): void {
    for (const [i, resolve] of this.#waiting.splice(0, verdicts.length).entries()) resolve(verdicts[i]!);
  }

  #askSoon(): void {
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      this.#ask({ claimed: this.#claimed, released: this.#released });
      this.#claimed = [];
      this.#released = [];
    });
  }
}
