#include "option_table.h"

#include <assert.h>

#include "options.h"

#define AT(field) offsetof(Settings, field)

const Option option_table[] = {
    {"token_file", OPTION_PATH, AT(token_file), "PATH", NULL, "file with the API token (mode 0600 or 0400)"},
    {"token_command", OPTION_TEXT, AT(token_command), "CMD", NULL, "program that prints the API token"},
    {"cacert", OPTION_PATH, AT(cacert), "PATH", NULL, "CA bundle to trust instead of the system's"},
    {"api_version", OPTION_TEXT, AT(api_version), "DATE", "2026-01-15", "version of the API to ask for"},
    {"project", OPTION_TEXT, AT(project), "NAME", NULL, "this project alone is the root"},
    {"region", OPTION_TEXT, AT(region), "NAME", NULL, "default region of new instances"},
    {"size", OPTION_TEXT, AT(size), "NAME", NULL, "default size of new instances"},
    {"image", OPTION_TEXT, AT(image), "NAME", NULL, "default image of new instances"},
    {"profile", OPTION_TEXT, AT(profile), "NAME", NULL, "default profile of new instances, instead of a size"},
    {"ttl", OPTION_SECONDS, AT(ttl_ms), "S", "10", "how long an answer counts as fresh"},
    {"ttl_transition", OPTION_SECONDS, AT(ttl_transition_ms), "S", "2",
     "the same for instances that are changing their status"},
    {"ttl_projects", OPTION_SECONDS, AT(ttl_projects_ms), "S", "60", "the same for the list of projects"},
    {"ttl_health", OPTION_SECONDS, AT(ttl_health_ms), "S", "5",
     "the same for NAME/health and NAME/utilization/, which change by themselves"},
    {"stale_if_error", OPTION_SECONDS, AT(stale_if_error_ms), "S", "300",
     "how old contents may be while the API fails"},
    {"timeout", OPTION_DURATION, AT(timeout_ms), "S", "30", "longest that the network may take for one call"},
    {"wait", OPTION_SECONDS, AT(wait_ms), "S", "90", "longest that a call stands in line for the rate limit"},
    {"requests_per_minute", OPTION_COUNT, AT(requests_per_minute), "N", "120",
     "most requests in 60 s; 0: no limit of our own"},
    {"requests_per_day", OPTION_COUNT, AT(requests_per_day), "N", "10000",
     "most requests in 24 h; 0: no limit of our own"},
    {"delete_delay", OPTION_SECONDS, AT(delete_delay_ms), "S", "2",
     "how long an rm can be taken back; 0: sent at once"},
    {"max_deletes", OPTION_COUNT, AT(max_deletes), "N", "10",
     "most deletes in a minute, waiting ones counted; 0: no guard"},
    {"max_creates", OPTION_COUNT, AT(max_creates), "N", "50", "most creates in a minute; 0: no guard"},
    {"protect", OPTION_TEXT, AT(protect), "GLOB[:GLOB]", NULL, "what can't be deleted, as NAME or PROJECT/NAME"},
    {"nodelete", OPTION_FLAG, AT(no_delete), NULL, NULL, "delete nothing"},
    {"ro", OPTION_FLAG, AT(read_only), NULL, NULL, "change nothing"},
    {"attrs", OPTION_ATTRS, AT(attrs_listed), "hidden|listed", "hidden", "whether listings show the NAME/ directories"},
    {"webhook", OPTION_TEXT, AT(webhook), "ADDR:PORT", NULL, "listen for the API's events there"},
    {"webhook_secret_file", OPTION_PATH, AT(webhook_secret_file), "PATH", NULL,
     "file with the secret that signs them, or two, a line each"},
    {"webhook_cert", OPTION_PATH, AT(webhook_cert), "PATH", NULL, "certificate to listen with, on any address"},
    {"webhook_key", OPTION_PATH, AT(webhook_key), "PATH", NULL, "its key"},
    {"state_dir", OPTION_PATH, AT(state_dir), "PATH", NULL, "where local state is kept; for root /var/lib/skystackfs"},
    {"allow_other", OPTION_FLAG, AT(allow_other), NULL, NULL, "let other users in, by the files' permissions"},
    {"uid", OPTION_USER, AT(uid), "USER", NULL, "whose the files are"},
    {"gid", OPTION_GROUP, AT(gid), "GROUP", NULL, "the files' group"},
    {"umask", OPTION_UMASK, AT(umask), "MODE", "022", "permissions that files don't have"},
    {"log", OPTION_LEVEL, AT(log_level), "LEVEL", "info", "error, warn, info or debug"},
    {0},
};

static_assert(sizeof option_table / sizeof option_table[0] == OPTIONS + 1, "OPTIONS counts its rows");
