/* The one table of errors: every row has an errno, a name and a sentence, and the promised errnos are the ones that come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "error.h"

static void every_code_has_a_name_an_errno_and_a_sentence(void **state)
{
    (void)state;
    for (int code = 1; code < ERR_COUNT; code++) {
        assert_true(strlen(error_name(-code)) > 0);
        assert_true(error_errno(-code) > 0);
        assert_int_equal(error_symbol(-code)[0], 'E');
        assert_int_equal(error_sentence(-code)[strlen(error_sentence(-code)) - 1], '.');
    }
}

static void the_kernel_sees_the_promised_errno(void **state)
{
    static const struct {
        int code, number;
    } promised[] = {
        {ERR_INVALID, EINVAL},        {ERR_TOKEN, EKEYREJECTED},      {ERR_FORBIDDEN, EACCES},
        {ERR_NOT_FOUND, ENOENT},      {ERR_REMOTE, EREMOTEIO},        {ERR_NO_UPDATES, EOPNOTSUPP},
        {ERR_EXISTS, EEXIST},         {ERR_BUSY, EBUSY},              {ERR_LIMITED, EBUSY},
        {ERR_CONFLICT, ECANCELED},    {ERR_UNSETTLED, EINPROGRESS},   {ERR_ALREADY, EALREADY},
        {ERR_ROUTE, EHOSTUNREACH},    {ERR_REFUSED, ECONNREFUSED},    {ERR_TIMEOUT, ETIMEDOUT},
        {ERR_CERTIFICATE, ECONNABORTED}, {ERR_PROTOCOL, EPROTO},      {ERR_TOO_BIG, EFBIG},
        {ERR_QUOTA, EDQUOT},          {ERR_DISK, EIO},                {ERR_NO_SPACE, ENOSPC},
        {ERR_NO_MEMORY, ENOMEM},      {ERR_GUARD, EPERM},             {ERR_READ_ONLY, EROFS},
        {ERR_INTERRUPTED, EINTR},
    };

    (void)state;
    for (size_t i = 0; i < sizeof promised / sizeof promised[0]; i++) {
        assert_int_equal(error_errno(-promised[i].code), promised[i].number);
        assert_int_equal(error_errno(promised[i].code), promised[i].number);
    }
}

static void success_is_0_and_a_code_that_is_none_is_an_io_error(void **state)
{
    (void)state;
    assert_int_equal(error_errno(0), 0);
    assert_int_equal(error_errno(-10000), EIO);
    assert_string_equal(error_symbol(-10000), "EIO");
}

static void an_errno_of_the_local_disk_becomes_a_code(void **state)
{
    (void)state;
    assert_int_equal(error_from_errno(0), 0);
    assert_int_equal(error_from_errno(ENOSPC), -ERR_NO_SPACE);
    assert_int_equal(error_from_errno(ENOMEM), -ERR_NO_MEMORY);
    assert_int_equal(error_from_errno(EIO), -ERR_DISK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_a_name_an_errno_and_a_sentence),
        cmocka_unit_test(the_kernel_sees_the_promised_errno),
        cmocka_unit_test(success_is_0_and_a_code_that_is_none_is_an_io_error),
        cmocka_unit_test(an_errno_of_the_local_disk_becomes_a_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
