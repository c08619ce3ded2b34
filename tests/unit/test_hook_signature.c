/* Signatures: what is one, and which one is right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hook_signature.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define JEFE "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"

/* RFC 4231, sections 4.2, 4.3 and 4.7. */
static void the_right_signature_fits_and_no_other(void **state)
{
    static const char long_key[131] = {[0 ... 130] = (char)0xaa};
    static const char eleven[20] = {[0 ... 19] = 0x0b};
    static const struct {
        Span secret, body;
        const char *header;
    } table[] = {
        {{eleven, sizeof eleven}, {"Hi There", 8}, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {{"Jefe", 4}, {"what do ya want for nothing?", 28}, JEFE},
        {{long_key, sizeof long_key},
         {"Test Using Larger Than Block-Size Key - Hash Key First", 54},
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        HookSignature signature;

        assert_true(hook_signature_parse(table[i].header, &signature));
        assert_true(hook_signature_fits(&signature, table[i].secret, table[i].body));
        assert_false(hook_signature_fits(&signature, table[i].secret, (Span){table[i].body.at, table[i].body.len - 1}));
        assert_false(hook_signature_fits(&signature, (Span){"other", 5}, table[i].body));
        for (size_t bit = 0; bit < 8 * (size_t)HOOK_SIGNATURE_BYTES; bit++) {
            signature.bytes[bit / 8] = (unsigned char)(signature.bytes[bit / 8] ^ 1 << bit % 8);
            assert_false(hook_signature_fits(&signature, table[i].secret, table[i].body));
            signature.bytes[bit / 8] = (unsigned char)(signature.bytes[bit / 8] ^ 1 << bit % 8);
        }
    }
}

static void what_is_no_signature_is_refused(void **state)
{
    static const struct {
        const char *header;
        bool is_one;
    } table[] = {
        {JEFE, true},
        {"sha256=" JEFE, true},
        {"5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843", true},
        {NULL, false},
        {"", false},
        {"sha256=", false},
        {"sha1=" JEFE, false},
        {"SHA256=" JEFE, false},
        {"sha256=sha256=" JEFE, false},
        {" " JEFE, false},
        {JEFE " ", false},
        {JEFE "0", false},
        {"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec384", false},
        {"5bdcc146bf60754e6a042426089575c7", false},
        {"gbdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", false},
        {"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec38 3", false},
        {"0x5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec38", false},
        {"\xff"
         "bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
         false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        HookSignature signature = {{1}};

        assert_int_equal(hook_signature_parse(table[i].header, &signature), table[i].is_one);
        assert_int_equal(signature.bytes[0], table[i].is_one ? 0x5b : 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_signature_fits_and_no_other),
        cmocka_unit_test(what_is_no_signature_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
