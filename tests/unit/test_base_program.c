/* Programs that are run for what they print, and files that are watched, on the real loop. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "filewatch.h"
#include "program.h"
#include "secret.h"
#include "test_disk_fakes.h"
#include "words.h"

enum { PATIENCE_MS = 5000 };

static Loop *loop;
static Timer *patience;
static unsigned calls;

static void give_up(void *ctx)
{
    (void)ctx;
    loop_stop(loop);
}

static int open_loop(void **state)
{
    (void)state;
    calls = 0;
    loop = loop_new();
    patience = loop ? timer_new(loop_clock(loop), give_up, NULL) : NULL;
    return patience ? 0 : -1;
}

static int close_loop(void **state)
{
    (void)state;
    timer_free(patience);
    loop_free(loop);
    return 0;
}

static void run_for(int64_t ms)
{
    timer_start(patience, ms);
    loop_run(loop);
    timer_stop(patience);
}

/* ---- programs ---- */

typedef struct Ran {
    ProgramEnd end;
    char output[256], complaint[256];
} Ran;

static void on_ran(void *ctx, const ProgramEnd *end)
{
    Ran *ran = ctx;

    calls++;
    ran->end = *end;
    memcpy(ran->output, end->output, end->output_bytes);
    memcpy(ran->complaint, end->complaint, end->complaint_bytes);
    loop_stop(loop);
}

static int run(char *const *words, size_t output_cap, int64_t timeout_ms, Ran *ret_ran)
{
    const ProgramOrder order = {.words = words, .output_cap = output_cap, .timeout_ms = timeout_ms};
    Programs *programs = programs_new(loop);
    Program *program;
    int r;

    memset(ret_ran, 0, sizeof *ret_ran);
    assert_non_null(programs);
    r = programs_start(programs, &order, on_ran, ret_ran, &program);
    assert_int_equal(calls, 0);
    if (r == 0)
        run_for(PATIENCE_MS);
    programs_free(programs);
    return r;
}

static void a_program_tells_what_it_printed_and_how_it_ended(void **state)
{
    char *words[] = {"sh", "-c", "echo out; echo err >&2; exit 3", NULL};
    Ran ran;

    (void)state;
    assert_int_equal(run(words, 100, PATIENCE_MS, &ran), 0);
    assert_int_equal(calls, 1);
    assert_int_equal(ran.end.code, 0);
    assert_int_equal(ran.end.status, 3);
    assert_string_equal(ran.output, "out\n");
    assert_string_equal(ran.complaint, "err\n");
}

static void its_words_go_to_no_shell(void **state)
{
    char *words[] = {"printf", "%s|", "a b", "$HOME", "`id`", "", NULL};
    Ran ran;

    (void)state;
    assert_int_equal(run(words, 100, PATIENCE_MS, &ran), 0);
    assert_string_equal(ran.output, "a b|$HOME|`id`||");
}

static void one_that_is_not_there_is_said_at_once(void **state)
{
    char *words[] = {"/no/such/program", NULL};
    Ran ran;

    (void)state;
    assert_int_equal(run(words, 100, PATIENCE_MS, &ran), -ERR_NOT_FOUND);
}

static void what_an_output_may_hold_is_taken_and_a_byte_more_is_too_big(void **state)
{
    char *words[] = {"printf", "1234567890", NULL};
    Ran ran;

    (void)state;
    assert_int_equal(run(words, 10, PATIENCE_MS, &ran), 0);
    assert_int_equal(ran.end.code, 0);
    assert_string_equal(ran.output, "1234567890");
    calls = 0;
    assert_int_equal(run(words, 9, PATIENCE_MS, &ran), 0);
    assert_int_equal(ran.end.code, -ERR_TOO_BIG);
}

/* Gone, or a zombie that nobody has asked for yet. */
static bool has_ended(pid_t pid)
{
    char path[64], line[512] = "";
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (!file)
        return true;
    if (!fgets(line, sizeof line, file))
        line[0] = '\0';
    fclose(file);
    return !line[0] || strstr(line, ") Z");
}

static void one_without_end_is_ended_with_its_children(void **state)
{
    char *endless[] = {"yes", NULL}, *slow[] = {"sh", "-c", "sleep 60 & echo $! >&2; wait", NULL};
    Ran ran;
    pid_t child = 0;

    (void)state;
    assert_int_equal(run(endless, 100, PATIENCE_MS, &ran), 0);
    assert_int_equal(ran.end.code, -ERR_TOO_BIG);
    /* A shell on a busy machine may be ended before it has a child. */
    for (int64_t patience_ms = 200; child == 0 && patience_ms <= PATIENCE_MS; patience_ms *= 2) {
        calls = 0;
        assert_int_equal(run(slow, 100, patience_ms, &ran), 0);
        assert_int_equal(ran.end.code, -ERR_TIMEOUT);
        assert_int_equal(ran.end.signal, SIGKILL);
        child = (pid_t)strtol(ran.complaint, NULL, 10);
    }
    assert_true(child > 1);
    for (int i = 0; i < 1000 && !has_ended(child); i++)
        usleep(10000);
    assert_true(has_ended(child));
}

