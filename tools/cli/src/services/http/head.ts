// A request's head as it comes in pieces: its target, and the fields that this server heeds.

const HOST = 'host';
const EXPECT = 'expect';
const TRANSFER_ENCODING = 'transfer-encoding';

/** RFC 9110 §7.2: uri-host, and a port; the characters of RFC 3986 §3.2.2. */
const HOST_VALUE = /^[\w.~!$&'()*+,;=%:[\]-]*$/;

const SLASH = 0x2f;

export class RequestHead {
  target = '';
  /** Values of the field lines Host, Expect and Transfer-Encoding. */
  readonly hosts: string[] = [];
  readonly expectations: string[] = [];
  readonly codings: string[] = [];
  #name = '';
  #hasName = false;
  /** Where values of the present name go; undefined: they are nobody's here. */
  #values: string[] | undefined;

  begin(): void {
    this.target = '';
    this.hosts.length = 0;
    this.expectations.length = 0;
    this.codings.length = 0;
    this.#name = '';
    this.#hasName = false;
  }

  addTarget(bytes: Buffer, at: number, to: number): void {
    this.target += to - at === 1 && bytes[at] === SLASH ? '/' : bytes.toString('latin1', at, to);
  }

  addName(bytes: Buffer, at: number, to: number): void {
    if (this.#hasName) this.#name = '';
    this.#hasName = false;
    // What is longer need not be known.
    this.#name += to - at > TRANSFER_ENCODING.length ? '?' : bytes.toString('latin1', at, to);
  }

  addValue(bytes: Buffer, at: number, to: number): void {
    if (!this.#hasName) {
      this.#hasName = true;
      this.#values = this.#valuesOf(this.#name);
      this.#values?.push('');
    }
    const values = this.#values;
    if (values !== undefined) values[values.length - 1] += bytes.toString('latin1', at, to);
  }

  #valuesOf(name: string): string[] | undefined {
    switch (name.length) {
      case HOST.length:
        return name.toLowerCase() === HOST ? this.hosts : undefined;
      case EXPECT.length:
        return name.toLowerCase() === EXPECT ? this.expectations : undefined;
      case TRANSFER_ENCODING.length:
        return name.toLowerCase() === TRANSFER_ENCODING ? this.codings : undefined;
      default:
        return undefined;
    }
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
