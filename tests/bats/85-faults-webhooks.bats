#!/usr/bin/env bats
# Faults 52 to 55: deliveries to the webhook receiver, which there is not yet.

load helper
load faults

@test "fault 52: a delivery with a bad, missing or truncated signature is 401, and its body is never parsed" {
    skip 'waits for the webhook receiver'
}

@test "fault 53: replayed and reordered deliveries have no effect" {
    skip 'waits for the webhook receiver'
}

@test "fault 54: a flood, a slow sender and a body of 1 GiB are bounded, and the mount answers meanwhile" {
    skip 'waits for the webhook receiver'
}

@test "fault 55: an event for an unknown id is looked up once" {
    skip 'waits for the webhook receiver'
}
