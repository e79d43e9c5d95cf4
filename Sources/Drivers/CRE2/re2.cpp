#include "CRE2.h"

#include <cstring>
#include <new>

#include <re2/re2.h>

struct loods_re2 {
    re2::RE2 pattern;

    loods_re2(re2::StringPiece text, const re2::RE2::Options &options) : pattern(text, options) {}
};

namespace {

void tell(const char *text, char *reason, size_t size) {
    if (size == 0) return;
    strncpy(reason, text, size - 1);
    reason[size - 1] = 0;
}

}  // namespace

extern "C" struct loods_re2 *loods_re2_compile(const uint8_t *pattern, size_t length, char *reason, size_t size) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    // Of the program and its automata: x{1000}{1000} is refused, and many patterns can be kept.
    options.set_max_mem(1 << 20);
    auto *compiled = new (std::nothrow) loods_re2(
        re2::StringPiece(reinterpret_cast<const char *>(pattern), length), options);
    if (!compiled) {
        tell("out of memory", reason, size);
        return nullptr;
    }
    if (!compiled->pattern.ok()) {
        tell(compiled->pattern.error().c_str(), reason, size);
        delete compiled;
        return nullptr;
    }
    return compiled;
}

extern "C" void loods_re2_free(struct loods_re2 *compiled) { delete compiled; }

extern "C" bool loods_re2_matches(const struct loods_re2 *compiled, const uint8_t *text, size_t length) {
    return re2::RE2::PartialMatch(
        re2::StringPiece(reinterpret_cast<const char *>(text), length), compiled->pattern);
}
