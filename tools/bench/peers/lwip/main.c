// lwIP on a TAP, with the services that the bench drives:
//   lwip-peer DEVICE MODE plain PORT ADDRESS/BITS...
// The device is there already, with the kernel's end configured. Says "ready" once it serves, and serves until it is killed.
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "lwip/udp.h"
#include "netif/ethernet.h"

#define BATCH 64
#define BODY 512
#define MOST_PIECES 16
#define MTU 1500

static int tap;
static const char *mode;
static char text[1 << 16];
static char answer[1024];
static size_t answer_length;

static bool is(const char *name) { return strcmp(mode, name) == 0; }

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

u32_t sys_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (u32_t)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

// ---- the device

static err_t transmit(struct netif *netif, struct pbuf *packet) {
  struct iovec pieces[MOST_PIECES];
  int count = 0;
  (void)netif;
  for (; packet != NULL; packet = packet->next) {
    if (count == MOST_PIECES) return ERR_BUF;
    pieces[count++] = (struct iovec){.iov_base = packet->payload, .iov_len = packet->len};
  }
  // What the kernel has no room for is lost, as on a wire.
  return writev(tap, pieces, count) < 0 ? ERR_BUF : ERR_OK;
}

static err_t begin(struct netif *netif) {
  static const u8_t address[ETH_HWADDR_LEN] = {0x02, 0x70, 0x65, 0x65, 0x72, 0x03};
  netif->name[0] = 't';
  netif->name[1] = 'p';
  netif->output = etharp_output;
  netif->output_ip6 = ethip6_output;
  netif->linkoutput = transmit;
  netif->mtu = MTU;
  netif->hwaddr_len = ETH_HWADDR_LEN;
  memcpy(netif->hwaddr, address, ETH_HWADDR_LEN);
  netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP | NETIF_FLAG_MLD6;
  return ERR_OK;
}

// False: none waits.
static bool receive(struct netif *netif) {
  struct pbuf *packet = pbuf_alloc(PBUF_RAW, PBUF_POOL_BUFSIZE, PBUF_POOL);
  ssize_t length;
  if (packet == NULL) return false;
  length = read(tap, packet->payload, packet->len);
  if (length <= 0) {
    pbuf_free(packet);
    return false;
  }
  pbuf_realloc(packet, (u16_t)length);
  if (netif->input(packet, netif) != ERR_OK) pbuf_free(packet);
  return true;
}

static void open_tap(const char *name) {
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  if (tap < 0) fail("/dev/net/tun");
  if (ioctl(tap, TUNSETIFF, &request) < 0) fail("TUNSETIFF");
}

// ---- the services

static void fill(struct tcp_pcb *pcb) {
  for (;;) {
    u32_t room = tcp_sndbuf(pcb);
    u16_t length = room < sizeof text - 1 ? (u16_t)room : (u16_t)(sizeof text - 1);
    if (length == 0 || tcp_write(pcb, text, length, 0) != ERR_OK) break;
  }
  tcp_output(pcb);
}

static err_t sent(void *argument, struct tcp_pcb *pcb, u16_t length) {
  (void)argument, (void)length;
  fill(pcb);
  return ERR_OK;
}

static err_t received(void *argument, struct tcp_pcb *pcb, struct pbuf *packet, err_t error) {
  (void)argument, (void)error;
  if (packet == NULL) {
    tcp_close(pcb);
    return ERR_OK;
  }
  if (is("echo")) {
    for (struct pbuf *piece = packet; piece != NULL; piece = piece->next) tcp_write(pcb, piece->payload, piece->len, TCP_WRITE_FLAG_COPY);
  } else if (is("http")) tcp_write(pcb, answer, (u16_t)answer_length, 0);
  tcp_recved(pcb, packet->tot_len);
  if (is("echo") || is("http")) tcp_output(pcb);
  pbuf_free(packet);
  return ERR_OK;
}

static err_t accepted(void *argument, struct tcp_pcb *pcb, err_t error) {
  (void)argument;
  if (error != ERR_OK || pcb == NULL) return ERR_VAL;
  if (is("close-first")) {
    tcp_close(pcb);
    return ERR_OK;
  }
  tcp_nagle_disable(pcb);
  tcp_recv(pcb, received);
  if (is("send")) {
    tcp_sent(pcb, sent);
    fill(pcb);
  }
  return ERR_OK;
}

static void datagram(void *argument, struct udp_pcb *pcb, struct pbuf *packet, const ip_addr_t *from, u16_t port) {
  (void)argument;
  udp_sendto(pcb, packet, from, port);
  pbuf_free(packet);
}

static void listen_at(u16_t port) {
  if (is("udp-echo")) {
    struct udp_pcb *pcb = udp_new_ip_type(IPADDR_TYPE_ANY);
    if (pcb == NULL || udp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK) fail("bind");
    udp_recv(pcb, datagram, NULL);
  } else {
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
    if (pcb == NULL || tcp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK) fail("bind");
    pcb = tcp_listen(pcb);
    if (pcb == NULL) fail("listen");
    tcp_accept(pcb, accepted);
  }
}

static void add_address(struct netif *netif, char *address) {
  char *bits = strchr(address, '/');
  ip_addr_t parsed;
  if (bits != NULL) *bits = '\0';
  if (bits == NULL || !ipaddr_aton(address, &parsed)) {
    fprintf(stderr, "%s: no address\n", address);
    exit(2);
  }
  if (IP_IS_V6(&parsed)) {
    s8_t index = 0;
    netif_add_ip6_address(netif, ip_2_ip6(&parsed), &index);
    netif_ip6_addr_set_state(netif, index, IP6_ADDR_PREFERRED);
  } else {
    ip4_addr_t mask = {.addr = PP_HTONL(~0u << (32 - atoi(bits + 1)))};
    netif_set_addr(netif, ip_2_ip4(&parsed), &mask, IP4_ADDR_ANY4);
  }
}

// A line asks for the octets that connections hold.
static void tell(void) {
  char line[64];
  size_t held = 0;
  for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) held += sizeof *pcb;
  if (read(STDIN_FILENO, line, sizeof line) <= 0) exit(0);
  printf("%zu\n", held);
  fflush(stdout);
}

int main(int argc, char **argv) {
  struct netif netif = {0};
  struct pollfd wait[2] = {{.events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
  if (argc < 6) return fprintf(stderr, "usage: lwip-peer DEVICE MODE plain PORT ADDRESS/BITS...\n"), 2;
  mode = argv[2];
  answer_length = (size_t)snprintf(answer, sizeof answer - BODY, "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n", BODY);
  memset(answer + answer_length, 'x', BODY);
  answer_length += BODY;
  open_tap(argv[1]);
  lwip_init();
  netif_add_noaddr(&netif, NULL, begin, ethernet_input);
  netif_set_default(&netif);
  netif_set_up(&netif);
  netif_create_ip6_linklocal_address(&netif, 1);
  for (int i = 5; i < argc; i++) add_address(&netif, argv[i]);
  listen_at((u16_t)atoi(argv[4]));
  printf("ready\n");
  fflush(stdout);
  wait[0].fd = tap;
  for (;;) {
    int batch = 0;
    while (batch < BATCH && receive(&netif)) batch++;
    sys_check_timeouts();
    if (batch < BATCH) {
      u32_t ms = sys_timeouts_sleeptime();
      if (poll(wait, 2, ms > 1000 ? 1000 : (int)ms) > 0 && (wait[1].revents & POLLIN) != 0) tell();
    }
  }
}
