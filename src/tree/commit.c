#include "commit.h"

enum CommitVerdict commit_decide(const CommitFacts *facts)
{
    if (!facts->began_empty)
        return COMMIT_WAIT;
    if (facts->state == JSON_INVALID)
        return COMMIT_REFUSE;
    if (facts->state == JSON_INCOMPLETE || facts->committed)
        return COMMIT_WAIT;
    return COMMIT_NOW;
}
