// What a network card does, for a device without offloads. Frames are joined as Linux's GRO joins them: text of the same connection that goes on
// where the last ended, in frames that differ in nothing but lengths, checksums, IPv4 identification, sequence number and PSH. And as its sockets'
// backlog does, of acknowledgements without text, which differ in nothing but that and their window, the last alone is kept.
#include "segments.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define VNET_NEEDS_CSUM 1
#define VNET_DATA_VALID 2
#define VNET_TCPV4 1
#define VNET_TCPV6 4
#define VNET_ECN 0x80

#define ETHERNET_BYTES 14
#define IPV4_BYTES 20
#define IPV6_BYTES 40
#define TCP_BYTES 20
#define PROTOCOL_TCP 6
#define MOST_PACKET 65535

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_URG 0x20
#define TCP_CWR 0x80

#define MOST_HEADERS 256
#define MOST_PARTS 8
#define CACHE_LINE 64
// Of a frame in parts: a write of several costs the kernel more than copying so much costs us.
#define MOST_COPIED 2048

// ---- octets

static uint16_t read16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }
static uint32_t read32(const uint8_t *at) { return (uint32_t)read16(at) << 16 | read16(at + 2); }
static uint16_t read16le(const uint8_t *at) { return (uint16_t)(at[1] << 8 | at[0]); }

static void write16(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static void write32(uint8_t *at, uint32_t value) {
  write16(at, value >> 16);
  write16(at + 2, value);
}

static void write16le(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)value;
  at[1] = (uint8_t)(value >> 8);
}

// ---- RFC 1071's sum

static uint16_t fold(uint64_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)sum;
}

// Four sums, none of which waits for another.
static void add_words(uint64_t sums[4], const uint64_t words[2]) {
  sums[0] += words[0] & 0xffffffff;
  sums[1] += words[0] >> 32;
  sums[2] += words[1] & 0xffffffff;
  sums[3] += words[1] >> 32;
}

// Of whole words in the machine's order, which §2 (B) of RFC 1071 lets one turn round at the end; an odd octet counts as the first of a word.
static uint16_t sum_of(const uint8_t *at, size_t length) {
  uint64_t sums[4] = {0}, words[2];
  uint16_t sum, order = 1;
  for (; length >= sizeof words; at += sizeof words, length -= sizeof words) {
    memcpy(words, at, sizeof words);
    add_words(sums, words);
  }
  if (length > 0) {
    words[0] = words[1] = 0;
    memcpy(words, at, length);
    add_words(sums, words);
  }
  sum = fold((uint64_t)fold(sums[0]) + fold(sums[1]) + fold(sums[2]) + fold(sums[3]));
  return *(uint8_t *)&order == 1 ? __builtin_bswap16(sum) : sum;
}

static uint16_t pseudo_sum(const uint8_t *network, size_t bytes) {
  size_t addresses = network[0] >> 4 == 4 ? 8 : 32;
  return fold((uint32_t)sum_of(network + (addresses == 8 ? 12 : 8), addresses) + PROTOCOL_TCP + bytes);
}

// ---- receiving

// A TCP segment that says where it ends: IPv4 without options and not a fragment, or IPv6 without extension headers. Not yet whether its checksum holds.
static bool is_segment(joined_t *joined, bool ethernet) {
  const uint8_t *frame = joined->frame, *network;
  size_t length = joined->length, end;
  uint16_t type;
  joined->network = ethernet ? ETHERNET_BYTES : 0;
  if (length < joined->network + IPV4_BYTES) return false;
  network = frame + joined->network;
  type = ethernet ? read16(frame + 12) : network[0] >> 4 == 4 ? 0x0800 : 0x86dd;
  if (type == 0x0800) {
    if (network[0] != 0x45 || network[9] != PROTOCOL_TCP || (read16(network + 6) & 0xbfff) != 0 || sum_of(network, IPV4_BYTES) != 0xffff) return false;
    joined->transport = joined->network + IPV4_BYTES;
    end = joined->network + read16(network + 2);
  } else if (type == 0x86dd) {
    if (length < joined->network + IPV6_BYTES || network[0] >> 4 != 6 || network[6] != PROTOCOL_TCP) return false;
    joined->transport = joined->network + IPV6_BYTES;
    end = joined->transport + read16(network + 4);
  } else return false;
  // Padding behind a short packet is none of it.
  if (end > length || end < joined->transport + TCP_BYTES) return false;
  joined->payload = joined->transport + (frame[joined->transport + 12] >> 4) * 4;
  if (joined->payload < joined->transport + TCP_BYTES || joined->payload > end) return false;
  joined->segment = end - joined->payload;
  return true;
}

