#include <math.h>

#include "error.h"
#include "json.h"
#include "metrics.h"
#include "tree_report.h"

enum {
    LABELS_BYTES = 8 << 10,
    TEXT_BYTES = 256,  /* of a value from the API; what is longer is cut */
    RESOURCES_MAX = 8, /* of an instance whose use is shown */
    WHOLE = 100,       /* per cent */
};

/* What of an instance's row is shown. */
enum { FIELD_HEALTH, FIELD_UTILIZATION, FIELD_REGION, FIELD_SIZE, FIELD_IMAGE, FIELD_IP, FIELDS };

void fleet_init(Fleet *fleet)
{
    Buf *const samples[] = {&fleet->info, &fleet->status, &fleet->health, &fleet->utilization};

    *fleet = (Fleet){0};
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        buf_init(samples[i], METRICS_FLEET_BYTES);
    buf_init(&fleet->labels, LABELS_BYTES);
    buf_init(&fleet->text, RESOURCE_TEXT_BYTES);
}

void fleet_release(Fleet *fleet)
{
    buf_release(&fleet->info);
    buf_release(&fleet->status);
    buf_release(&fleet->health);
    buf_release(&fleet->utilization);
    buf_release(&fleet->labels);
    buf_release(&fleet->text);
}

static int add_label(Buf *into, const char *name, Span value)
{
    int r = buf_append_str(into, name);

    if (r == 0)
        r = buf_append_str(into, "=\"");
    if (r == 0)
        r = exposition_escape(into, value);
    return r < 0 ? r : buf_append_char(into, '"');
}

/* The beginning of a sample: its name with a brace, and what tells the instance from all others. */
static int begin_sample(const Fleet *fleet, const char *name, Buf *into)
{
    int r = buf_append_str(into, name);

    return r < 0 ? r : buf_append(into, fleet->labels.data, fleet->labels.len);
}

/* One more label of it. */
static int go_on(Buf *into, const char *name, Span value)
{
    int r = buf_append_char(into, ',');

    if (value.len > TEXT_BYTES)
        value.len = TEXT_BYTES;
    return r < 0 ? r : add_label(into, name, value);
}

/* Of what is shown as labels alone. */
static int end_sample(Buf *into)
{
    return buf_append_str(into, "} 1\n");
}

/* A string's text, a number's or a word's digits; empty for null, objects and lists. Lives until the next. */
static int text_of(Fleet *fleet, Span value, Span *ret_text)
{
    enum JsonType type = value.at ? json_type(value) : JSON_NULL;
    int r = 0;

    buf_clear(&fleet->text);
    if (type != JSON_NULL && type != JSON_OBJECT && type != JSON_ARRAY)
        r = json_text(value, &fleet->text);
    *ret_text = (Span){buf_text(&fleet->text), fleet->text.len};
    return r;
}

static int add_field(Fleet *fleet, const char *name, Span value, Buf *into)
{
    Span text;
    int r = text_of(fleet, value, &text);

    return r < 0 ? r : go_on(into, name, text);
}

static int add_info(Fleet *fleet, const Span values[FIELDS])
{
    static const struct {
        const char *name;
        int field;
    } shown[] = {{"region", FIELD_REGION}, {"size", FIELD_SIZE}, {"image", FIELD_IMAGE}, {"ip", FIELD_IP}};
    int r = begin_sample(fleet, "skystackfs_instance_info{", &fleet->info);

    for (size_t i = 0; i < sizeof shown / sizeof shown[0] && r == 0; i++)
        r = add_field(fleet, shown[i].name, values[shown[i].field], &fleet->info);
    return r < 0 ? r : end_sample(&fleet->info);
}

static int add_status(Fleet *fleet, const Resource *resource)
{
    int r;

    if (resource_status(resource).len == 0)
        return 0;
    r = begin_sample(fleet, "skystackfs_instance_status{", &fleet->status);
    if (r == 0)
        r = go_on(&fleet->status, "status", resource_status(resource));
    return r < 0 ? r : end_sample(&fleet->status);
}

static int add_health(Fleet *fleet, Span value)
{
    Span text;
    int r = text_of(fleet, value, &text);

    if (r < 0 || text.len == 0)
        return r;
    r = begin_sample(fleet, "skystackfs_instance_health{", &fleet->health);
    if (r == 0)
        r = go_on(&fleet->health, "health", text);
    return r < 0 ? r : end_sample(&fleet->health);
}

/* False: it is no number, or one that no double holds. */
static bool number_of(Span value, double *ret_number)
{
    return json_double(value, ret_number) && isfinite(*ret_number);
}

/* A name that stands for itself, whatever is escaped or cut, so that no two are shown alike. Raw, with its quotes. */
static bool is_plain(Span raw_name)
{
    for (size_t i = 1; i + 1 < raw_name.len; i++) {
        char c = raw_name.at[i];

        if (c <= ' ' || c > '~' || c == '\\')
            return false;
    }
    return raw_name.len <= TEXT_BYTES;
}

