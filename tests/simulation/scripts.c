#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "person.h"

enum { STEMS = 5 };

void script_draw_name(Person *person)
{
    person->project = chance_below(&person->chance, cloud_project_count(&person->world->cloud));
    snprintf(person->stem, sizeof person->stem, "web-%u", 1 + chance_below(&person->chance, STEMS));
    snprintf(person->name, sizeof person->name, "%s.json", person->stem);
}

static WorldText *new_text(Person *person, bool is_mkdir)
{
    return truth_new_text(person->world, person->project, person->stem, is_mkdir);
}

static pid_t process_of(const Person *person)
{
    return person->caller.thread / 10 * 10;
}

static void tell(Person *person, int code)
{
    person->text->begun_ms = person->asked_ms;
    truth_told(person->world, person->text, code);
}

/* ---- steps that many share ---- */

static void on_directory(Person *person)
{
    if (person->code == -ERR_NOT_FOUND)
        world_violation(person->world, "the project %s was said to be absent",
                        cloud_project_name(&person->world->cloud, person->project));
    if (person->code < 0) {
        person_rest(person);
        return;
    }
    person->directory = person->entry.node;
    person->then(person);
}

static void in_directory(Person *person, person_fn then)
{
    person->then = then;
    person_lookup(person, TREE_ROOT, cloud_project_name(&person->world->cloud, person->project), on_directory);
}

/* After a lookup of the file: what is said to be absent must be. */
static void note_looked(Person *person)
{
    if (person->code == -ERR_NOT_FOUND)
        truth_absent(person->world, person->project, person->stem, person->asked_ms);
    person->node = person->code == 0 ? person->entry.node : 0;
    person->instance = person->node ? person_instance_of(person, person->node) : NULL;
}

static void on_file(Person *person)
{
    note_looked(person);
    person->then(person);
}

static void look_for_file(Person *person)
{
    person_lookup(person, person->directory, person->name, on_file);
}

/* A name that others saw meanwhile stands for what they saw: what follows is asked by that, with no time in between. Two
 * who look again at the same time, and see each other's look, leave it at that. */
static void look_again(Person *person, person_fn look)
{
    if (person->looked_again) {
        person_rest(person);
        return;
    }
    person->looked_again = true;
    person_forget(person, person->node);
    person->node = 0;
    person->swift = true;
    look(person);
}

/* ---- look ---- */

static void looked_again(Person *person)
{
    person_rest(person);
}

static void looked(Person *person)
{
    note_looked(person);
    if (person->node && chance_hit(&person->chance, 500))
        person_getattr(person, person->node, looked_again);
    else
        person_rest(person);
}

static void look(Person *person)
{
    person_lookup(person, person->directory, person->name, looked);
}

void script_look(Person *person)
{
    in_directory(person, look);
}

/* ---- read ---- */

static void was_read(Person *person)
{
    if (person->instance && person->code >= 0) /* for one that lacked memory there is nothing to look at */
        truth_read(person->world, person->instance, person->bytes, person->count, person->opened_ms);
    person_rest(person);
}

static void opened_to_read(Person *person)
{
    if (person->code < 0) {
        person_rest(person);
        return;
    }
    person->handle = person->opened.handle;
    person_read(person, was_read);
}

static void open_to_read(Person *person)
{
    note_looked(person);
    if (!person->node) {
        person_rest(person);
        return;
    }
    person->opened_ms = world_now_ms(person->world);
    person_open(person, person->node, O_RDONLY, opened_to_read);
}

static void look_to_read(Person *person)
{
    person_lookup(person, person->directory, person->name, open_to_read);
}

void script_read(Person *person)
{
    in_directory(person, look_to_read);
}

/* ---- list ---- */

static void forget_listed(Person *person)
{
    for (unsigned i = 0; i < person->listed_count; i++)
        person_forget(person, person->listed[i]);
    person->listed_count = 0;
}

static void list_more(Person *person);

/* What the new entries stand for now: later they may be others'. */
static void note_listed(Person *person)
{
    for (unsigned i = person->listed_count - person->filled; i < person->listed_count; i++) {
        const CloudInstance *each = person_instance_of(person, person->listed[i]);

        if (each)
            person->numbers[each->number % WORLD_INSTANCES_MAX] = true;
    }
}

static void on_listed(Person *person)
{
    if (person->code == 0 && person->filled > 0 && person->listed_count < PERSON_LISTED_MAX) {
        list_more(person);
        return;
    }
    if (person->code == -ERR_NOT_FOUND)
        world_violation(person->world, "a listing ended with ENOENT");
    if (person->code == 0 && person->filled == 0)
        truth_listed(person->world, person->project, person->numbers, person->listing_ms);
    forget_listed(person);
    person_rest(person);
}

