#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "commands.h"
#include "error.h"
#include "exit_code.h"
#include "find_program.h"
#include "json.h"
#include "mount_command.h"
#include "mounts.h"
#include "say.h"

enum { LINE_BYTES = 64 << 10, OPTIONS_BYTES = 16 << 10, OPEN_FILES = 16, LOOK_MS = 100 };

/* A sandbox and a mount of it, both children, and what has to be taken away after them. */
typedef struct Demo {
    char *mountpoint;
    bool made_mountpoint;
    char self[PATH_MAX], sandbox[PATH_MAX], folder[PATH_MAX];
    pid_t sandbox_pid, mount_pid; /* 0: not started, or ended */
    Buf line;                     /* what the sandbox says of itself, a JSON object */
    int mount_status;             /* as waitpid() has it */
} Demo;

static int fail(int code, int number, const char *what, const char *mend)
{
    Failure failure = number ? failure_make(code, "%s: %s.", what, strerror(number)) : failure_make(code, "%s", what);

    failure_set_mend(&failure, "%s", mend);
    say_failure(&failure);
    return EXIT_FAILED;
}

/* ---- beginning ---- */

/* The sandbox stands beside this program, or in $PATH; in a build folder each has its own. */
static int find_programs(Demo *demo)
{
    _cleanup_free_ char *folders = NULL;
    const char *path = getenv("PATH");
    ssize_t length = readlink("/proc/self/exe", demo->self, sizeof demo->self - 1);
    const char *slash = length > 0 ? strrchr(demo->self, '/') : NULL;
    int here = slash ? (int)(slash - demo->self) : 0;

    if (!slash)
        return fail(-ERR_NOT_FOUND, errno, "This program does not find itself", "See that /proc is mounted.");
    if (asprintf(&folders, "%.*s:%.*s/../sandbox:%s", here, demo->self, here, demo->self, path ? path : "") < 0) {
        folders = NULL;
        return EXIT_FAILED;
    }
    if (find_program(folders, "skystack-sandbox", demo->sandbox))
        return EXIT_OK;
    return fail(-ERR_NOT_FOUND, 0, "There is no skystack-sandbox beside this program or in $PATH.",
                "Install it: `meson install` and the packages bring it along.");
}

static int make_places(Demo *demo)
{
    const char *place = getenv("TMPDIR");

    if (snprintf(demo->folder, sizeof demo->folder, "%s/skystackfs-demo.XXXXXX", place && *place ? place : "/tmp") >=
            PATH_MAX ||
        !mkdtemp(demo->folder)) {
        demo->folder[0] = '\0';
        return fail(-ERR_DISK, errno, "No folder can be made in $TMPDIR or /tmp", "Make room there.");
    }
    demo->made_mountpoint = mkdir(demo->mountpoint, 0755) == 0;
    if (!demo->made_mountpoint && errno != EEXIST)
        return fail(-ERR_NO_ACCESS, errno, demo->mountpoint, "Name a directory of your own to mount on.");
    return EXIT_OK;
}

/* A child that ends with us, in a session of its own: Ctrl-C is ours to pass on. output: its standard output, or -1. */
static pid_t start(const char *program, char *const *words, int output)
{
    pid_t parent = getpid(), child = fork();
    sigset_t none;

    if (child != 0)
        return child < 0 ? 0 : child;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent && setsid() > 0 && (output < 0 || dup2(output, STDOUT_FILENO) >= 0))
        execv(program, words);
    _exit(EXIT_FAILED);
}

/* A signal that ends us, or 0 after a while, or when a child ended. */
static int rest(const sigset_t *signals)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    int number = sigtimedwait(signals, NULL, &pause);

    return number > 0 && number != SIGCHLD ? number : 0;
}

/* It says one line when it is ready, or ends. Whether it did; a signal ends the wait. */
static bool hear_sandbox(Demo *demo, int output, const sigset_t *signals)
{
    struct pollfd wanted = {.fd = output, .events = POLLIN};
    char chunk[1024];

    while (!memchr(buf_text(&demo->line), '\n', demo->line.len)) {
        ssize_t count;

        if (poll(&wanted, 1, 0) <= 0) {
            if (rest(signals))
                return false;
            continue;
        }
        count = read(output, chunk, sizeof chunk);
        if (count <= 0 || buf_append(&demo->line, chunk, (size_t)count) < 0)
            return false;
    }
    return json_check((Span){buf_text(&demo->line), demo->line.len}, NULL) == 0;
}

static int start_sandbox(Demo *demo, const sigset_t *signals)
{
    char place[PATH_MAX + 16];
    char *words[] = {demo->sandbox, "--dir",          place,  "--instances", "40", "--projects",
                     "2",           "--provision-ms", "3000", NULL};
    bool ready;
    int pipes[2];

    snprintf(place, sizeof place, "%s/sandbox", demo->folder);
    if (pipe2(pipes, O_CLOEXEC) < 0)
        return fail(-ERR_NO_MEMORY, errno, "The sandbox can't be started", "");
    demo->sandbox_pid = start(demo->sandbox, words, pipes[1]);
    close(pipes[1]);
    ready = demo->sandbox_pid && hear_sandbox(demo, pipes[0], signals);
    close(pipes[0]);
    return ready ? EXIT_OK : fail(-ERR_PROTOCOL, 0, "The sandbox did not start.", "");
}

/* NAME=VALUE, with its commas escaped. */
static int add_option(Buf *options, const char *name, const char *value)
{
    int r = buf_printf(options, "%s%s=", options->len ? "," : "", name);

    for (; *value && r == 0; value++) {
        if (*value == ',' || *value == '\\')
            r = buf_append_char(options, '\\');
        if (r == 0)
            r = buf_append_char(options, *value);
    }
    return r;
}