static bool is_valid(const joined_t *joined) {
  size_t bytes = joined->payload + joined->segment - joined->transport;
  return fold((uint32_t)pseudo_sum(joined->frame + joined->network, bytes) + sum_of(joined->frame + joined->transport, bytes)) == 0xffff;
}

void frame_read(joined_t *joined, uint8_t *frame, size_t length, bool ethernet, bool vnet) {
  uint8_t *flags = frame - VNET_HEADER_BYTES, *kind = flags + 1;
  const uint8_t *tcp;
  joined->frame = frame;
  joined->length = length;
  joined->segments = 0;
  if (!vnet) memset(flags, 0, VNET_HEADER_BYTES);
  // What the kernel has joined, or may have, is left as it is.
  if (*kind != 0 || !is_segment(joined, ethernet) || (vnet && joined->segment > 0)) return;
  if (*flags == 0) {
    if (!is_valid(joined)) return;
    *flags = VNET_DATA_VALID;
  }
  tcp = frame + joined->transport;
  if (joined->payload + joined->segment != length || (tcp[13] & ~TCP_PSH) != TCP_ACK) return;
  joined->segments = 1;
  joined->next = read32(tcp + 4) + (uint32_t)joined->segment;
  joined->ended = (tcp[13] & TCP_PSH) != 0;
}

// Whether two frames of one length of headers are alike in all that has to be: link and network headers, but for lengths, identification and
// checksum; ports, data offset and options. The urgent pointer says nothing without URG.
static bool is_alike(const joined_t *joined, const joined_t *next) {
  const uint8_t *a = joined->frame, *b = next->frame;
  size_t network = joined->network, transport = joined->transport, options = transport + TCP_BYTES;
  if (joined->payload != next->payload || transport != next->transport || memcmp(a, b, network + 2) != 0) return false;
  if (a[network] >> 4 == 4) {
    if (memcmp(a + network + 6, b + network + 6, 4) != 0 || memcmp(a + network + 12, b + network + 12, 8) != 0) return false;
  } else if (memcmp(a + network + 2, b + network + 2, 2) != 0 || memcmp(a + network + 6, b + network + 6, 34) != 0) return false;
  if (memcmp(a + transport, b + transport, 4) != 0 || a[transport + 12] != b[transport + 12]) return false;
  return memcmp(a + options, b + options, joined->payload - options) == 0;
}

// An acknowledgement behind another that it is alike: it takes that one's place where it acknowledges more. One that does not is a duplicate, or
// opens the window: each of them is told (RFC 5681 §2), and nothing takes its place.
static bool overtakes(joined_t *joined, joined_t *next) {
  size_t field = joined->transport + 8;
  if ((int32_t)(read32(next->frame + field) - read32(joined->frame + field)) <= 0) next->ended = true;
  if (joined->ended || next->ended) return false;
  memmove(joined->frame - VNET_HEADER_BYTES, next->frame - VNET_HEADER_BYTES, VNET_HEADER_BYTES + next->length);
  return true;
}

