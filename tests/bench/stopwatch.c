/*
 * stopwatch: how long something takes, without the time that a shell would add. Prints nanoseconds, and nothing else.
 *
 *   stopwatch [OPTION]... run COMMAND [ARGUMENT]...   from its start to its end; it must end with 0
 *   stopwatch [OPTION]... open FILE...                open, read, close: the median over many rounds through the files
 *   stopwatch [OPTION]... paced FILE                  the same of one file, looked at every half millisecond
 *   stopwatch [OPTION]... first FOLDER                until the first name of a folder is there
 *   stopwatch [OPTION]... together FILE...            until all files are read, each by a thread of its own
 *
 *   -c CPU       on this processor alone
 *   -i FOLDER    inside of this folder
 *   -n FILE      with more arguments: the lines of this file, which may be more than a command commonly takes
 *   -o FILE      run: standard output goes there; without, nowhere
 *   -m FILE      together: prints what `paced` would of this file, meanwhile
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "timing.h"

enum {
    OPENS_MOST = 4000,
    OPENS_LEAST = 50,
    OPENS_NS = 300000000, /* beyond the least, so long */
    READ_BYTES = 1 << 16,
    THREADS_MOST = 256,
    PACE_NS = 500000,
    PACED_READS = 200,
};

static const char *output, *meanwhile;

static _Noreturn void stop(const char *what)
{
    fprintf(stderr, "stopwatch: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* run */

/* What is there already is written over, so that the pages of the file cost nothing anew. */
static int open_output(void)
{
    int fd = output ? open(output, O_RDWR | O_CREAT, 0600) : open("/dev/null", O_WRONLY);

    if (fd < 0)
        stop(output ? output : "/dev/null");
    return fd;
}

static pid_t begin(char **command, int out)
{
    posix_spawn_file_actions_t actions;
    pid_t child;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    errno = posix_spawnp(&child, command[0], &actions, NULL, command, environ);
    if (errno != 0)
        stop(command[0]);
    posix_spawn_file_actions_destroy(&actions);
    return child;
}

static int run(char **command, size_t count)
{
    int out = open_output(), status;
    int64_t began = now_ns(), ended;
    pid_t child = begin(command, out);

    (void)count;
    if (waitpid(child, &status, 0) < 0)
        stop(command[0]);
    ended = now_ns();
    if (output && ftruncate(out, lseek(out, 0, SEEK_CUR)) < 0)
        stop(output);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "stopwatch: %s ended with %d\n", command[0], WIFEXITED(status) ? WEXITSTATUS(status) : -1);
        return 1;
    }
    return print_ns(ended - began);
}

/* open */

static void read_whole(const char *file)
{
    static _Thread_local char text[READ_BYTES];
    int fd = open(file, O_RDONLY);
    ssize_t r;

    if (fd < 0)
        stop(file);
    do
        r = read(fd, text, sizeof text);
    while (r == (ssize_t)sizeof text);
    if (r < 0)
        stop(file);
    close(fd);
}

static int64_t open_once(const char *file)
{
    int64_t began = now_ns();

    read_whole(file);
    return now_ns() - began;
}

static int opens(char **files, size_t count)
{
    static int64_t ns[OPENS_MOST];
    int64_t began;
    size_t done = 0;

    for (size_t i = 0; i < count; i++)
        read_whole(files[i]);
    began = now_ns();
    while (done < OPENS_MOST && (done < OPENS_LEAST || now_ns() - began < OPENS_NS)) {
        ns[done] = open_once(files[done % count]);
        done++;
    }
    return print_ns(median_ns(ns, done));
}

/* first */

static int first(char **folders, size_t count)
{
    int64_t began = now_ns(), ended;
    DIR *folder = opendir(folders[0]);
    const struct dirent *entry;

    (void)count;
    if (!folder)
        stop(folders[0]);
    do
        entry = readdir(folder);
    while (entry && entry->d_name[0] == '.');
    ended = now_ns();
    if (!entry) {
        errno = ENOENT;
        stop(folders[0]);
    }
    closedir(folder);
    return print_ns(ended - began);
}

/* together */

static pthread_barrier_t all_here;
static atomic_size_t reading;

