#define _GNU_SOURCE
#include "CShims.h"

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>

int loods_eventfd(void) {
    return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

void loods_name_thread(const char *name) {
    char short_name[16];
    strncpy(short_name, name, sizeof short_name - 1);
    short_name[sizeof short_name - 1] = 0;
    pthread_setname_np(pthread_self(), short_name);
}