bool frame_join(joined_t *joined, joined_t *next) {
  uint8_t *tcp = joined->frame + joined->transport;
  const uint8_t *segment = next->frame + next->transport;
  size_t bytes = next->segment;
  if (joined->segments == 0 || next->segments == 0 || joined->next != next->next - (uint32_t)bytes || !is_alike(joined, next)) return false;
  if (joined->segment == 0 && bytes == 0) return overtakes(joined, next);
  if (joined->ended || bytes == 0 || bytes > joined->segment || joined->length - joined->network + bytes > MOST_PACKET) return false;
  // Acknowledgement and window.
  if (memcmp(tcp + 8, segment + 8, 4) != 0 || memcmp(tcp + 14, segment + 14, 2) != 0) return false;
  tcp[13] |= segment[13];
  memmove(joined->frame + joined->length, next->frame + next->payload, bytes);
  joined->ended = next->ended || bytes < joined->segment;
  joined->length += bytes;
  joined->next += (uint32_t)bytes;
  joined->segments++;
  return true;
}

void frame_finish(joined_t *joined) {
  uint8_t *frame = joined->frame, *vnet = frame - VNET_HEADER_BYTES, *network = frame + joined->network;
  size_t bytes = joined->length - joined->transport;
  bool v4;
  if (joined->segments < 2) return;
  v4 = network[0] >> 4 == 4;
  if (v4) {
    write16(network + 2, joined->length - joined->network);
    write16(network + 10, 0);
    write16(network + 10, (uint16_t)~sum_of(network, IPV4_BYTES));
  } else write16(network + 4, bytes);
  // As the kernel hands over what it has joined: the pseudo-header's sum stands where the checksum would.
  write16(frame + joined->transport + 16, pseudo_sum(network, bytes));
  vnet[0] = VNET_NEEDS_CSUM;
  vnet[1] = v4 ? VNET_TCPV4 : VNET_TCPV6;
  write16le(vnet + 2, joined->payload);
  write16le(vnet + 4, joined->segment);
  write16le(vnet + 6, joined->transport);
  write16le(vnet + 8, 16);
}

// ---- sending

// Of `length` octets of the parts from `from` on; an odd end of one part shifts what follows by an octet.
static uint16_t sum_parts(const struct iovec *parts, int count, size_t from, size_t length) {
  uint64_t sum = 0;
  bool odd = false;
  for (int i = 0; i < count && length > 0; i++) {
    size_t bytes = parts[i].iov_len;
    uint16_t part;
    if (from >= bytes) {
      from -= bytes;
      continue;
    }
    bytes -= from;
    if (bytes > length) bytes = length;
    part = sum_of((const uint8_t *)parts[i].iov_base + from, bytes);
    sum += odd ? __builtin_bswap16(part) : part;
    odd ^= bytes & 1;
    length -= bytes;
    from = 0;
  }
  return fold(sum);
}

static void gather(uint8_t *into, const struct iovec *parts, int count) {
  for (int i = 0; i < count; into += parts[i++].iov_len) memcpy(into, parts[i].iov_base, parts[i].iov_len);
}

ssize_t parts_write(int fd, const struct iovec *parts, int count) {
  uint8_t copy[MOST_COPIED];
  struct iovec whole = {.iov_base = copy};
  ssize_t written;
  for (int i = 0; i < count; i++) whole.iov_len += parts[i].iov_len;
  if (count > 1 && whole.iov_len <= MOST_COPIED) {
    gather(copy, parts, count);
    parts = &whole;
    count = 1;
  }
  do written = count == 1 ? write(fd, parts->iov_base, whole.iov_len) : writev(fd, parts, count);
  while (written < 0 && errno == EINTR);
  return written < 0 ? -errno : written;
}

// A segment: the headers, and `length` octets of the parts behind them, from where the last one ended.
static int slice(struct iovec *into, const struct iovec *parts, int count, int *part, size_t *at, size_t length) {
  int made = 0;
  while (length > 0 && *part < count) {
    size_t bytes = parts[*part].iov_len - *at;
    if (bytes > length) bytes = length;
    if (bytes > 0) {
      into[made].iov_base = (uint8_t *)parts[*part].iov_base + *at;
      into[made++].iov_len = bytes;
    }
    length -= bytes;
    *at += bytes;
    if (*at == parts[*part].iov_len) {
      ++*part;
      *at = 0;
    }
  }
  return made;
}

