/* Options, sources and token files: the first byte says which, the rest is the text (of a token file: after two bytes of facts). */
#include <curl/curl.h>
#include <unistd.h>

#include "error.h"
#include "fuzz.h"
#include "options.h"
#include "token.h"

/* --- options --- */

static void check_settings(const Settings *settings)
{
    const int64_t durations[] = {
        settings->ttl_ms,     settings->ttl_transition_ms, settings->ttl_projects_ms, settings->stale_if_error_ms,
        settings->timeout_ms, settings->wait_ms,           settings->delete_delay_ms};
    const char *const paths[] = {settings->token_file, settings->cacert, settings->state_dir};

    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++)
        FUZZ_HOLDS(durations[i] >= 0 && durations[i] <= INT64_C(365) * 86400 * 1000);
    FUZZ_HOLDS(settings->timeout_ms > 0);
    FUZZ_HOLDS(settings->requests_per_minute <= 1000000000 && settings->requests_per_day <= 1000000000);
    FUZZ_HOLDS(settings->umask <= 0777 && settings->uid != (uid_t)-1 && settings->gid != (gid_t)-1);
    FUZZ_HOLDS(settings->log_level >= LOG_LEVEL_ERROR && settings->log_level <= LOG_LEVEL_DEBUG);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        FUZZ_HOLDS(!paths[i] || paths[i][0] == '/');
}

static void check_said(int r, const Failure *failure)
{
    FUZZ_HOLDS(r == 0 || (r < 0 && failure->code == r && failure->message[0] && failure->mend[0]));
}

static void check_options(const char *text)
{
    Failure failure = {0};
    Settings settings;
    int r;

    settings_init(&settings);
    r = options_parse(&settings, text, &failure);
    check_said(r, &failure);
    check_settings(&settings);
    settings_release(&settings);
}

/* --- sources --- */

/* What libcurl makes of the endpoint, if it takes it at all: a host, perhaps a port, over HTTPS, and nothing else. */
static void check_endpoint(const char *endpoint)
{
    static const CURLUPart absent[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY,
                                       CURLUPART_FRAGMENT};
    CURLU *url = curl_url();
    char *part = NULL;

    FUZZ_HOLDS(strncmp(endpoint, "https://", 8) == 0 && endpoint[strlen(endpoint) - 1] != '/');
    if (url && curl_url_set(url, CURLUPART_URL, endpoint, 0) == CURLUE_OK) {
        for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
            FUZZ_HOLDS(curl_url_get(url, absent[i], &part, 0) != CURLUE_OK);
        FUZZ_HOLDS(curl_url_get(url, CURLUPART_SCHEME, &part, 0) == CURLUE_OK && strcmp(part, "https") == 0);
        curl_free(part);
        FUZZ_HOLDS(curl_url_get(url, CURLUPART_PATH, &part, 0) == CURLUE_OK && strcmp(part, "/") == 0);
        curl_free(part);
    }
    curl_url_cleanup(url);
}

static void check_source(const char *text)
{
    Failure failure = {0};
    Settings settings;
    int r;

    settings_init(&settings);
    r = source_parse(&settings, text, &failure);
    check_said(r, &failure);
    if (r == 0) {
        FUZZ_HOLDS(strcmp(settings.source, text) == 0);
        check_endpoint(settings.endpoint);
    }
    settings_release(&settings);
}

/* --- token files --- */

typedef struct TokenFile {
    Fsio fsio; /* first */
    FsioFacts facts;
    int code;
    Span text;
} TokenFile;

static int read_token(Fsio *fsio, const char *path, Buf *into, FsioFacts *ret_facts)
{
    TokenFile *file = (TokenFile *)fsio;

    (void)path;
    *ret_facts = file->facts;
    return file->code < 0 ? file->code : buf_append(into, file->text.at, file->text.len);
}

/* The file's bytes but for one line end, and nothing that a header could not carry. */
static void check_token(const TokenFile *file, const Token *token)
{
    Span wanted = file->text;

    FUZZ_HOLDS(file->code == 0 && file->facts.is_regular && !file->facts.is_link);
    FUZZ_HOLDS(file->facts.mode == 0600 || file->facts.mode == 0400);
    FUZZ_HOLDS(file->facts.owner == 0 || file->facts.owner == geteuid());
    if (wanted.len > 0 && wanted.at[wanted.len - 1] == '\n')
        wanted.len--;
    if (wanted.len > 0 && wanted.at[wanted.len - 1] == '\r')
        wanted.len--;
    FUZZ_HOLDS(span_is(wanted, token->text) && wanted.len > 0 && wanted.len <= TOKEN_BYTES_MAX);
    for (size_t i = 0; i < wanted.len; i++)
        FUZZ_HOLDS(wanted.at[i] > 0x20 && wanted.at[i] < 0x7F);
}

static void check_token_file(Fuzz *fuzz)
{
    static const FsioOps ops = {.read = read_token};
    static const mode_t modes[] = {0600, 0400, 0640, 0644, 0600, 0400, 0000, 0700};
    static const int codes[] = {0, 0, 0, 0, 0, -ERR_NOT_FOUND, -ERR_NO_ACCESS, -ERR_DISK};
    uint8_t facts = fuzz_byte(fuzz), more = fuzz_byte(fuzz);
    TokenFile file = {.fsio.ops = &ops, .code = codes[more & 7]};
    TokenSource source = {.file = "/token", .named = "token_file=/token"};
    Failure failure = {0};
    Token token;
    int r;

    file.facts = (FsioFacts){.owner = facts & 8    ? 4242
                                      : facts & 16 ? 0
                                                   : geteuid(),
                             .mode = modes[facts & 7],
                             .is_link = facts & 32,
                             .is_regular = !(facts & 64)};
    file.text = fuzz_rest(fuzz);
    memset(&token, 'x', sizeof token);
    r = token_load(&source, &file.fsio, &token, &failure);
    check_said(r, &(Failure){.code = failure.code, .message = "?", .mend = "?"});
    if (r == 0)
        check_token(&file, &token);
    else
        FUZZ_HOLDS(failure.message[0] && (file.text.len < 12 || !memmem(failure.message, strlen(failure.message),
                                                                        file.text.at, file.text.len)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    Fuzz fuzz = {bytes, count};
    uint8_t which = fuzz_byte(&fuzz);
    char *text;

    fuzz_quiet();
    if (which == 't') {
        check_token_file(&fuzz);
        return 0;
    }
    text = fuzz_text(fuzz_rest(&fuzz));
    if (which == 's')
        check_source(text);
    else
        check_options(text);
    free(text);
    return 0;
}
