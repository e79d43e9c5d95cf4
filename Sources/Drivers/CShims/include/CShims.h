#ifndef LOODS_CSHIMS_H
#define LOODS_CSHIMS_H

#include <poll.h>
#include <stdint.h>

/// Creates a non-blocking, close-on-exec event counter (eventfd(2)). Returns the descriptor or -1 with errno set.
int loods_eventfd(void);

/// Names the calling thread (pthread_setname_np(3)); at most 15 bytes are kept.
void loods_name_thread(const char *name);

/// Keeps OpenSSL, where a library has brought it, from cleaning up as the process exits (OPENSSL_INIT_NO_ATEXIT): threads that
/// are at work just then would use what is gone. Must come before the first use of OpenSSL.
void loods_keep_openssl_at_exit(void);

/// Waits like poll(2), with a time-out in nanoseconds (ppoll(2)).
int loods_poll(struct pollfd *descriptors, uint64_t count, int64_t nanoseconds);

#endif
