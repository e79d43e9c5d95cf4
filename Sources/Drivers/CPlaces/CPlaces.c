#include "CPlaces.h"

#include <maxminddb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct loods_places {
    MMDB_s file;
};

loods_places *loods_places_open(const char *path) {
    loods_places *places = calloc(1, sizeof(loods_places));
    if (!places) return NULL;
    if (MMDB_open(path, MMDB_MODE_MMAP, &places->file) != MMDB_SUCCESS) {
        free(places);
        return NULL;
    }
    return places;
}

void loods_places_close(loods_places *places) {
    MMDB_close(&places->file);
    free(places);
}

static loods_places_text text(MMDB_entry_s *entry, const char *const *path) {
    MMDB_entry_data_s data;
    if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING) {
        return (loods_places_text){NULL, 0};
    }
    return (loods_places_text){data.utf8_string, data.data_size};
}

int loods_places_find(const loods_places *places, const uint8_t address[16], loods_place *place) {
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct sockaddr_in four = {.sin_family = AF_INET};
    const struct sockaddr *socket = (const struct sockaddr *)&six;
    if (memcmp(address, mapped, sizeof mapped) == 0) {
        memcpy(&four.sin_addr, address + 12, 4);
        socket = (const struct sockaddr *)&four;
    } else {
        memcpy(&six.sin6_addr, address, 16);
    }
    int error = MMDB_SUCCESS;
    MMDB_lookup_result_s result = MMDB_lookup_sockaddr(&places->file, socket, &error);
    if (error != MMDB_SUCCESS || !result.found_entry) return 0;
    static const char *const country[] = {"country", "iso_code", NULL};
    static const char *const region[] = {"subdivisions", "0", "names", "en", NULL};
    static const char *const city[] = {"city", "names", "en", NULL};
    static const char *const time_zone[] = {"location", "time_zone", NULL};
    place->country = text(&result.entry, country);
    place->region = text(&result.entry, region);
    place->city = text(&result.entry, city);
    place->time_zone = text(&result.entry, time_zone);
    return 1;
}
