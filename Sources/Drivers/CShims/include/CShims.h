#ifndef LOODS_CSHIMS_H
#define LOODS_CSHIMS_H

#include <poll.h>
#include <stdint.h>

/// Creates a non-blocking, close-on-exec event counter (eventfd(2)). Returns the descriptor or -1 with errno set.
int loods_eventfd(void);

/// Names the calling thread (pthread_setname_np(3)); at most 15 bytes are kept.
void loods_name_thread(const char *name);

/// Waits like poll(2), with a time-out in nanoseconds (ppoll(2)).
int loods_poll(struct pollfd *descriptors, uint64_t count, int64_t nanoseconds);

#endif
