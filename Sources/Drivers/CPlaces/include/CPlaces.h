/* Where an internet address is, by a file in MaxMind's format (libmaxminddb). Its types hold a union with 128-bit numbers,
   which Swift cannot see; so this is all that is shown of it. */
#ifndef LOODS_CPLACES_H
#define LOODS_CPLACES_H

#include <stddef.h>
#include <stdint.h>

typedef struct loods_places loods_places;

/* Text of the file, not ended by a zero; null where the file has none. */
typedef struct {
    const char *start;
    size_t length;
} loods_places_text;

typedef struct {
    loods_places_text country;
    loods_places_text region;
    loods_places_text city;
    loods_places_text time_zone;
} loods_place;

/* Maps the file into memory. Null where it cannot be read or is none of the format. */
loods_places *loods_places_open(const char *path);

/* What the file says of an address of 16 bytes (IPv4 in its mapped form). Zero where it says nothing. The texts live as
   long as the file is open. May be called from any thread at once. */
int loods_places_find(const loods_places *places, const uint8_t address[16], loods_place *place);

void loods_places_close(loods_places *places);

#endif
