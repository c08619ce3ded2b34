#include "mend.h"

#include <stdbool.h>
#include <string.h>

#include "error.h"

static bool mentions(const Failure *failure, const char *word)
{
    return strcasestr(failure->api_code, word) || strcasestr(failure->message, word);
}

static const char *by_code(int code)
{
    switch (-code) {
    case ERR_TOKEN:
        return "Renew the token in its source; a changed token file is read by itself.";
    case ERR_FORBIDDEN:
        return "Use a token whose scopes allow this.";
    case ERR_REMOTE:
        return "Try again later; if it lasts, ask SkyStack's support, naming the request id.";
    case ERR_EXISTS:
        return "Use another name, or edit the instance that exists.";
    case ERR_BUSY:
        return "Wait until the instance has settled, then try again.";
    case ERR_LIMITED:
        return "Try again later, or mount with a larger wait=SECONDS.";
    case ERR_CONFLICT:
        return "Read the file again and repeat the change.";
    case ERR_UNSETTLED:
        return "Wait: the lists are asked whether it came to be, for two minutes at most. It is never sent again.";
    case ERR_ROUTE:
        return "Check the network, the name server and the address of the source.";
    case ERR_REFUSED:
        return "Check the source's address and port, and firewalls and proxies on the way.";
    case ERR_TIMEOUT:
        return "Try again; timeout=SECONDS says how long the network may take.";
    case ERR_CERTIFICATE:
        return "Check the source's host name and this machine's date; for an authority of your own mount with "
               "cacert=PATH.";
    case ERR_PROTOCOL:
        return "Check the source's address; a proxy or a login page may be answering in the API's place.";
    case ERR_QUOTA:
        return "Wait, or mount with a larger requests_per_day=N if the token's limit is higher.";
    default:
        return "";
    }
}

bool mend_is_of_version(const Failure *failure)
{
    return failure->code == -ERR_INVALID &&
           (strcasestr(failure->api_code, "version") || strcasestr(failure->message, "API version") ||
            strcasestr(failure->message, "SkyStack-Version"));
}

void mend_set(Failure *failure)
{
    if (failure->code == -ERR_TOKEN && (mentions(failure, "environment") || mentions(failure, "sandbox")))
        failure_set_mend(failure, "Wrong environment? A sandbox token works with the source `sandbox` alone, and a "
                                  "production token with `production` alone.");
    else if (mend_is_of_version(failure))
        failure_set_mend(failure, "Is the API's version still supported? Mount with another api_version=DATE.");
    else
        failure_set_mend(failure, "%s", by_code(failure->code));
}