static void list_more(Person *person)
{
    person->at_once = note_listed;
    person_list(person, on_listed);
}

static void list(Person *person)
{
    person->cookie = 0;
    person->listed_count = 0;
    person->listing_ms = world_now_ms(person->world);
    memset(person->numbers, 0, sizeof person->numbers);
    list_more(person);
}

void script_list(Person *person)
{
    in_directory(person, list);
}

/* ---- write ---- */

static void tell_unfinished(Person *person)
{
    if (person->text)
        tell(person, -ERR_INVALID);
}

static void released_unfinished(Person *person)
{
    person_rest(person);
}

static void tell_released(Person *person)
{
    if (!person->text)
        return;
    person->text->begun_ms = person->asked_ms;
    truth_closed(person->world, person->text);
}

/* A text that is not sent yet is sent by then, and with it the delete that another asked for. */
static void settle(Person *person, enum TreeSettle when, person_fn next)
{
    truth_hurried(person->world, person->project, person->stem);
    person_settle(person, when, next);
}

static void flushed(Person *person)
{
    bool unfinished = person->text && !person->complete && person->text->outcome == 1;

    person->at_once = unfinished ? tell_unfinished : tell_released;
    settle(person, TREE_RELEASE, released_unfinished);
}

static void write_next(Person *person);

static void tell_written(Person *person)
{
    bool whole = person->written + person->piece == person->to_write;

    if (person->code == 0)
        person->written += person->count;
    if (person->text && (person->code < 0 || (person->complete && person->written == person->to_write)))
        tell(person, person->code);
    if (person->text && !whole)
        person->text->kept = false; /* a part of it, which need not tell whose it is */
}

static void was_written(Person *person)
{
    if (person->code == 0 && person->written < person->to_write)
        write_next(person);
    else
        settle(person, TREE_FLUSH, flushed);
}

/* In one piece, or in several. */
static void write_next(Person *person)
{
    size_t left = person->to_write - person->written, count = left;

    if (left > 1 && chance_hit(&person->chance, 300))
        count = 1 + chance_below(&person->chance, (unsigned)left - 1);
    person->piece = count;
    person->at_once = tell_written;
    truth_hurried(person->world, person->project, person->stem);
    person_write(person, person->writing + person->written, count, person->written, was_written);
}

/* Mostly a whole object; now and then one that is not finished, or is none. */
static void make_text(Person *person)
{
    WorldText *text = new_text(person, false);
    int count = snprintf(person->writing, sizeof person->writing,
                         "{\"region\": \"eu-central\", \"size\": \"standard-%u\", \"note\": \"%s\"}\n",
                         1 + chance_below(&person->chance, 4), text ? text->marker : "");

    person->text = text;
    person->to_write = (size_t)count;
    person->written = 0;
    person->complete = !chance_hit(&person->chance, 80);
    if (person->complete)
        return;
    if (chance_hit(&person->chance, 500))
        person->to_write -= 3;
    else
        person->writing[0] = ']';
    if (text)
        text->asked = 0;
}

/* The text that was read, with another note. */
static void change_text(Person *person)
{
    static const char key[] = "\"note\": \"";
    char *note = strstr(person->bytes, key), *end = strrchr(person->bytes, '}');

    make_text(person);
    if (!person->text || !person->complete || !end || person->count > sizeof person->writing - 64)
        return;
    if (note) {
        note += strlen(key);
        person->to_write =
            (size_t)snprintf(person->writing, sizeof person->writing, "%.*s%s%s", (int)(note - person->bytes),
                             person->bytes, person->text->marker, note + strcspn(note, "\""));
        return;
    }
    person->to_write = (size_t)snprintf(person->writing, sizeof person->writing, "%.*s,\"note\": \"%s\"}\n",
                                        (int)(end - person->bytes), person->bytes, person->text->marker);
}

static void opened_to_write(Person *person)
{
    if (person->code < 0) {
        person_rest(person);
        return;
    }
    person->handle = person->opened.handle;
    if (!person->node)
        person->node = person->entry.node;
    if (!person->to_write)
        make_text(person);
    write_next(person);
}

/* Many programs replace a file by unlink and create: the process's own removal is off. */
static void tell_created(Person *person)
{
    if (person->code == 0)
        truth_taken_back(person->world, person->project, person->stem, process_of(person));
}

static void create_to_write(Person *person)
{
    person->at_once = tell_created;
    person_create(person, person->directory, person->name, opened_to_write);
}

static void open_to_write(Person *person)
{
    person->to_write = 0;
    if (person->node)
        person_open(person, person->node, O_WRONLY | O_TRUNC, opened_to_write);
    else if (person->code == -ERR_NOT_FOUND)
        create_to_write(person);
    else
        person_rest(person);
}

