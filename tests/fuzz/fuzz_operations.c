/*
 * FUSE operations against a model: one history of the simulation (tests/simulation), whose every choice the bytes make:
 * what the API offers, who calls what when, what goes wrong on the network and on the disk, when the power goes. Once
 * they are used up all becomes calm, and what the tree says must be what is there.
 */
#include "fuzz.h"
#include "history.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    HistoryResult result;

    fuzz_quiet();
    history_run(&(HistoryOrder){.seed = 1, .bytes = bytes, .byte_count = count}, &result);
    if (result.violation[0]) {
        fprintf(stderr, "does not hold: %s\n", result.violation);
        abort();
    }
    return 0;
}
