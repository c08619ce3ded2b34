#include "options.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef SKYSTACKFS_VERSION
#define SKYSTACKFS_VERSION "unknown"
#endif

typedef enum OptionKind { KIND_TEXT, KIND_NUMBER, KIND_CHOICE, KIND_FLAG } OptionKind;

typedef struct Option {
    const char *name;
    OptionKind kind;
    size_t field;      /* where the value goes in Options */
    const char *value; /* for people; for a choice the words, in the order of their numbers, with | between */
    int64_t max;
    const char *help;
} Option;

#define FIELD(name) offsetof(Options, name)

static const Option options[] = {
    {"--listen", KIND_TEXT, FIELD(listen), "ADDRESS:PORT", 0, "where to serve, on loopback only (127.0.0.1:0)"},
    {"--dir", KIND_TEXT, FIELD(dir), "DIR", 0, "keep state and certificates in DIR (a temporary folder)"},
    {"--instances", KIND_NUMBER, FIELD(instances), "N", 10000000, "instances to begin with, if there are none yet (3)"},
    {"--projects", KIND_NUMBER, FIELD(projects), "N", 100000, "projects to begin with, if there are none yet (2)"},
    {"--pagination", KIND_CHOICE, FIELD(pagination), "cursor|page", 0, "how lists are cut (cursor)"},
    {"--rows", KIND_CHOICE, FIELD(rows), "full|summary", 0, "what a list shows of an instance (full)"},
    {"--provision-ms", KIND_NUMBER, FIELD(provision_ms), "N", INT32_MAX,
     "how long a new instance is provisioning (3000)"},
    {"--latency-ms", KIND_NUMBER, FIELD(latency_ms), "N", 3600000, "wait this long before each answer (0)"},
    {"--rate-minute", KIND_NUMBER, FIELD(rate_minute), "N", 1 << 20, "requests in 60 s for a token, 0: no limit (120)"},
    {"--rate-day", KIND_NUMBER, FIELD(rate_day), "N", 1 << 20, "requests in 24 h for a token, 0: no limit (10000)"},
    {"--updates", KIND_CHOICE, FIELD(updates), "off|on", 0, "whether PATCH is offered (on)"},
    {"--etag", KIND_CHOICE, FIELD(etag), "off|on", 0, "whether an instance carries an ETag (off)"},
    {"--rate-headers", KIND_CHOICE, FIELD(rate_headers), "off|on", 0, "whether answers carry X-RateLimit-* (off)"},
    {"--certificate", KIND_CHOICE, FIELD(certificate), "good|expired|wrong-host|self-signed", 0,
     "what the server shows of itself (good)"},
    {"--tls-max", KIND_CHOICE, FIELD(tls_max), "1.3|1.2|1.1", 0,
     "the newest TLS that is spoken; 1.1 alone, if so (1.3)"},
    {"--environment", KIND_CHOICE, FIELD(environment), "sandbox|production", 0,
     "whose tokens are taken; those of the other are told apart (sandbox)"},
    {"--exit-with-parent", KIND_FLAG, FIELD(exit_with_parent), NULL, 0,
     "end when the thread that started this process ends"},
    {"--webhook", KIND_TEXT, FIELD(webhook), "URL", 0, "post what changes to this address"},
    {"--webhook-secret-file", KIND_TEXT, FIELD(webhook_secret_file), "FILE", 0, "what these posts are signed with"},
    {"--webhook-cacert", KIND_TEXT, FIELD(webhook_cacert), "FILE", 0,
     "whom to believe where that address is https:// (the system's)"},
};

enum { OPTION_COUNT = sizeof options / sizeof *options };

static const Options defaults = {
    .listen = "127.0.0.1:0",
    .instances = 3,
    .projects = 2,
    .provision_ms = 3000,
    .rate_minute = 120,
    .rate_day = 10000,
    .updates = 1,
};

void options_each(void (*each)(const char *name, const char *value, const char *help))
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        each(options[i].name, options[i].value ? options[i].value : "", options[i].help);
    each("-h, --help", "", "print this and exit");
    each("-V, --version", "", "print the version and exit");
}

static void print_option(const char *name, const char *value, const char *help)
{
    printf("  %s%s%s\n        %s\n", name, *value ? " " : "", value, help);
}

static void print_help(void)
{
    puts("Usage: skystack-sandbox [OPTION]...\n"
         "Serves the SkyStack API over HTTPS on this machine, for trying things out and for tests.\n"
         "When ready it prints one line of JSON: endpoint, cacert, token_file and admin.\n");
    options_each(print_option);
}

static int complain(const char *name, const char *what, const char *more)
{
    fprintf(stderr, "skystack-sandbox: %s: %s%s\n", name, what, more ? more : "");
    return 2;
}

static int set_number(const Option *option, const char *value, int64_t *field)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end || errno || number > option->max)
        return complain(option->name, "not a number in its range: ", value);
    *field = number;
    return OPTIONS_GO_ON;
}

static int set_choice(const Option *option, const char *value, int64_t *field)
{
    const char *word = option->value;
    for (int64_t index = 0; *word; index++) {
        size_t len = strcspn(word, "|");
        if (len == strlen(value) && memcmp(word, value, len) == 0) {
            *field = index;
            return OPTIONS_GO_ON;
        }
        word += len + (word[len] == '|');
    }
    return complain(option->name, "not one of ", option->value);
}

static int set_option(const Option *option, const char *value, Options *ret)
{
    void *field = (char *)ret + option->field;
    switch (option->kind) {
    case KIND_TEXT:
        *(const char **)field = value;
        return *value ? OPTIONS_GO_ON : complain(option->name, "empty", NULL);
    case KIND_NUMBER:
        return set_number(option, value, field);
    case KIND_CHOICE:
        return set_choice(option, value, field);
    case KIND_FLAG:
        *(int64_t *)field = 1;
    }
    return OPTIONS_GO_ON;
}

static const Option *find_option(const char *arg, size_t len)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strlen(options[i].name) == len && memcmp(options[i].name, arg, len) == 0)
            return &options[i];
    return NULL;
}

/* One option at argv[*at], with its value behind `=` or in the next argument. */
static int parse_one(int argc, char **argv, int *at, Options *ret)
{
    const char *arg = argv[*at];
    size_t len = strcspn(arg, "=");
    const Option *option = find_option(arg, len);
    if (!option)
        return complain(arg, "unknown option, see --help", NULL);
    const char *value = arg[len] ? arg + len + 1 : NULL;
    if (option->kind == KIND_FLAG)
        return value ? complain(option->name, "takes no value", NULL) : set_option(option, "", ret);
    if (!value && *at + 1 < argc)
        value = argv[++*at];
    return value ? set_option(option, value, ret) : complain(option->name, "wants a value", NULL);
}

int options_parse(int argc, char **argv, Options *ret)
{
    *ret = defaults;
    for (int at = 1; at < argc; at++) {
        if (strcmp(argv[at], "-h") == 0 || strcmp(argv[at], "--help") == 0) {
            print_help();
            return 0;
        }
        if (strcmp(argv[at], "-V") == 0 || strcmp(argv[at], "--version") == 0) {
            puts("skystack-sandbox " SKYSTACKFS_VERSION);
            return 0;
        }
        int result = parse_one(argc, argv, &at, ret);
        if (result != OPTIONS_GO_ON)
            return result;
    }
    if (ret->webhook && !ret->webhook_secret_file)
        return complain("--webhook", "wants --webhook-secret-file as well", NULL);
    return OPTIONS_GO_ON;
}
