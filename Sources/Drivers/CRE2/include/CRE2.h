/* Regular expressions in linear time: RE2 behind C. */
#ifndef LOODS_CRE2_H
#define LOODS_CRE2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An incomplete type of C is an opaque pointer in Swift. */
struct loods_re2;

/* NULL, and the reason with a zero behind it, for a pattern that is wrong or whose program would be too large. */
struct loods_re2 *loods_re2_compile(const uint8_t *pattern, size_t length, char *reason, size_t reason_size);
void loods_re2_free(struct loods_re2 *compiled);

/* Whether the pattern matches anywhere; the text is UTF-8. May be called from many threads at once. */
bool loods_re2_matches(const struct loods_re2 *compiled, const uint8_t *text, size_t length);

#ifdef __cplusplus
}
#endif

#endif
