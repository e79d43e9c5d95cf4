#include "CSigning.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A copy of the key, so that none of its locks and counters is shared, with a context that is used again and again. */
struct signer {
    EVP_PKEY *key;
    EVP_PKEY_CTX *context;
    struct signer *next;
};

struct loods_rsa {
    EVP_PKEY *key;
    pthread_mutex_t lock;
    struct signer *idle;
};

/* No one is asked for a password. */
static int no_password(char *buffer, int size, int writing, void *data) {
    (void)buffer, (void)size, (void)writing, (void)data;
    return -1;
}

static loods_rsa *adopt(EVP_PKEY *key) {
    loods_rsa *rsa = NULL;
    if (key && EVP_PKEY_is_a(key, "RSA")) rsa = calloc(1, sizeof(loods_rsa));
    if (!rsa) {
        EVP_PKEY_free(key);
        ERR_clear_error();
        return NULL;
    }
    rsa->key = key;
    pthread_mutex_init(&rsa->lock, NULL);
    return rsa;
}

loods_rsa *loods_rsa_read(const char *pem, size_t length) {
    BIO *input = length <= 65536 ? BIO_new_mem_buf(pem, (int)length) : NULL;
    if (!input) return NULL;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(input, NULL, no_password, NULL);
    BIO_free(input);
    return adopt(key);
}

loods_rsa *loods_rsa_make(int bits) { return adopt(EVP_RSA_gen((unsigned int)bits)); }

int loods_rsa_bits(const loods_rsa *key) { return EVP_PKEY_get_bits(key->key); }

static void free_signer(struct signer *signer) {
    EVP_PKEY_CTX_free(signer->context);
    EVP_PKEY_free(signer->key);
    free(signer);
}

void loods_rsa_free(loods_rsa *key) {
    while (key->idle) {
        struct signer *signer = key->idle;
        key->idle = signer->next;
        free_signer(signer);
    }
    pthread_mutex_destroy(&key->lock);
    EVP_PKEY_free(key->key);
    free(key);
}

static struct signer *make_signer(const loods_rsa *key) {
    struct signer *signer = calloc(1, sizeof(struct signer));
    if (!signer) return NULL;
    signer->key = EVP_PKEY_dup(key->key);
    if (signer->key) signer->context = EVP_PKEY_CTX_new(signer->key, NULL);
    if (signer->context && EVP_PKEY_sign_init(signer->context) > 0
        && EVP_PKEY_CTX_set_rsa_padding(signer->context, RSA_PKCS1_PADDING) > 0
        && EVP_PKEY_CTX_set_signature_md(signer->context, EVP_sha256()) > 0)
        return signer;
    free_signer(signer);
    return NULL;
}

static struct signer *take_signer(loods_rsa *key) {
    pthread_mutex_lock(&key->lock);
    struct signer *signer = key->idle;
    if (signer) key->idle = signer->next;
    pthread_mutex_unlock(&key->lock);
    return signer ? signer : make_signer(key);
}

static void keep_signer(loods_rsa *key, struct signer *signer) {
    pthread_mutex_lock(&key->lock);
    signer->next = key->idle;
    key->idle = signer;
    pthread_mutex_unlock(&key->lock);
}

size_t loods_rsa_sign(loods_rsa *key, const uint8_t digest[32], uint8_t *signature, size_t capacity) {
    struct signer *signer = take_signer(key);
    if (!signer) {
        ERR_clear_error();
        return 0;
    }
    size_t length = capacity;
    if (EVP_PKEY_sign(signer->context, signature, &length, digest, 32) > 0) {
        keep_signer(key, signer);
        return length;
    }
    free_signer(signer);
    ERR_clear_error();
    return 0;
}

size_t loods_rsa_public(const loods_rsa *key, uint8_t *der, size_t capacity) {
    int length = i2d_PUBKEY(key->key, NULL);
    if (length <= 0 || (size_t)length > capacity) return 0;
    return (size_t)i2d_PUBKEY(key->key, &der);
}

size_t loods_rsa_private(const loods_rsa *key, char *pem, size_t capacity) {
    BIO *output = BIO_new(BIO_s_mem());
    if (!output) return 0;
    size_t length = 0;
    char *text = NULL;
    if (PEM_write_bio_PKCS8PrivateKey(output, key->key, NULL, NULL, 0, NULL, NULL) > 0) {
        long written = BIO_get_mem_data(output, &text);
        if (written > 0 && (size_t)written <= capacity) {
            memcpy(pem, text, (size_t)written);
            length = (size_t)written;
        }
    }
    BIO_free(output);
    ERR_clear_error();
    return length;
}
