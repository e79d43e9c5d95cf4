#define _GNU_SOURCE
#include "CShims.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <sys/eventfd.h>

int loods_eventfd(void) {
    return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

int loods_poll(struct pollfd *descriptors, uint64_t count, int64_t nanoseconds) {
    struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    return ppoll(descriptors, count, &time, NULL);
}

void loods_name_thread(const char *name) {
    char short_name[16];
    strncpy(short_name, name, sizeof short_name - 1);
    short_name[sizeof short_name - 1] = 0;
    pthread_setname_np(pthread_self(), short_name);
}

void loods_keep_openssl_at_exit(void) {
    const uint64_t no_atexit = 0x00080000; // OPENSSL_INIT_NO_ATEXIT, openssl/crypto.h
    int (*init)(uint64_t, const void *) = (int (*)(uint64_t, const void *))dlsym(RTLD_DEFAULT, "OPENSSL_init_crypto");
    if (init) init(no_atexit, NULL);
}
