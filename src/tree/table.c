#include "tree_internal.h"

#include <stdlib.h>
#include <string.h>

#include "date.h"
#include "log.h"
#include "tree_report.h"

enum { COLUMNS = 6, COLUMN_GAP = 2, CELL_BYTES = 4096 };

static const char *const headings[COLUMNS] = {"NAME", "STATUS", "IP", "SIZE", "REGION", "AGE"};

/* All cells, one after the other, each ended by a NUL; the widths are found while they are collected. */
typedef struct Table {
    Tree *tree;
    Buf cells;
    size_t rows;
    size_t widths[COLUMNS];
} Table;

/* What a terminal would obey is made visible. */
static int add_cell(Table *table, size_t column, Span text)
{
    size_t before = table->cells.len, width;
    int r = text_escape(&table->cells, text.at, text.len);

    width = table->cells.len - before;
    if (r < 0)
        return r;
    if (width > table->widths[column])
        table->widths[column] = width;
    return buf_append_char(&table->cells, '\0');
}

/* A field of an instance; "-" where it is not known, or null, or no scalar. */
static int add_field(Table *table, size_t column, Span object, const char *field)
{
    _cleanup_buf_ Buf text = BUF_INIT(CELL_BYTES);
    Span value;
    bool there = json_member(object, field, &value) && json_type(value) != JSON_OBJECT;
    int r = there ? value_text(value, &text) : 0;

    if (r == -ERR_NO_MEMORY)
        return r;
    return add_cell(table, column, r == 0 && text.len > 1 ? (Span){text.data, text.len - 1} : span_of("-"));
}

static int add_age(Table *table, size_t column, const Resource *resource)
{
    int64_t created = resource_created_ms(resource), age = clock_wall_ms(table->tree->clock) - created;
    char text[DATE_TEXT_BYTES] = "-";

    if (created)
        date_format_age(age > 0 ? age : 0, text);
    return add_cell(table, column, span_of(text));
}

static int add_instance(Table *table, const Dir *dir, const char *stem, bool with_project, const Resource *resource)
{
    static const char *const fields[COLUMNS] = {NULL, "status", "ip", "size", "region", NULL};
    _cleanup_buf_ Buf name = BUF_INIT(CELL_BYTES);
    int r = with_project ? buf_printf(&name, "%s/%s", dir->stem, stem) : buf_append_str(&name, stem);

    if (r == 0)
        r = add_cell(table, 0, (Span){buf_text(&name), name.len});
    for (size_t i = 1; i < COLUMNS - 1 && r == 0; i++)
        r = add_field(table, i, resource_text(resource), fields[i]);
    table->rows++;
    return r < 0 ? r : add_age(table, COLUMNS - 1, resource);
}

static int add_dir(Table *table, Dir *dir, bool with_project)
{
    int r = 0;

    for (Binding *each = binding_at(dir, 0); each && r == 0; each = binding_at(dir, each->sequence + 1))
        r = add_instance(table, dir, each->stem, with_project, each->resource);
    return r;
}

static int print(const Table *table, Buf *into)
{
    const char *cell = buf_text(&table->cells);
    int r = 0;

    for (size_t i = 0; i < table->rows * COLUMNS && r == 0; i++, cell += strlen(cell) + 1) {
        size_t column = i % COLUMNS;

        if (column == COLUMNS - 1)
            r = buf_printf(into, "%s\n", cell);
        else
            r = buf_printf(into, "%-*s", (int)(table->widths[column] + COLUMN_GAP), cell);
    }
    return r;
}

static int table_render(Tree *tree, Dir *only, Buf *into)
{
    Table table = {.tree = tree, .rows = 1};
    int r = 0;

    buf_init(&table.cells, into->cap);
    for (size_t i = 0; i < COLUMNS && r == 0; i++)
        r = add_cell(&table, i, span_of(headings[i]));
    if (only && r == 0)
        r = add_dir(&table, only, false);
    for (Dir *dir = only ? NULL : dir_next(tree, 0); dir && r == 0; dir = dir_next(tree, dir->sequence))
        r = add_dir(&table, dir, true);
    if (r == 0)
        r = print(&table, into);
    buf_release(&table.cells);
    return r;
}

static int ndjson_dir(Dir *dir, Buf *into)
{
    int r = 0;

    for (Binding *each = binding_at(dir, 0); each && r == 0; each = binding_at(dir, each->sequence + 1)) {
        Span text = resource_text(each->resource);

        each->handed_out = true;
        r = buf_append(into, text.at, text.len);
        if (r == 0)
            r = buf_append_char(into, '\n');
    }
    return r;
}

static int ndjson_render(Tree *tree, Dir *only, Buf *into)
{
    int r = only ? ndjson_dir(only, into) : 0;

    for (Dir *dir = only ? NULL : dir_next(tree, 0); dir && r == 0; dir = dir_next(tree, dir->sequence))
        r = ndjson_dir(dir, into);
    return r;
}

/* The views of many, at the root (all projects: no Dir) and in each project. A further one is one more row. */
static const struct {
    const char *name;
    int (*render)(Tree *tree, Dir *only, Buf *into);
} views[] = {
    {".table", table_render},
    {".all.ndjson", ndjson_render},
};

enum { VIEWS = sizeof views / sizeof views[0] };

static size_t find_view(const char *name)
{
    size_t i = 0;

    while (i < VIEWS && strcmp(views[i].name, name) != 0)
        i++;
    return i;
}

bool many_is(const char *name)
{
    return find_view(name) < VIEWS;
}

int many_render(const Node *node, Buf *into)
{
    return views[find_view(node->name)].render(node->tree, node->dir, into);
}

static bool visit_dir(Dir *dir, bool (*visit)(void *ctx, const TreeInstance *instance), void *ctx)
{
    bool goes_on = true;

    for (size_t i = 0; i < dir->slot_count && goes_on; i++) {
        const Binding *each = dir->slots[i];

        if (each && !each->hidden)
            goes_on = visit(ctx, &(TreeInstance){dir->stem, each->stem, each->resource});
    }
    return goes_on;
}

void tree_each_instance(Tree *tree, bool (*visit)(void *ctx, const TreeInstance *instance), void *ctx)
{
    bool goes_on = true;

    for (Dir *dir = dir_next(tree, 0); dir && goes_on; dir = dir_next(tree, dir->sequence))
        goes_on = visit_dir(dir, visit, ctx);
}
