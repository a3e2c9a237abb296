// What interfaces want of groups: the wishes of all members merged, told to the link and to the group protocol. RFC 3376 §3.2, RFC 3810 §4.2.
import { type Interface, type Interfaces, type Lookup, type Packet } from '@protoloom/contracts';
import type { GroupProtocol, Membership, SourceFilter } from '@protoloom/contracts/multicast';
import { AF_INET, AF_INET6 } from '@protoloom/contracts/socket';
import { admits, mergeFilters, NO_SOURCE, sameFilter } from '@protoloom/mechanisms';
import { isMappedWords, WordsTable } from '@protoloom/wire';

interface Group {
  readonly iface: Interface;
  readonly words: Int32Array;
  readonly members: GroupMember[];
  merged: SourceFilter;
}

export interface GroupsContext {
  readonly interfaces: Interfaces;
  readonly protocols: Lookup<number, GroupProtocol>;
  readonly seed0: number;
  readonly seed1: number;
}

class GroupMember implements Membership {
  readonly iface: Interface;
  readonly words: Int32Array;
  filter: SourceFilter;
  readonly #groups: Groups;

  constructor(groups: Groups, iface: Interface, words: Int32Array, filter: SourceFilter) {
    this.#groups = groups;
    this.iface = iface;
    this.words = words;
    this.filter = filter;
  }

  change(filter: SourceFilter): void {
    this.filter = filter;
    this.#groups.update(this);
  }

  leave(): void {
    this.#groups.remove(this);
  }
}

const linkAddress = new Uint8Array(32);

export class Groups {
  readonly #context: GroupsContext;
  /** By group and index of the interface. */
  readonly #table: WordsTable<Group>;

  constructor(context: GroupsContext) {
    this.#context = context;
    this.#table = new WordsTable(context.seed0, context.seed1);
  }

  get size(): number {
    return this.#table.size;
  }

  join(iface: Interface, words: Int32Array, at: number, filter: SourceFilter): Membership {
    let group = this.#table.get(words, at, iface.index);
    if (group === undefined) {
      group = { iface, words: words.slice(at, at + 4), members: [], merged: NO_SOURCE };
      this.#table.set(words, at, iface.index, group);
      if (iface.link.groupAddress(group.words, 0, linkAddress)) iface.joinGroup(linkAddress.subarray(0, iface.link.addressBytes));
    }
    const member = new GroupMember(this, iface, group.words, filter);
    group.members.push(member);
    this.#merge(group);
    return member;
  }

  update({ words, iface }: GroupMember): void {
    const group = this.#table.get(words, 0, iface.index);
    if (group !== undefined) this.#merge(group);
  }

  remove(member: GroupMember): void {
    const { words, iface } = member;
    const group = this.#table.get(words, 0, iface.index);
    const at = group?.members.indexOf(member) ?? -1;
    if (group === undefined || at < 0) return;
    group.members.splice(at, 1);
    if (group.members.length === 0) this.#drop(group);
    this.#merge(group);
  }

  accepts({ iface, addresses }: Packet, anySource: boolean): boolean {
    const group = this.#table.get(addresses, 4, iface.index);
    return group !== undefined && (anySource || admits(group.merged, addresses, 0));
  }

  isMember(iface: Interface, addresses: Int32Array): boolean {
    const group = this.#table.get(addresses, 4, iface.index);
    return group !== undefined && admits(group.merged, addresses, 0);
  }

  forEach(iface: Interface, family: number, visit: (words: Int32Array, filter: SourceFilter) => void): void {
    this.#table.forEach((group) => {
      if (group.iface === iface && familyOf(group.words) === family) visit(group.words, group.merged);
    });
  }

  /** The interface goes, and with it what was wanted on it. */
  gone(iface: Interface): void {
    const groups: Group[] = [];
    this.#table.forEach((group) => void (group.iface === iface && groups.push(group)));
    for (const { words } of groups) this.#table.delete(words, 0, iface.index);
  }

  #drop({ words, iface }: Group): void {
    this.#table.delete(words, 0, iface.index);
    if (iface.link.groupAddress(words, 0, linkAddress)) iface.leaveGroup(linkAddress.subarray(0, iface.link.addressBytes));
  }

  #merge(group: Group): void {
    const merged = mergeFilters(group.members.map(({ filter }) => filter));
    if (sameFilter(group.merged, merged)) return;
    group.merged = merged;
    this.#context.protocols.get(familyOf(group.words))?.changed(group.iface, group.words, merged);
  }
}

export const familyOf = (words: Int32Array): number => (isMappedWords(words, 0) ? AF_INET : AF_INET6);
