// A TCP socket's lower layer: the user calls of RFC 9293 §3.9.1 behind Berkeley's names, with Linux's errnos.
import { DESTINATION, ERRNO, SOURCE, type WakeEntry } from '@protoloom/contracts';
import {
  AF_INET,
  AF_UNSPEC,
  type Endpoint,
  IPPROTO_TCP,
  type Message,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_FASTOPEN,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_ZEROCOPY,
  type ReadinessListener,
  type SocketAddress,
  type SocketState,
  type Views,
} from '@protoloom/contracts/socket';
import { TCP_CLOSE, TCP_CM_INQ, TCP_LISTEN, TCP_SYN_SENT } from '@protoloom/contracts/tcp';
import { copyWords, isUnspecifiedWords } from '@protoloom/wire';
import type { Tcp } from './context.js';
import { disconnect } from './events/abort.js';
import { close, shutdown } from './events/close.js';
import { accept, connect, listen, sendFirstSyn } from './events/open.js';
import { consumed, receivable } from './events/receive.js';
import { send, sendable, written } from './events/send.js';
import { optionSet, readiness, takeAnyError, takeError } from './events/status.js';
import { isClient, NO_TEXT, type Text } from './fastopen/client.js';
import { rouse } from './rest.js';
import { isConnecting } from './state.js';
import { Tcb, type TcbUser, writeEnd } from './tcb.js';
import { isAtMark, isHole, receiveUrgent, skipHole, untilMark } from './urgent.js';
import { zeroCopyWritten } from './zero-copy.js';

type ConnectState = 'unconnected' | 'connecting' | 'connected' | 'over';

/** Opens a stream socket. @param socket its family is AF_INET or AF_INET6. */
export function openEndpoint(tcp: Tcp, socket: SocketState): Endpoint | number {
  if (!socket.sendBufferLocked) socket.sendBuffer = tcp.sysctls.wmem[1] as number;
  if (!socket.receiveBufferLocked) socket.receiveBuffer = tcp.sysctls.rmem[1] as number;
  return new TcpEndpoint(new Tcb(tcp, socket, socket.family), 'unconnected');
}

export class TcpEndpoint implements Endpoint, TcbUser, WakeEntry {
  readonly tcb: Tcb;
  listener: ReadinessListener | undefined = undefined;
  waking = false;
  /** Where connect() is, which is not where the connection is: Linux's socket_state. */
  #connect: ConnectState;

  constructor(tcb: Tcb, connect: ConnectState) {
    this.#connect = connect;
    this.tcb = tcb;
    tcb.user = this;
    tcb.socket.endpoint = this;
  }

  get socket(): SocketState {
    return this.tcb.socket;
  }
  get listening(): boolean {
    return this.tcb.state === TCP_LISTEN;
  }
  get atMark(): boolean {
    return isAtMark(this.tcb);
  }
  get readiness(): number {
    return readiness(this.tcb);
  }

  /** By TCP: readiness may have risen. */
  wake(): void {
    this.tcb.tcp.turns.wake(this);
  }
  woken(): void {
    this.listener?.ready(this);
  }

  bind(address: SocketAddress): number {
    const { tcb } = this;
    if (tcb.state !== TCP_CLOSE || tcb.localPort !== 0) return -ERRNO.EINVAL;
    return this.tcb.tcp.ports.bind(tcb, address);
  }

