/* Where nothing is made to fail. */
#include "torture.h"

void torture_fail_at(uint64_t call)
{
    (void)call;
}

uint64_t torture_calls(void)
{
    return 0;
}

bool torture_has_memory(void)
{
    return true;
}

void torture_pause(bool pause)
{
    (void)pause;
}