static int add_utilization(Fleet *fleet, Span raw_name, double percent)
{
    int r = begin_sample(fleet, "skystackfs_instance_utilization_ratio{", &fleet->utilization);

    if (r == 0)
        r = go_on(&fleet->utilization, "resource", (Span){raw_name.at + 1, raw_name.len - 2});
    if (r == 0)
        r = buf_append_str(&fleet->utilization, "} ");
    if (r == 0)
        r = exposition_number(&fleet->utilization, percent / WHOLE);
    return r < 0 ? r : buf_append_char(&fleet->utilization, '\n');
}

static int add_utilizations(Fleet *fleet, Span object)
{
    JsonIter iter;
    Span name, value;
    double percent;
    int r = 0, count = 0;

    if (!object.at || json_type(object) != JSON_OBJECT)
        return 0;
    json_iter_init(&iter, object);
    while (r == 0 && count < RESOURCES_MAX && json_iter_next(&iter, &name, &value)) {
        if (!is_plain(name) || !number_of(value, &percent))
            continue;
        count++;
        r = add_utilization(fleet, name, percent);
    }
    return r;
}

static int set_labels(Fleet *fleet, const TreeInstance *instance)
{
    int r;

    buf_clear(&fleet->labels);
    r = add_label(&fleet->labels, "project", span_of(instance->project));
    if (r == 0)
        r = go_on(&fleet->labels, "name", span_of(instance->name));
    return r < 0 ? r : go_on(&fleet->labels, "id", span_of(resource_id(instance->resource)));
}

static int add_instance(Fleet *fleet, const TreeInstance *instance)
{
    static const char *const names[FIELDS] = {"health", "utilization", "region", "size", "image", "ip"};
    Span wanted[FIELDS], values[FIELDS];
    int r;

    for (size_t i = 0; i < FIELDS; i++)
        wanted[i] = span_of(names[i]);
    json_members(resource_text(instance->resource), wanted, FIELDS, values);
    r = set_labels(fleet, instance);
    if (r == 0)
        r = add_info(fleet, values);
    if (r == 0)
        r = add_status(fleet, instance->resource);
    if (r == 0)
        r = add_health(fleet, values[FIELD_HEALTH]);
    return r < 0 ? r : add_utilizations(fleet, values[FIELD_UTILIZATION]);
}

/* How much there is of each metric. */
typedef struct Lengths {
    size_t info, status, health, utilization;
} Lengths;

static Lengths lengths_of(const Fleet *fleet)
{
    return (Lengths){fleet->info.len, fleet->status.len, fleet->health.len, fleet->utilization.len};
}

/* Of an instance that found no room nothing is shown. To become shorter needs no memory. */
static void cut_back(Fleet *fleet, const Lengths *lengths)
{
    (void)buf_resize(&fleet->info, lengths->info);
    (void)buf_resize(&fleet->status, lengths->status);
    (void)buf_resize(&fleet->health, lengths->health);
    (void)buf_resize(&fleet->utilization, lengths->utilization);
}

static bool on_instance(void *ctx, const TreeInstance *instance)
{
    Fleet *fleet = ctx;
    const Lengths before = lengths_of(fleet);
    int r = fleet->count < METRICS_INSTANCES_MAX ? add_instance(fleet, instance) : -ERR_TOO_BIG;

    if (r == 0) {
        fleet->count++;
        return true;
    }
    cut_back(fleet, &before);
    fleet->omitted++;
    fleet->code = r == -ERR_TOO_BIG ? 0 : r;
    return fleet->code == 0;
}

void fleet_collect(Tree *tree, Fleet *fleet)
{
    tree_each_instance(tree, on_instance, fleet);
}

/* ---- what was collected ---- */

static void add_samples(const Buf *samples, Exposition *exposition)
{
    if (exposition->code == 0 && samples->len > 0)
        exposition->code = buf_append(exposition->into, samples->data, samples->len);
}

void collect_omitted(const Metrics *metrics, Exposition *exposition)
{
    exposition_value(exposition, (double)metrics->fleet.omitted);
}

void collect_instance_info(const Metrics *metrics, Exposition *exposition)
{
    add_samples(&metrics->fleet.info, exposition);
}

void collect_instance_status(const Metrics *metrics, Exposition *exposition)
{
    add_samples(&metrics->fleet.status, exposition);
}

void collect_instance_health(const Metrics *metrics, Exposition *exposition)
{
    add_samples(&metrics->fleet.health, exposition);
}

void collect_instance_utilization(const Metrics *metrics, Exposition *exposition)
{
    add_samples(&metrics->fleet.utilization, exposition);
}
