// The options of SOL_SOCKET that few sockets set.

/** What sockets begin with: those that have set none of them share these, and one that sets any gets a record of its own. */
const RARE = {
  reuseAddress: false,
  reusePort: false,
  broadcast: false,
  dontRoute: false,
  keepAlive: false,
  oobInline: false,
  linger: -1,
  receiveBufferLocked: false,
  receiveErrors4: false,
  receiveErrors6: false,
  v6Only: false,
  freeBind: false,
  sendsFlowLabel: false,
  zeroCopy: false,
  timestamping: 0,
  timestampOrigin: 0,
  receiveTimeoutUs: 0,
  sendTimeoutUs: 0,
  maxPacingRate: Number.POSITIVE_INFINITY,
};
type Rare = typeof RARE;

/** An accessor for each: where one piece of code served them all, compiled code would look each up by its name. */
export class RareOptions {
  #rare: Readonly<Rare> = RARE;

  get reuseAddress(): boolean {
    return this.#rare.reuseAddress;
  }
  set reuseAddress(reuseAddress: boolean) {
    if (this.#rare.reuseAddress !== reuseAddress) this.#rare = { ...this.#rare, reuseAddress };
  }

  get reusePort(): boolean {
    return this.#rare.reusePort;
  }
  set reusePort(reusePort: boolean) {
    if (this.#rare.reusePort !== reusePort) this.#rare = { ...this.#rare, reusePort };
  }

  get broadcast(): boolean {
    return this.#rare.broadcast;
  }
  set broadcast(broadcast: boolean) {
    if (this.#rare.broadcast !== broadcast) this.#rare = { ...this.#rare, broadcast };
  }

  get dontRoute(): boolean {
    return this.#rare.dontRoute;
  }
  set dontRoute(dontRoute: boolean) {
    if (this.#rare.dontRoute !== dontRoute) this.#rare = { ...this.#rare, dontRoute };
  }

  get keepAlive(): boolean {
    return this.#rare.keepAlive;
  }
  set keepAlive(keepAlive: boolean) {
    if (this.#rare.keepAlive !== keepAlive) this.#rare = { ...this.#rare, keepAlive };
  }

  get oobInline(): boolean {
    return this.#rare.oobInline;
  }
  set oobInline(oobInline: boolean) {
    if (this.#rare.oobInline !== oobInline) this.#rare = { ...this.#rare, oobInline };
  }

  get linger(): number {
    return this.#rare.linger;
  }
  set linger(linger: number) {
    if (this.#rare.linger !== linger) this.#rare = { ...this.#rare, linger };
  }

  get receiveBufferLocked(): boolean {
    return this.#rare.receiveBufferLocked;
  }
  set receiveBufferLocked(receiveBufferLocked: boolean) {
    if (this.#rare.receiveBufferLocked !== receiveBufferLocked) this.#rare = { ...this.#rare, receiveBufferLocked };
  }

  get receiveErrors4(): boolean {
    return this.#rare.receiveErrors4;
  }
  set receiveErrors4(receiveErrors4: boolean) {
    if (this.#rare.receiveErrors4 !== receiveErrors4) this.#rare = { ...this.#rare, receiveErrors4 };
  }

  get receiveErrors6(): boolean {
    return this.#rare.receiveErrors6;
  }
  set receiveErrors6(receiveErrors6: boolean) {
    if (this.#rare.receiveErrors6 !== receiveErrors6) this.#rare = { ...this.#rare, receiveErrors6 };
  }

  get v6Only(): boolean {
    return this.#rare.v6Only;
  }
  set v6Only(v6Only: boolean) {
    if (this.#rare.v6Only !== v6Only) this.#rare = { ...this.#rare, v6Only };
  }

  get freeBind(): boolean {
    return this.#rare.freeBind;
  }
  set freeBind(freeBind: boolean) {
    if (this.#rare.freeBind !== freeBind) this.#rare = { ...this.#rare, freeBind };
  }

  get sendsFlowLabel(): boolean {
    return this.#rare.sendsFlowLabel;
  }
  set sendsFlowLabel(sendsFlowLabel: boolean) {
    if (this.#rare.sendsFlowLabel !== sendsFlowLabel) this.#rare = { ...this.#rare, sendsFlowLabel };
  }

  get zeroCopy(): boolean {
    return this.#rare.zeroCopy;
  }
  set zeroCopy(zeroCopy: boolean) {
    if (this.#rare.zeroCopy !== zeroCopy) this.#rare = { ...this.#rare, zeroCopy };
  }

  get timestamping(): number {
    return this.#rare.timestamping;
  }
  set timestamping(timestamping: number) {
    if (this.#rare.timestamping !== timestamping) this.#rare = { ...this.#rare, timestamping };
  }

  get timestampOrigin(): number {
    return this.#rare.timestampOrigin;
  }
  set timestampOrigin(timestampOrigin: number) {
    if (this.#rare.timestampOrigin !== timestampOrigin) this.#rare = { ...this.#rare, timestampOrigin };
  }

  get receiveTimeoutUs(): number {
    return this.#rare.receiveTimeoutUs;
  }
  set receiveTimeoutUs(receiveTimeoutUs: number) {
    if (this.#rare.receiveTimeoutUs !== receiveTimeoutUs) this.#rare = { ...this.#rare, receiveTimeoutUs };
  }

  get sendTimeoutUs(): number {
    return this.#rare.sendTimeoutUs;
  }
  set sendTimeoutUs(sendTimeoutUs: number) {
    if (this.#rare.sendTimeoutUs !== sendTimeoutUs) this.#rare = { ...this.#rare, sendTimeoutUs };
  }

  get maxPacingRate(): number {
    return this.#rare.maxPacingRate;
  }
  set maxPacingRate(maxPacingRate: number) {
    if (this.#rare.maxPacingRate !== maxPacingRate) this.#rare = { ...this.#rare, maxPacingRate };
  }

  /** As another has them. */
  protected inheritRare(other: RareOptions): void {
    this.#rare = other.#rare;
  }
}