static void what_it_leaves_behind_is_not_waited_for(void **state)
{
    char *words[] = {"sh", "-c", "sleep 3 & echo token", NULL};
    int64_t began_ms = clock_now_ms(loop_clock(loop));
    Ran ran;

    (void)state;
    assert_int_equal(run(words, 100, PATIENCE_MS, &ran), 0);
    assert_string_equal(ran.output, "token\n");
    assert_true(clock_now_ms(loop_clock(loop)) - began_ms < 2000);
}

static void a_program_inherits_its_three_descriptors_alone(void **state)
{
    char *words[] = {"sh", "-c", "set -- /proc/$$/fd/*; echo $#; readlink /proc/$$/fd/0 /proc/$$/cwd", NULL};
    int left_open = dup(0);
    Ran ran;

    (void)state;
    assert_true(left_open >= 3);
    assert_int_equal(run(words, 100, PATIENCE_MS, &ran), 0);
    close(left_open);
    /* and that of the directory that is read */
    assert_string_equal(ran.output, "4\n/dev/null\n/\n");
}

static void a_cancelled_program_is_killed_and_tells_nothing(void **state)
{
    char *words[] = {"sh", "-c", "sleep 0.3; touch \"$0\"", NULL, NULL};
    const ProgramOrder order = {.words = words, .output_cap = 10, .timeout_ms = PATIENCE_MS};
    _cleanup_folder_ Folder folder = folder_make();
    Programs *programs = programs_new(loop);
    char path[128];
    Program *program;

    (void)state;
    assert_non_null(programs);
    snprintf(path, sizeof path, "%s/lived", folder.path);
    words[3] = path;
    assert_int_equal(programs_start(programs, &order, on_ran, NULL, &program), 0);
    program_cancel(program);
    run_for(600);
    assert_int_equal(calls, 0);
    assert_int_not_equal(access(path, F_OK), 0);
    programs_free(programs);
}

static void a_command_is_cut_into_words_without_a_shell(void **state)
{
    static const struct {
        const char *text;
        const char *words[4];
    } rows[] = {
        {"echo hello", {"echo", "hello"}},
        {"  echo\t hello ", {"echo", "hello"}},
        {"echo \"hello with space\"", {"echo", "hello with space"}},
        {"echo \"hello with \"\"quotes\"\" and space\"", {"echo", "hello with \"quotes\" and space"}},
        {"echo \"\" '$x' \\", {"echo", "", "'$x'", "\\"}},
        {"/bin/echo", {"/bin/echo"}},
    };
    static const char *const bad[] = {"", "  ", "\"\"", "\"echo", "ec\"ho\"", "\"echo\"x", "echo \"a"};
    char **words;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t count = 0;

        assert_int_equal(words_split(rows[i].text, &words), 0);
        for (; words[count]; count++)
            assert_string_equal(words[count], rows[i].words[count]);
        assert_true(count == 4 || !rows[i].words[count]);
        words_free(words);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(words_split(bad[i], &words), -ERR_INVALID);
    assert_int_equal(words_split("./give me", &words), 0);
    assert_int_equal(words[0][0], '/');
    words_free(words);
    words_free(NULL);
}

/* ---- files ---- */

static void on_changed(void *ctx)
{
    (void)ctx;
    calls++;
    loop_stop(loop);
}