static void released_before_writing(Person *person)
{
    change_text(person);
    person_open(person, person->node, O_WRONLY | O_TRUNC, opened_to_write);
}

static void read_before_writing(Person *person)
{
    person_settle(person, TREE_RELEASE, released_before_writing);
}

static void opened_before_writing(Person *person)
{
    if (person->code < 0) {
        person_rest(person);
        return;
    }
    person->handle = person->opened.handle;
    person_read(person, read_before_writing);
}

static void begin_writing(Person *person)
{
    if (person->instance && chance_hit(&person->chance, 400))
        person_open(person, person->node, O_RDONLY, opened_before_writing);
    else
        open_to_write(person);
}

static void look_to_write(Person *person)
{
    person->then = begin_writing;
    look_for_file(person);
}

void script_write(Person *person)
{
    in_directory(person, look_to_write);
}

/* ---- mkdir ---- */

static void tell_made(Person *person)
{
    if (person->code == 0)
        truth_taken_back(person->world, person->project, person->stem, process_of(person));
    if (person->text)
        tell(person, person->code);
}

static void was_made(Person *person)
{
    person->node = person->code == 0 ? person->entry.node : 0;
    person_rest(person);
}

static void make(Person *person)
{
    if (person->code != -ERR_NOT_FOUND) {
        person->node = person->code == 0 ? person->entry.node : 0;
        person_rest(person);
        return;
    }
    person->text = new_text(person, true);
    truth_hurried(person->world, person->project, person->stem);
    person->at_once = tell_made;
    person_mkdir(person, person->directory, person->stem, was_made);
}

static void look_to_make(Person *person)
{
    person_lookup(person, person->directory, person->stem, make);
}

void script_mkdir(Person *person)
{
    in_directory(person, look_to_make);
}

/* ---- remove ---- */

static void tell_removed(Person *person)
{
    truth_removal_told(person->world, person->instance, person->code);
}

static void was_removed(Person *person)
{
    person_rest(person);
}

static void look_to_remove(Person *person);

static void remove_file(Person *person)
{
    if (!person->instance) {
        person_rest(person);
        return;
    }
    if (!person_saw_last(person)) {
        look_again(person, look_to_remove);
        return;
    }
    truth_removed(person->world, person->instance, person->project, person->stem, process_of(person));
    person->at_once = tell_removed;
    if (chance_hit(&person->chance, 800))
        person_unlink(person, person->directory, person->name, was_removed);
    else
        person_rmdir(person, person->directory, person->stem, was_removed);
}

static void look_to_remove(Person *person)
{
    person->then = remove_file;
    look_for_file(person);
}

void script_remove(Person *person)
{
    in_directory(person, look_to_remove);
}

/* ---- rename ---- */

static bool was_called(const CloudInstance *instance, const char *stem)
{
    for (unsigned i = 0; i < instance->past_count; i++)
        if (strcmp(instance->past[i].name, stem) == 0)
            return true;
    return false;
}

static void was_renamed(Person *person)
{
    char stem[CLOUD_NAME_BYTES];

    snprintf(stem, sizeof stem, "%.*s", (int)(strlen(person->other) - 5), person->other);
    if (person->code == 0 && !was_called(person->instance, stem))
        world_violation(person->world, "%s is said to be renamed to %s, and is not", person->name, person->other);
    person_rest(person);
}

static void look_to_rename(Person *person);

static void rename_file(Person *person)
{
    if (!person->instance) {
        person_rest(person);
        return;
    }
    if (!person_saw_last(person)) {
        look_again(person, look_to_rename);
        return;
    }
    snprintf(person->other, sizeof person->other, "web-%u.json", 1 + chance_below(&person->chance, 2 * STEMS));
    person_rename(person, person->directory, person->name, person->other, was_renamed);
}

static void look_to_rename(Person *person)
{
    person->then = rename_file;
    look_for_file(person);
}

void script_rename(Person *person)
{
    in_directory(person, look_to_rename);
}

/* ---- edit: a scratch file, renamed over the instance's ---- */

/* A text that was refused before it was sent is still in the scratch file. */
static void tell_saved(Person *person)
{
    if (!person->text)
        return;
    tell(person, person->code);
    person->text->kept = person->text->kept && person->text->sent > 0;
}

static void was_saved(Person *person)
{
    person_rest(person);
}

static void save(Person *person)
{
    truth_hurried(person->world, person->project, person->stem);
    person->at_once = tell_saved;
    person_rename(person, person->directory, person->other, person->name, was_saved);
}

static void scratch_written(Person *person)
{
    if (person->code < 0)
        person_rest(person);
    else
        person_settle(person, TREE_RELEASE, save);
}

