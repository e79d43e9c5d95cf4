/* RSA signatures by OpenSSL's libcrypto (3.0 or later), which makes nearly twice as many a second as BoringSSL where the
   processor has AVX512-IFMA. Its structures are opaque and its calls many; this is all that is needed of them. */
#ifndef LOODS_CSIGNING_H
#define LOODS_CSIGNING_H

#include <stddef.h>
#include <stdint.h>

/* A private key. May be used from any thread at once: each signature is made by a context that nobody else uses meanwhile;
   as many are kept as were ever used at once. */
typedef struct loods_rsa loods_rsa;

/* Reads a private key in PEM (PKCS#1 or PKCS#8, not encrypted). Null where it is none, or not RSA. */
loods_rsa *loods_rsa_read(const char *pem, size_t length);

/* Makes a key. Null where that fails. */
loods_rsa *loods_rsa_make(int bits);

void loods_rsa_free(loods_rsa *key);

/* The size of its modulus. */
int loods_rsa_bits(const loods_rsa *key);

/* RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2) over a SHA-256 digest. The length of the signature; 0 where it fails, or the
   capacity does not hold it. */
size_t loods_rsa_sign(loods_rsa *key, const uint8_t digest[32], uint8_t *signature, size_t capacity);

/* The public key as SubjectPublicKeyInfo in DER, or the private key as PKCS#8 in PEM. The length; 0 where it fails, or the
   capacity does not hold it. */
size_t loods_rsa_public(const loods_rsa *key, uint8_t *der, size_t capacity);
size_t loods_rsa_private(const loods_rsa *key, char *pem, size_t capacity);

#endif
