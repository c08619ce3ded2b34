/*
 * The journal. Without a first byte 'd', the bytes are one record, once as they are and once behind a first line whose checksum
 * fits, since chance would never find one. With it, they are a directory: files with 0xFF 0xFE between them, each a number's
 * byte, a byte about its name, and its record.
 */
#include "crc32c.h"
#include "error.h"
#include "fuzz.h"
#include "intent.h"
#include "memory_files.h"
#include "test_disk_fakes.h"

enum { FILES_MAX = 12 };

/* --- one record --- */

static bool same_string(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_failure(const Failure *a, const Failure *b)
{
    return a->code == b->code && a->sent == b->sent && a->http_status == b->http_status &&
           same_string(a->api_code, b->api_code) && same_string(a->request_id, b->request_id) &&
           same_string(a->message, b->message) && same_string(a->mend, b->mend);
}

static bool same_intent(const Intent *a, const Intent *b)
{
    return a->kind == b->kind && a->state == b->state && same_string(a->project_id, b->project_id) &&
           same_string(a->name, b->name) && same_string(a->id, b->id) && same_string(a->body, b->body) &&
           same_string(a->known_ids, b->known_ids) && a->wall_ms == b->wall_ms && a->uid == b->uid &&
           span_equal((Span){a->text, a->text_bytes}, (Span){b->text, b->text_bytes}) &&
           same_failure(&a->failure, &b->failure);
}

/* What can be read can be written, and then read again as the same. */
static void check_decoded(const Intent *intent)
{
    Buf bytes = BUF_INIT(FUZZ_BUF_CAP), again = BUF_INIT(FUZZ_BUF_CAP);
    const char *reason = NULL;
    Intent copy;

    FUZZ_HOLDS(intent->kind <= INTENT_DELETE && intent->state <= INTENT_REJECTED);
    FUZZ_HOLDS(intent->text && intent->text[intent->text_bytes] == '\0');
    FUZZ_HOLDS(intent->failure.code <= 0 && intent->failure.code > -ERR_COUNT);
    FUZZ_HOLDS(intent_encode(intent, &bytes) == 0);
    FUZZ_HOLDS(intent_decode(fuzz_span(&bytes), &copy, &reason) == 0);
    FUZZ_HOLDS(same_intent(intent, &copy));
    FUZZ_HOLDS(intent_encode(&copy, &again) == 0 && span_equal(fuzz_span(&bytes), fuzz_span(&again)));
    /* any byte less, or another one, is noticed */
    FUZZ_HOLDS(intent_decode((Span){bytes.data, bytes.len - 1}, &(Intent){0}, &reason) == -ERR_PROTOCOL);
    bytes.data[bytes.len / 2] ^= 1;
    FUZZ_HOLDS(intent_decode(fuzz_span(&bytes), &(Intent){0}, &reason) == -ERR_PROTOCOL);
    intent_release(&copy);
    buf_release(&bytes);
    buf_release(&again);
}

static void check_record(Span bytes)
{
    const char *reason = NULL;
    Intent intent;

    if (intent_decode(bytes, &intent, &reason) < 0) {
        FUZZ_HOLDS(reason && reason[0]);
        return;
    }
    check_decoded(&intent);
    intent_release(&intent);
}

/* The bytes as what follows a checksum; where they begin with a brace, as the object and then the text. */
static void put_record(Span bytes, Buf *into)
{
    Buf rest = BUF_INIT(FUZZ_BUF_CAP);
    const char *newline = bytes.len > 0 && bytes.at[0] == '{' ? memchr(bytes.at, '\n', bytes.len) : NULL;
    size_t object = newline ? (size_t)(newline - bytes.at) + 1 : 0;

    if (newline)
        FUZZ_HOLDS(buf_printf(&rest, " %zu %zu\n", object, bytes.len - object) == 0);
    FUZZ_HOLDS(buf_append(&rest, bytes.at, bytes.len) == 0);
    FUZZ_HOLDS(buf_printf(into, "skystackfs-intent 1 %08x", crc32c(0, fuzz_span(&rest))) == 0);
    FUZZ_HOLDS(buf_append(into, buf_text(&rest), rest.len) == 0);
    buf_release(&rest);
}

/* --- a directory --- */

static Span next_file(Fuzz *fuzz)
{
    const uint8_t *end = fuzz->left > 0 ? memmem(fuzz->at, fuzz->left, "\xFF\xFE", 2) : NULL;
    Span file = {(const char *)fuzz->at, end ? (size_t)(end - fuzz->at) : fuzz->left};
    size_t taken = end ? file.len + 2 : file.len;

    fuzz->at += taken;
    fuzz->left -= taken;
    return file;
}

static void put_file(MemoryFiles *files, Span file)
{
    static const struct {
        const char *before, *after;
    } forms[] = {{"", ".intent"},
                 {"", ".intent"},
                 {"", ".intent"},
                 {"", ".intent.new"},
                 {"0", ".intent"},
                 {"x", ".intent"},
                 {"", "99999999999999999999.intent"},
                 {"", ".intent.new.new"}};
    Fuzz fuzz = {(const uint8_t *)file.at, file.len};
    unsigned number = fuzz_byte(&fuzz), form = fuzz_byte(&fuzz);
    char path[128];
    Buf record = BUF_INIT(FUZZ_BUF_CAP);

    snprintf(path, sizeof path, "/state/intents/%s%u%s", forms[form & 7].before, number, forms[form & 7].after);
    if (form & 8)
        FUZZ_HOLDS(buf_append(&record, fuzz.at, fuzz.left) == 0);
    else
        put_record(fuzz_rest(&fuzz), &record);
    memory_files_put(files, path, fuzz_span(&record));
    buf_release(&record);
}

static size_t check_opened(const Journal *journal)
{
    size_t count = 0;
    uint64_t before = 0;

    for (const Intent *each = journal_next(journal, 0); each; each = journal_next(journal, before)) {
        FUZZ_HOLDS(each->number > before && journal_find(journal, each->number) == each);
        before = each->number;
        count++;
    }
    return count;
}

static void on_begun(void *ctx, int code, const Intent *intent)
{
    FUZZ_HOLDS(code == 0 && intent);
    *(uint64_t *)ctx = intent->number;
}

/* A new intent gets a number that no file has, and is there when the journal is opened again. */
static void check_begin(MemoryFiles *files, FakeWorker *worker, Journal *journal, size_t count)
{
    Intent intent = {
        .kind = INTENT_CREATE, .name = (char[]){"web"}, .text = (char[]){"{}"}, .text_bytes = 2, .wall_ms = 1};
    unsigned damage;
    uint64_t number = 0;
    Failure failure;

    FUZZ_HOLDS(journal_begin(journal, &intent, on_begun, &number) == 0);
    fake_drain(&worker->worker);
    FUZZ_HOLDS(number > 0 && check_opened(journal) == count + 1);
    journal_close(journal);
    FUZZ_HOLDS(journal_open(&files->fsio, &worker->worker, "/state", &journal, &damage, &failure) == 0);
    FUZZ_HOLDS(check_opened(journal) == count + 1 && journal_find(journal, number));
    journal_end(journal, number);
    fake_drain(&worker->worker);
    FUZZ_HOLDS(check_opened(journal) == count);
    journal_close(journal);
}

static void check_directory(Fuzz *fuzz)
{
    FakeWorker worker = FAKE_WORKER;
    unsigned damage = 0, whole = 0;
    Failure failure = {0};
    MemoryFiles files;
    Journal *journal;
    size_t count;

    memory_files_init(&files);
    for (int i = 0; i < FILES_MAX && fuzz->left > 0; i++)
        put_file(&files, next_file(fuzz));
    FUZZ_HOLDS(journal_open(&files.fsio, &worker.worker, "/state", &journal, &damage, &failure) == 0);
    FUZZ_HOLDS((damage > 0) == (failure.code < 0));
    count = check_opened(journal);
    for (size_t i = 0; i < MEMORY_FILES_MAX; i++) {
        const char *path = files.files[i].path;

        whole += path && strlen(path) > 7 && strcmp(path + strlen(path) - 7, ".intent") == 0;
    }
    FUZZ_HOLDS(count + damage == whole);
    check_begin(&files, &worker, journal, count);
    memory_files_release(&files);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    Fuzz fuzz = {bytes, count};
    Buf record = BUF_INIT(FUZZ_BUF_CAP);
    Span all = {(const char *)bytes, count};

    fuzz_quiet();
    if (count > 0 && bytes[0] == 'd') {
        fuzz_byte(&fuzz);
        check_directory(&fuzz);
        return 0;
    }
    check_record(all);
    put_record(all, &record);
    check_record(fuzz_span(&record));
    buf_release(&record);
    return 0;
}
