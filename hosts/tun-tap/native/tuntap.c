// TAP and TUN devices of Linux, microsecond timers, and the kernel's end of an interface, for Node: N-API and libc alone.
// Every call answers at once; what fails answers a negative errno, from which JavaScript makes its errors. Nothing here throws.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <net/if_arp.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>
#include <uv.h>

#include "segments.h"

// Not in every C library's headers; the kernel's numbers.
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#define MAX_ARGUMENTS 24
#define MAX_IOVECS 8
// Stretches of payload of a frame in the outbox, and numbers in its place: outbox.ts.
#define MAX_STRETCHES 2
#define PLACE (2 + 2 * MAX_STRETCHES)

typedef struct {
  int fd;
  // Whether the frames are Ethernet's, and whether the kernel reads and writes virtio-net headers; where it does not, we do as they say. Whether
  // it cuts UDP's super-segments, too.
  bool ethernet, vnet, datagrams;
  bool closing, reading, writing;
  uv_poll_t poll;
  napi_env env;
  napi_ref self, on_readable, on_writable;
  napi_async_context context;
  // What JavaScript lends: held by reference for as long as native code may fill it.
  napi_ref slab_ref, places_ref, header_ref, outbox_ref, outbox_places_ref;
  uint8_t *slab;
  size_t slab_bytes;
  int32_t *places;
  size_t places_count;
  uint8_t *header;
  uint8_t *outbox;
  int32_t *outbox_places;
} handle_t;

// ---- arguments and results

static size_t arguments(napi_env env, napi_callback_info info, napi_value *argv) {
  size_t argc = MAX_ARGUMENTS;
  napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
  return argc;
}

static napi_value number(napi_env env, double value) {
  napi_value result;
  napi_create_double(env, value, &result);
  return result;
}

static int32_t integer(napi_env env, napi_value value) {
  int32_t result = 0;
  napi_get_value_int32(env, value, &result);
  return result;
}

static bool boolean(napi_env env, napi_value value) {
  bool result = false;
  napi_get_value_bool(env, value, &result);
  return result;
}

static handle_t *handle_of(napi_env env, napi_value value) {
  void *data = NULL;
  napi_get_value_external(env, value, &data);
  return data;
}

static uint8_t *octets(napi_env env, napi_value value, size_t *length) {
  void *data = NULL;
  size_t count = 0;
  napi_typedarray_type type;
  if (napi_get_typedarray_info(env, value, &type, &count, &data, NULL, NULL) != napi_ok) count = 0;
  if (length != NULL) *length = count;
  return data;
}

static void name_of(napi_env env, napi_value value, char *name) {
  size_t length = 0;
  memset(name, 0, IFNAMSIZ);
  napi_get_value_string_utf8(env, value, name, IFNAMSIZ, &length);
}

// ---- what the loop tells

static void call(handle_t *handle, napi_ref callback) {
  napi_handle_scope scope;
  napi_value function, receiver, ignored, error;
  napi_open_handle_scope(handle->env, &scope);
  napi_get_reference_value(handle->env, callback, &function);
  napi_get_global(handle->env, &receiver);
  if (napi_make_callback(handle->env, handle->context, receiver, function, 0, NULL, &ignored) == napi_pending_exception) {
    napi_get_and_clear_last_exception(handle->env, &error);
    napi_fatal_exception(handle->env, error);
  }
  napi_close_handle_scope(handle->env, scope);
}

static void polled(uv_poll_t *poll, int status, int events) {
  handle_t *handle = poll->data;
  // A device that is gone shows as readable: the read says why.
  if (status < 0) events = UV_READABLE;
  if ((events & UV_WRITABLE) && !handle->closing && handle->on_writable != NULL) call(handle, handle->on_writable);
  if ((events & UV_READABLE) && !handle->closing) call(handle, handle->on_readable);
}

static int watch(handle_t *handle) {
  int events = (handle->reading ? UV_READABLE : 0) | (handle->writing ? UV_WRITABLE : 0);
  return events == 0 ? uv_poll_stop(&handle->poll) : uv_poll_start(&handle->poll, events, polled);
}

static void release(napi_env env, napi_ref *reference) {
  if (*reference != NULL) napi_delete_reference(env, *reference);
  *reference = NULL;
}

