// The window that we offer: RFC 9293 §3.8.6.2.2 (silly windows), RFC 7323 §2 (scale); numbers as Linux chooses them.
import type { Tcp } from './context.js';
import { receiveWindow, type Tcb } from './tcb.js';

/** Largest scale, RFC 7323 §2.3. */
const MAX_SCALE = 14;

/** Octets of window that a receive buffer stands for: half of it is Linux's overhead. */
export const windowFromSpace = (bytes: number): number => bytes >> 1;

/** Whole octets that may be held unread. */
export const fullSpace = (tcb: Tcb): number => windowFromSpace(tcb.socket.receiveBuffer);

/** What is still free for octets from RCV.NXT on; those out of order lie within. */
const freeSpace = (tcb: Tcb): number => Math.max(0, fullSpace(tcb) - tcb.receive.length);

/** Rounds up to what the scaled window field can say. */
const roundUp = (bytes: number, scale: number): number => ((bytes + (1 << scale) - 1) >> scale) << scale;

/** First window, a whole number of segments. @param space octets that the buffer gives. @param segments of RTAX_INITRWND, 0: not set. */
export function initialWindow(space: number, mss: number, segments: number): number {
  const window = space > mss ? space - (space % mss) : space;
  return segments > 0 ? Math.min(window, segments * mss) : window;
}

/** Default of net.core.rmem_max: a user may ask for a buffer of so much at any time. */
const MOST_ASKED = 4_194_304;

/** The highest window that a connection may ever offer, 0: no limit. A buffer that the user has fixed limits it, as on Linux. */
export function openingClamp(tcb: Tcb): number {
  if (!tcb.socket.receiveBufferLocked) return tcb.windowClamp;
  const space = fullSpace(tcb);
  return tcb.windowClamp > 0 ? Math.min(tcb.windowClamp, space) : space;
}

/** The scale with which the largest window that the buffer may grow to can be told. */
export function chooseScale(tcp: Tcp, space: number, clamp: number): number {
  if (!tcp.sysctls.windowScaling) return 0;
  let most = Math.max(space, tcp.sysctls.rmem[2] as number, MOST_ASKED);
  if (clamp > 0) most = Math.min(most, clamp);
  const scale = 31 - Math.clz32(Math.max(most, 1)) - 15;
  return Math.max(0, Math.min(scale, MAX_SCALE));
}

/** Segments that a window may hold while tcp_mem is under pressure. */
const PRESSED_SEGMENTS = 4;

/** The window to offer, before the rule that its right edge never moves left. */
function candidate(tcb: Tcb): number {
  const clamp = tcb.windowClamp;
  const space = fullSpace(tcb);
  const full = clamp > 0 ? Math.min(space, clamp) : space;
  let free = Math.min(freeSpace(tcb), full);
  const mss = Math.min(tcb.rcvMss, full);
  if (mss <= 0) return 0;
  const scale = tcb.rcvWndScale;
  if (free < full >> 1) {
    tcb.quickAcks = 0;
    if (tcb.tcp.memory.pressure) tcb.rcvSsthresh = Math.min(tcb.rcvSsthresh, PRESSED_SEGMENTS * tcb.advertisedMss);
    free = (free >> scale) << scale;
    // RFC 9293 §3.8.6.2.2: rather none than a silly one.
    if (free < space >> 4 || free < mss) return 0;
  }
  free = Math.min(free, tcb.rcvSsthresh);
  if (scale > 0) return roundUp(free, scale);
  const now = tcb.rcvWnd;
  if (now <= free - mss || now > free) return free - (free % mss);
  if (mss === full && free > now + (full >> 1)) return free;
  return now;
}

/** Chooses RCV.WND and answers the header's field. */
export function selectWindow(tcb: Tcb): number {
  const { counters } = tcb.tcp;
  const old = tcb.rcvWnd;
  if (tcb.noMemory) {
    // What came was dropped for want of memory: the window closes, though its right edge moves left.
    tcb.noMemory = false;
    tcb.rcvWnd = 0;
    tcb.rcvWup = tcb.rcvNxt;
    if (old > 0) counters.toZeroWindowAdv++;
    return 0;
  }
  const left = receiveWindow(tcb);
  let window = candidate(tcb);
  if (window < left) {
    // RFC 9293 §3.8.6: the right edge does not move left.
    if (window === 0) counters.wantZeroWindowAdv++;
    window = roundUp(left, tcb.rcvWndScale);
  }
  window = Math.min(window, 0xffff << tcb.rcvWndScale);
  tcb.rcvWnd = window;
  tcb.rcvWup = tcb.rcvNxt;
  if (window === 0) {
    if (old > 0) counters.toZeroWindowAdv++;
  } else if (old === 0) counters.fromZeroWindowAdv++;
  return window >> tcb.rcvWndScale;
}

