#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "loop.h"
#include "worker.h"

enum { TASKS = 200 };

typedef struct Task {
    Loop *loop;
    Worker *worker;
    pthread_t loop_thread;
    unsigned *worked, *done; /* counted by all tasks */
    unsigned index;
} Task;

static void task_work(void *ctx)
{
    Task *task = ctx;

    assert_false(pthread_equal(pthread_self(), task->loop_thread));
    assert_int_equal(*task->worked, task->index);
    assert_int_equal(*task->done, task->index);
    ++*task->worked;
}

static void task_done(void *ctx)
{
    Task *task = ctx;

    assert_true(pthread_equal(pthread_self(), task->loop_thread));
    assert_int_equal(*task->done, task->index);
    if (++*task->done == TASKS)
        loop_stop(task->loop);
}

static void give_tasks(Task *tasks, unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++) {
        tasks[i] = tasks[0];
        tasks[i].index = i;
        assert_int_equal(worker_run(tasks[i].worker, task_work, task_done, &tasks[i]), 0);
    }
}

static void works_are_done_one_after_the_other_with_the_loop_and_without(void **state)
{
    Loop *loop = loop_new();
    Worker *worker;
    unsigned worked = 0, done = 0;
    Task tasks[TASKS];

    (void)state;
    assert_non_null(loop);
    worker = worker_new(loop);
    assert_non_null(worker);
    tasks[0] = (Task){.loop = loop, .worker = worker, .loop_thread = pthread_self(), .worked = &worked, .done = &done};
    worker_drain(worker);
    give_tasks(tasks, 0, TASKS / 2);
    assert_int_equal(done, 0);
    worker_drain(worker);
    assert_int_equal(done, TASKS / 2);
    give_tasks(tasks, TASKS / 2, TASKS);
    loop_run(loop);
    assert_int_equal(done, TASKS);

    worked = done = 0;
    give_tasks(tasks, 0, 3);
    worker_free(worker);
    assert_int_equal(done, 3);
    worker_free(NULL);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(works_are_done_one_after_the_other_with_the_loop_and_without),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
