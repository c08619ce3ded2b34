/* The command line: one table makes the parser, the checks and --help. */
#ifndef SANDBOX_OPTIONS_H
#define SANDBOX_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum Pagination { PAGINATION_CURSOR, PAGINATION_PAGE } Pagination;
typedef enum Rows { ROWS_FULL, ROWS_SUMMARY } Rows;
typedef enum CertKind { CERT_GOOD, CERT_EXPIRED, CERT_WRONG_HOST, CERT_SELF_SIGNED } CertKind;
typedef enum TlsMax { TLS_MAX_1_3, TLS_MAX_1_2, TLS_MAX_1_1 } TlsMax;
typedef enum Environment { ENVIRONMENT_SANDBOX, ENVIRONMENT_PRODUCTION } Environment;

typedef struct Options {
    const char *listen;                                         /* ADDRESS:PORT as given; not checked here */
    const char *dir;                                            /* NULL: a temporary folder */
    const char *webhook, *webhook_secret_file, *webhook_cacert; /* NULL: none; the first is not checked here */
    int64_t instances, projects;
    int64_t provision_ms, latency_ms;
    int64_t rate_minute, rate_day; /* 0: no limit */
    int64_t pagination;            /* a Pagination */
    int64_t rows;                  /* a Rows */
    int64_t certificate;           /* a CertKind */
    int64_t tls_max;               /* a TlsMax */
    int64_t environment;           /* an Environment */
    int64_t updates, etag, rate_headers, exit_with_parent;
} Options;

/* What parsing came to: go on, or leave with this exit status. */
enum { OPTIONS_GO_ON = -1 };

/* Fills `ret` with defaults and the arguments. Gives OPTIONS_GO_ON; or 0 after --help and --version were printed; or 2
 * after one line on stderr that says what is wrong. Texts in `ret` point into argv. */
int options_parse(int argc, char **argv, Options *ret);

/* Calls with each option as --help shows it: its name, its value ("" for a flag), and what it is for. */
void options_each(void (*each)(const char *name, const char *value, const char *help));

#endif