/** Whether the reader has made so much room that the peer should hear of it: twice what it knows of. */
export function worthUpdating(tcb: Tcb): boolean {
  const now = receiveWindow(tcb);
  const clamp = tcb.windowClamp > 0 ? tcb.windowClamp : fullSpace(tcb);
  if (2 * now > clamp) return false;
  const next = candidate(tcb);
  return next > 0 && next >= 2 * now;
}

/** Whether an ACK that left now would not tell of less window than the last. */
export const offersAsMuch = (tcb: Tcb): boolean => candidate(tcb) >= tcb.rcvWnd;

/** The connection stands: no more window than the buffer holds besides one segment that may be on its way (Linux's tcp_init_buffer_space). */
export function initialClamp(tcb: Tcb): void {
  const space = fullSpace(tcb);
  const mss = tcb.advertisedMss;
  // No more than the header's field can tell: tcp_select_initial_window.
  const most = 0xffff << tcb.rcvWndScale;
  if (tcb.windowClamp === 0 || tcb.windowClamp > most) tcb.windowClamp = most;
  if (tcb.windowClamp >= space) tcb.windowClamp = space;
  if (tcb.windowClamp > 2 * mss && tcb.windowClamp + mss > space) tcb.windowClamp = Math.max(2 * mss, space - mss);
  tcb.rcvSsthresh = Math.min(tcb.rcvSsthresh, tcb.windowClamp);
}

/** Segments that a round trip is taken to bring at first: Linux's TCP_INIT_CWND. */
const INITIAL_READ_SEGMENTS = 10;

/** What a round trip is taken to bring until one was measured: less than the window, or a peer that fills the window would never exceed it. */
export const initialReadSpace = (tcb: Tcb): number => Math.min(tcb.rcvSsthresh, tcb.rcvWnd, INITIAL_READ_SEGMENTS * tcb.advertisedMss);

/** `bytes` of text came in order: the window opens towards the buffer's size (Linux's tcp_grow_window). */
export function growWindow(tcb: Tcb, bytes: number): void {
  if (tcb.tcp.memory.pressure) return;
  const most = Math.min(tcb.windowClamp > 0 ? tcb.windowClamp : fullSpace(tcb), freeSpace(tcb));
  if (tcb.rcvSsthresh < most) tcb.rcvSsthresh = Math.min(most, tcb.rcvSsthresh + 2 * Math.max(tcb.advertisedMss, bytes));
}

/**
 * The user has read: the buffer follows what is read in one round trip (receive-buffer autotuning, DRS). That is the receiver's, which need not send
 * anything; what a reader leaves lying shows that it is the reader who is slow.
 */
export function adjustSpace(tcb: Tcb): void {
  const { receiveRttUs } = tcb;
  const { nowUs } = tcb.tcp.clock;
  const { pace } = tcb.receive;
  if (receiveRttUs === 0 || nowUs - pace.readSinceUs < receiveRttUs) return;
  const read = tcb.bytesRead - pace.readSince - tcb.receive.length;
  if (read > tcb.readSpace) growBuffer(tcb, read);
  pace.readSince = tcb.bytesRead;
  pace.readSinceUs = nowUs;
}

/**
 * The buffer grows to what a round trip brings, twice, since it is seen one round trip late, and twice by how much that has grown, with
 * what is held out of order; up to tcp_rmem's largest, unless the user has set SO_RCVBUF (Linux's tcp_rcvbuf_grow).
 * @param space octets that the last round trip brought.
 */
export function growBuffer(tcb: Tcb, space: number): void {
  const { tcp, socket, reassembly, readSpace } = tcb;
  tcb.readSpace = space;
  if (!tcp.sysctls.moderateRcvbuf || socket.receiveBufferLocked) return;
  let window = 2 * space;
  if (readSpace > 0) window += 2 * Math.floor((window * (space - readSpace)) / readSpace);
  if (reassembly !== undefined && !reassembly.isEmpty) window += (reassembly.end - tcb.rcvNxt) | 0;
  const buffer = Math.min(2 * window, tcp.sysctls.rmem[2] as number);
  if (buffer <= socket.receiveBuffer) return;
  socket.receiveBuffer = buffer;
  tcb.windowClamp = fullSpace(tcb);
}