static void closed(uv_handle_t *poll) {
  handle_t *handle = poll->data;
  napi_handle_scope scope;
  close(handle->fd);
  napi_open_handle_scope(handle->env, &scope);
  napi_async_destroy(handle->env, handle->context);
  release(handle->env, &handle->on_readable);
  release(handle->env, &handle->on_writable);
  release(handle->env, &handle->slab_ref);
  release(handle->env, &handle->places_ref);
  release(handle->env, &handle->header_ref);
  release(handle->env, &handle->outbox_ref);
  release(handle->env, &handle->outbox_places_ref);
  release(handle->env, &handle->self);
  napi_close_handle_scope(handle->env, scope);
  handle->fd = -1;
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  free(data);
}

// A descriptor in the loop's care; the external stays referenced until it is closed. NULL and -errno where that fails.
static napi_value adopt(napi_env env, int fd, napi_value readable, napi_value writable) {
  uv_loop_t *loop;
  napi_value external, resource_name;
  napi_valuetype type;
  handle_t *handle = calloc(1, sizeof *handle);
  int result = handle == NULL ? -ENOMEM : 0;
  if (result == 0) {
    napi_get_uv_event_loop(env, &loop);
    result = uv_poll_init(loop, &handle->poll, fd);
  }
  if (result != 0) {
    close(fd);
    free(handle);
    return number(env, result);
  }
  handle->fd = fd;
  handle->env = env;
  handle->poll.data = handle;
  napi_create_reference(env, readable, 1, &handle->on_readable);
  if (writable != NULL && napi_typeof(env, writable, &type) == napi_ok && type == napi_function) napi_create_reference(env, writable, 1, &handle->on_writable);
  napi_create_string_utf8(env, "protoloom", NAPI_AUTO_LENGTH, &resource_name);
  napi_async_init(env, NULL, resource_name, &handle->context);
  napi_create_external(env, handle, finalize, NULL, &external);
  napi_create_reference(env, external, 1, &handle->self);
  handle->reading = true;
  watch(handle);
  return external;
}

// ---- devices

// open(name, tap, vnet, multiQueue, onReadable, onWritable): the device, or -errno. Without vnet the kernel does no offloads, and we do them here.
static napi_value device_open(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS], device;
  napi_valuetype type;
  struct ifreq request = {0};
  int little = 1, header = VNET_HEADER_BYTES, fd;
  bool vnet, datagrams = false;
  unsigned offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
  arguments(env, info, argv);
  vnet = boolean(env, argv[2]);
  fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return number(env, -errno);
  name_of(env, argv[0], request.ifr_name);
  request.ifr_flags = (boolean(env, argv[1]) ? IFF_TAP : IFF_TUN) | IFF_NO_PI | (vnet ? IFF_VNET_HDR : 0) | (boolean(env, argv[3]) ? IFF_MULTI_QUEUE : 0);
  if (ioctl(fd, TUNSETIFF, &request) < 0) goto failed;
  if (vnet) {
    if (ioctl(fd, TUNSETVNETHDRSZ, &header) < 0 || ioctl(fd, TUNSETVNETLE, &little) < 0) goto failed;
    // UDP segmentation where the kernel has it: Linux 6.2.
    datagrams = ioctl(fd, TUNSETOFFLOAD, offloads | TUN_F_USO4 | TUN_F_USO6) == 0;
    if (!datagrams && ioctl(fd, TUNSETOFFLOAD, offloads) < 0) goto failed;
  }
  device = adopt(env, fd, argv[4], argv[5]);
  napi_typeof(env, device, &type);
  if (type == napi_external) {
    handle_of(env, device)->ethernet = boolean(env, argv[1]);
    handle_of(env, device)->vnet = vnet;
    handle_of(env, device)->datagrams = datagrams;
  }
  return device;
failed : {
  int error = errno;
  close(fd);
  return number(env, -error);
}
}

// nameOf(device): what the kernel called it.
static napi_value device_name(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS], result;
  struct ifreq request = {0};
  arguments(env, info, argv);
  if (ioctl(handle_of(env, argv[0])->fd, TUNGETIFF, &request) < 0) return number(env, -errno);
  napi_create_string_utf8(env, request.ifr_name, NAPI_AUTO_LENGTH, &result);
  return result;
}

// cutsDatagrams(device): whether the kernel takes UDP's super-segments from us.
static napi_value device_cuts_datagrams(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS], result;
  arguments(env, info, argv);
  napi_get_boolean(env, handle_of(env, argv[0])->datagrams, &result);
  return result;
}

