// A request's head as it comes in pieces: its target, and the fields that this server heeds.

/** A field's name as it is compared: RFC 9110 §5.1, case aside. */
const nameOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const HOST = nameOf('host');
const EXPECT = nameOf('expect');
const TRANSFER_ENCODING = nameOf('transfer-encoding');
/** Octets of a name that are kept: of a longer one enough to see that it is none of these. */
const NAME_BYTES = TRANSFER_ENCODING.length + 1;
/** What sets a capital letter apart; of a token's characters no two become one otherwise that a name here has. */
const CASE = 0x20;

/** RFC 9110 §7.2: uri-host, and a port; the characters of RFC 3986 §3.2.2. */
const HOST_VALUE = /^[\w.~!$&'()*+,;=%:[\]-]*$/;

const SLASH = 0x2f;

export class RequestHead {
  target = '';
  /** Values of the field lines Host, Expect and Transfer-Encoding. */
  readonly hosts: string[] = [];
  readonly expectations: string[] = [];
  readonly codings: string[] = [];
  /** The present name, in small letters, so far as it is kept. */
  readonly #name = new Uint8Array(NAME_BYTES);
  #nameLength = 0;
  #hasName = false;
  /** Where values of the present name go; undefined: they are nobody's here. */
  #values: string[] | undefined;

  begin(): void {
    this.target = '';
    clear(this.hosts);
    clear(this.expectations);
    clear(this.codings);
    this.#nameLength = 0;
    this.#hasName = false;
  }

  addTarget(bytes: Buffer, at: number, to: number): void {
    this.target += to - at === 1 && bytes[at] === SLASH ? '/' : bytes.toString('latin1', at, to);
  }

  addName(bytes: Uint8Array, at: number, to: number): void {
    if (this.#hasName) this.#nameLength = 0;
    this.#hasName = false;
    for (let i = at; i < to && this.#nameLength < NAME_BYTES; i++) this.#name[this.#nameLength++] = (bytes[i] as number) | CASE;
  }

  addValue(bytes: Buffer, at: number, to: number): void {
    if (!this.#hasName) {
      this.#hasName = true;
      this.#values = this.#valuesOfName();
      this.#values?.push('');
    }
    const values = this.#values;
    if (values !== undefined) values[values.length - 1] += bytes.toString('latin1', at, to);
  }

  #valuesOfName(): string[] | undefined {
    if (this.#isNamed(HOST)) return this.hosts;
    if (this.#isNamed(EXPECT)) return this.expectations;
    return this.#isNamed(TRANSFER_ENCODING) ? this.codings : undefined;
  }

  #isNamed(name: Uint8Array): boolean {
    if (name.length !== this.#nameLength) return false;
    for (let i = 0; i < name.length; i++) if (name[i] !== this.#name[i]) return false;
    return true;
  }

  /** RFC 9112 §3.2. @param isOld of HTTP/1.0, which need not have one. */
  hasGoodHost(isOld: boolean): boolean {
    const { hosts } = this;
    return hosts.length === 1 ? HOST_VALUE.test(hosts[0] as string) : isOld && hosts.length === 0;
  }

  get isChunked(): boolean {
    return /^\s*chunked\s*$/i.test(this.codings.join());
  }

  get expectsContinue(): boolean {
    return this.expectations
      .join()
      .split(',')
      .every((one) => /^\s*(100-continue)?\s*$/i.test(one));
  }
}

/** Most heads have one value, or none: taking it out is cheaper than setting a length. */
function clear(values: string[]): void {
  while (values.length > 0) values.pop();
}
