#include "CNames.h"

#include <ares.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

struct question {
    int is_over;
    int result;
    uint8_t *answer;
    size_t capacity;
    size_t *length;
};

static int result_of(int status) {
    switch (status) {
    case ARES_ENODATA: return LOODS_NAMES_NO_DATA;
    case ARES_ENOTFOUND: return LOODS_NAMES_NO_NAME;
    case ARES_ETIMEOUT:
    case ARES_ECANCELLED: return LOODS_NAMES_TIMEOUT;
    case ARES_ESERVFAIL:
    case ARES_ENOTIMP:
    case ARES_EREFUSED: return LOODS_NAMES_REFUSED;
    default: return LOODS_NAMES_FAILED;
    }
}

static void answered(void *argument, int status, int timeouts, unsigned char *message, int length) {
    (void)timeouts;
    struct question *question = argument;
    question->is_over = 1;
    if (status == ARES_EDESTRUCTION) return;
    if (status != ARES_SUCCESS) {
        question->result = result_of(status);
    } else if (length < 0 || (size_t)length > question->capacity) {
        question->result = LOODS_NAMES_FAILED;
    } else {
        memcpy(question->answer, message, (size_t)length);
        *question->length = (size_t)length;
        question->result = LOODS_NAMES_ANSWERED;
    }
}

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits on the library's sockets, and tells it which are ready. */
static void step(ares_channel channel, int64_t rest) {
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    struct pollfd polled[ARES_GETSOCK_MAXNUM];
    nfds_t count = 0;
    int wanted = ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
    for (int index = 0; index < ARES_GETSOCK_MAXNUM; index++) {
        short events = (ARES_GETSOCK_READABLE(wanted, index) ? POLLIN : 0)
            | (ARES_GETSOCK_WRITABLE(wanted, index) ? POLLOUT : 0);
        if (events) polled[count++] = (struct pollfd){.fd = sockets[index], .events = events};
    }
    struct timeval most = {.tv_sec = rest / 1000, .tv_usec = rest % 1000 * 1000}, until;
    struct timeval *wait = ares_timeout(channel, &most, &until);
    int ready = poll(polled, count, (int)(wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1));
    if (ready <= 0) {
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        return;
    }
    for (nfds_t index = 0; index < count; index++) {
        if (!polled[index].revents) continue;
        int reads = polled[index].revents & (POLLIN | POLLERR | POLLHUP), writes = polled[index].revents & POLLOUT;
        ares_process_fd(
            channel, reads ? polled[index].fd : ARES_SOCKET_BAD, writes ? polled[index].fd : ARES_SOCKET_BAD);
    }
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int library;
static void begin(void) { library = ares_library_init(ARES_LIB_INIT_ALL); }

int loods_names_ask(
    const char *servers, const char *name, int type, int patience, int tries, uint8_t *answer, size_t capacity,
    size_t *length) {
    pthread_once(&once, begin);
    if (library != ARES_SUCCESS) return LOODS_NAMES_FAILED;
    /* Each try waits twice as long as the one before. */
    int first = patience / ((1 << tries) - 1);
    struct ares_options options = {
        .flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
        .timeout = first < 1 ? 1 : first,
        .tries = tries,
        .ednspsz = 1232,
    };
    ares_channel channel;
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ;
    if (ares_init_options(&channel, &options, mask) != ARES_SUCCESS) return LOODS_NAMES_FAILED;
    struct question question = {
        .result = LOODS_NAMES_TIMEOUT, .answer = answer, .capacity = capacity, .length = length};
    if (servers && ares_set_servers_ports_csv(channel, servers) != ARES_SUCCESS) {
        question.result = LOODS_NAMES_FAILED;
    } else {
        int64_t end = milliseconds() + patience;
        ares_query(channel, name, 1, type, answered, &question);
        while (!question.is_over) {
            int64_t rest = end - milliseconds();
            if (rest <= 0) break;
            step(channel, rest);
        }
        if (!question.is_over) ares_cancel(channel);
    }
    ares_destroy(channel);
    return question.result;
}
