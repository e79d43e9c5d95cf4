#include "mime.h"

#include <gmime/gmime.h>
#include <pthread.h>

/* Whoever nests deeper, or sends more parts, has nothing to report. */
enum { MOST_LEVELS = 16, MOST_PARTS = 128 };

struct reading {
    const struct loods_mime_visitor *visitor;
    int parts;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void tell(struct reading *reading, const char *type, const uint8_t *content, size_t length) {
    char *lower = g_ascii_strdown(type, -1);
    reading->visitor->part(reading->visitor->context, lower, content, length);
    g_free(lower);
}

static void tell_content(struct reading *reading, const char *type, GMimePart *part) {
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    if (content == NULL) return;
    GMimeStream *stream = g_mime_stream_mem_new();
    if (g_mime_data_wrapper_write_to_stream(content, stream) >= 0) {
        GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
        tell(reading, type, bytes->data, bytes->len);
    }
    g_object_unref(stream);
}

static void visit(struct reading *reading, GMimeObject *object, int level) {
    if (object == NULL || level > MOST_LEVELS || ++reading->parts > MOST_PARTS) return;
    if (GMIME_IS_MULTIPART(object)) {
        GMimeMultipart *parts = GMIME_MULTIPART(object);
        for (int i = 0; i < g_mime_multipart_get_count(parts); i++) {
            visit(reading, g_mime_multipart_get_part(parts, i), level + 1);
        }
        return;
    }
    GMimeContentType *content_type = g_mime_object_get_content_type(object);
    char *type = g_mime_content_type_get_mime_type(content_type);
    if (GMIME_IS_MESSAGE_PART(object)) {
        GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
        char *headers = inner == NULL ? NULL : g_mime_object_get_headers(GMIME_OBJECT(inner), NULL);
        if (headers != NULL) tell(reading, type, (const uint8_t *)headers, strlen(headers));
        g_free(headers);
    } else if (GMIME_IS_TEXT_PART(object)) {
        char *text = g_mime_text_part_get_text(GMIME_TEXT_PART(object));
        if (text != NULL) {
            tell(reading, type, (const uint8_t *)text, strlen(text));
            g_free(text);
        } else {
            tell_content(reading, type, GMIME_PART(object));
        }
    } else if (GMIME_IS_PART(object) && g_mime_content_type_is_type(content_type, "message", "*")) {
        tell_content(reading, type, GMIME_PART(object));
    }
    g_free(type);
}

static void tell_headers(const struct loods_mime_visitor *visitor, GMimeObject *object) {
    GMimeHeaderList *headers = g_mime_object_get_header_list(object);
    for (int i = 0; i < g_mime_header_list_get_count(headers); i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(headers, i);
        const char *name = g_mime_header_get_name(header), *value = g_mime_header_get_value(header);
        if (name != NULL && value != NULL) visitor->header(visitor->context, name, value);
    }
}

bool loods_mime_read(const uint8_t *mail, size_t length, const struct loods_mime_visitor *visitor) {
    pthread_once(&once, g_mime_init);
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer((const char *)mail, length);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    if (message != NULL) {
        struct reading reading = {visitor, 0};
        tell_headers(visitor, GMIME_OBJECT(message));
        /* What it is a header of has a header of its own, which is the same. */
        visit(&reading, g_mime_message_get_mime_part(message), 0);
        g_object_unref(message);
    }
    g_object_unref(parser);
    g_object_unref(stream);
    return message != NULL;
}