static void scratch_made(Person *person)
{
    if (person->code < 0) {
        person_rest(person);
        return;
    }
    person->handle = person->opened.handle;
    person->node = person->entry.node;
    make_text(person);
    person_write(person, person->writing, person->to_write, 0, scratch_written);
}

static void make_scratch(Person *person)
{
    snprintf(person->other, sizeof person->other, ".%s.tmp%u", person->name, person->index);
    person_create(person, person->directory, person->other, scratch_made);
}

void script_edit(Person *person)
{
    in_directory(person, make_scratch);
}

/* ---- .skystack ---- */

static void tell_command(Person *person)
{
    if (person->code == 0 && strcmp(person->other, "undo") == 0)
        truth_taken_back(person->world, 0, NULL, 0);
}

static void command_written(Person *person)
{
    person_rest(person);
}

static void command_opened(Person *person)
{
    if (person->code < 0) {
        person_rest(person);
        return;
    }
    person->handle = person->opened.handle;
    person->at_once = tell_command;
    person_write(person, "all\n", 4, 0, command_written);
}

static void command_found(Person *person)
{
    if (person->code < 0) {
        person_rest(person);
        return;
    }
    person->node = person->entry.node;
    person_open(person, person->node, O_WRONLY, command_opened);
}

static void controls_found(Person *person)
{
    if (person->code < 0) {
        person_rest(person);
        return;
    }
    person->directory = person->entry.node;
    person_lookup(person, person->directory, person->other, command_found);
}

static void command(Person *person, const char *name)
{
    snprintf(person->other, sizeof person->other, "%s", name);
    person_lookup(person, TREE_ROOT, ".skystack", controls_found);
}

void script_undo(Person *person)
{
    command(person, "undo");
}

void script_refresh(Person *person)
{
    command(person, "refresh");
}

/* ---- fsync of a directory ---- */

static void was_synced(Person *person)
{
    person_rest(person);
}

static void sync_directory(Person *person)
{
    truth_hurried(person->world, person->project, NULL);
    person_sync_dir(person, person->directory, was_synced);
}

void script_sync(Person *person)
{
    in_directory(person, sync_directory);
}

/* ---- kept texts: read, then put in place, or removed ---- */

/* It may have been settled since it was read. Refused before it was sent it stays the text that it was, whose place one
 * that was written later and is still under way may take. */
static void tell_mended(Person *person)
{
    WorldText *text = person->text;
    bool kept = text && text->kept;
    int64_t told_ms = text ? text->told_ms : 0;

    if (!text || person->code == -ERR_NOT_FOUND)
        return;
    tell(person, person->code);
    if (text->sent > 0)
        return;
    text->kept = text->kept && kept;
    text->told_ms = told_ms;
}

static void tell_dropped(Person *person)
{
    if (person->code == 0)
        truth_dropped(person->world, person->project, person->stem);
}

static void was_mended(Person *person)
{
    person_rest(person);
}

/* Which it is now: since it was read, another may have taken its place. */
static WorldText *text_that_is_kept(const Person *person)
{
    World *world = person->world;
    StoreText kept;

    if (!store_find_text(world->store, cloud_project_id(&world->cloud, person->project), person->stem, &kept))
        return NULL;
    for (unsigned i = 0; i < world->text_count; i++)
        if (memmem(kept.text.at, kept.text.len, world->texts[i].marker, strlen(world->texts[i].marker)))
            return &world->texts[i];
    return NULL;
}

static void mend(Person *person)
{
    person->text = text_that_is_kept(person);
    if (person->text && chance_hit(&person->chance, 700)) {
        person->text->asked++;
        person->text->sent = 0;
        truth_hurried(person->world, person->project, person->stem);
        person->at_once = tell_mended;
        person_rename(person, person->directory, person->other, person->name, was_mended);
    } else {
        person->at_once = tell_dropped;
        person_unlink(person, person->directory, person->other, was_mended);
    }
}

static void kept_was_read(Person *person)
{
    person_settle(person, TREE_RELEASE, mend);
}

static void kept_opened(Person *person)
{
    if (person->code < 0) {
        person_rest(person);
        return;
    }
    person->handle = person->opened.handle;
    person_read(person, kept_was_read);
}

static void kept_found(Person *person)
{
    if (person->code < 0) {
        person_rest(person);
        return;
    }
    person->node = person->entry.node;
    person_open(person, person->node, O_RDONLY, kept_opened);
}

static void look_for_kept(Person *person)
{
    snprintf(person->other, sizeof person->other, "%s.json.rejected", person->stem);
    person_lookup(person, person->directory, person->other, kept_found);
}

void script_mend(Person *person)
{
    in_directory(person, look_for_kept);
}
