# A mount that listens for the sandbox's webhooks.
#
#   hooked_up OPTIONS [ARGUMENT]...   a sandbox (its ARGUMENTs), its mount, and the sandbox's webhooks to it
#   heard_of ID                       an event of an instance has been sent and taken, and what it led to is over
#   sent JSON                         prints what the mount answers to POST /webhook/send
#   endpoint MEMBERS                  changes how the sandbox sends
#   taken                             prints how many events the mount has taken
#   storm_is_over, gone FILE

SECRET='a secret with a $ in it'

hooked_up() {
    local options=$1
    shift
    sandbox_start "$@"
    (umask 077 && printf '%s\n' "$SECRET" >"$PLACE/mount.secret")
    mount_up "webhook=127.0.0.1:0,webhook_secret_file=$PLACE/mount.secret,$options"
    HOOK=http://$(status_of -r .webhooks.address)/
    endpoint "\"url\":\"$HOOK\",\"secret\":\"$SECRET\",\"retry_ms\":50"
}

endpoint() { admin POST /webhook "{$1}" >/dev/null; }

sent() { admin POST /webhook/send "$1" | jq .status; }

taken() { status_of .webhooks.taken; }

heard_of() {
    assert_equal "$(sent "{\"type\":\"instance.updated\",\"data\":{\"id\":\"$1\"}}")" 200
    sleep 0.3
}

storm_is_over() { [ "$(admin GET /webhook | jq .counts.storm_left)" = 0 ]; }

gone() { [ ! -e "$1" ]; }
