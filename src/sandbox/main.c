#include "admin.h"
#include "http.h"
#include "listen.h"
#include "mem.h"
#include "seed.h"
#include "serve.h"
#include "webhook_post.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The two servers and what they serve. */
typedef struct Program {
    Sandbox sandbox;
    TlsIdentity tls;
    Http *api, *admin;
} Program;

static bool complain(const char *what, int error)
{
    fprintf(stderr, "skystack-sandbox: %s: %s\n", what, strerror(-error));
    return false;
}

/* Signals are waited for by the main thread alone; blocked before any other thread begins. */
static void block_signals(sigset_t *ret)
{
    sigemptyset(ret);
    sigaddset(ret, SIGTERM);
    sigaddset(ret, SIGINT);
    sigaddset(ret, SIGHUP);
    pthread_sigmask(SIG_BLOCK, ret, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void follow_parent(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        raise(SIGTERM);
}

static bool open_sandbox(Sandbox *sandbox, const Options *options)
{
    int error = workdir_open(options->dir, &sandbox->dir);
    if (error)
        return complain(options->dir ? options->dir : "temporary folder", error);
    settings_init(&sandbox->settings, options);
    sandbox->environment = (Environment)options->environment;
    sandbox->faults = faults_new();
    sandbox->log = reqlog_new();
    sandbox->counts = counts_new();
    sandbox->tokens = tokens_open(&sandbox->dir, sandbox->environment);
    char *path = workdir_file(&sandbox->dir, "sandbox.db");
    sandbox->store = sandbox->tokens ? store_open(path) : NULL;
    free(path);
    if (!sandbox->store)
        return false;
    seed_fill(sandbox->store, options->projects, options->instances);
    sandbox->webhook = webhook_open(options, sandbox->store, &sandbox->stopping);
    return sandbox->webhook;
}

static void close_sandbox(Sandbox *sandbox)
{
    webhook_close(sandbox->webhook);
    faults_free(sandbox->faults);
    reqlog_free(sandbox->log);
    counts_free(sandbox->counts);
    tokens_close(sandbox->tokens);
    store_close(sandbox->store);
    workdir_close(&sandbox->dir);
    free(sandbox->endpoint);
    free(sandbox->admin);
}

static void on_connection(void *arg)
{
    Sandbox *sandbox = arg;
    counts_connection(sandbox->counts);
}

static bool listen_both(Sandbox *sandbox, ListenAt at, int *ret_api, int *ret_admin)
{
    ListenAt beside = at;
    beside.port = 0;
    int api = listen_open(&at);
    if (api < 0)
        return complain("cannot listen", api);
    int admin = listen_open(&beside);
    if (admin < 0) {
        close(api);
        return complain("cannot listen", admin);
    }
    sandbox->endpoint = listen_url(&at, "https");
    sandbox->admin = listen_url(&beside, "http");
    *ret_api = api;
    *ret_admin = admin;
    return true;
}

static bool start(Program *program, const ListenAt *at, const Options *options)
{
    Sandbox *sandbox = &program->sandbox;
    int api = -1, admin = -1;
    if (!open_sandbox(sandbox, options) ||
        tls_identity(&sandbox->dir, (CertKind)options->certificate, &program->tls) != 0 ||
        !listen_both(sandbox, *at, &api, &admin))
        return false;
    program->api = http_start(&(HttpPlan){.socket = api,
                                          .tls = &program->tls,
                                          .tls_max = (TlsMax)options->tls_max,
                                          .handler = serve_api,
                                          .connected = on_connection,
                                          .arg = sandbox,
                                          .stop = &sandbox->stopping});
    program->admin =
        http_start(&(HttpPlan){.socket = admin, .handler = serve_admin, .arg = sandbox, .stop = &sandbox->stopping});
    if (!program->api || !program->admin)
        fputs("skystack-sandbox: cannot start the server\n", stderr);
    return program->api && program->admin;
}

static void stop(Program *program)
{
    program->sandbox.stopping = true;
    http_stop(program->api);
    http_stop(program->admin);
    tls_release(&program->tls);
    close_sandbox(&program->sandbox);
}

static void put_file(Buf *out, const char *key, const Workdir *dir, const char *name)
{
    char *path = workdir_file(dir, name);
    buf_printf(out, ",\"%s\":", key);
    buf_puts_json(out, path);
    free(path);
}

static void announce(const Sandbox *sandbox)
{
    Buf line = {0};
    buf_puts(&line, "{\"endpoint\":");
    buf_puts_json(&line, sandbox->endpoint);
    put_file(&line, "cacert", &sandbox->dir, "ca.pem");
    put_file(&line, "token_file", &sandbox->dir, "token");
    buf_puts(&line, ",\"admin\":");
    buf_puts_json(&line, sandbox->admin);
    buf_puts(&line, "}");
    puts(line.data);
    fflush(stdout);
    buf_release(&line);
}

int main(int argc, char **argv)
{
    Options options;
    ListenAt at;
    const char *why = NULL;
    pid_t parent = getppid();
    int result = options_parse(argc, argv, &options);
    if (result != OPTIONS_GO_ON)
        return result;
    if (!listen_parse(options.listen, &at, &why)) {
        fprintf(stderr, "skystack-sandbox: --listen: %s\n", why);
        return 2;
    }
    if (options.webhook && !post_takes_url(options.webhook)) {
        fputs("skystack-sandbox: --webhook: a URL is wanted, http:// or https://\n", stderr);
        return 2;
    }
    sigset_t signals;
    block_signals(&signals);
    if (options.exit_with_parent)
        follow_parent(parent);
    Program *program = mem_new(sizeof *program);
    bool started = start(program, &at, &options);
    if (started) {
        announce(&program->sandbox);
        sigwait(&signals, &result);
    }
    stop(program);
    free(program);
    return started ? 0 : 1;
}
