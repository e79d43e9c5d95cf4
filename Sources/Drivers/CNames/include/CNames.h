#ifndef LOODS_CNAMES_H
#define LOODS_CNAMES_H

#include <stddef.h>
#include <stdint.h>

/* How a question ended. */
enum {
    LOODS_NAMES_ANSWERED = 0,
    /* The name is there, and has no record of the kind. */
    LOODS_NAMES_NO_DATA = 1,
    /* There is no such name. */
    LOODS_NAMES_NO_NAME = 2,
    LOODS_NAMES_TIMEOUT = 3,
    /* A server answered that it cannot, or will not. */
    LOODS_NAMES_REFUSED = 4,
    LOODS_NAMES_FAILED = 5,
};

/* Asks DNS one question and waits for the answer, up to `patience` milliseconds altogether.

   `servers` is c-ares's list of ADDRESS:PORT; NULL: the system's. The message is written to `answer`, its length to `length`;
   both are left alone unless the result is LOODS_NAMES_ANSWERED. A message larger than `capacity` is LOODS_NAMES_FAILED. May be
   called on any number of threads at once. */
int loods_names_ask(
    const char *servers, const char *name, int type, int patience, int tries, uint8_t *answer, size_t capacity,
    size_t *length);

#endif
