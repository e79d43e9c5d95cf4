#include "CJSON.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <simdjson.h>

namespace {

/* The largest double, to the last of its digits. */
const std::string largest_double =
    "1797693134862315708145274237317043567980705675258449965989174768031572607800285387605895586327668781"
    "7154045895351438246423432132688946418276846754670353751698604991057655128207624549009038932894407586"
    "8508455133942304583236903222948165808559332123348274797826204144723168738177180919299881250404026184"
    "124858368";

enum class Scope { none, event, properties, traits, context, context_traits };

struct Step {
    uint32_t key;
    uint32_t length;
    int64_t element;
};

constexpr size_t deepest = 64;

int field_of(Scope scope, const char *key, size_t length) {
    // By reference to an array, whose length is known when this is compiled.
    auto is = [&](const auto &name) { return length == sizeof name - 1 && memcmp(key, name, sizeof name - 1) == 0; };
    switch (scope) {
    case Scope::event:
        if (length < 4) return -1;
        switch (key[0]) {
        case 't':
            return is("type") ? LOODS_JSON_TYPE : is("timestamp") ? LOODS_JSON_TIMESTAMP
                   : is("traits") ? LOODS_JSON_TRAITS : -1;
        case 'e': return is("event") ? LOODS_JSON_EVENT : -1;
        case 'n': return is("name") ? LOODS_JSON_NAME : -1;
        case 'c': return is("context") ? LOODS_JSON_CONTEXT : is("category") ? LOODS_JSON_CATEGORY : -1;
        case 'u': return is("userId") ? LOODS_JSON_USER_ID : -1;
        case 'a': return is("anonymousId") ? LOODS_JSON_ANONYMOUS_ID : -1;
        case 'p': return is("properties") ? LOODS_JSON_PROPERTIES : is("previousId") ? LOODS_JSON_PREVIOUS_ID : -1;
        case 'g': return is("groupId") ? LOODS_JSON_GROUP_ID : -1;
        case 'm': return is("messageId") ? LOODS_JSON_MESSAGE_ID : -1;
        case 's': return is("sentAt") ? LOODS_JSON_SENT_AT : -1;
        case 'w': return is("writeKey") ? LOODS_JSON_WRITE_KEY : -1;
        default: return -1;
        }
    case Scope::properties:
        return is("email") ? LOODS_JSON_PROPERTIES_EMAIL : -1;
    case Scope::traits: return is("email") ? LOODS_JSON_TRAITS_EMAIL : -1;
    case Scope::context_traits: return is("email") ? LOODS_JSON_CONTEXT_TRAITS_EMAIL : -1;
    case Scope::context:
        switch (length) {
        case 2: return is("ip") ? LOODS_JSON_CONTEXT_IP : is("os") ? LOODS_JSON_CONTEXT_OS : -1;
        case 3: return is("bot") ? LOODS_JSON_CONTEXT_BOT : -1;
        case 6: return is("device") ? LOODS_JSON_CONTEXT_DEVICE : -1;
        case 7: return is("browser") ? LOODS_JSON_CONTEXT_BROWSER : -1;
        case 8: return is("location") ? LOODS_JSON_CONTEXT_LOCATION : -1;
        case 9: return is("userAgent") ? LOODS_JSON_CONTEXT_USER_AGENT : -1;
        default: return -1;
        }
    default: return -1;
    }
}

bool is_space(uint8_t byte) { return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r'; }
bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

/* Reads one document over the positions of its tokens. */
class Walk {
public:
    Walk(const uint8_t *text, size_t length, const uint32_t *tokens, size_t count, size_t depth)
        : text(text), length(length), tokens(tokens), count(count), depth_limit(depth), backslash(text) {}

    std::vector<loods_json_event> events;
    std::string paths;
    bool too_many = false;
    bool has_batch = false;

    /* The outermost object; false where the text is not JSON. */
    bool document(loods_json_event &envelope, bool batch, size_t most) {
        this->most = most;
        wants_batch = batch;
        return root(envelope) && next == count;
    }

private:
    const uint8_t *text;
    size_t length;
    const uint32_t *tokens;
    size_t count;
    size_t depth_limit;
    /* No backslash stands between what was read last and here, where one does, or the text ends. */
    const uint8_t *backslash;
    size_t next = 0;
    size_t most = 0;
    bool wants_batch = false;
    bool in_envelope = true;
    loods_json_event *current = nullptr;
    Step path[deepest];

    uint8_t peek() const { return next < count ? text[tokens[next]] : 0; }

    bool take(uint8_t character) {
        if (peek() != character) return false;
        next++;
        return true;
    }

    /* The end of the token at `next`: the next token's start, less white space. */
    uint32_t token_end() const {
        uint32_t end = next + 1 < count ? tokens[next + 1] : static_cast<uint32_t>(length);
        while (end > tokens[next] && is_space(text[end - 1])) end--;
        return end;
    }

    /* What else stands in the envelope of a batch goes nowhere, and may be what it likes. */
    bool is_kept(size_t depth) const {
        return !wants_batch || !in_envelope
               || (depth > 0 && path[1].length == 7 && memcmp(text + path[1].key, "context", 7) == 0);
    }

    void fault(uint8_t kind, size_t depth) {
        if (current->fault != LOODS_JSON_SOUND || !is_kept(depth)) return;
        current->fault = kind;
        current->path_offset = static_cast<uint32_t>(paths.size());
        for (size_t level = 1; level <= depth && level < deepest; level++) {
            const Step &step = path[level];
            if (step.element >= 0) {
                paths += '[' + std::to_string(step.element) + ']';
            } else {
                if (level > 1) paths += '.';
                paths.append(reinterpret_cast<const char *>(text) + step.key, std::min<uint32_t>(step.length, 64));
            }
            if (paths.size() - current->path_offset > 200) break;
        }
        current->path_length = static_cast<uint32_t>(paths.size() - current->path_offset);
    }

    bool root(loods_json_event &envelope) {
        current = &envelope;
        envelope.whole = {0, static_cast<uint32_t>(length), LOODS_JSON_OBJECT, 0};
        return object(1, Scope::event, envelope.whole, wants_batch);
    }

    bool batch(loods_json_event &envelope) {
        has_batch = true;
        in_envelope = false;
        events.clear();
        next++;
        if (take(']')) {
            in_envelope = true;
            return true;
        }
        do {
            if (events.size() == most) {
                too_many = true;
                return false;
            }
            events.emplace_back();
            current = &events.back();
            loods_json_slice whole = {};
            bool is_object = peek() == '{';
            if (!value(0, Scope::event, whole)) return false;
            events.back().whole = whole;
            if (!is_object) fault(LOODS_JSON_NOT_AN_OBJECT, 0);
        } while (take(','));
        current = &envelope;
        in_envelope = true;
        return take(']');
    }

    /* One value; `depth` counts the containers around it, from the event on. */
    bool value(size_t depth, Scope scope, loods_json_slice &slice) {
        if (next >= count) return false;
        switch (peek()) {
        case '{':
            if (depth >= depth_limit) return skip(depth, slice);
            return object(depth + 1, scope, slice, false);
        case '[':
            if (depth >= depth_limit) return skip(depth, slice);
            return array(depth + 1, slice);
        case '"': return string(depth, slice);
        case 't': return word("true", LOODS_JSON_BOOL, slice);
        case 'f': return word("false", LOODS_JSON_BOOL, slice);
        case 'n': return word("null", LOODS_JSON_NULL, slice);
        default: return number(depth, slice);
        }
    }

    static Scope inner(Scope scope, int field) {
        if (scope == Scope::event) {
            if (field == LOODS_JSON_PROPERTIES) return Scope::properties;
            if (field == LOODS_JSON_TRAITS) return Scope::traits;
            if (field == LOODS_JSON_CONTEXT) return Scope::context;
        }
        return Scope::none;
    }

    bool object(size_t depth, Scope scope, loods_json_slice &slice, bool may_hold_batch) {
        uint32_t start = tokens[next];
        if (!take('{')) return false;
        if (peek() != '}') {
            do {
                if (peek() != '"') return false;
                loods_json_slice key = {};
                path[depth] = {0, 0, -1};
                if (!string(depth - 1, key)) return false;
                path[depth] = {key.offset + 1, key.length - 2, -1};
                if (!take(':')) return false;
                const char *name = reinterpret_cast<const char *>(text) + key.offset + 1;
                size_t size = key.length - 2;
                if (may_hold_batch && size == 5 && memcmp(name, "batch", 5) == 0 && peek() == '[') {
                    loods_json_event *envelope = current;
                    if (!batch(*envelope)) return false;
                    continue;
                }
                int field = field_of(scope, name, size);
                Scope next_scope = inner(scope, field);
                if (scope == Scope::context && size == 6 && memcmp(name, "traits", 6) == 0) {
                    next_scope = Scope::context_traits;
                }
                forget_members(next_scope);
                loods_json_slice member = {};
                if (!value(depth, next_scope, member)) return false;
                if (field >= 0) current->fields[field] = member;
            } while (take(','));
        }
        if (peek() != '}') return false;
        slice = {start, tokens[next] + 1 - start, LOODS_JSON_OBJECT, 0};
        next++;
        return true;
    }

    /* Of repeated keys the last counts, and with it the members that it holds. */
    void forget_members(Scope scope) {
        loods_json_slice none = {};
        if (scope == Scope::properties) {
            current->fields[LOODS_JSON_PROPERTIES_EMAIL] = none;
        } else if (scope == Scope::traits) {
            current->fields[LOODS_JSON_TRAITS_EMAIL] = none;
        } else if (scope == Scope::context) {
            for (int field = LOODS_JSON_CONTEXT_TRAITS_EMAIL; field < LOODS_JSON_FIELD_COUNT; field++) {
                current->fields[field] = none;
            }
        } else if (scope == Scope::context_traits) {
            current->fields[LOODS_JSON_CONTEXT_TRAITS_EMAIL] = none;
        }
    }

    bool array(size_t depth, loods_json_slice &slice) {
        uint32_t start = tokens[next];
        next++;
        if (peek() != ']') {
            int64_t element = 0;
            do {
                path[depth] = {0, 0, element++};
                loods_json_slice member = {};
                if (!value(depth, Scope::none, member)) return false;
            } while (take(','));
        }
        if (peek() != ']') return false;
        slice = {start, tokens[next] + 1 - start, LOODS_JSON_ARRAY, 0};
        next++;
        return true;
    }

    /* What lies too deep is faulty anyway; only its end is looked for. */
    bool skip(size_t depth, loods_json_slice &slice) {
        fault(LOODS_JSON_TOO_DEEP, depth);
        uint32_t start = tokens[next];
        uint8_t kind = peek() == '{' ? LOODS_JSON_OBJECT : LOODS_JSON_ARRAY;
        std::string open;
        for (; next < count; next++) {
            uint8_t character = peek();
            if (character == '{' || character == '[') {
                open += static_cast<char>(character == '{' ? '}' : ']');
            } else if (character == '}' || character == ']') {
                if (open.back() != static_cast<char>(character)) return false;
                open.pop_back();
                if (open.empty()) {
                    slice = {start, tokens[next] + 1 - start, kind, 0};
                    next++;
                    return true;
                }
            }
        }
        return false;
    }

    bool word(const char *expected, uint8_t kind, loods_json_slice &slice) {
        uint32_t start = tokens[next], size = token_end() - start;
        if (size != strlen(expected) || memcmp(text + start, expected, size) != 0) return false;
        slice = {start, size, kind, 0};
        next++;
        return true;
    }

    bool string(size_t depth, loods_json_slice &slice) {
        uint32_t start = tokens[next], end = token_end();
        if (end < start + 2 || text[end - 1] != '"') return false;
        const uint8_t *byte = text + start + 1, *close = text + end - 1;
        bool is_escaped = next_backslash(byte) < close;
        slice = {start, end - start, LOODS_JSON_STRING, is_escaped};
        if (is_escaped && !escapes(backslash, close, depth)) return false;
        next++;
        return true;
    }

    /* The first backslash from `byte` on. Strings come in order, so that all of them together look at the text once, where
       most have none. */
    const uint8_t *next_backslash(const uint8_t *byte) {
        if (backslash <= byte) {
            const void *found = memchr(byte, '\\', text + length - byte);
            backslash = found ? static_cast<const uint8_t *>(found) : text + length;
        }
        return backslash;
    }

    bool escapes(const uint8_t *byte, const uint8_t *close, size_t depth) {
        bool wants_low = false;
        while (byte < close) {
            if (*byte != '\\') {
                if (wants_low) {
                    fault(LOODS_JSON_LONE_SURROGATE, depth);
                    wants_low = false;
                }
                byte = static_cast<const uint8_t *>(memchr(byte, '\\', close - byte));
                if (!byte) return true;
            }
            if (byte + 1 >= close) return false;
            if (byte[1] != 'u') {
                if (!memchr("\"\\/bfnrt", byte[1], 8)) return false;
                if (wants_low) fault(LOODS_JSON_LONE_SURROGATE, depth);
                wants_low = false;
                byte += 2;
                continue;
            }
            if (byte + 6 > close) return false;
            uint32_t unit = 0;
            for (int digit = 2; digit < 6; digit++) {
                int value = hexadecimal(byte[digit]);
                if (value < 0) return false;
                unit = unit << 4 | static_cast<uint32_t>(value);
            }
            if (unit == 0) fault(LOODS_JSON_NUL, depth);
            bool is_low = unit >= 0xDC00 && unit < 0xE000;
            if (is_low != wants_low) fault(LOODS_JSON_LONE_SURROGATE, depth);
            wants_low = unit >= 0xD800 && unit < 0xDC00;
            byte += 6;
        }
        if (wants_low) fault(LOODS_JSON_LONE_SURROGATE, depth);
        return true;
    }

    static int hexadecimal(uint8_t byte) {
        if (is_digit(byte)) return byte - '0';
        uint8_t lower = byte | 0x20;
        return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    }

    bool number(size_t depth, loods_json_slice &slice) {
        const uint32_t start = tokens[next], end = token_end();
        uint32_t at = start;
        auto digits = [&] {
            uint32_t first = at;
            while (at < end && is_digit(text[at])) at++;
            return at - first;
        };
        if (text[at] == '-') at++;
        bool leading_zero = text[at] == '0';
        uint32_t whole = digits();
        if (whole == 0 || (leading_zero && whole > 1)) return false;
        bool exponent = false;
        if (at < end && text[at] == '.') {
            at++;
            if (digits() == 0) return false;
        }
        if (at < end && (text[at] | 0x20) == 'e') {
            exponent = true;
            at++;
            if (at < end && (text[at] == '+' || text[at] == '-')) at++;
            if (digits() == 0) return false;
        }
        if (at != end) return false;
        if ((exponent || end - start > 300) && !is_in_range(start, end)) fault(LOODS_JSON_NUMBER_RANGE, depth);
        slice = {start, end - start, LOODS_JSON_NUMBER, 0};
        next++;
        return true;
    }

    /* A double that neither overflows nor vanishes, of a length that PostgreSQL's numeric holds with ease. Told by the
       digits: one that is larger than the largest double by less than rounding takes away is out of range too. */
    bool is_in_range(uint32_t start, uint32_t end) const {
        if (end - start > 400) return false;
        std::string number(reinterpret_cast<const char *>(text) + start, end - start);
        const size_t mark = number.find_first_of("eE");
        const double exponent = mark == std::string::npos ? 0 : strtod(number.c_str() + mark + 1, nullptr);
        std::string digits = number.substr(0, mark);
        const double point = std::min(digits.find('.'), digits.size());
        const size_t first = digits.find_first_of("123456789");
        if (first == std::string::npos) return std::abs(exponent) < 400;
        const double power = exponent + (first < point ? point - first - 1 : point - first);
        if (power != 308) return power < 308 && strtod(number.c_str(), nullptr) != 0;
        digits.erase(0, first);
        digits.erase(std::remove(digits.begin(), digits.end(), '.'), digits.end());
        digits.erase(digits.find_last_not_of('0') + 1);
        return digits <= largest_double;
    }
};

struct Reader {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> tokens;
    size_t capacity = 0;
    std::vector<loods_json_event> events;
    std::string paths;
};

int read(Reader &reader, const uint8_t *text, size_t length, int batch, size_t most, size_t depth,
         loods_json_document *document) {
    if (length > reader.capacity) {
        size_t capacity = std::max<size_t>(length, 64 * 1024);
        if (simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, 1024, reader.tokens)) {
            reader.capacity = 0;
            return LOODS_JSON_NO_MEMORY;
        }
        reader.capacity = capacity;
    }
    if (length == 0) return LOODS_JSON_SYNTAX;
    switch (reader.tokens->stage1(text, length, simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS: break;
    case simdjson::UTF8_ERROR: return LOODS_JSON_ENCODING;
    default: return LOODS_JSON_SYNTAX;
    }
    const uint32_t *positions = reader.tokens->structural_indexes.get();
    Walk walk(text, length, positions, reader.tokens->n_structural_indexes, std::min(depth, deepest - 1));
    walk.events = std::move(reader.events);
    walk.events.clear();
    bool begins_object = reader.tokens->n_structural_indexes > 0 && text[positions[0]] == '{';
    bool is_json = begins_object && walk.document(document->envelope, batch != 0, most);
    reader.events = std::move(walk.events);
    reader.paths = std::move(walk.paths);
    if (!begins_object) return LOODS_JSON_NO_OBJECT;
    if (walk.too_many) return LOODS_JSON_TOO_MANY;
    if (!is_json) return LOODS_JSON_SYNTAX;
    if (batch && !walk.has_batch) return LOODS_JSON_NO_BATCH;
    document->events = reader.events.data();
    document->count = reader.events.size();
    document->paths = reader.paths.data();
    return LOODS_JSON_OK;
}

}  // namespace

extern "C" int loods_json_read(const uint8_t *text, size_t length, int batch, size_t most, size_t depth,
                               loods_json_document *document) {
    static thread_local Reader reader;
    *document = {};
    try {
        return read(reader, text, length, batch, most, depth, document);
    } catch (const std::bad_alloc &) {
        return LOODS_JSON_NO_MEMORY;
    }
}
