# rclone and httpdirfs, as they come, over an nginx that serves the files and lists their folder.
# shellcheck shell=bash disable=SC2034,SC2154

rclone_most=10000
httpdirfs_most=10000

rclone_offers()
{
    is_installed rclone && is_installed nginx
}

httpdirfs_offers()
{
    is_installed httpdirfs && is_installed nginx
}

# Serves until the run ends; sets HTTP_PORT and HTTP_PID.
http_begin()
{
    if [[ -n ${HTTP_PORT-} ]]; then return; fi
    local folder=$work/http
    HTTP_PORT=$(free_port)
    mkdir -p "$folder"
    cat >"$folder/conf" <<END
$(if [[ $EUID -eq 0 ]]; then echo 'user root;'; fi)
daemon off;
pid $folder/pid;
error_log $folder/log;
events { worker_connections 256; }
http {
    log_format short '\$request_method \$request_uri';
    access_log $folder/access short;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    keepalive_requests 1000000;
    types { application/json json; }
    server {
        listen 127.0.0.1:$HTTP_PORT;
        root $AT/tmpfs;
        autoindex on;
    }
}
END
    nginx -e "$folder/log" -c "$folder/conf" >"$folder/out" 2>&1 &
    HTTP_PID=$!
    proxy_up "$HTTP_PORT" "$HTTP_PID" "$folder/log"
}

rclone_up()
{
    http_begin
    serve_at rclone "$AT/rclone" rclone mount --config '' --read-only :http: "$AT/rclone" \
        --http-url "http://127.0.0.1:$HTTP_PORT"
}

rclone_down()
{
    serve_no_more rclone
}

httpdirfs_up()
{
    http_begin
    serve_at httpdirfs "$AT/httpdirfs" httpdirfs -f "http://127.0.0.1:$HTTP_PORT/" "$AT/httpdirfs"
}

httpdirfs_down()
{
    serve_no_more httpdirfs
}

rclone_requests()
{
    wc -l <"$work/http/access"
}

httpdirfs_requests()
{
    rclone_requests
}
