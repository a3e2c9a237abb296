// One TCP connection of the kernel's, as fast as it goes, for so many milliseconds. Prints the octets and the microseconds.
//   bulk connect|listen ADDRESS PORT send|receive MS
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  return 1;
}

int main(int argc, char **argv) {
  static char buffer[1 << 20];
  struct sockaddr_in address = {.sin_family = AF_INET};
  struct timeval patience = {.tv_sec = 10};
  double octets = 0, start, end;
  int one = 1, sending, fd;
  if (argc != 6) return fprintf(stderr, "usage: bulk connect|listen ADDRESS PORT send|receive MS\n"), 2;
  inet_pton(AF_INET, argv[2], &address.sin_addr);
  address.sin_port = htons(atoi(argv[3]));
  sending = strcmp(argv[4], "send") == 0;
  fd = socket(AF_INET, SOCK_STREAM, 0);
  // The machine's default may be another; receivers are held back by BBR on links without delay.
  setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
  if (strcmp(argv[1], "listen") == 0) {
    int server = fd;
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(server, (struct sockaddr *)&address, sizeof address) < 0 || listen(server, 1) < 0) return fail("listen");
    printf("listening\n");
    fflush(stdout);
    fd = accept(server, NULL, NULL);
    if (fd < 0) return fail("accept");
  } else {
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) return fail("connect");
  }
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  start = now();
  end = start + atof(argv[5]) * 1e3;
  while (now() < end) {
    ssize_t n = sending ? send(fd, buffer, sizeof buffer, MSG_NOSIGNAL) : recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) break;
    octets += n;
  }
  printf("%.0f %.0f\n", octets, now() - start);
  return 0;
}
