# Servers that speak HTTP/2, between the client and a sandbox. Each is started on loopback with all its files in a folder
# of its own, and ends with the test; in a script that is no test it is the script's to end.
#
#   free_port                                prints a port that nobody listens on
#   nghttpx_start FOLDER TLS BACKEND [OPTION]...   nghttpx in front of BACKEND (its own notation); sets NGHTTPX_PID, NGHTTPX_PORT
#   nginx_start FOLDER TLS PORT [DIRECTIVE]...     nginx in front of the sandbox at PORT; sets NGINX_PID, NGINX_PORT
#                                            (each at its port of before, if it has run already)
#   port_answers PORT                        whether somebody listens there
#
# TLS is a folder with ca.pem, server.pem and server-key.pem, such as a sandbox's own. FOLDER/access then has a line for
# each request, at its end: CONNECTION HTTP-VERSION STATUS METHOD PATH.

PROXY_PORTS_FROM=20000 PROXY_PORTS=12000 # below those that the kernel gives to outgoing connections

port_answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

free_port() {
    local port
    while :; do
        port=$((PROXY_PORTS_FROM + SRANDOM % PROXY_PORTS))
        port_answers "$port" || break
    done
    echo "$port"
}

proxy_began() {
    [ -z "${PLACE-}" ] || echo "$1" >>"$PLACE/started.servers"
}

# Waits until PORT answers or PID has ended.
proxy_up() {
    local port=$1 pid=$2 log=$3 tries
    for ((tries = 0; tries < 500; tries++)); do
        if port_answers "$port"; then return 0; fi
        if [ ! -e "/proc/$pid" ]; then break; fi
        sleep 0.02
    done
    echo "nothing listens on port $port:" >&2
    cat "$log" >&2
    return 1
}

nghttpx_start() {
    local folder=$1 tls=$2 backend=$3
    shift 3
    mkdir -p "$folder"
    NGHTTPX_PORT=${NGHTTPX_PORT:-$(free_port)}
    nghttpx --conf=/dev/null --frontend="127.0.0.1,$NGHTTPX_PORT" --backend="$backend" --cacert="$tls/ca.pem" --no-ocsp \
        --single-process --errorlog-file="$folder/log" --accesslog-file="$folder/access" \
        --accesslog-format='$remote_port $protocol_version $status $method $path' \
        "$@" "$tls/server-key.pem" "$tls/server.pem" >"$folder/out" 2>&1 3>&- 4>&- &
    NGHTTPX_PID=$!
    proxy_began "$NGHTTPX_PID"
    proxy_up "$NGHTTPX_PORT" "$NGHTTPX_PID" "$folder/log"
}

nginx_start() {
    local folder=$1 tls=$2 backend=$3
    shift 3
    mkdir -p "$folder"
    NGINX_PORT=${NGINX_PORT:-$(free_port)}
    {
        if [ "$EUID" = 0 ]; then echo 'user root;'; fi
        cat <<END
daemon off;
pid $folder/pid;
error_log $folder/log;
worker_shutdown_timeout 5s;
events { worker_connections 256; }
http {
    log_format short '\$connection \$server_protocol \$status \$request_method \$request_uri';
    access_log $folder/access short;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    ${*/%/;}
    server {
        listen 127.0.0.1:$NGINX_PORT ssl http2;
        ssl_certificate $tls/server.pem;
        ssl_certificate_key $tls/server-key.pem;
        location / {
            proxy_pass https://127.0.0.1:$backend;
            proxy_ssl_trusted_certificate $tls/ca.pem;
            proxy_ssl_verify on;
            proxy_ssl_name localhost;
            proxy_http_version 1.1;
        }
    }
}
END
    } >"$folder/conf"
    nginx -e "$folder/log" -c "$folder/conf" >"$folder/out" 2>&1 3>&- 4>&- &
    NGINX_PID=$!
    proxy_began "$NGINX_PID"
    proxy_up "$NGINX_PORT" "$NGINX_PID" "$folder/log"
}
