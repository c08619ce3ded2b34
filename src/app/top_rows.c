#include "top_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "date.h"
#include "error.h"
#include "json.h"
#include "log.h"

enum {
    LINE_BYTES = 2 << 20,
    CELL_BYTES = 4096, /* longer ones are cut: no screen is wider */
    NUMBER_BYTES = 40,
    ROOM_FIRST = 256,
    PROJECTS_MAX = 100000,
};

/* What is looked up in a line, in one walk: the cells but the project's, and what follows them. */
enum { FIELD_UTILIZATION = TOP_CELLS, FIELD_CREATED, FIELDS };

static const char *const fields[FIELDS] = {
    [TOP_NAME] = "name",
    [TOP_PROJECT] = "project_id",
    [TOP_STATUS] = "status",
    [TOP_IP] = "ip",
    [TOP_SIZE] = "size",
    [TOP_REGION] = "region",
    [TOP_HEALTH] = "health",
    [TOP_ID] = "id",
    [FIELD_UTILIZATION] = "utilization",
    [FIELD_CREATED] = "created_at",
};

void top_rows_init(TopRows *rows)
{
    *rows = (TopRows){0};
    buf_init(&rows->text, TOP_ROWS_TEXT_BYTES);
    buf_init(&rows->line, LINE_BYTES);
}

void top_rows_release(TopRows *rows)
{
    buf_release(&rows->text);
    buf_release(&rows->line);
    index_release(&rows->by_id);
    free(rows->rows);
    free(rows->projects);
    top_rows_init(rows);
}

const char *top_rows_cell(const TopRows *rows, const TopRow *row, enum TopCell cell)
{
    return buf_text(&rows->text) + row->cells[cell];
}

const char *top_rows_project_name(const TopRows *rows, size_t project)
{
    return buf_text(&rows->text) + rows->projects[project];
}

/* An array with space for one more. 0 or a code. */
static int make_room(void **array, size_t count, size_t *room, size_t each_bytes, size_t max)
{
    size_t wanted = *room ? *room * 2 : ROOM_FIRST;
    void *larger;

    if (count < *room)
        return 0;
    if (count >= max)
        return -ERR_TOO_BIG;
    larger = realloc(*array, wanted * each_bytes);
    if (!larger)
        return -ERR_NO_MEMORY;
    *array = larger;
    *room = wanted;
    return 0;
}

static int add_empty_text(TopRows *rows)
{
    return rows->text.len ? 0 : buf_append_char(&rows->text, '\0');
}

/* Adds a text that may hold anything, escaped and cut. */
static int add_text(TopRows *rows, Span text, uint32_t *ret_at)
{
    size_t at = rows->text.len;
    int r = 0;

    if (text.len == 0) {
        *ret_at = 0;
        return 0;
    }
    r = text_escape(&rows->text, text.at, text.len < CELL_BYTES ? text.len : CELL_BYTES);
    if (r == 0)
        r = buf_append_char(&rows->text, '\0');
    if (r < 0)
        return r;
    *ret_at = (uint32_t)at;
    return 0;
}

/* Only of what is shown as it is written can it be seen whether it is the same. */
static bool is_plain(Span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < ' ' || text.at[i] > '~' || text.at[i] == '\\')
            return false;
    }
    return true;
}

/* As add_text(), but a text that came lately is taken again: to compare rows by their sizes or regions then is to compare
 * two numbers. */
static int share_text(TopRows *rows, Span text, uint32_t *ret_at)
{
    uint32_t *recent = &rows->recent[index_hash(text.at, text.len) % TOP_RECENT];
    const char *there = buf_text(&rows->text) + *recent;
    int r = 0;

    if (!is_plain(text))
        return add_text(rows, text, ret_at);
    if (strncmp(there, text.at, text.len) != 0 || there[text.len] != '\0')
        r = add_text(rows, text, recent);
    if (r == 0)
        *ret_at = *recent;
    return r;
}

static int add_cell(TopRows *rows, enum TopCell cell, Span text, uint32_t *ret_at)
{
    bool shared = cell == TOP_STATUS || cell == TOP_SIZE || cell == TOP_REGION || cell == TOP_HEALTH;
    int r = shared && text.len > 0 ? share_text(rows, text, ret_at) : add_text(rows, text, ret_at);
    size_t width = r == 0 ? strlen(buf_text(&rows->text) + *ret_at) : 0;

    if (width > rows->widths[cell])
        rows->widths[cell] = width;
    return r;
}

int top_rows_project(TopRows *rows, Span name)
{
    int r = add_empty_text(rows);

    if (r == 0)
        r = make_room((void **)&rows->projects, rows->project_count, &rows->project_room, sizeof *rows->projects,
                      PROJECTS_MAX);
    if (r == 0)
        r = add_cell(rows, TOP_PROJECT, name, &rows->projects[rows->project_count]);
    if (r == 0)
        rows->project_count++;
    return r;
}