// bind(device, slab, places, header, outbox, outboxPlaces): where frames are read to; for each where it begins in the slab and how long it is, the
// virtio-net header counted; the virtio-net header of what is written; frames that leave together, and their places likewise.
static napi_value device_bind(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  handle_t *handle;
  arguments(env, info, argv);
  handle = handle_of(env, argv[0]);
  release(env, &handle->slab_ref);
  release(env, &handle->places_ref);
  release(env, &handle->header_ref);
  release(env, &handle->outbox_ref);
  release(env, &handle->outbox_places_ref);
  handle->slab = octets(env, argv[1], &handle->slab_bytes);
  handle->places = (int32_t *)octets(env, argv[2], &handle->places_count);
  handle->header = octets(env, argv[3], NULL);
  handle->outbox = octets(env, argv[4], NULL);
  handle->outbox_places = (int32_t *)octets(env, argv[5], NULL);
  napi_create_reference(env, argv[1], 1, &handle->slab_ref);
  napi_create_reference(env, argv[2], 1, &handle->places_ref);
  napi_create_reference(env, argv[3], 1, &handle->header_ref);
  napi_create_reference(env, argv[4], 1, &handle->outbox_ref);
  napi_create_reference(env, argv[5], 1, &handle->outbox_places_ref);
  return NULL;
}

// read(device, most, room): reads up to `most` frames of up to `room` octets with the virtio-net header, and joins what belongs together.
// Answers how many there are then, negative less one where more may wait: -1 - count; or INT32_MIN + errno where not even one could be read.
static napi_value device_read(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  handle_t *handle;
  joined_t last = {0}, next;
  size_t at = 0;
  int32_t most, room, frames = 0, count = 0;
  arguments(env, info, argv);
  handle = handle_of(env, argv[0]);
  most = integer(env, argv[1]);
  room = integer(env, argv[2]);
  if (handle->closing || handle->slab == NULL) return number(env, INT32_MIN + (double)EBADF);
  while (frames < most && 2 * (size_t)count + 1 < handle->places_count && at + room <= handle->slab_bytes) {
    size_t before = handle->vnet ? 0 : VNET_HEADER_BYTES;
    ssize_t length = read(handle->fd, handle->slab + at + before, room - before);
    if (length < 0) {
      if (errno == EINTR) continue;
      if (frames == 0 && errno != EAGAIN) return number(env, INT32_MIN + (double)errno);
      break;
    }
    frames++;
    length += before;
    // Every frame of the kernel's has its header.
    if (length < VNET_HEADER_BYTES) continue;
    frame_read(&next, handle->slab + at + VNET_HEADER_BYTES, length - VNET_HEADER_BYTES, handle->ethernet, handle->vnet);
    if (frame_join(&last, &next)) {
      handle->places[2 * count - 1] = (int32_t)(VNET_HEADER_BYTES + last.length);
      at = (size_t)(last.frame + last.length - handle->slab);
      continue;
    }
    frame_finish(&last);
    last = next;
    handle->places[2 * count] = (int32_t)at;
    handle->places[2 * count + 1] = (int32_t)length;
    count++;
    at += length;
  }
  frame_finish(&last);
  return number(env, frames == most ? -1 - count : count);
}

// write(device, bytes, from, to, …(bytes, at, length)): one frame, as the virtio-net header asks. The octets written, or -errno.
static napi_value device_write(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  struct iovec parts[MAX_IOVECS];
  handle_t *handle;
  int count = 1;
  int32_t from;
  ssize_t written;
  size_t argc = arguments(env, info, argv);
  handle = handle_of(env, argv[0]);
  if (handle->closing || handle->header == NULL) return number(env, -EBADF);
  parts[0].iov_base = handle->header;
  parts[0].iov_len = VNET_HEADER_BYTES;
  from = integer(env, argv[2]);
  parts[count].iov_base = octets(env, argv[1], NULL) + from;
  parts[count++].iov_len = integer(env, argv[3]) - from;
  for (size_t i = 4; i + 2 < argc && count < MAX_IOVECS; i += 3) {
    parts[count].iov_base = octets(env, argv[i], NULL) + integer(env, argv[i + 1]);
    parts[count++].iov_len = integer(env, argv[i + 2]);
  }
  written = handle->vnet ? parts_write(handle->fd, parts, count) : packet_write(handle->fd, handle->ethernet, handle->header, parts + 1, count - 1);
  return number(env, (double)written);
}