// The caches fetch the text of the next segment while the kernel is at work on this one.
static void fetch(const struct iovec *part, size_t from, size_t length) {
  const uint8_t *text = part->iov_base;
  size_t end = from + length < part->iov_len ? from + length : part->iov_len;
  for (; from < end; from += CACHE_LINE) __builtin_prefetch(text + from);
}

static ssize_t write_segments(int fd, bool ethernet, const uint8_t *vnet, const struct iovec *parts, int count, size_t total) {
  // The headers, and the text behind them where there is room for it.
  uint8_t frame[MOST_COPIED], *network = frame + (ethernet ? ETHERNET_BYTES : 0), *tcp;
  size_t length = read16le(vnet + 2), segment = read16le(vnet + 4), transport = read16le(vnet + 6), at = length, done = 0;
  struct iovec pieces[MOST_PARTS + 1];
  bool v4 = (vnet[1] & ~VNET_ECN) == VNET_TCPV4;
  uint32_t seq;
  uint16_t id;
  uint8_t flags;
  int part = 0;
  ssize_t written = 0;
  if (segment == 0 || length > MOST_HEADERS || length > parts[0].iov_len || length < transport + TCP_BYTES) return -EINVAL;
  memcpy(frame, parts[0].iov_base, length);
  tcp = frame + transport;
  if (tcp < network + (v4 ? IPV4_BYTES : IPV6_BYTES)) return -EINVAL;
  seq = read32(tcp + 4);
  flags = tcp[13];
  id = v4 ? read16(network + 4) : 0;
  for (bool first = true; length + done < total; first = false) {
    size_t bytes = total - length - done < segment ? total - length - done : segment;
    bool last = length + done + bytes == total;
    int made;
    ssize_t result;
    pieces[0].iov_base = frame;
    pieces[0].iov_len = length;
    made = 1 + slice(pieces + 1, parts, count, &part, &at, bytes);
    if (length + bytes <= sizeof frame) {
      gather(frame + length, pieces + 1, made - 1);
      pieces[0].iov_len += bytes;
      made = 1;
      if (part < count) fetch(parts + part, at, segment);
    }
    if (v4) {
      write16(network + 2, frame + length - network + bytes);
      write16(network + 4, id++);
      write16(network + 10, 0);
      write16(network + 10, (uint16_t)~sum_of(network, tcp - network));
    } else write16(network + 4, frame + length - network - IPV6_BYTES + bytes);
    write32(tcp + 4, seq + (uint32_t)done);
    tcp[13] = flags & ~((last ? 0 : TCP_FIN | TCP_PSH) | (first ? 0 : TCP_CWR));
    write16(tcp + 16, pseudo_sum(network, length - transport + bytes));
    write16(tcp + 16, (uint16_t)~sum_parts(pieces, made, transport, length - transport + bytes));
    result = parts_write(fd, pieces, made);
    // What does not get through behind the first is lost, as on any wire.
    if (result < 0) return first ? result : written;
    written += result;
    done += bytes;
  }
  return written;
}

ssize_t packet_write(int fd, bool ethernet, const uint8_t *vnet, struct iovec *parts, int count) {
  size_t total = 0, start = read16le(vnet + 6), field = start + read16le(vnet + 8);
  uint16_t sum;
  if ((vnet[0] & VNET_NEEDS_CSUM) == 0) return parts_write(fd, parts, count);
  for (int i = 0; i < count; i++) total += parts[i].iov_len;
  if (field + 2 > parts[0].iov_len) return -EINVAL;
  if (vnet[1] != 0) return write_segments(fd, ethernet, vnet, parts, count, total);
  // The field holds the pseudo-header's sum. A checksum of 0 says that there is none (UDP), and is sent as its other form.
  sum = (uint16_t)~sum_parts(parts, count, start, total - start);
  write16((uint8_t *)parts[0].iov_base + field, sum == 0 ? 0xffff : sum);
  return parts_write(fd, parts, count);
}
