#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <amqp_ssl_socket.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

/// amqp_login_with_properties takes a variable number of arguments, which Swift cannot call.
static inline amqp_rpc_reply_t loods_amqp_login_plain(
    amqp_connection_state_t state, const char *vhost, int channel_max, int frame_max, int heartbeat,
    const amqp_table_t *properties, const char *user, const char *password) {
    return amqp_login_with_properties(
        state, vhost, channel_max, frame_max, heartbeat, properties, AMQP_SASL_METHOD_PLAIN, user, password);
}

/// What this thread's last handshake found wrong with the peer's certificate; X509_V_OK for nothing.
static __thread long loods_amqp_fault = X509_V_OK;

static inline int loods_amqp_note_fault(int is_fine, X509_STORE_CTX *store) {
    if (!is_fine && loods_amqp_fault == X509_V_OK) loods_amqp_fault = X509_STORE_CTX_get_error(store);
    return is_fine;
}

/// librabbitmq says of a certificate only that the handshake failed. Has OpenSSL tell us why, from now on.
static inline void loods_amqp_explain_distrust(amqp_socket_t *socket) {
    loods_amqp_fault = X509_V_OK;
    SSL_CTX_set_verify(amqp_ssl_socket_get_context(socket), SSL_VERIFY_PEER, loods_amqp_note_fault);
}

/// OpenSSL's words for it, or null; they name neither hosts nor people.
static inline const char *loods_amqp_distrust(void) {
    return loods_amqp_fault == X509_V_OK ? 0 : X509_verify_cert_error_string(loods_amqp_fault);
}