// flush(device, from, to, payload): writes the frames of the outbox with these numbers. How many are dealt with: all, or without payload those before
// the one that found the device full. In the place of each one's length then stands what came of it: octets, or -errno.
static napi_value device_flush(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  handle_t *handle;
  uint8_t *payload;
  int32_t from, to, i;
  arguments(env, info, argv);
  handle = handle_of(env, argv[0]);
  from = integer(env, argv[1]);
  to = integer(env, argv[2]);
  payload = octets(env, argv[3], NULL);
  if (handle->closing || handle->outbox == NULL) return number(env, to - from);
  for (i = from; i < to; i++) {
    int32_t *place = handle->outbox_places + PLACE * i;
    uint8_t *header = handle->outbox + place[0];
    size_t skipped = handle->vnet ? 0 : VNET_HEADER_BYTES;
    struct iovec parts[1 + MAX_STRETCHES] = {{.iov_base = header + skipped, .iov_len = place[1] - skipped}};
    int count = 1;
    ssize_t written;
    for (int32_t *stretch = place + 2; payload != NULL && stretch < place + PLACE && stretch[1] > 0; stretch += 2) {
      parts[count].iov_base = payload + stretch[0];
      parts[count++].iov_len = stretch[1];
    }
    written = handle->vnet ? parts_write(handle->fd, parts, count) : packet_write(handle->fd, handle->ethernet, header, parts, count);
    if (payload == NULL && (written == -EAGAIN || written == -ENOBUFS)) break;
    place[1] = (int32_t)written;
  }
  return number(env, i - from);
}

// watch(device, reading, writing): what the loop waits for.
static napi_value device_watch(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  handle_t *handle;
  arguments(env, info, argv);
  handle = handle_of(env, argv[0]);
  if (handle->closing) return number(env, -EBADF);
  handle->reading = boolean(env, argv[1]);
  handle->writing = boolean(env, argv[2]);
  return number(env, watch(handle));
}

// close(device or timer)
static napi_value handle_close(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  handle_t *handle;
  arguments(env, info, argv);
  handle = handle_of(env, argv[0]);
  if (handle->closing) return NULL;
  handle->closing = true;
  uv_poll_stop(&handle->poll);
  uv_close((uv_handle_t *)&handle->poll, closed);
  return NULL;
}

// ---- timers

// timerOpen(onExpired): a timer of one shot, or -errno. It does not keep the process alive.
static napi_value timer_open(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS], timer;
  napi_valuetype type;
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  arguments(env, info, argv);
  if (fd < 0) return number(env, -errno);
  timer = adopt(env, fd, argv[0], NULL);
  napi_typeof(env, timer, &type);
  if (type == napi_external) uv_unref((uv_handle_t *)&handle_of(env, timer)->poll);
  return timer;
}

// timerArm(timer, us): expires so much later, once; 0 disarms.
static napi_value timer_arm(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  struct itimerspec when = {0};
  double us = 0;
  arguments(env, info, argv);
  napi_get_value_double(env, argv[1], &us);
  when.it_value.tv_sec = (time_t)(us / 1e6);
  when.it_value.tv_nsec = (long)((us - when.it_value.tv_sec * 1e6) * 1e3);
  if (timerfd_settime(handle_of(env, argv[0])->fd, 0, &when, NULL) < 0) return number(env, -errno);
  return number(env, 0);
}

// timerRead(timer): ends its being readable.
static napi_value timer_read(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  uint64_t expirations = 0;
  arguments(env, info, argv);
  if (read(handle_of(env, argv[0])->fd, &expirations, sizeof expirations) < 0 && errno != EAGAIN) return number(env, -errno);
  return number(env, (double)expirations);
}

// ---- the kernel's end

static int control(int family, unsigned long request, void *argument) {
  int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), result;
  if (fd < 0) return -errno;
  result = ioctl(fd, request, argument) < 0 ? -errno : 0;
  close(fd);
  return result;
}

