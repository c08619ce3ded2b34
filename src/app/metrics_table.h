/*
 * metrics_table: what .skystack/metrics.prom shows, in one table that makes the file, its help lines, and the list in
 * docs/monitoring.md (which a test compares with it).
 *
 * A further metric is one row and its collector, `collect_NAME()`, declared by the table itself and defined in the file of
 * its layer: metrics_api.c, metrics_fleet.c, or metrics.c for all else. Names end in their base unit, counters in _total.
 */
#ifndef SKY_METRICS_TABLE_H
#define SKY_METRICS_TABLE_H

/* X(collector, name, type, help); the help is a sentence without its full stop. */
#define METRICS_TABLE(X)                                                                                               \
    X(build_info, "skystackfs_build_info", "gauge", "The program that serves this mount, by its version; always 1")    \
    X(mount_info, "skystackfs_mount_info", "gauge", "What is mounted where; always 1")                                 \
    X(mount_start, "skystackfs_mount_start_time_seconds", "gauge", "When it was mounted, in seconds since 1970")       \
    X(state, "skystackfs_state", "gauge", "1 for the state that the mount is in, 0 for the others")                    \
    X(reason, "skystackfs_reason", "gauge", "1 for what is wrong, by the words of status.json, 0 for what is not")     \
    X(reason_start, "skystackfs_reason_start_time_seconds", "gauge",                                                   \
      "Since when that is wrong, in seconds since 1970; nothing for what is not")                                      \
    X(requests, "skystackfs_api_requests_total", "counter",                                                            \
      "Requests that were sent and are over, by class and HTTP status (none: no whole answer came)")                   \
    X(durations, "skystackfs_api_request_duration_seconds", "histogram",                                               \
      "How long requests were under way, by class, without their wait in line")                                        \
    X(retries, "skystackfs_api_retries_total", "counter", "Reads and deletes that were sent again after a failure")    \
    X(in_flight, "skystackfs_api_requests_in_flight", "gauge", "Requests under way")                                   \
    X(waiting, "skystackfs_api_requests_waiting", "gauge", "Requests that stand in line, by class")                    \
    X(longest_wait, "skystackfs_api_longest_wait_seconds", "gauge",                                                    \
      "How long the first of those that stand in line has stood there")                                                \
    X(hold, "skystackfs_api_hold_seconds", "gauge", "How long nothing is sent from now on, by a Retry-After")          \
    X(reachable, "skystackfs_api_reachable", "gauge", "0 while calls fail at once since so many failed in a row")      \
    X(token_refused, "skystackfs_token_refused", "gauge", "1 while the token is refused and nothing is sent")          \
    X(token_start, "skystackfs_token_start_time_seconds", "gauge",                                                     \
      "When the token in use came into use, in seconds since 1970")                                                    \
    X(budget_used, "skystackfs_budget_requests_used", "gauge", "Requests sent within the last minute and day")         \
    X(budget_left, "skystackfs_budget_requests_left", "gauge", "Requests that may still be sent within these")         \
    X(budget_limit, "skystackfs_budget_requests_limit", "gauge", "The budget of a minute and a day; +Inf: none")       \
    X(cache, "skystackfs_cache_questions_total", "counter",                                                            \
      "Questions for an instance or a list, by what became of them")                                                   \
    X(list_age, "skystackfs_list_age_seconds", "gauge", "Age of the last complete list; nothing before the first")     \
    X(list_ttl, "skystackfs_list_ttl_seconds", "gauge", "How long a list counts as fresh, stretched by the budget")    \
    X(list_stale, "skystackfs_list_stale", "gauge", "1 while a list is past its time and can't be renewed")            \
    X(list_items, "skystackfs_list_items", "gauge", "Projects and instances known")                                    \
    X(operations, "skystackfs_operations_total", "counter", "What the kernel asked for, by kind")                      \
    X(parked, "skystackfs_operations_parked", "gauge", "Of these, those that wait for their answer")                   \
    X(errors, "skystackfs_errors_total", "counter",                                                                    \
      "Failures that were told in .skystack/errors, by errno and by our own finer reason")                             \
    X(events, "skystackfs_events_total", "counter", "Lines that were told in .skystack/events")                        \
    X(webhooks, "skystackfs_webhooks_total", "counter",                                                                \
      "Deliveries of webhooks, by what became of them; nothing where none are listened for")                           \
    X(webhooks_live, "skystackfs_webhooks_live", "gauge", "1 while webhooks say what changes, and nothing is polled")  \
    X(texts, "skystackfs_texts_kept", "gauge",                                                                         \
      "Texts that are kept: rejected ones wait for a person, unsettled ones for the lists")                            \
    X(deletes, "skystackfs_deletes_waiting", "gauge", "Deletes that can still be taken back")                          \
    X(nodes, "skystackfs_nodes", "gauge", "Names that the kernel knows")                                               \
    X(memory, "skystackfs_memory_bytes", "gauge",                                                                      \
      "Memory: the heap in use, and in it the instances' JSON and the scratch files")                                  \
    X(omitted, "skystackfs_instances_omitted", "gauge",                                                                \
      "Instances that have no gauges below, since there are more than 20000; read .all.ndjson for all")                \
    X(instance_info, "skystackfs_instance_info", "gauge", "What is known of an instance; always 1")                    \
    X(instance_status, "skystackfs_instance_status", "gauge", "The status that an instance is in; always 1")           \
    X(instance_health, "skystackfs_instance_health", "gauge", "The health of an instance, as the API says; always 1")  \
    X(instance_utilization, "skystackfs_instance_utilization_ratio", "gauge",                                          \
      "What of a resource is in use; 1 is all of it, which the API calls 100")

#endif
