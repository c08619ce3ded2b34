# sshfs, as it comes, over a pipe to an SFTP server: without a network or encryption, which favours it.
# shellcheck shell=bash disable=SC2034,SC2154

sshfs_most=10000
SFTP_SERVER=/usr/lib/openssh/sftp-server

sshfs_offers()
{
    is_installed sshfs && { [[ -x $SFTP_SERVER ]] || ! echo 'openssh-sftp-server is not installed'; }
}

sshfs_up()
{
    printf '#!/bin/sh\nexec %s\n' "$SFTP_SERVER" >"$work/sftp"
    chmod +x "$work/sftp"
    serve_at sshfs "$AT/sshfs" sshfs -f -o ssh_command="$work/sftp" "loopback:$AT/tmpfs" "$AT/sshfs"
}

sshfs_down()
{
    serve_no_more sshfs
}
