// What a network card does, for a device without offloads: segments of a super-segment, frames joined to one, checksums.
#ifndef PROTOLOOM_SEGMENTS_H
#define PROTOLOOM_SEGMENTS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

// virtio 1.2 §5.1.6: what stands in front of each frame; little-endian.
#define VNET_HEADER_BYTES 10

// A frame that was read, to which others may be joined.
typedef struct {
  uint8_t *frame;       // its vnet header stands before it
  size_t length;        // of the frame
  size_t network, transport, payload; // where each begins in the frame
  size_t segment;       // octets of text of each segment but the last; 0: an acknowledgement alone
  unsigned segments;    // 0: nothing can be joined to it
  uint32_t next;        // sequence number of what may be joined
  bool ended;           // PSH, a short segment, a duplicate: nothing follows
} joined_t;

// Looks at a frame of `length` octets behind its vnet header: the kernel's, or room for one, which is written. Where nobody has looked at a TCP
// checksum, that tells whether it holds.
void frame_read(joined_t *joined, uint8_t *frame, size_t length, bool ethernet, bool vnet);
// Joins a frame to the one before it, where it goes on with its text, or acknowledges more than that did, and differs in nothing else. False: it
// stands for itself.
bool frame_join(joined_t *joined, joined_t *next);
// No more is joined: lengths, checksums and the vnet header are made to fit.
void frame_finish(joined_t *joined);

// One frame, in one write. The octets written, or -errno.
ssize_t parts_write(int fd, const struct iovec *parts, int count);
// Writes a packet as its vnet header asks: the checksum completed, a super-segment in segments. The octets written, or -errno.
ssize_t packet_write(int fd, bool ethernet, const uint8_t *vnet, struct iovec *parts, int count);
#endif
