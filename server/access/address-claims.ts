// A worker's side of --max-connections-per-ip: asks the primary, once per turn of the loop for all who came in it.

/** What a turn of the loop brought. */
export interface AddressChanges {
  /** Addresses that ask for one more connection; a verdict on each comes back, in this order. */
  readonly claimed: readonly string[];
  /** Addresses whose connections ended. */
  readonly released: readonly string[];
}

/** Claims on connections, from the question to the verdict. */
export class AddressClaims {
  readonly #ask: (changes: AddressChanges) => void;
  readonly #waiting: ((isGranted: boolean) => void)[] = [];
  #claimed: string[] = [];
  #released: string[] = [];
  #turn: NodeJS.Immediate | undefined;

  /** @param ask hands changes to the primary */
  constructor(ask: (changes: AddressChanges) => void) {
    this.#ask = ask;
  }

  /** Whether the address may have one more connection; if so it is counted until it is released. */
  claim(address: string): Promise<boolean> {
    this.#claimed.push(address);
    this.#askSoon();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** A claimed connection has ended, or never came to be. */
  release(address: string): void {
    this.#released.push(address);
    this.#askSoon();
  }

  /** The primary's verdicts on the oldest claims. */
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
