/*
 * failure: one thing that went wrong, with everything that a person needs to mend it.
 *
 * An operation that fails hands its caller a Failure: the code (which decides the errno), what the API said, its
 * request id, whether anything was sent, and what to do. It is a plain value of fixed size, copied by assignment, so
 * that the path of an error needs no memory. Texts are as they came, unescaped; whoever shows them escapes them.
 */
#ifndef SKY_FAILURE_H
#define SKY_FAILURE_H

enum {
    FAILURE_MESSAGE_BYTES = 512,
    FAILURE_MEND_BYTES = 256,
    FAILURE_ID_BYTES = 80,
};

enum FailureSent {
    FAILURE_NOT_SENT, /* nothing reached the API: trying again is safe */
    FAILURE_ANSWERED, /* the API answered, and this is its answer */
    FAILURE_UNKNOWN,  /* it was sent, and no (whole) answer came */
};

typedef struct Failure {
    int code; /* negative: see error.h */
    enum FailureSent sent;
    int http_status; /* 0: no answer */
    char api_code[FAILURE_ID_BYTES];
    char request_id[FAILURE_ID_BYTES];
    char message[FAILURE_MESSAGE_BYTES]; /* what happened, a sentence; "" means the table's sentence */
    char mend[FAILURE_MEND_BYTES]; /* what to do about it, a sentence; "" if there is no better advice than the message
                                    */
} Failure;

/* A failure of ours, nothing sent: a code, given negative, and a formatted sentence (cut where it is too long). */
Failure failure_make(int code, const char *message_format, ...) __attribute__((format(printf, 2, 3)));
/* Sets the mend, formatted (cut where it is too long). */
void failure_set_mend(Failure *failure, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What happened: the message, or the table's sentence if there is none. Lives as long as the failure. */
const char *failure_sentence(const Failure *failure);

#endif
