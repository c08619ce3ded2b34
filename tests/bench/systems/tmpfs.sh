# The files themselves, in memory. Never cold.
# shellcheck shell=bash

tmpfs_up()
{
    :
}

tmpfs_down()
{
    :
}
