/* Mails of strangers taken apart: GMime behind four lines of C. */
#ifndef LOODS_CMIME_H
#define LOODS_CMIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loods_mime_visitor {
    void *context;
    /* Each field of the mail's own header: unfolded, encoded words (RFC 2047) resolved, UTF-8. */
    void (*header)(void *context, const char *name, const char *value);
    /* Each part that is text or a report, in order: its type in lower case, and its content with the transfer encoding
     * resolved; text in UTF-8. Of a mail within the mail, the header as it stands. Valid during the call. */
    void (*part)(void *context, const char *type, const uint8_t *content, size_t length);
};

/* Whether it is a mail at all; whatever else is wrong with it, what can be read is told. */
bool loods_mime_read(const uint8_t *mail, size_t length, const struct loods_mime_visitor *visitor);

#endif
