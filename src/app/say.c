#include "say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exit_code.h"
#include "log.h"

enum { LINE_BYTES = 8192 };

void say_failure(const Failure *failure)
{
    _cleanup_buf_ Buf line = BUF_INIT(LINE_BYTES);
    const char *what = failure_sentence(failure);

    if (text_escape(&line, what, strlen(what)) < 0)
        return;
    if (failure->mend[0] &&
        (buf_append_char(&line, ' ') < 0 || text_escape(&line, failure->mend, strlen(failure->mend)) < 0))
        return;
    if (failure->request_id[0] &&
        (buf_append_str(&line, " (request ") < 0 ||
         text_escape(&line, failure->request_id, strlen(failure->request_id)) < 0 || buf_append_char(&line, ')') < 0))
        return;
    dprintf(STDERR_FILENO, "skystackfs: %s\n", buf_text(&line));
}

int say_usage(Failure failure)
{
    if (!failure.mend[0])
        failure_set_mend(&failure, "`skystackfs --help` shows how it is called.");
    say_failure(&failure);
    return EXIT_USAGE;
}

bool say_without_colour(void)
{
    const char *text = getenv("NO_COLOR");

    return text && *text;
}
