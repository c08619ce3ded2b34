/*
 * net_curl_memory: libcurl, set up with an allocator that counts its failures and wipes what is given back. Internal to
 * net.
 *
 * libcurl says "out of memory" also of a header line that is longer than it takes (100 KiB), which is the server's fault
 * and not ours. Whether memory was the matter is told by this count. And its buffers hold the token.
 */
#ifndef SKY_NET_CURL_MEMORY_H
#define SKY_NET_CURL_MEMORY_H

#include <stdbool.h>

/* Sets libcurl up, the first time; true if that is done. */
bool net_curl_memory_init(void);
/* How often libcurl asked for memory in vain. */
unsigned net_curl_memory_failures(void);

#endif
