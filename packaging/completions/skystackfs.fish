# fish completion for skystackfs
#
# It asks nobody and needs no token: what it offers stands here, in the configuration files and in the kernel's table of mounts.

# The table has blanks as \040. The mounts themselves are not looked at: one may hang.
function __skystackfs_mounts
    while read -l --delimiter ' ' _ where kind _
        if test "$kind" = fuse.skystackfs
            printf '%b\n' $where
        end
    end </proc/self/mounts
end

function __skystackfs_sources
    printf '%s\n' production sandbox https://
    set -l folder $HOME/.config
    set -q XDG_CONFIG_HOME; and set folder $XDG_CONFIG_HOME
    for file in /etc/skystackfs/config $folder/skystackfs/config
        if test -f $file -a -r $file
            string match -r -g '^\s*\[([^]]+)\]' <$file
        end
    end
end

function __skystackfs_sources_and_mounts
    __skystackfs_mounts
    __skystackfs_sources
end

function __skystackfs_statuses
    printf '%s\n' @STATUSES@
end

function __skystackfs_columns
    set -l columns @COLUMNS@
    printf '%s\n' $columns
end

function __skystackfs_files
    set -l typed (commandline -ct)
    set -q argv[1]; and set typed $argv[1]
    __fish_complete_path "$typed"
end

function __skystackfs_folders
    __fish_complete_directories (commandline -ct)
end

function __skystackfs_users
    __fish_complete_users
end

function __skystackfs_groups
    __fish_complete_groups
end

# What is offered as the value of an option.
function __skystackfs_values -a name value
    switch $name
@FISH_VALUES@
    end
end

# Options with commas between.
function __skystackfs_options
    set -l typed (commandline -ct | string replace -r '^-o' '')
    set -l last (string replace -r '^.*,' '' -- $typed)
    set -l before (string replace -r '[^,]*$' '' -- $typed)
    set -l pair (string split -m 1 = -- $last)
    if set -q pair[2]
        for one in (__skystackfs_values $pair[1] $pair[2])
            echo "$before$pair[1]=$one"
        end
    else
        set -l options \
@FISH_OPTIONS@

        printf '%s\n' $before$options
    end
end

# The words between the first N and the cursor that are neither options nor the values of those.
function __skystackfs_plain -a first
    set -l tokens (commandline -opc)
    set -l skip 0
    for token in $tokens[(math $first + 1)..]
        if test $skip = 1
            set skip 0
        else if contains -- $token @FISH_VALUED@
            set skip 1
        else if not string match -q -- '-*' $token
            echo $token
        end
    end
end

function __skystackfs_first
    test (count (commandline -opc)) = 1
end

# A command, and so many words of it.
function __skystackfs_on -a command count
    set -l tokens (commandline -opc)
    test "$tokens[2]" = $command; or return 1
    test -z "$count"; or test (count (__skystackfs_plain 2)) = $count
end

# Not a command, and so many words.
function __skystackfs_mounting -a count
    set -l tokens (commandline -opc)
    contains -- "$tokens[2]" @COMMANDS@; and return 1
    test -z "$count"; or test (count (__skystackfs_plain 1)) = $count
end

complete -c skystackfs -f
complete -c skystackfs -n '__skystackfs_mounting 0' -a '(__skystackfs_sources)' -d Source
complete -c skystackfs -n '__skystackfs_mounting 1' -a '(__fish_complete_directories (commandline -ct))'
complete -c skystackfs -n __skystackfs_mounting -s o -x -a '(__skystackfs_options)' -d 'Options of the mount'
complete -c skystackfs -n __skystackfs_mounting -s f -d 'Stay in the foreground, log to standard error'
complete -c skystackfs -n __skystackfs_mounting -s d -d 'The same, and show each request of the kernel'
complete -c skystackfs -n __skystackfs_first -s h -l help -d 'Print commands, options and defaults'
complete -c skystackfs -n __skystackfs_first -s V -l version -d 'Print the version'

@FISH_COMMANDS@
