#ifndef LOODS_CZLIB_H
#define LOODS_CZLIB_H

#include <zlib.h>

/* inflateInit2 is a macro, which Swift cannot call. 16 asks for the gzip wrapper only (RFC 1952). */
static inline int loods_gunzip_init(z_stream *stream) {
    return inflateInit2(stream, 16 + MAX_WBITS);
}

static inline int loods_gzip_init(z_stream *stream) {
    return deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
}

#endif
