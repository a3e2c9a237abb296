// The kernel's side of a measurement: its sockets, as client and as server. One thread, blocking or level-triggered, nothing else.
//   peer serve MODE ADDRESS PORT             says "ready", and serves until it is killed
//   peer drive MODE ADDRESS PORT MS [N]      drives for so many milliseconds; prints what it counted and the microseconds
// MODE: receive, send   octets of N TCP connections, as the server sees them
//       udp-echo        datagrams of 64 octets, N in flight
//       echo            one octet of one TCP connection there and back
//       close-first     TCP connections which the server closes at once, N at a time
//       close-last      TCP connections which the client closes at once, N at a time
//       idle            opens N connections and keeps them; prints how many there are, and stays until it is killed
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

#define MOST 65536
#define DATAGRAM 64
// Connections come from so many addresses in turn (.101 and on), since each has its own ports.
#define SOURCES 8

static char buffer[1 << 20];
// Of the server, IPv4 or IPv6.
static union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} address;
static socklen_t address_length;
static const char *mode;

static bool is(const char *name) { return strcmp(mode, name) == 0; }

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static int tcp(void) {
  int one = 1, fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  // The machine's default may be another; receivers are held back by BBR on links without delay.
  setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
  return fd;
}

static int watch(int poll, int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

static void ready(void) {
  printf("ready\n");
  fflush(stdout);
}

// ---- server

// What one readiness of a connection asks for. False: it is over.
static bool answer(int fd) {
  ssize_t n;
  if (is("send")) return send(fd, buffer, sizeof buffer, MSG_NOSIGNAL | MSG_DONTWAIT) > 0 || errno == EAGAIN;
  n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (n <= 0) return n < 0 && errno == EAGAIN;
  return !is("echo") || send(fd, buffer, n, MSG_NOSIGNAL) == n;
}

static void serve_tcp(void) {
  int listener = tcp(), poll = epoll_create1(0);
  struct epoll_event events[64];
  if (bind(listener, &address.any, address_length) < 0 || listen(listener, 4096) < 0) fail("listen");
  watch(poll, listener, EPOLLIN);
  ready();
  for (;;) {
    int count = epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (accepted < 0) continue;
        if (is("close-first")) close(accepted);
        else watch(poll, accepted, is("send") ? EPOLLOUT : EPOLLIN);
      } else if (!answer(fd)) close(fd);
    }
  }
}

static void serve_udp(void) {
  int fd = socket(address.any.sa_family, SOCK_DGRAM, 0);
  if (fd < 0 || bind(fd, &address.any, address_length) < 0) fail("bind");
  ready();
  for (;;) {
    struct sockaddr_storage from;
    socklen_t length = sizeof from;
    ssize_t n = recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr *)&from, &length);
    if (n >= 0) sendto(fd, buffer, n, 0, (struct sockaddr *)&from, length);
  }
}

// ---- client

static double start;

// What is counted begins once everything stands. Returns when it ends.
static double counting(double ms) {
  start = now();
  return start + ms * 1e3;
}

static int connected(void) {
  struct timeval patience = {.tv_sec = 10};
  int fd = tcp();
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(fd, &address.any, address_length) < 0) fail("connect");
  return fd;
}

static double drive_bulk(double ms, int connections) {
  int poll = epoll_create1(0);
  bool sends = is("receive");
  struct epoll_event events[64];
  double octets = 0;
  for (int i = 0; i < connections; i++) watch(poll, connected(), sends ? EPOLLOUT : EPOLLIN);
  double until = counting(ms);
  while (now() < until) {
    int count = epoll_wait(poll, events, 64, 100);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      ssize_t n = sends ? send(fd, buffer, sizeof buffer, MSG_NOSIGNAL | MSG_DONTWAIT) : recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
      if (n > 0) octets += n;
      else if (n == 0 || errno != EAGAIN) fail("transfer");
    }
  }
  return octets;
}

static double drive_datagrams(double ms, int flight) {
  struct timeval patience = {.tv_usec = 50000};
  int fd = socket(address.any.sa_family, SOCK_DGRAM, 0);
  double count = 0;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(fd, &address.any, address_length) < 0) fail("connect");
  double until = counting(ms);
  for (int i = 0; i < flight; i++) send(fd, buffer, DATAGRAM, 0);
  while (now() < until) {
    if (recv(fd, buffer, sizeof buffer, 0) == DATAGRAM) {
      count++;
      send(fd, buffer, DATAGRAM, 0);
    } else if (errno == EAGAIN) // what was in flight is lost
      for (int i = 0; i < flight; i++) send(fd, buffer, DATAGRAM, 0);
  }
  return count;
}

static double drive_echo(double ms) {
  int fd = connected();
  double count = 0, until = counting(ms);
  for (; now() < until; count++)
    if (send(fd, buffer, 1, MSG_NOSIGNAL) != 1 || recv(fd, buffer, 1, 0) != 1) fail("echo");
  return count;
}

