# As fast as the kernel lets a file system of one loop be (ceiling.c); `looking` is the same, but looks for the next request
# for --look microseconds before it sleeps.
# shellcheck shell=bash disable=SC2154

# ceiling_begin NAME [OPTION]...
ceiling_begin()
{
    local name=$1
    shift
    serve_at "$name" "$AT/$name/prod" "$PROGRAMS/bench-ceiling" "$@" "$AT/tmpfs/prod" "$AT/$name/prod"
}

ceiling_up()
{
    ceiling_begin ceiling
}

looking_up()
{
    ceiling_begin looking -l "$look"
}

ceiling_down()
{
    serve_no_more ceiling
}

looking_down()
{
    serve_no_more looking
}
