// One connection: requests are read, and answered in their order. What is under way has to leave before the next one is read.

import { ERRNO } from '@protoloom/contracts';
import { type Endpoint, type ReadinessListener, SHUT_WR } from '@protoloom/contracts/socket';
import { type Answer, CONTINUE, KEEP_ALIVE_S } from './answer.js';
import { Bound } from './bound.js';
import * as faults from './faults.js';
import { RequestHead } from './head.js';
import * as llhttp from './llhttp.js';
import { Output } from './output.js';
import { discard, peekInto } from './reading.js';
import { type Resource, route } from './routes.js';

/** Octets of content that nobody wants which are read, so that the connection may persist. */
const MOST_UNWANTED = 262_144;
/** Seconds in which a peer that has its last answer may send on, and read it: RFC 9112 §9.6. */
const LINGER_S = 5;

/** `idle`: between two messages; `answering`: nothing is read; `ending`: the last answer is leaving; `lingering`: it has left. */
type Phase = 'idle' | 'head' | 'content' | 'answering' | 'ending' | 'lingering' | 'closed';

/** What a connection needs of its server. */
export interface ConnectionHost {
  readonly llhttp: llhttp.Llhttp;
  /** Seconds, as the last sweep left them. */
  readonly second: number;
  closed(connection: Connection): void;
}

export class Connection implements ReadinessListener, llhttp.MessageEvents {
  readonly #host: ConnectionHost;
  readonly #endpoint: Endpoint;
  readonly #output: Output;
  readonly #parser: number;
  readonly #head = new RequestHead();
  readonly #bound = new Bound();
  #phase: Phase = 'idle';
  /** When the phase began, as far as phases end by themselves. */
  #since: number;
  #hasServed = false;
  /** The request: what it is about, how it is asked for, and whether another may follow. */
  #resource: Resource | undefined;
  #isHead = false;
  #isPersistent = true;
  #unwanted = 0;

  constructor(host: ConnectionHost, endpoint: Endpoint) {
    this.#host = host;
    this.#endpoint = endpoint;
    this.#output = new Output(endpoint);
    this.#parser = host.llhttp.open();
    this.#since = host.second;
  }

  ready(): void {
    const output = this.#output;
    if (output.isPending) output.flush();
    if (output.hasFailed) return this.close();
    switch (this.#phase) {
      case 'answering':
        if (output.isPending) return;
        this.#rest();
        return this.#read();
      case 'ending':
        if (!output.isPending) this.#linger();
        return;
      case 'lingering':
        return this.#discard();
      case 'closed':
        return;
      default:
        this.#read();
    }
  }