/* A string decoded, another scalar as it is written; nothing of null, objects and arrays. */
static int add_value(TopRows *rows, enum TopCell cell, Span value, uint32_t *ret_at)
{
    _cleanup_buf_ Buf text = BUF_INIT(LINE_BYTES);
    enum JsonType type = value.at ? json_type(value) : JSON_NULL;
    int r;

    if (type == JSON_NULL || type == JSON_OBJECT || type == JSON_ARRAY)
        return add_cell(rows, cell, (Span){0}, ret_at);
    if (type != JSON_STRING)
        return add_cell(rows, cell, json_trim(value), ret_at);
    r = json_string(value, &text);
    return r < 0 ? r : add_cell(rows, cell, (Span){buf_text(&text), text.len}, ret_at);
}

/* A number of 0 to 100 in tenths. */
static int16_t percent(Span object, const char *member)
{
    double number;
    Span value;

    if (!object.at || !json_member(object, member, &value) || json_trim(value).len >= NUMBER_BYTES ||
        !json_double(value, &number))
        return TOP_UNKNOWN;
    return number < 0 ? 0 : number > 100 ? 1000 : (int16_t)lround(number * 10);
}

static int64_t date(Span value)
{
    int64_t ms;

    if (!value.at || json_type(value) != JSON_STRING)
        return 0;
    value = json_trim(value);
    return date_parse_rfc3339((Span){value.at + 1, value.len - 2}, &ms) ? ms : 0;
}

static void look_up(Span line, Span values[FIELDS])
{
    Span names[FIELDS];

    for (size_t i = 0; i < FIELDS; i++) {
        names[i] = span_of(fields[i]);
        values[i] = (Span){0};
    }
    json_members(line, names, FIELDS, values);
}

static int fill_row(TopRows *rows, Span line, TopRow *row)
{
    Span values[FIELDS];
    int r = 0;

    look_up(line, values);
    *row = (TopRow){
        .project = (uint32_t)rows->project_count - 1,
        .cpu = percent(values[FIELD_UTILIZATION], "cpu"),
        .memory = percent(values[FIELD_UTILIZATION], "memory"),
        .created_ms = date(values[FIELD_CREATED]),
    };
    for (enum TopCell cell = 0; cell < TOP_CELLS && r == 0; cell++) {
        if (cell != TOP_PROJECT)
            r = add_value(rows, cell, values[cell], &row->cells[cell]);
    }
    row->cells[TOP_PROJECT] = rows->projects[row->project];
    return r;
}

static int add_row(TopRows *rows, Span line)
{
    int r = make_room((void **)&rows->rows, rows->count, &rows->room, sizeof *rows->rows, TOP_ROWS_MAX);

    if (r == 0)
        r = fill_row(rows, line, &rows->rows[rows->count]);
    if (r == 0)
        rows->count++;
    return r;
}

static int add_line(TopRows *rows, Span line)
{
    int r = json_check(line, NULL);

    if (r == 0 && json_type(line) != JSON_OBJECT)
        r = -ERR_PROTOCOL;
    if (r == 0 && rows->project_count == 0)
        r = top_rows_project(rows, (Span){0});
    return r < 0 ? r : add_row(rows, line);
}

/* What is beyond a cap, or no object, leaves the rest as it was. */
static int take_line(TopRows *rows, Span line)
{
    int r = json_trim(line).len > 0 ? add_line(rows, line) : 0;

    if (r == 0 || r == -ERR_NO_MEMORY)
        return r;
    rows->skipped++;
    return 0;
}

static int take_kept_line(TopRows *rows)
{
    int r = take_line(rows, (Span){buf_text(&rows->line), rows->line.len});

    buf_clear(&rows->line);
    return r;
}

int top_rows_feed(TopRows *rows, Span bytes)
{
    int r = 0;

    while (bytes.len > 0 && r == 0) {
        const char *end = memchr(bytes.at, '\n', bytes.len);
        size_t count = end ? (size_t)(end - bytes.at) : bytes.len;

        if (end && rows->line.len == 0)
            r = take_line(rows, (Span){bytes.at, count});
        else
            r = buf_append(&rows->line, bytes.at, count);
        if (r == 0 && end && rows->line.len > 0)
            r = take_kept_line(rows);
        count += end != NULL;
        bytes = (Span){bytes.at + count, bytes.len - count};
    }
    return r;
}

static int add_to_index(TopRows *rows, size_t at)
{
    const char *id = top_rows_cell(rows, &rows->rows[at], TOP_ID);

    return index_add(&rows->by_id, index_hash(id, strlen(id)), &rows->rows[at]);
}

int top_rows_end(TopRows *rows)
{
    int r = take_kept_line(rows);

    for (size_t i = 0; i < rows->count && r == 0; i++)
        r = add_to_index(rows, i);
    return r;
}

TopRow *top_rows_find(const TopRows *rows, const char *id)
{
    TopRow *row;

    for (size_t at = index_first(&rows->by_id, index_hash(id, strlen(id))); (row = index_thing(&rows->by_id, at));
         at = index_next(&rows->by_id, at)) {
        if (strcmp(top_rows_cell(rows, row, TOP_ID), id) == 0)
            return row;
    }
    return NULL;
}

int top_rows_set(TopRows *rows, TopRow *row, enum TopCell cell, const char *text)
{
    return strcmp(top_rows_cell(rows, row, cell), text) == 0 ? 0
                                                             : add_cell(rows, cell, span_of(text), &row->cells[cell]);
}