static void put(const char *folder, const char *name, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void move(const char *folder, const char *from, const char *to)
{
    char path[256], new_path[256];

    snprintf(path, sizeof path, "%s/%s", folder, from);
    snprintf(new_path, sizeof new_path, "%s/%s", folder, to);
    assert_int_equal(rename(path, new_path), 0);
}

static void sees_a_change(void)
{
    calls = 0;
    run_for(PATIENCE_MS);
    assert_int_equal(calls, 1);
}

static void sees_nothing(void)
{
    calls = 0;
    run_for(3 * FILEWATCH_SETTLE_MS);
    assert_int_equal(calls, 0);
}

static FileWatch *watch(FileWatcher *watcher, const char *folder, const char *name)
{
    FileWatch *watch = NULL;
    char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_non_null(watcher);
    assert_int_equal(filewatch_start(watcher, path, on_changed, NULL, &watch), 0);
    return watch;
}

static void a_file_is_seen_to_be_rewritten_replaced_removed_and_made(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    FileWatcher *watcher = filewatcher_new(loop);
    FileWatch *it = watch(watcher, folder.path, "token");
    char path[128];

    (void)state;
    put(folder.path, "token", "one");
    sees_a_change();
    put(folder.path, "token", "two");
    sees_a_change();
    put(folder.path, "token.new", "three");
    sees_nothing();
    move(folder.path, "token.new", "token");
    sees_a_change();
    snprintf(path, sizeof path, "%s/token", folder.path);
    unlink(path);
    sees_a_change();
    sees_nothing();
    filewatch_stop(it);
    filewatcher_free(watcher);
}

/* The way that Kubernetes changes what a volume of secrets holds. */
static void a_directory_behind_a_link_is_seen_to_be_exchanged(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    FileWatcher *watcher = filewatcher_new(loop);
    char first[128], second[128], link_path[128];
    FileWatch *it;

    (void)state;
    snprintf(first, sizeof first, "%s/..1", folder.path);
    snprintf(second, sizeof second, "%s/..2", folder.path);
    snprintf(link_path, sizeof link_path, "%s/..new", folder.path);
    assert_int_equal(mkdir(first, 0700) | mkdir(second, 0700), 0);
    put(first, "token", "one");
    put(second, "token", "two");
    assert_int_equal(symlink("..1", link_path), 0);
    move(folder.path, "..new", "..data");
    it = watch(watcher, folder.path, "..data/token");
    assert_int_equal(symlink("..2", link_path), 0);
    sees_nothing();
    move(folder.path, "..new", "..data");
    sees_a_change();
    put(second, "token", "three");
    sees_a_change();
    filewatch_stop(it);
    filewatcher_free(watcher);
}

static void a_directory_that_is_made_anew_is_watched_again(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    FileWatcher *watcher = filewatcher_new(loop);
    char inner[128], path[160];
    FileWatch *it, *none = NULL;

    (void)state;
    snprintf(inner, sizeof inner, "%s/inner", folder.path);
    snprintf(path, sizeof path, "%s/token", inner);
    assert_non_null(watcher);
    assert_int_equal(filewatch_start(watcher, path, on_changed, NULL, &none), -ERR_NOT_FOUND);
    assert_int_equal(mkdir(inner, 0700), 0);
    it = watch(watcher, inner, "token");
    assert_int_equal(rmdir(inner), 0);
    assert_int_equal(mkdir(inner, 0700), 0);
    sees_a_change();
    put(inner, "token", "one");
    sees_a_change();
    filewatch_stop(it);
    filewatcher_free(watcher);
}

/* ---- secrets ---- */

/* The flags of a mapping, as /proc tells them; "" if it is not there. */
static void flags_of(const void *at, char ret_flags[512])
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    char line[512], begin[32];
    bool here = false;

    ret_flags[0] = '\0';
    assert_non_null(maps);
    snprintf(begin, sizeof begin, "%08lx-", (unsigned long)(uintptr_t)at);
    while (fgets(line, sizeof line, maps)) {
        if (strncmp(line, begin, strlen(begin)) == 0)
            here = true;
        if (here && strncmp(line, "VmFlags:", 8) == 0) {
            memcpy(ret_flags, line, sizeof line);
            break;
        }
    }
    fclose(maps);
}

static void a_secret_is_not_dumped_and_not_inherited(void **state)
{
    enum { BYTES = 10000 };
    char *secret = secret_new(BYTES), flags[512];

    (void)state;
    assert_non_null(secret);
    assert_int_equal(secret[BYTES - 1], 0);
    flags_of(secret, flags);
    assert_non_null(strstr(flags, " dd"));
    assert_non_null(strstr(flags, " dc"));
    secret_free(secret, BYTES);
    flags_of(secret, flags);
    assert_string_equal(flags, "");
    secret_free(NULL, BYTES);
    secret_free_block(NULL);
}

#define ON_LOOP(test) cmocka_unit_test_setup_teardown(test, open_loop, close_loop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_LOOP(a_program_tells_what_it_printed_and_how_it_ended),
        ON_LOOP(its_words_go_to_no_shell),
        ON_LOOP(one_that_is_not_there_is_said_at_once),
        ON_LOOP(what_an_output_may_hold_is_taken_and_a_byte_more_is_too_big),
        ON_LOOP(one_without_end_is_ended_with_its_children),
        ON_LOOP(what_it_leaves_behind_is_not_waited_for),
        ON_LOOP(a_program_inherits_its_three_descriptors_alone),
        ON_LOOP(a_cancelled_program_is_killed_and_tells_nothing),
        cmocka_unit_test(a_command_is_cut_into_words_without_a_shell),
        ON_LOOP(a_file_is_seen_to_be_rewritten_replaced_removed_and_made),
        ON_LOOP(a_directory_behind_a_link_is_seen_to_be_exchanged),
        ON_LOOP(a_directory_that_is_made_anew_is_watched_again),
        cmocka_unit_test(a_secret_is_not_dumped_and_not_inherited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