static in_addr_t source(unsigned number) { return htonl((ntohl(address.v4.sin_addr.s_addr) & ~255u) + 101 + number % SOURCES); }

// The sources ask for the server by ARP: some stacks ask for a single neighbour in a second, and know those who asked for them.
static void introduce(void) {
  struct ifaddrs *all, *at;
  struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_halen = ETH_ALEN};
  int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ARP));
  if (fd < 0 || getifaddrs(&all) < 0) fail("sources");
  memset(to.sll_addr, 0xff, ETH_ALEN);
  for (at = all; at != NULL; at = at->ifa_next) {
    struct sockaddr_ll *own = (struct sockaddr_ll *)at->ifa_addr;
    if (own == NULL || own->sll_family != AF_PACKET || own->sll_hatype != ARPHRD_ETHER) continue;
    to.sll_ifindex = own->sll_ifindex;
    for (unsigned i = 0; i < SOURCES; i++) {
      struct ether_arp ask = {.ea_hdr = {htons(ARPHRD_ETHER), htons(ETH_P_IP), ETH_ALEN, 4, htons(ARPOP_REQUEST)}};
      in_addr_t from = source(i);
      memcpy(ask.arp_sha, own->sll_addr, ETH_ALEN);
      memcpy(ask.arp_spa, &from, 4);
      memcpy(ask.arp_tpa, &address.v4.sin_addr, 4);
      sendto(fd, &ask, sizeof ask, 0, (struct sockaddr *)&to, sizeof to);
    }
  }
  freeifaddrs(all);
  close(fd);
}

// Begins to connect, from one of the sources in turn.
static int begin(int poll) {
  static unsigned turn;
  struct sockaddr_in from = {.sin_family = AF_INET};
  int one = 1, fd = tcp();
  from.sin_addr.s_addr = source(turn++);
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0) fail("bind");
  fcntl(fd, F_SETFL, O_NONBLOCK);
  if (connect(fd, &address.any, address_length) < 0 && errno != EINPROGRESS) fail("connect");
  watch(poll, fd, is("close-first") ? EPOLLIN | EPOLLRDHUP : EPOLLOUT);
  return fd;
}

static double drive_connections(double ms, int flight) {
  int poll = epoll_create1(0);
  struct epoll_event events[64];
  double count = 0;
  introduce();
  double until = counting(ms);
  for (int i = 0; i < flight; i++) begin(poll);
  while (now() < until) {
    int ready = epoll_wait(poll, events, 64, 100);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (events[i].events & EPOLLERR) {
        errno = ECONNREFUSED;
        fail("connection");
      }
      if (events[i].events & EPOLLOUT) {
        // Connected: we close, and hear of the server's end.
        struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};
        shutdown(fd, SHUT_WR);
        epoll_ctl(poll, EPOLL_CTL_MOD, fd, &event);
        continue;
      }
      close(fd);
      count++;
      begin(poll);
    }
  }
  return count;
}

static void keep(int connections) {
  int poll = epoll_create1(0), open = 0;
  struct epoll_event event;
  introduce();
  // A few at a time, so that no queue overflows.
  for (; open < connections; open++) {
    int fd = begin(poll);
    if (epoll_wait(poll, &event, 1, 10000) != 1 || (event.events & EPOLLERR) || epoll_ctl(poll, EPOLL_CTL_DEL, fd, NULL) < 0) fail("connect");
  }
  printf("%d 1\n", open);
  fflush(stdout);
  pause();
}

int main(int argc, char **argv) {
  struct rlimit files = {MOST, MOST};
  int n;
  if (argc < 5 || (strcmp(argv[1], "drive") == 0 && argc < 6)) return fprintf(stderr, "usage: peer serve|drive MODE ADDRESS PORT [MS [N]]\n"), 2;
  setrlimit(RLIMIT_NOFILE, &files);
  mode = argv[2];
  address.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(argv[4]))};
  address_length = sizeof address.v4;
  if (inet_pton(AF_INET, argv[3], &address.v4.sin_addr) != 1) {
    address.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(atoi(argv[4]))};
    address_length = sizeof address.v6;
    if (inet_pton(AF_INET6, argv[3], &address.v6.sin6_addr) != 1) return fprintf(stderr, "%s: no address\n", argv[3]), 2;
  }
  if (strcmp(argv[1], "serve") == 0) {
    if (is("udp-echo")) serve_udp();
    serve_tcp();
  }
  n = argc > 6 ? atoi(argv[6]) : 1;
  double ms = atof(argv[5]), counted = 0;
  if (is("receive") || is("send")) counted = drive_bulk(ms, n);
  else if (is("udp-echo")) counted = drive_datagrams(ms, n);
  else if (is("echo")) counted = drive_echo(ms);
  else if (is("idle")) keep(n);
  else counted = drive_connections(ms, n);
  printf("%.0f %.0f\n", counted, now() - start);
  return 0;
}