  connect(address: SocketAddress): number {
    const { tcb } = this;
    if (address.family === AF_UNSPEC) {
      disconnect(tcb);
      this.#connect = 'unconnected';
      return 0;
    }
    if (this.#connect === 'connecting') return tcb.fastOpen?.deferred ? -ERRNO.EISCONN : this.#outcome();
    if (this.#connect === 'over') return -ERRNO.EINVAL;
    if (this.#connect === 'connected' || tcb.state !== TCP_CLOSE) return -ERRNO.EISCONN;
    return this.#open(address, undefined);
  }

  /** @param text what may go with the SYN; undefined: connect(2). */
  #open(address: SocketAddress, text: Text | undefined): number {
    const { tcb } = this;
    const family = this.tcb.tcp.names.connect(tcb.socket, address);
    if (family < 0) return family;
    tcb.family = family;
    tcb.flowLabel = tcb.socket.sendsFlowLabel ? address.flowLabel : 0;
    copyWords(address.words, 0, tcb.addresses, DESTINATION);
    if (family === AF_INET) {
      // An address of all zeros is written in the family's own form from here on.
      tcb.addresses[DESTINATION + 2] = 0xffff;
      if (isUnspecifiedWords(tcb.addresses, SOURCE)) tcb.addresses[SOURCE + 2] = 0xffff;
    }
    if (isUnspecifiedWords(tcb.addresses, DESTINATION)) this.#toOurselves();
    tcb.remotePort = address.port;
    const result = connect(tcb, text);
    if (result === 0 || result === -ERRNO.EINPROGRESS) this.#connect = 'connecting';
    return result;
  }

  /** What became of a connect() that was in progress: told once. */
  #outcome(): number {
    const { tcb } = this;
    if (isConnecting(tcb)) return -ERRNO.EALREADY;
    if (tcb.state !== TCP_CLOSE) {
      this.#connect = 'connected';
      return 0;
    }
    // The failed attempt is forgotten with its error; SO_ERROR may have taken that before.
    const error = takeError(tcb) || ERRNO.ECONNABORTED;
    disconnect(tcb);
    this.#connect = 'unconnected';
    return -error;
  }

  listen(backlog: number): number {
    return listen(this.tcb, backlog);
  }

  accept(): Endpoint | number {
    const child = accept(this.tcb);
    return typeof child === 'number' ? child : new TcpEndpoint(child, 'connected');
  }

  send(bytes: Uint8Array, from: number, to: number, message: Message | undefined): number {
    const { tcb } = this;
    if (((message?.flags ?? 0) & MSG_FASTOPEN) !== 0 || tcb.fastOpen?.deferred) {
      const opened = this.#openWith({ bytes, from, to }, message);
      if (opened !== 0) return opened;
    }
    const flags = message?.flags ?? 0;
    const count = send(tcb, bytes, from, to, flags);
    if (count < 0) return count;
    if (count < to - from) tcb.noSpace = true;
    if (count === 0) return to === from ? 0 : -ERRNO.EAGAIN;
    if ((flags & MSG_ZEROCOPY) !== 0 && tcb.socket.zeroCopy) zeroCopyWritten(tcb);
    return count;
  }

  /**
   * MSG_FASTOPEN, or the first send after a connect(2) that left the SYN to it. @returns octets that went with the SYN, -EINPROGRESS where
   * none did, another negative errno; 0: the connection stands, and this is a send like any other.
   */
  #openWith(text: Text, message: Message | undefined): number {
    const { tcb } = this;
    if (!isClient(this.tcb.tcp) || (message?.hasAddress && message.address.family === AF_UNSPEC)) return -ERRNO.EOPNOTSUPP;
    if (tcb.fastOpen?.deferred) sendFirstSyn(tcb, text);
    else if (this.#connect === 'connecting') return this.#outcome();
    else if (this.#connect === 'connected' || tcb.state !== TCP_CLOSE) return -ERRNO.EISCONN;
    else {
      const result = message?.hasAddress ? this.#open(message.address, text) : -ERRNO.EINVAL;
      if (result !== -ERRNO.EINPROGRESS) return result;
    }
    const taken = tcb.send.length;
    const flags = message?.flags ?? 0;
    const moreWaits = taken < text.to - text.from && (flags & MSG_DONTWAIT) === 0;
    if (tcb.fastOpen !== undefined) tcb.fastOpen.moreWaits = moreWaits;
    // A call that goes on is one call: it ends with the rest of its octets.
    if (taken > 0 && !moreWaits && (flags & MSG_ZEROCOPY) !== 0 && tcb.socket.zeroCopy) zeroCopyWritten(tcb);
    return taken > 0 ? taken : -ERRNO.EINPROGRESS;
  }

  receive(bytes: Uint8Array, from: number, to: number, message: Message | undefined): number {
    const { tcb } = this;
    const flags = message?.flags ?? 0;
    if (message !== undefined && (flags & MSG_ERRQUEUE) !== 0)
      return this.tcb.tcp.errorQueues.read(tcb.socket, tcb, bytes, from, to, message);
    if (message !== undefined && (flags & MSG_OOB) !== 0)
      return tcb.state === TCP_LISTEN ? -ERRNO.ENOTCONN : receiveUrgent(tcb, bytes, from, to, message);
    const there = receivable(tcb);
    if ((flags & MSG_PEEK) !== 0 && there > 0) return tcb.receive.copy(isHole(tcb) ? 1 : 0, bytes, from, Math.min(to, from + there));
    skipHole(tcb);
    if (there <= 0) return there;
    const count = Math.min(there, to - from);
    // MSG_TRUNC: the octets are thrown away uncopied, as tcp(7) says.
    if ((flags & MSG_TRUNC) !== 0) tcb.receive.consume(count);
    else tcb.receive.read(bytes, from, from + count);
    consumed(tcb, count);
    // Linux's tcp_inq_hint: a FIN counts, so that whoever has read everything reads on.
    if (tcb.wishes.tellsQueued && message?.wantsControls === true)
      message.controls.push({ level: IPPROTO_TCP, type: TCP_CM_INQ, value: tcb.receive.length + (tcb.finReceived ? 1 : 0) });
    return count;
  }

  peek(views: Views): number {
    const { tcb } = this;
    const there = receivable(tcb);
    if (there <= 0) return there;
    const shown = tcb.receive.peek(isHole(tcb) ? 1 : 0, there, views);
    if (shown < there) tcb.tcp.loans.shownInPart(tcb);
    return shown;
  }

  consume(count: number): number {
    const { receive } = this.tcb;
    if (count < 0 || count > untilMark(this.tcb)) return -ERRNO.EINVAL;
    if (count > 0) skipHole(this.tcb);
    receive.consume(count);
    consumed(this.tcb, count);
    return count;
  }

  reserve(count: number, views: Views): number {
    if (this.tcb.fastOpen?.deferred) sendFirstSyn(this.tcb, NO_TEXT);
    const room = sendable(this.tcb);
    if (room < count) this.tcb.noSpace = true;
    if (room <= 0) return room < 0 ? room : -ERRNO.EAGAIN;
    rouse(this.tcb);
    return this.tcb.send.reserve(Math.min(count, room), views);
  }

  commit(count: number): number {
    written(this.tcb, count, 0);
    return count;
  }

  shutdown(how: number): number {
    const { tcb } = this;
    const wasConnecting = this.#connect === 'connecting';
    const isOpen = tcb.state !== TCP_CLOSE && !isConnecting(tcb);
    const result = shutdown(tcb, how);
    if (wasConnecting && result !== -ERRNO.EINVAL) this.#connect = isOpen ? 'connected' : result < 0 ? 'over' : 'unconnected';
    return result;
  }

  close(): number {
    return close(this.tcb);
  }

  localAddress(into: SocketAddress): number {
    this.#write(into, SOURCE, this.tcb.localPort);
    return 0;
  }

  peerAddress(into: SocketAddress): number {
    const { tcb } = this;
    if (tcb.state === TCP_CLOSE || tcb.state === TCP_LISTEN || tcb.state === TCP_SYN_SENT) return -ERRNO.ENOTCONN;
    this.#write(into, DESTINATION, tcb.remotePort);
    into.flowLabel = tcb.flowLabel;
    return 0;
  }

  takeError(): number {
    return takeAnyError(this.tcb);
  }

  timestampOrigin(isWritten: boolean): number | undefined {
    const { tcb } = this;
    if (tcb.state === TCP_CLOSE || tcb.state === TCP_LISTEN) return undefined;
    return isWritten ? writeEnd(tcb) : tcb.sndUna;
  }

  /** SO_KEEPALIVE and its like take effect at once. */
  optionSet(): void {
    optionSet(this.tcb);
  }

  #write(into: SocketAddress, from: number, port: number): void {
    into.family = this.socket.family;
    copyWords(this.tcb.addresses, from, into.words, 0);
    into.port = port;
    into.scope = this.tcb.tcp.names.zoneOf(this.tcb.addresses, from, this.socket.boundInterface);
    into.flowLabel = 0;
  }

  /** 0.0.0.0 and :: as a destination are this host (RFC 1122 §3.2.1.3, as BSD and Linux read it): its loopback address. */
  #toOurselves(): void {
    const { addresses, family } = this.tcb;
    addresses[DESTINATION + 3] = family === AF_INET ? 0x7f00_0001 : 1;
  }
}
