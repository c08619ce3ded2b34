#include "probe.h"

#include "error.h"
#include "exchange.h"

static enum CredentialProof proof_of(const Failure *failure)
{
    switch (-failure->code) {
    case 0:
    case ERR_NOT_FOUND: /* an API without projects, which says so to whom it knows */
        return CREDENTIAL_TAKEN;
    case ERR_TOKEN:
        return CREDENTIAL_REFUSED;
    case ERR_FORBIDDEN:
        return CREDENTIAL_FORBIDDEN;
    default:
        return CREDENTIAL_UNTOLD;
    }
}

static void on_probed(void *ctx, Verdict *verdict)
{
    Courier *courier = ctx;

    credential_proved(courier->credential, proof_of(&verdict->failure), &verdict->failure);
}

int probe_start(void *ctx)
{
    const ExchangeOrder order = {
        .purpose = PURPOSE_LIST, .class = API_CHANGE, .path = "/v1/projects?limit=1", .probe = true};
    Courier *courier = ctx;
    Exchange *exchange; /* nobody takes it back */

    return exchange_start(courier, &order, on_probed, courier, &exchange);
}
