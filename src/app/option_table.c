#include "option_table.h"

#include <assert.h>

#include "options.h"

#define AT(field) offsetof(Settings, field)

const Option option_table[] = {
    {"token_file", OPTION_PATH, AT(token_file), "PATH", NULL, "file with the API token (mode 0600 or 0400)", false},
    {"token_command", OPTION_TEXT, AT(token_command), "CMD", NULL, "program that prints the API token", false},
    {"cacert", OPTION_PATH, AT(cacert), "PATH", NULL, "CA bundle to trust instead of the system's", false},
    {"api_version", OPTION_TEXT, AT(api_version), "DATE", "2026-01-15", "version of the API to ask for", false},
    {"project", OPTION_TEXT, AT(project), "NAME", NULL, "this project alone is the root", false},
    {"region", OPTION_TEXT, AT(region), "NAME", NULL, "default region of new instances", true},
    {"size", OPTION_TEXT, AT(size), "NAME", NULL, "default size of new instances", true},
    {"image", OPTION_TEXT, AT(image), "NAME", NULL, "default image of new instances", true},
    {"profile", OPTION_TEXT, AT(profile), "NAME", NULL, "default profile of new instances, instead of a size", true},
    {"ttl", OPTION_SECONDS, AT(ttl_ms), "S", "10", "how long an answer counts as fresh", true},
    {"ttl_transition", OPTION_SECONDS, AT(ttl_transition_ms), "S", "2",
     "the same for instances that are changing their status", true},
    {"ttl_projects", OPTION_SECONDS, AT(ttl_projects_ms), "S", "60", "the same for the list of projects", true},
    {"ttl_health", OPTION_SECONDS, AT(ttl_health_ms), "S", "5",
     "the same for NAME/health and NAME/utilization/, which change by themselves", true},
    {"stale_if_error", OPTION_SECONDS, AT(stale_if_error_ms), "S", "300", "how old contents may be while the API fails",
     true},
    {"timeout", OPTION_DURATION, AT(timeout_ms), "S", "30", "longest that the network may take for one call", false},
    {"wait", OPTION_SECONDS, AT(wait_ms), "S", "90", "longest that a call stands in line for the rate limit", false},
    {"requests_per_minute", OPTION_COUNT, AT(requests_per_minute), "N", "120",
     "most requests in 60 s; 0: no limit of our own", false},
    {"requests_per_day", OPTION_COUNT, AT(requests_per_day), "N", "10000",
     "most requests in 24 h; 0: no limit of our own", false},
    {"delete_delay", OPTION_SECONDS, AT(delete_delay_ms), "S", "2", "how long an rm can be taken back; 0: sent at once",
     true},
    {"max_deletes", OPTION_COUNT, AT(max_deletes), "N", "10",
     "most deletes in a minute, waiting ones counted; 0: no guard", true},
    {"max_creates", OPTION_COUNT, AT(max_creates), "N", "50", "most creates in a minute; 0: no guard", true},
    {"protect", OPTION_TEXT, AT(protect), "GLOB[:GLOB]", NULL, "what can't be deleted, as NAME or PROJECT/NAME", true},
    {"nodelete", OPTION_FLAG, AT(no_delete), NULL, NULL, "delete nothing", true},
    {"ro", OPTION_FLAG, AT(read_only), NULL, NULL, "change nothing", false},
    {"attrs", OPTION_ATTRS, AT(attrs_listed), "hidden|listed", "hidden", "whether listings show the NAME/ directories",
     false},
    {"webhook", OPTION_TEXT, AT(webhook), "ADDR:PORT", NULL, "listen for the API's events there", false},
    {"webhook_secret_file", OPTION_PATH, AT(webhook_secret_file), "PATH", NULL,
     "file with the secret that signs them, or two, a line each", false},
    {"webhook_cert", OPTION_PATH, AT(webhook_cert), "PATH", NULL, "certificate to listen with, on any address", false},
    {"webhook_key", OPTION_PATH, AT(webhook_key), "PATH", NULL, "its key", false},
    {"state_dir", OPTION_PATH, AT(state_dir), "PATH", NULL, "where local state is kept; for root /var/lib/skystackfs",
     false},
    {"allow_other", OPTION_FLAG, AT(allow_other), NULL, NULL, "let other users in, by the files' permissions", false},
    {"uid", OPTION_USER, AT(uid), "USER", NULL, "whose the files are", false},
    {"gid", OPTION_GROUP, AT(gid), "GROUP", NULL, "the files' group", false},
    {"umask", OPTION_UMASK, AT(umask), "MODE", "022", "permissions that files don't have", false},
    {"log", OPTION_LEVEL, AT(log_level), "LEVEL", "info", "error, warn, info or debug", true},
    {0},
};

static_assert(sizeof option_table / sizeof option_table[0] == OPTIONS + 1, "OPTIONS counts its rows");
