#!/bin/bash
# Answers one HTTP request on standard input and output with a mount's metrics, for systemd's `Accept=yes` or inetd.
#
#   serve.sh MOUNTPOINT
#
# GET and HEAD of /metrics or / are answered; the body ends with the connection. A request that is longer than anything that
# Prometheus sends, or slower, is answered with an error.
set -u

if [ $# -ne 1 ]; then
    echo "usage: serve.sh MOUNTPOINT" >&2
    exit 2
fi
file=${1%/}/.skystack/metrics.prom

LINE_BYTES=8192
HEADERS=100
SECONDS_EACH=5

# answer STATUS TYPE: all of it but the body.
answer()
{
    printf 'HTTP/1.1 %s\r\nContent-Type: %s\r\nCache-Control: no-store\r\nConnection: close\r\n%s\r\n' "$1" "$2" "${3-}"
}

refuse()
{
    answer "$1" 'text/plain; charset=utf-8' "${2-}"
    if [ "${method-}" != HEAD ]; then printf '%s\n' "$1"; fi
    exit 0
}

# Sets REPLY to the next line, without its end; fails at the end of what comes, or of our patience.
next_line()
{
    IFS= read -r -t "$SECONDS_EACH" -n "$LINE_BYTES" REPLY || return 1
    [ ${#REPLY} -lt "$LINE_BYTES" ] || return 1
    REPLY=${REPLY%$'\r'}
}

export LC_ALL=C
next_line || refuse '400 Bad Request'
[[ $REPLY =~ ^([A-Z]+)\ (/[^ ]*)\ HTTP/1\.[0-9]$ ]] || refuse '400 Bad Request'
method=${BASH_REMATCH[1]}
path=${BASH_REMATCH[2]%%\?*}
count=0
while next_line || refuse '400 Bad Request'; do
    if [ -z "$REPLY" ]; then break; fi
    count=$((count + 1))
    [ "$count" -le "$HEADERS" ] || refuse '431 Request Header Fields Too Large'
done

case $method in
GET | HEAD) ;;
*) refuse '405 Method Not Allowed' $'Allow: GET, HEAD\r\n' ;;
esac
case $path in
/metrics | /) ;;
*) refuse '404 Not Found' ;;
esac
{ exec 3<"$file"; } 2>/dev/null || refuse '503 Service Unavailable'
answer '200 OK' 'text/plain; version=0.0.4; charset=utf-8'
if [ "$method" = GET ]; then exec cat <&3; fi