// interfaceGet(name, what): 'i' index, 'm' MTU, 'q' txqueuelen, 'f' flags; or -errno.
static napi_value interface_get(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  struct ifreq request = {0};
  int result;
  arguments(env, info, argv);
  name_of(env, argv[0], request.ifr_name);
  switch (integer(env, argv[1])) {
    case 'i':
      result = control(AF_INET, SIOCGIFINDEX, &request);
      return number(env, result < 0 ? result : request.ifr_ifindex);
    case 'm':
      result = control(AF_INET, SIOCGIFMTU, &request);
      return number(env, result < 0 ? result : request.ifr_mtu);
    case 'q':
      result = control(AF_INET, SIOCGIFTXQLEN, &request);
      return number(env, result < 0 ? result : request.ifr_qlen);
    default:
      result = control(AF_INET, SIOCGIFFLAGS, &request);
      return number(env, result < 0 ? result : request.ifr_flags);
  }
}

// interfaceMac(name, into): six octets. 0 or -errno.
static napi_value interface_mac(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  struct ifreq request = {0};
  int result;
  arguments(env, info, argv);
  name_of(env, argv[0], request.ifr_name);
  result = control(AF_INET, SIOCGIFHWADDR, &request);
  if (result == 0) memcpy(octets(env, argv[1], NULL), request.ifr_hwaddr.sa_data, 6);
  return number(env, result);
}

// interfaceSet(name, what, value): 'm' MTU, 'q' txqueuelen, 'u' up or down. 0 or -errno.
static napi_value interface_set(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  struct ifreq request = {0};
  int result, value;
  arguments(env, info, argv);
  name_of(env, argv[0], request.ifr_name);
  value = integer(env, argv[2]);
  if (integer(env, argv[1]) == 'm') {
    request.ifr_mtu = value;
    return number(env, control(AF_INET, SIOCSIFMTU, &request));
  }
  if (integer(env, argv[1]) == 'q') {
    request.ifr_qlen = value;
    return number(env, control(AF_INET, SIOCSIFTXQLEN, &request));
  }
  result = control(AF_INET, SIOCGIFFLAGS, &request);
  if (result < 0) return number(env, result);
  request.ifr_flags = value ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP;
  return number(env, control(AF_INET, SIOCSIFFLAGS, &request));
}

// interfaceAddress(name, octets, prefixLength): adds an IPv4 (4 octets) or IPv6 (16) address. 0 or -errno.
static napi_value interface_address(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  struct ifreq request = {0};
  struct in6_ifreq request6 = {0};
  struct sockaddr_in *address = (struct sockaddr_in *)&request.ifr_addr;
  size_t length = 0;
  uint8_t *bytes;
  int prefix, result;
  arguments(env, info, argv);
  name_of(env, argv[0], request.ifr_name);
  bytes = octets(env, argv[1], &length);
  prefix = integer(env, argv[2]);
  if (length == 16) {
    result = control(AF_INET, SIOCGIFINDEX, &request);
    if (result < 0) return number(env, result);
    memcpy(&request6.ifr6_addr, bytes, 16);
    request6.ifr6_prefixlen = prefix;
    request6.ifr6_ifindex = request.ifr_ifindex;
    return number(env, control(AF_INET6, SIOCSIFADDR, &request6));
  }
  address->sin_family = AF_INET;
  memcpy(&address->sin_addr, bytes, 4);
  result = control(AF_INET, SIOCSIFADDR, &request);
  if (result < 0) return number(env, result);
  address->sin_addr.s_addr = prefix == 0 ? 0 : htonl(0xffffffffu << (32 - prefix));
  return number(env, control(AF_INET, SIOCSIFNETMASK, &request));
}

// ---- the module

static void export(napi_env env, napi_value exports, const char *name, napi_callback function) {
  napi_value value;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, function, NULL, &value);
  napi_set_named_property(env, exports, name, value);
}

NAPI_MODULE_INIT() {
  export(env, exports, "open", device_open);
  export(env, exports, "nameOf", device_name);
  export(env, exports, "cutsDatagrams", device_cuts_datagrams);
  export(env, exports, "bind", device_bind);
  export(env, exports, "read", device_read);
  export(env, exports, "write", device_write);
  export(env, exports, "flush", device_flush);
  export(env, exports, "watch", device_watch);
  export(env, exports, "close", handle_close);
  export(env, exports, "timerOpen", timer_open);
  export(env, exports, "timerArm", timer_arm);
  export(env, exports, "timerRead", timer_read);
  export(env, exports, "interfaceGet", interface_get);
  export(env, exports, "interfaceMac", interface_mac);
  export(env, exports, "interfaceSet", interface_set);
  export(env, exports, "interfaceAddress", interface_address);
  return exports;
}
