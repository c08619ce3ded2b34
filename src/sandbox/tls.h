/* The sandbox's own certificate authority and the server's certificate: made once, kept in the work folder. */
#ifndef SANDBOX_TLS_H
#define SANDBOX_TLS_H

#include "buf.h"
#include "options.h"
#include "workdir.h"

typedef struct TlsIdentity {
    Buf certificate; /* PEM */
    Buf key;         /* PEM */
} TlsIdentity;

/* Gets the server's certificate and key, from ca.pem, ca-key.pem, server.pem and server-key.pem in `dir`, made if they
 * are missing: EC P-256, valid for ten years, for 127.0.0.1, ::1 and localhost. Any kind but CERT_GOOD is made anew
 * each time and kept nowhere: CERT_EXPIRED ended yesterday, CERT_WRONG_HOST is for example.invalid, and no CA has
 * signed CERT_SELF_SIGNED. Gives 0, or -1 after a line on stderr. */
int tls_identity(const Workdir *dir, CertKind kind, TlsIdentity *ret);

void tls_release(TlsIdentity *identity);

#endif
