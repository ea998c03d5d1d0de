/*
 * Preloaded into a server under attack: a resolver that is slow or hangs for the names under `.test`, and few local ports.
 * `not-found.test` does not exist, `try-again.test` fails for now, `six.test` is ::1, `dual.test` is ::1 and 127.0.0.1, all
 * others are 127.0.0.1.
 *
 *   LOOKUP_MS=20             a lookup of a name under .test takes this long
 *   HANG_FILE=/tmp/x         while this file exists, a lookup of tencent.test does not end
 *   PORT_RANGE=50000-50099   local ports that connections may use, within net.ipv4.ip_local_port_range
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
  int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
  size_t length = node ? strlen(node) : 0;
  if (length < 5 || strcmp(node + length - 5, ".test") != 0) return real(node, service, hints, result);
  const char *hang = getenv("HANG_FILE");
  while (hang && strcmp(node, "tencent.test") == 0 && access(hang, F_OK) == 0) usleep(20000);
  const char *ms = getenv("LOOKUP_MS");
  if (ms) usleep(atoi(ms) * 1000);
  if (strcmp(node, "not-found.test") == 0) return EAI_NONAME;
  if (strcmp(node, "try-again.test") == 0) return EAI_AGAIN;
  int hasIpv6 = strcmp(node, "six.test") == 0 || strcmp(node, "dual.test") == 0;
  if (!hasIpv6) return real("127.0.0.1", service, hints, result);
  /* An address of loopback is none by which a machine counts as one with IPv6. */
  struct addrinfo any = *hints;
  any.ai_flags &= ~AI_ADDRCONFIG;
  int failure = real("::1", service, &any, result);
  if (failure || strcmp(node, "six.test") == 0) return failure;
  struct addrinfo *last = *result;
  while (last->ai_next) last = last->ai_next;
  return real("127.0.0.1", service, hints, &last->ai_next);
}

int socket(int domain, int type, int protocol) {
  int (*real)(int, int, int) = dlsym(RTLD_NEXT, "socket");
  int fd = real(domain, type, protocol);
  const char *range = getenv("PORT_RANGE");
  unsigned low, high;
  if (fd >= 0 && range && domain == AF_INET && (type & 0xf) == SOCK_STREAM && sscanf(range, "%u-%u", &low, &high) == 2) {
    unsigned both = low | high << 16;
    if (setsockopt(fd, 0, IP_LOCAL_PORT_RANGE, &both, sizeof both) != 0) {
      fprintf(stderr, "IP_LOCAL_PORT_RANGE is not supported\n");
      _exit(77);
    }
  }
  return fd;
}