  /** By the server, once a second. */
  sweep(): void {
    const seconds = this.#host.second - this.#since;
    if (this.#phase === 'idle' && seconds > (this.#hasServed ? KEEP_ALIVE_S : faults.HEAD_S)) this.close();
    else if (this.#phase === 'lingering' && seconds > LINGER_S) this.close();
    else if (this.#phase === 'head' && seconds > faults.HEAD_S) {
      this.#last(faults.late);
      this.ready();
    }
  }

  close(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#endpoint.listener = undefined;
    this.#endpoint.close();
    this.#host.llhttp.free(this.#parser);
    this.#host.closed(this);
  }

  // ---- reading ---------------------------------------------------------------------------------------------------------------------

  #read(): void {
    const { inputAt, bytes } = this.#host.llhttp;
    for (;;) {
      const there = peekInto(this.#endpoint, bytes, inputAt, inputAt + llhttp.INPUT_BYTES);
      if (there === -ERRNO.EAGAIN) return;
      if (there < 0) return this.close();
      if (there === 0) {
        if (this.#phase === 'idle') return this.close();
        this.#last(faults.cutShort);
        return this.ready();
      }
      // What the parser has not come to stays with TCP, whose window closes: that is the back-pressure.
      this.#endpoint.consume(this.#parse(there));
      if (this.#output.hasFailed) return this.close();
      if (this.#phase === 'answering') return;
      if (this.#phase === 'ending') return this.ready();
    }
  }

  /** @returns how many octets are done with. */
  #parse(length: number): number {
    const { llhttp: parsers } = this.#host;
    const { inputAt } = parsers;
    this.#bound.begin(inputAt);
    const result = parsers.execute(this.#parser, this, length);
    if (result === llhttp.OK) {
      if (this.#bound.end(inputAt + length)) this.#last(faults.tooLarge);
      return length;
    }
    const position = parsers.position(this.#parser);
    if (result === llhttp.PAUSED || result === llhttp.PAUSED_UPGRADE) {
      // RFC 9110 §7.8: an upgrade may be ignored.
      parsers.resume(this.#parser);
      return position;
    }
    if (this.#phase !== 'ending') {
      const from = inputAt + Math.max(0, position - 1);
      this.#last(faults.faultOf(result, parsers.bytes.toString('latin1', from, inputAt + length)));
    }
    return length;
  }

  // ---- what the parser has read ----------------------------------------------------------------------------------------------------

  begun(): number {
    this.#head.begin();
    this.#phase = 'head';
    this.#since = this.#host.second;
    return llhttp.OK;
  }

  target(at: number, to: number): number {
    this.#head.addTarget(this.#host.llhttp.bytes, at, to);
    return this.#within(to);
  }

  fieldName(at: number, to: number): number {
    // After content, it is a trailer's, which nobody heeds.
    if (this.#phase === 'head') this.#head.addName(this.#host.llhttp.bytes, at, to);
    return this.#within(to);
  }

  fieldValue(at: number, to: number): number {
    if (this.#phase === 'head') this.#head.addValue(this.#host.llhttp.bytes, at, to);
    return this.#within(to);
  }

  headEnded(isPersistent: boolean): number {
    const { llhttp: parsers } = this.#host;
    const method = parsers.method(this.#parser);
    const isOld = parsers.minor(this.#parser) === 0;
    this.#isHead = method === llhttp.HEAD;
    // RFC 9112 §6.1: HTTP/1.0 has no chunks, and who is in between may have seen other ones.
    this.#isPersistent = isPersistent && !(isOld && this.#head.codings.length > 0);
    const refusal = faults.refusalOf(this.#head, method, parsers.major(this.#parser), isOld);
    if (refusal !== undefined) return this.#last(refusal);
    this.#resource = route(method, this.#head.target);
    this.#unwanted = 0;
    this.#phase = 'content';
    this.#bound.restart();
    // RFC 9110 §10.1.1.
    return this.#head.expectations.length === 0 || isOld ? llhttp.OK : this.#expected(this.#resource);
  }

  #expected(resource: Resource): number {
    if (!this.#head.expectsContinue) return this.#last(faults.unmet);
    // The final answer at once: content that waits for it may come then, or may not.
    if (resource.take === undefined) return this.#last(resource.answer());
    this.#output.write(CONTINUE, CONTINUE.length);
    return llhttp.OK;
  }

  content(at: number, to: number): number {
    if (this.#bound.passes(at)) return llhttp.USER;
    this.#bound.restart(to);
    const resource = this.#resource as Resource;
    if (resource.take !== undefined) resource.take(this.#host.llhttp.bytes.subarray(at, to));
    else {
      this.#unwanted += to - at;
      if (this.#unwanted > MOST_UNWANTED) return this.#last(resource.answer());
    }
    return llhttp.OK;
  }

  ended(): number {
    this.#bound.restart();
    const answer = (this.#resource as Resource).answer();
    this.#resource = undefined;
    if (!this.#isPersistent) {
      this.#last(answer);
      return llhttp.PAUSED;
    }
    this.#give(answer, true);
    if (this.#output.isPending) {
      this.#phase = 'answering';
      return llhttp.PAUSED;
    }
    this.#rest();
    return llhttp.OK;
  }

  #within(to: number): number {
    return this.#bound.passes(to) ? llhttp.USER : llhttp.OK;
  }

  // ---- answering -------------------------------------------------------------------------------------------------------------------

  #give(answer: Answer, isPersistent: boolean): void {
    const { octets, headLength } = answer.form(isPersistent);
    this.#output.write(octets, this.#isHead ? headLength : octets.length);
    if (answer.pattern > 0 && !this.#isHead) this.#output.writePattern(answer.pattern);
  }

  /** An answer has left. */
  #rest(): void {
    this.#phase = 'idle';
    this.#since = this.#host.second;
    this.#hasServed = true;
    this.#isHead = false;
  }

  /** Nothing is read after it. @returns what ends parsing. */
  #last(answer: Answer): number {
    this.#give(answer, false);
    this.#phase = 'ending';
    return llhttp.USER;
  }

  /** RFC 9112 §9.6: closed at once, it would be reset by what the peer has sent, perhaps before the answer was read. */
  #linger(): void {
    this.#phase = 'lingering';
    this.#since = this.#host.second;
    this.#endpoint.shutdown(SHUT_WR);
    this.#discard();
  }

  #discard(): void {
    if (!discard(this.#endpoint)) this.close();
  }
}
