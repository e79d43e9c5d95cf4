/* One pass over the body of a tracking call: simdjson finds the tokens and checks UTF-8, a walk over them checks the
   rest of RFC 8259 and notes where the members stand that the edge reads. Nothing is copied. */
#ifndef LOODS_CJSON_H
#define LOODS_CJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Readable bytes that must follow the text. */
#define LOODS_JSON_PADDING 64

enum {
    LOODS_JSON_ABSENT = 0,
    LOODS_JSON_NULL,
    LOODS_JSON_BOOL,
    LOODS_JSON_NUMBER,
    LOODS_JSON_STRING,
    LOODS_JSON_ARRAY,
    LOODS_JSON_OBJECT
};

/* A value in the text; a string's quotes included. */
typedef struct {
    uint32_t offset;
    uint32_t length;
    uint8_t kind;
    /* Whether a string holds backslashes. */
    uint8_t escaped;
} loods_json_slice;

enum {
    LOODS_JSON_TYPE = 0,
    LOODS_JSON_EVENT,
    LOODS_JSON_NAME,
    LOODS_JSON_CATEGORY,
    LOODS_JSON_USER_ID,
    LOODS_JSON_ANONYMOUS_ID,
    LOODS_JSON_PREVIOUS_ID,
    LOODS_JSON_GROUP_ID,
    LOODS_JSON_MESSAGE_ID,
    LOODS_JSON_TIMESTAMP,
    LOODS_JSON_SENT_AT,
    LOODS_JSON_WRITE_KEY,
    LOODS_JSON_PROPERTIES,
    LOODS_JSON_TRAITS,
    LOODS_JSON_CONTEXT,
    LOODS_JSON_PROPERTIES_EMAIL,
    LOODS_JSON_TRAITS_EMAIL,
    LOODS_JSON_CONTEXT_TRAITS_EMAIL,
    LOODS_JSON_CONTEXT_IP,
    LOODS_JSON_CONTEXT_USER_AGENT,
    LOODS_JSON_CONTEXT_DEVICE,
    LOODS_JSON_CONTEXT_OS,
    LOODS_JSON_CONTEXT_BROWSER,
    LOODS_JSON_CONTEXT_LOCATION,
    LOODS_JSON_CONTEXT_BOT,
    LOODS_JSON_FIELD_COUNT
};

/* What is JSON, but not what the store can hold. */
enum {
    LOODS_JSON_SOUND = 0,
    LOODS_JSON_NOT_AN_OBJECT,
    LOODS_JSON_TOO_DEEP,
    LOODS_JSON_NUL,
    LOODS_JSON_LONE_SURROGATE,
    LOODS_JSON_NUMBER_RANGE
};

typedef struct {
    loods_json_slice whole;
    loods_json_slice fields[LOODS_JSON_FIELD_COUNT];
    uint8_t fault;
    /* Where the fault is, as `properties.products[1].price`, in loods_json_document.paths. */
    uint32_t path_offset;
    uint32_t path_length;
} loods_json_event;

/* Swift sees the array as a tuple. */
static inline loods_json_slice loods_json_field(const loods_json_event *event, int field) {
    return event->fields[field];
}

enum {
    LOODS_JSON_OK = 0,
    LOODS_JSON_SYNTAX,
    LOODS_JSON_ENCODING,
    LOODS_JSON_NO_OBJECT,
    LOODS_JSON_NO_BATCH,
    LOODS_JSON_TOO_MANY,
    LOODS_JSON_NO_MEMORY
};

typedef struct {
    /* The members of the outermost object; of a batch its fault is one of `context`, the only member that is kept. */
    loods_json_event envelope;
    /* The elements of its `batch`, where that was asked for. */
    const loods_json_event *events;
    size_t count;
    const char *paths;
} loods_json_document;

/* Reads `text`, behind which LOODS_JSON_PADDING bytes are readable. The document points into memory of this thread and
   holds until its next call here. */
int loods_json_read(const uint8_t *text, size_t length, int batch, size_t most, size_t depth,
                    loods_json_document *document);

#ifdef __cplusplus
}
#endif

#endif