/* A member of what the sandbox said, decoded. */
static int member(const Demo *demo, const char *name, Buf *into)
{
    Span value;

    if (!json_member((Span){buf_text(&demo->line), demo->line.len}, name, &value))
        return -ERR_PROTOCOL;
    return json_string(value, into);
}

static int add_said_option(const Demo *demo, Buf *options, const char *name)
{
    _cleanup_buf_ Buf value = BUF_INIT(LINE_BYTES);
    int r = member(demo, name, &value);

    return r < 0 ? r : add_option(options, name, buf_text(&value));
}

/* What this machine has configured for its real clouds is not for this one: neither files and variables nor a proxy. */
static int start_mount(Demo *demo)
{
    _cleanup_buf_ Buf options = BUF_INIT(OPTIONS_BYTES), endpoint = BUF_INIT(LINE_BYTES);
    char state[PATH_MAX + 16];
    int r = member(demo, "endpoint", &endpoint);

    snprintf(state, sizeof state, "%s/state", demo->folder);
    if (r == 0)
        r = add_said_option(demo, &options, "token_file");
    if (r == 0)
        r = add_said_option(demo, &options, "cacert");
    if (r == 0)
        r = add_option(&options, "state_dir", state);
    if (r == 0)
        r = buf_append_str(&options, ",region=us-east-1,size=standard-2,log=warn");
    if (r < 0)
        return fail(r, 0, error_sentence(r), "");
    setenv("no_proxy", "*", 1);
    demo->mount_pid = start(
        demo->self, (char *[]){MOUNT_BARE_NAME, endpoint.data, demo->mountpoint, "-f", "-o", options.data, NULL}, -1);
    return demo->mount_pid ? EXIT_OK : EXIT_FAILED;
}

/* ---- meanwhile ---- */

typedef struct Look {
    const char *mountpoint;
    bool found;
} Look;

static void look_at(void *ctx, const MountEntry *entry)
{
    Look *look = ctx;

    look->found = look->found || strcmp(entry->mountpoint, look->mountpoint) == 0;
}

static bool is_mounted(const Demo *demo)
{
    Look look = {.mountpoint = demo->mountpoint};

    mounts_each(look_at, &look);
    return look.found;
}

static bool has_ended(pid_t *pid, int *ret_status)
{
    if (*pid == 0 || waitpid(*pid, ret_status, WNOHANG) != *pid)
        return *pid == 0;
    *pid = 0;
    return true;
}

static void say_what_to_try(const Demo *demo)
{
    const char *at = demo->mountpoint;

    printf(
        "A SkyStack with 40 instances is mounted on %s. In another terminal:\n\n"
        "    cd %s\n"
        "    ls prod                              # a folder for each project, a file for each instance\n"
        "    cat prod/web-1.json prod/web-1/ip    # as JSON, and each value by itself\n"
        "    head .table                          # all at a glance\n"
        "    mkdir prod/web-new                   # rents an instance\n"
        "    skystackfs wait prod/web-new running # three seconds\n"
        "    rm prod/web-new.json                 # deletes it; `skystackfs undo` within two seconds takes that back\n"
        "    echo '{\"size\":\"gigantic\"}' | tee prod/huge.json; skystackfs why\n"
        "    skystackfs top                       # all on a screen, as they change\n\n"
        "Ctrl-C ends it, and takes everything away.\n",
        at, at);
    fflush(stdout);
}

/* Until somebody ends it: a signal, whoever unmounts, or one of the two. */
static int attend(Demo *demo, const sigset_t *signals)
{
    bool told = false;
    int status;

    while (!has_ended(&demo->mount_pid, &demo->mount_status)) {
        if (!told && is_mounted(demo)) {
            say_what_to_try(demo);
            told = true;
        }
        if (has_ended(&demo->sandbox_pid, &status))
            return fail(-ERR_REMOTE, 0, "The sandbox ended.", "");
        if (rest(signals))
            return EXIT_OK;
    }
    return WIFEXITED(demo->mount_status) ? WEXITSTATUS(demo->mount_status) : EXIT_FAILED;
}

/* ---- the end ---- */

static void end_child(pid_t *pid)
{
    if (*pid == 0)
        return;
    kill(*pid, SIGTERM);
    while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *pid = 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *where)
{
    (void)st;
    (void)flag;
    (void)where;
    return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

static void take_away(Demo *demo)
{
    end_child(&demo->mount_pid); /* first: it may still have something to send */
    end_child(&demo->sandbox_pid);
    if (demo->folder[0])
        nftw(demo->folder, remove_one, OPEN_FILES, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    if (demo->made_mountpoint)
        rmdir(demo->mountpoint);
    buf_release(&demo->line);
    free(demo->mountpoint);
}

int command_demo(const CommandWords *words)
{
    Demo demo = {.line = BUF_INIT(LINE_BYTES)};
    sigset_t signals;
    int code;

    if (!words->path)
        return say_usage(failure_make(-ERR_INVALID, "`skystackfs demo` needs a MOUNTPOINT."));
    demo.mountpoint = mounts_absolute(words->path);
    if (!demo.mountpoint)
        return EXIT_FAILED;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    code = find_programs(&demo);
    if (code == EXIT_OK)
        code = make_places(&demo);
    if (code == EXIT_OK)
        code = start_sandbox(&demo, &signals);
    if (code == EXIT_OK)
        code = start_mount(&demo);
    if (code == EXIT_OK)
        code = attend(&demo, &signals);
    take_away(&demo);
    return code;
}