static void *reader(void *file)
{
    pthread_barrier_wait(&all_here);
    read_whole(file);
    atomic_fetch_sub(&reading, 1);
    return NULL;
}

/* The median of so many reads of a file, and of more while others read. */
static int64_t read_paced(const char *file, size_t least)
{
    static int64_t ns[OPENS_MOST];
    const struct timespec pause = {.tv_nsec = PACE_NS};
    size_t done = 0;

    while (done < OPENS_MOST && (done < least || atomic_load(&reading) > 0)) {
        ns[done++] = open_once(file);
        nanosleep(&pause, NULL);
    }
    return median_ns(ns, done);
}

static int paced(char **files, size_t count)
{
    (void)count;
    read_whole(files[0]);
    return print_ns(read_paced(files[0], PACED_READS));
}

static int together(char **files, size_t count)
{
    pthread_t threads[THREADS_MOST];
    size_t readers = count < THREADS_MOST ? count : THREADS_MOST;
    int64_t began, cached_ns = 0;

    atomic_store(&reading, readers);
    if (meanwhile)
        read_whole(meanwhile);
    pthread_barrier_init(&all_here, NULL, (unsigned)readers + 1);
    for (size_t i = 0; i < readers; i++)
        if (pthread_create(&threads[i], NULL, reader, files[i]) != 0)
            stop("a thread");
    pthread_barrier_wait(&all_here);
    began = now_ns();
    if (meanwhile)
        cached_ns = read_paced(meanwhile, 1);
    for (size_t i = 0; i < readers; i++)
        pthread_join(threads[i], NULL);
    return print_ns(meanwhile ? cached_ns : now_ns() - began);
}

/* The command line */

static void stay_on(int cpu)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one) < 0)
        stop("-c");
}

/* A list of texts, with NULL at its end. Lives until the end. */
static char **list;
static size_t list_count, list_room;

static void list_add(char *text)
{
    if (list_count + 1 >= list_room) {
        size_t room = list_room ? list_room * 2 : 64;
        char **larger = reallocarray(list, room, sizeof *list);

        if (!larger)
            stop("memory");
        list = larger;
        list_room = room;
    }
    list[list_count++] = text;
    list[list_count] = NULL;
}

static void list_add_lines(const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;

    if (!file)
        stop(path);
    while (getline(&line, &room, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        list_add(line);
        line = NULL;
        room = 0;
    }
    free(line);
    fclose(file);
}

/* A command's arguments may take a quarter of what its stack may. */
static void allow_long_commands(void)
{
    struct rlimit stack;

    getrlimit(RLIMIT_STACK, &stack);
    stack.rlim_cur = stack.rlim_max;
    setrlimit(RLIMIT_STACK, &stack);
}

static int usage(void)
{
    fputs("usage: stopwatch [-c CPU] [-i FOLDER] [-n FILE] [-o FILE] [-m FILE] run|open|paced|first|together "
          "ARGUMENT...\n",
          stderr);
    return 2;
}

static int measure(const char *what, char **arguments, size_t count)
{
    static const struct {
        const char *name;
        int (*call)(char **arguments, size_t count);
    } ways[] = {{"run", run}, {"open", opens}, {"paced", paced}, {"first", first}, {"together", together}};

    for (size_t i = 0; i < sizeof ways / sizeof ways[0] && count > 0; i++)
        if (strcmp(what, ways[i].name) == 0)
            return ways[i].call(arguments, count);
    return usage();
}

int main(int argc, char **argv)
{
    const char *lines = NULL, *inside = NULL;
    int option;

    while ((option = getopt(argc, argv, "+c:i:n:o:m:")) != -1) {
        switch (option) {
        case 'c':
            stay_on((int)strtol(optarg, NULL, 10));
            break;
        case 'i':
            inside = optarg;
            break;
        case 'n':
            lines = optarg;
            break;
        case 'o':
            output = optarg;
            break;
        case 'm':
            meanwhile = optarg;
            break;
        default:
            return usage();
        }
    }
    if (optind >= argc)
        return usage();
    for (int i = optind + 1; i < argc; i++)
        list_add(argv[i]);
    if (lines)
        list_add_lines(lines);
    allow_long_commands();
    if (inside && chdir(inside) < 0)
        stop(inside);
    return measure(argv[optind], list, list_count);
}
