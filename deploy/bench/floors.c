// The least that must be done, without anything of Loods:
//   floors amqp HOST PORT USER PASSWORD BYTES COUNT   publish COUNT bodies to a quorum queue, confirms in a window
//   floors smtp HOST PORT CONNECTIONS BYTES COUNT     hand COUNT messages over, connections reused
// Prints the seconds that it took.
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void fail(const char *what) {
    fprintf(stderr, "floors: %s\n", what);
    exit(1);
}

static int amqp(char **a) {
    enum { window = 100 };
    long bytes = atol(a[4]), count = atol(a[5]), confirmed = 0;
    amqp_connection_state_t connection = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(connection);
    if (amqp_socket_open(socket, a[0], atoi(a[1]))) fail("the broker does not answer");
    if (amqp_login(connection, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, a[2], a[3]).reply_type != AMQP_RESPONSE_NORMAL)
        fail("login refused");
    amqp_channel_open(connection, 1);
    amqp_bytes_t queue = amqp_cstring_bytes("bench-floor");
    amqp_table_entry_t entry = {amqp_cstring_bytes("x-queue-type"),
                                {AMQP_FIELD_KIND_UTF8, {.bytes = amqp_cstring_bytes("quorum")}}};
    amqp_table_t arguments = {1, &entry};
    if (!amqp_queue_declare(connection, 1, queue, 0, 1, 0, 0, arguments)) fail("the queue was refused");
    amqp_confirm_select(connection, 1);
    char *text = malloc(bytes);
    memset(text, 'x', bytes);
    amqp_bytes_t body = {bytes, text};
    amqp_basic_properties_t persistent = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = 2};
    double start = now();
    for (long published = 0; confirmed < count;) {
        while (published < count && published - confirmed < window) {
            if (amqp_basic_publish(connection, 1, amqp_empty_bytes, queue, 1, 0, &persistent, body)) fail("publish");
            published++;
        }
        amqp_frame_t frame;
        if (amqp_simple_wait_frame(connection, &frame)) fail("the connection was lost");
        if (frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD) fail("no ack");
        amqp_basic_ack_t *ack = frame.payload.method.decoded;
        confirmed = ack->multiple ? (long)ack->delivery_tag : confirmed + 1;
        amqp_maybe_release_buffers(connection);
    }
    printf("%f\n", now() - start);
    amqp_queue_delete(connection, 1, queue, 0, 0);
    amqp_connection_close(connection, AMQP_REPLY_SUCCESS);
    return 0;
}

struct share {
    char *host, *port, *message;
    long count;
};

static void expect(FILE *peer, char code) {
    char line[1024];
    do {
        if (!fgets(line, sizeof line, peer)) fail("the mail server hung up");
    } while (line[3] == '-');
    if (line[0] != code) fail(line);
}

static void *deliver(void *argument) {
    struct share *share = argument;
    struct addrinfo *address, hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    if (getaddrinfo(share->host, share->port, &hints, &address)) fail("unknown host");
    int socket_ = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(socket_, address->ai_addr, address->ai_addrlen)) fail("the mail server does not answer");
    FILE *in = fdopen(socket_, "r"), *out = fdopen(dup(socket_), "w");
    expect(in, '2');
    fputs("EHLO floors.example\r\n", out), fflush(out), expect(in, '2');
    for (long i = 0; i < share->count; i++) {
        fputs("MAIL FROM:<a@shop.example>\r\n", out), fflush(out), expect(in, '2');
        fputs("RCPT TO:<b@mail.example>\r\n", out), fflush(out), expect(in, '2');
        fputs("DATA\r\n", out), fflush(out), expect(in, '3');
        fputs(share->message, out), fputs("\r\n.\r\n", out), fflush(out), expect(in, '2');
    }
    fputs("QUIT\r\n", out), fflush(out);
    fclose(out), fclose(in);
    return NULL;
}

static int smtp(char **a) {
    long connections = atol(a[2]), bytes = atol(a[3]), count = atol(a[4]);
    char *message = calloc(1, bytes + 64);
    strcpy(message, "Subject: floor\r\n\r\n");
    while ((long)strlen(message) + 72 < bytes) strcat(message, "The least that must be done, in lines of a decent length, many.\r\n");
    pthread_t threads[connections];
    struct share share = {a[0], a[1], message, count / connections};
    double start = now();
    for (long i = 0; i < connections; i++) pthread_create(&threads[i], NULL, deliver, &share);
    for (long i = 0; i < connections; i++) pthread_join(threads[i], NULL);
    printf("%f\n", now() - start);
    return 0;
}

int main(int count, char **arguments) {
    if (count == 8 && !strcmp(arguments[1], "amqp")) return amqp(arguments + 2);
    if (count == 7 && !strcmp(arguments[1], "smtp")) return smtp(arguments + 2);
    fail("usage: floors amqp HOST PORT USER PASSWORD BYTES COUNT | floors smtp HOST PORT CONNECTIONS BYTES COUNT");
}
